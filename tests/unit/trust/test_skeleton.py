"""The way over the skeleton and the way over the tree say the same of every packet."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.edxml.cut import cut
from connector.edxml.parser import Limits
from connector.errors import ConnectorError
from connector.model.content import BytesContent
from connector.model.packet import AttachmentEncoding, WriteOptions
from connector.trust import verify as verifying
from connector.trust.skeleton import NotPlain
from connector.trust.verify import explain, verify
from tests.corpus.signing import sign
from tests.corpus.vector import Vector, document, g22, packet
from tests.corpus.ways import (
    changed_byte,
    large_packet,
    same,
    small_vectors,
    tight_limits,
    value_of,
)
from tests.corpus.world import NOW, World

VECTORS: Final = small_vectors()


@pytest.fixture(scope="module")
def world() -> World:
    """The authorities and agencies of the corpus."""
    return World()


@pytest.mark.parametrize("vector", [pytest.param(each, id=each.name) for each in VECTORS])
def test_the_corpus(vector: Vector, world: World) -> None:
    """Verdict, stages, findings, signer and chain are the same wherever the quick way decides."""
    at = NOW + dt.timedelta(days=vector.days)
    verdict = same(vector.build(world), vector.trust(world), at)
    assert verdict in ({"valid", "left"} if vector.envelope is not None else {"refused", "left"})


def test_the_quick_way_decides_mostly(world: World) -> None:
    """Only few genuine packets of the corpus need a tree: those with broken lines or a KeyValue."""
    left = {
        vector.name
        for vector in VECTORS
        if vector.envelope is not None
        and same(vector.build(world), vector.trust(world), NOW + dt.timedelta(days=vector.days))
        == "left"
    }
    assert left <= {
        "key-value-beside-certificate",
        "key-value-beside-certificate-pss",
        "key-value-of-the-signer",
        "base64-wrapped",
        "base64-tabs",
    }


@pytest.fixture(scope="module")
def signed(world: World) -> bytes:
    """A signed packet with an attachment that is cut out."""
    return sign(large_packet(), g22(world))


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 10**9), byte=st.integers(0, 255), how=st.integers(0, 2))
def test_any_changed_byte(place: int, byte: int, how: int) -> None:
    """One byte changed, added or taken away: both ways say the same, and never that it is valid.

    (White space and the like may change nothing; then the content is the same.)
    """
    world, data = _fixed()
    at = place % len(data)
    changed = changed_byte(data, at, byte, how)
    verdict = same(changed, world.trust())
    if verdict == "valid":
        there, here = verify(data, world.trust(), at=NOW), verify(changed, world.trust(), at=NOW)
        assert there.data == here.data


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 10**9), byte=st.sampled_from(list(b"A/+=\n\r\t <&-_")))
def test_any_changed_character_of_the_payload(place: int, byte: int) -> None:
    """Nothing in the payload can be changed; the quick way never takes what the other refuses."""
    world, data = _fixed()
    start, end = value_of(data, b"ContentTransferEncoded")
    at = start + place % (end - start)
    changed = data[:at] + bytes([byte]) + data[at + 1 :]
    verdict = same(changed, world.trust())
    assert changed == data or verdict != "valid"


@functools.cache
def _fixed() -> tuple[World, bytes]:
    world = World()
    return world, sign(large_packet(), g22(world))


def test_payloads_not_canonical(world: World, signed: bytes) -> None:
    """Base64 whose last bits are not zero decodes to the same bytes, and is refused both ways."""
    (attachment,) = document().attachments
    odd = dataclasses.replace(attachment, content=BytesContent(b"%PDF-1.7\n" + bytes(5000)))
    raw = packet(
        document(attachments=(odd,)), WriteOptions(attachment_encoding=AttachmentEncoding.RAW)
    )
    data = sign(raw, g22(world))
    _, end = value_of(data, b"ContentTransferEncoded")
    assert data[end - 1 : end] == b"="
    before = data[end - 2 : end - 1]
    changed = data[: end - 2] + bytes([before[0] + 1]) + data[end - 1 :]
    assert same(data, world.trust()) == "valid"
    assert same(changed, world.trust()) in {"left", "refused"}
    assert not explain(changed, world.trust(), at=NOW).valid
    assert explain(signed, world.trust(), at=NOW).valid


def test_content_is_what_was_hashed(signed: bytes, world: World) -> None:
    """The attachment is read from what was cut out, and the canonical bytes are those signed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifying, "cut", lambda *_, **_options: None)
        slow = verify(signed, world.trust(), at=NOW)
    quick = verify(signed, world.trust(), at=NOW)
    assert quick.data == slow.data
    assert quick.reading == slow.reading
    assert quick.stages == slow.stages
    skeleton = cut(signed)
    assert skeleton is not None
    assert len(skeleton.runs) == 1


def test_limits_hold_both_ways(signed: bytes, world: World) -> None:
    """Limits of size say the same on both ways."""
    for limits in (*tight_limits(signed), Limits(max_attachment_bytes=1000)):
        assert same(signed, world.trust(), limits=limits) in {"left", "refused"}
        assert not explain(signed, world.trust(), at=NOW, limits=limits).valid


def test_only_cut_packets_may_be_larger_than_a_tree(signed: bytes, world: World) -> None:
    """A limit for trees does not concern a packet whose payloads can be cut out."""
    limits = Limits(max_tree_bytes=len(signed) - 1)
    assert explain(signed, world.trust(), at=NOW, limits=limits).valid
    start, _ = value_of(signed, b"ContentTransferEncoded")
    wrapped = signed[: start + 76] + b"\n" + signed[start + 76 :]
    verdict = explain(wrapped, world.trust(), at=NOW, limits=limits)
    assert [each.code for each in verdict.findings] == ["EDX-2029"]


def test_known_certificates_still_expire(world: World, signed: bytes) -> None:
    """What is remembered of certificates does not outlive their period, or their registration."""
    trust = world.trust()
    assert explain(signed, trust, at=NOW).valid
    for days in (-36_500, 36_500):
        verdict = explain(signed, trust, at=NOW + dt.timedelta(days=days))
        assert not verdict.valid
        assert verdict.findings[0].code.startswith("EDX-32")
    nobody = dataclasses.replace(trust, registry=type(trust.registry)())
    assert not explain(signed, nobody, at=NOW).valid
    assert explain(signed, trust, at=NOW).valid


def test_not_plain_is_no_verdict() -> None:
    """What one way leaves to the other is told apart from every refusal."""
    assert not issubclass(NotPlain, ConnectorError)
