"""Bytes of the broker in whatever pieces they come, taken apart as pika would."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, exceptions, spec
from pika.frame import Body, Header, Heartbeat, Method, ProtocolHeader, decode_frame

from connector.broker.inflow import InflowConnection, frame_end
from connector.broker.wire import UNREADABLE


class _Loose(InflowConnection):
    """A connection without a socket, which keeps the frames that it was given."""

    def __init__(self) -> None:
        self._frame_buffer = b""
        self.bytes_received = 0
        self.frames: list[Any] = []
        self.fails = False

    def _process_frame(self, frame_value: Any) -> None:
        if self.fails:
            self.fails = False
            raise exceptions.ConnectionClosed(1, "gone")
        self.frames.append(frame_value)

    def arrive(self, *pieces: bytes) -> list[Any]:
        """Take bytes from the socket; return all frames so far."""
        for piece in pieces:
            self._on_data_available(piece)
        return self.frames

    @property
    def left(self) -> bytes:
        """What waits for the bytes behind it."""
        return self._frame_buffer


def _deliver(tag: int) -> bytes:
    method = spec.Basic.Deliver("tag", tag, False, "edoc", "G09")  # type: ignore[no-untyped-call]
    data: bytes = Method(1, method).marshal()
    return data


def _header(size: int) -> bytes:
    properties = BasicProperties(message_id="m", headers={"a": "b"})  # type: ignore[no-untyped-call]
    data: bytes = Header(1, size, properties).marshal()
    return data


def _body(fragment: bytes) -> bytes:
    data: bytes = Body(1, fragment).marshal()
    return data


_FRAMES = st.one_of(
    st.integers(0, 9).map(_deliver),
    st.integers(0, 9).map(_header),
    st.binary(max_size=300).map(_body),
    st.just(Heartbeat().marshal()),
)


def _plain(value: Any) -> tuple[Any, ...]:
    facts = (type(value), value.frame_type, value.channel_number)
    if isinstance(value, Body):
        return (*facts, bytes(value.fragment))
    if isinstance(value, Header):
        return (*facts, value.body_size, value.properties)
    return (*facts, value.method) if isinstance(value, Method) else facts


@given(frames=st.lists(_FRAMES, min_size=1), cuts=st.lists(st.integers(0, 4000)))
def test_frames_are_those_that_pika_finds(frames: list[bytes], cuts: list[int]) -> None:
    """However the bytes are cut, each frame comes once, in order, and nothing is left."""
    data = b"".join(frames)
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    link = _Loose()
    found = link.arrive(*(data[a:b] for a, b in pairwise(edges)))
    expected = [decode_frame(each)[1] for each in frames]
    assert list(map(_plain, found)) == list(map(_plain, expected))
    assert (link.left, link.bytes_received) == (b"", len(data))


def test_a_large_body_is_not_copied_before_it_is_whole() -> None:
    """A fragment is a view of what came from the socket; joining it gives the bytes."""
    link = _Loose()
    (value,) = link.arrive(_body(b"x" * 100_000))
    assert isinstance(value.fragment, memoryview)
    assert b"".join([value.fragment]) == b"x" * 100_000


def test_a_protocol_header_is_a_frame_too() -> None:
    """A broker of another version says so before any frame."""
    link = _Loose()
    (value,) = link.arrive(b"AMQ", b"P\x00\x00\x09\x01")
    assert isinstance(value, ProtocolHeader)
    assert link.left == b""


def test_a_frame_without_its_end_is_refused() -> None:
    """Bytes that are no frame end the connection, as with pika."""
    for whole in (_body(b"abc"), _deliver(1)):
        with pytest.raises(exceptions.InvalidFrameError):
            _Loose().arrive(whole[:-1] + b"\x00")


def test_unreadable_properties_are_left_out_here_as_well() -> None:
    """What `TolerantConnection` does for them is done for a frame among others."""
    hostile = struct.pack(">HHQH", 60, 0, 77, 1 << 13) + b"\x00\x00\x00\x0b\x01xT" + b"\xff" * 8
    frame = struct.pack(">BHL", 2, 5, len(hostile)) + hostile + b"\xce"
    first, second, third = _Loose().arrive(_deliver(1) + frame + _body(b"abc"))
    assert second.properties.headers == {UNREADABLE: True}
    assert (first.method.delivery_tag, bytes(third.fragment)) == (1, b"abc")


def test_what_follows_a_failing_frame_is_kept() -> None:
    """A frame whose handling raises was taken; those behind it are not lost."""
    link = _Loose()
    link.fails = True
    with pytest.raises(exceptions.ConnectionClosed):
        link.arrive(_deliver(1) + _deliver(2))
    assert link.left == _deliver(2)


@pytest.mark.parametrize("length", range(7))
def test_the_end_of_a_frame_whose_size_is_unknown_is_not_here(length: int) -> None:
    """Fewer bytes than a frame's own header say nothing about its size."""
    assert frame_end(_body(b"abc")[:length], 0) > length
