"""Packets as sequences of parts, and the recipes from which they are made again."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.content import BytesContent, Content
from connector.model.packet import Part, Payload, Whole, chunks_of, size_of, span_of
from connector.model.recipe import Checked, decode, encode, files

_SIZES = st.sampled_from([0, 1, 2, 3, 4, 299, 49_151, 49_152, 49_153, 98_304, 150_001])
_CONTENTS = st.builds(
    lambda size, fill: BytesContent(
        bytes((fill + n) % 256 for n in range(size % 512)) * (size // 512 + 1)
    ),
    _SIZES,
    st.integers(0, 255),
)
_PAYLOADS = st.builds(Payload, _CONTENTS, st.binary(max_size=9), st.binary(max_size=9))
_LITERALS = st.text(st.characters(codec="utf-8"), max_size=40).map(str.encode)
_PARTS = st.lists(st.one_of(_LITERALS, _PAYLOADS, _CONTENTS.map(Whole)), max_size=5).map(tuple)


def _expected(part: Part) -> bytes:
    if isinstance(part, bytes):
        return part
    data = part.content.open().read()
    if isinstance(part, Whole):
        return data
    return base64.b64encode(part.head + data + part.tail)


@given(_PARTS)
def test_chunks_and_sizes_are_those_of_the_whole(parts: tuple[Part, ...]) -> None:
    """A payload is the base64 of head, file and tail, whatever their lengths."""
    whole = b"".join(map(_expected, parts))
    assert b"".join(chunks_of(parts)) == whole
    assert size_of(parts) == len(whole)


@given(_PARTS, st.data())
def test_any_span_can_be_read_alone(parts: tuple[Part, ...], data: st.DataObject) -> None:
    """Parts of a large packet are made one by one, each the bytes at its place."""
    whole = b"".join(map(_expected, parts))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    assert b"".join(span_of(parts, start, end)) == whole[start:end]


@given(_PARTS)
def test_a_recipe_makes_the_same_bytes(parts: tuple[Part, ...]) -> None:
    """Recipe and files by digest are all that has to be kept of a packet."""
    kept: dict[str, Content] = {
        part.content.sha256: part.content for part in parts if not isinstance(part, bytes)
    }
    recipe = encode(parts)
    again = decode(recipe, kept.__getitem__)
    assert b"".join(chunks_of(again)) == b"".join(chunks_of(parts))
    assert encode(again) == recipe
    assert set(files(recipe)) == set(kept)


def test_a_recipe_is_canonical_json() -> None:
    """Its form is written down for other tools: texts, base64 files, files as they are."""
    content = BytesContent(b"abc")
    recipe = encode(("<a>đ".encode(), Payload(content, b"h", b"t"), b"</a>", Whole(content)))
    sha256 = hashlib.sha256(b"abc").hexdigest()
    file = {"sha256": sha256, "size": 3}
    assert json.loads(recipe) == [
        "<a>đ",
        {"base64": {"head": "aA==", "tail": "dA==", **file}},
        "</a>",
        {"bytes": file},
    ]
    assert recipe.startswith('["<a>đ",{"base64":{"head":"aA==","sha256":"'.encode())


@pytest.mark.parametrize(
    "recipe",
    [
        b"",
        b"x",
        b"5",
        b"[5]",
        b'[{"bytes":{}}]',
        b'[{"other":{"sha256":"a"}}]',
        b'[{"bytes":5}]',
        b'[{"base64":{"sha256":"a","head":"!","tail":""}}]',
        b"[{}]",
        b'["\xff"]',
    ],
)
def test_damaged_recipes_are_value_errors(recipe: bytes) -> None:
    """What is no recipe never becomes bytes."""
    with pytest.raises(ValueError):  # noqa: PT011 - any kind: json's, base64's, our own
        decode(recipe, lambda _: BytesContent(b""))


def test_the_digest_leaves_the_signature_out() -> None:
    """The digest to compare with is the signed one, which cannot cover the Signature."""
    payload = Payload(BytesContent(b"abc"))
    checked = Checked((b"<x>", b"<ds:Signature Id=''/>", b"</x>", payload))
    assert b"".join(checked.chunks()) == b"<x><ds:Signature Id=''/></x>YWJj"
    assert checked.digest == hashlib.sha256(b"<x></x>YWJj").hexdigest()


def test_bytes_in_memory_are_hashed_once() -> None:
    """The digest of a content is kept: it is asked for several times on the way out."""
    content = BytesContent(b"abc")
    assert content.sha256 is content.sha256


@given(_LITERALS)
def test_a_literal_is_written_as_json_writes_it(literal: bytes) -> None:
    """Quotes, backslashes, line ends and control characters, by the library or without it."""
    expected = json.dumps([literal.decode()], ensure_ascii=False, separators=(",", ":"))
    assert encode((literal,)) == expected.encode()
