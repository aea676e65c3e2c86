"""Properties of strangers."""

from __future__ import annotations

import datetime as dt
import json
import struct
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties
from pika.frame import Body, Header, Heartbeat, decode_frame

from connector.broker.wire import (
    UNREADABLE,
    framed,
    plain_headers,
    plain_text,
    without_properties,
)

_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.just(dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    | st.just(Decimal("1.5")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.binary(), inner),
    max_leaves=20,
)


def test_a_header_frame_is_read_without_its_properties() -> None:
    """Channel and body size stay, and the frame says that something was left out."""
    hostile = struct.pack(">HHQH", 60, 0, 77, 1 << 13) + b"\x00\x00\x00\x0b\x01xT" + b"\xff" * 8
    frame = struct.pack(">BHL", 2, 5, len(hostile)) + hostile + b"\xce"
    with pytest.raises((OverflowError, ValueError, OSError)):
        decode_frame(frame)
    found = without_properties(frame + b"more")
    assert found is not None
    length, header = found
    assert (length, header.channel_number, header.body_size) == (len(frame), 5, 77)
    assert header.properties.headers == {UNREADABLE: True}


def test_it_reads_the_same_as_pika_where_pika_can() -> None:
    """Length and body size of an ordinary header are those that pika finds."""
    properties = BasicProperties(message_id="m", headers={"a": 1})  # type: ignore[no-untyped-call]
    data = Header(3, 1234, properties).marshal()
    length, header = decode_frame(data)
    found = without_properties(data)
    assert found is not None
    assert (found[0], found[1].body_size) == (length, getattr(header, "body_size", None))


@pytest.mark.parametrize("frame", [Body(1, b"abc"), Heartbeat()])
def test_other_frames_are_left_to_pika(frame: Body | Heartbeat) -> None:
    """Only headers of messages carry what strangers wrote."""
    assert without_properties(frame.marshal()) is None


def test_text_that_is_no_text_is_escaped() -> None:
    """Bytes in the place of text stay visible and are never an error."""
    assert plain_text(b"\xffa") == "\\xffa"
    assert plain_text("a") == "a"
    assert plain_text(None) is None


@given(st.dictionaries(st.text() | st.binary(), _ANYTHING, max_size=5))
def test_any_headers_can_be_stored_as_json(headers: dict[str | bytes, Any]) -> None:
    """Whatever types a sender chose, the headers fit into JSON and keep plain values."""
    plain = plain_headers(headers)
    assert json.loads(json.dumps(plain)) == plain


def test_plain_values_are_unchanged() -> None:
    """What our own nodes write comes out as it went in; other types become text."""
    moment = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    given_headers: dict[str | bytes, Any] = {
        "a": "x",
        "b": 1,
        "c": [True, {"d": None}],
        "e": moment,
        "f": Decimal("1.5"),
    }
    assert plain_headers(given_headers) == {
        "a": "x",
        "b": 1,
        "c": [True, {"d": None}],
        "e": "2026-01-05 00:00:00+00:00",
        "f": "1.5",
    }
    assert plain_headers(None) == {}


def test_deep_nesting_is_cut_off() -> None:
    """A value nested a thousand deep neither fails nor stays."""
    value: Any = "core"
    for _ in range(900):
        value = [value]
    assert "..." in json.dumps(plain_headers({"x": value}))


@pytest.mark.parametrize("size", [0, 1, 99, 16_384, 16_385, 131_064, 131_065, 300_000])
def test_a_message_is_framed_as_pika_frames_it(size: int) -> None:
    """Byte for byte the frames of pika, whatever the length, and the body is not copied."""
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    starts = range(0, size, 131_064)
    expected = b"".join(Body(7, body[start : start + 131_064]).marshal() for start in starts)
    pieces = list(framed(b"head", 7, (body,), 131_064))
    assert b"".join(pieces) == b"head" + expected
    assert all(pieces)
    assert size <= 16_384 or any(isinstance(piece, memoryview) for piece in pieces)


@pytest.mark.parametrize("cuts", [(), (1,), (20_000, 20_001), (131_063, 131_064, 262_128)])
def test_a_body_in_pieces_is_framed_like_the_whole(cuts: tuple[int, ...]) -> None:
    """Frames do not end where pieces do; empty pieces leave no trace."""
    body = bytes(range(256)) * 1200
    pieces = [body[start:end] for start, end in pairwise((0, 0, *cuts, len(body)))]
    whole = b"".join(framed(b"head", 7, (body,), 131_064))
    found = list(framed(b"head", 7, pieces, 131_064))
    assert b"".join(found) == whole
    assert all(found)
