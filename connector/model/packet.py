"""What an envelope becomes on its way out; each step has its own type, so none can be skipped.

``Envelope → Packet (written and valid) → Sealed (signed)``: only `edxml` makes a `Packet`, only
`trust` makes a `Sealed`, only a `Sealed` enters the outbox. A packet is a sequence of parts, so
that no attachment is ever whole in memory: literal bytes, and files whose base64 stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import pybase64

from connector.model.content import Content
from connector.model.envelope import Envelope

__all__ = [
    "AttachmentEncoding",
    "ChildOrder",
    "CodeScheme",
    "Packet",
    "Part",
    "Payload",
    "Sealed",
    "Whole",
    "Woven",
    "WriteOptions",
    "chunks_of",
    "size_of",
    "span_of",
]

_BLOCK: Final = 3 << 14  # a multiple of 3: blocks of base64 join without padding; fits a cache
_SMALL: Final = 1 << 19
"""Files up to this size are read at once: so small a piece costs less than the turns of a loop."""


class ChildOrder(StrEnum):
    """Order of MessageHeader's children: QCVN 102 clauses, or the axis operator's Java SDK."""

    QCVN = "qcvn"
    JAVA = "java"


class AttachmentEncoding(StrEnum):
    """How an attachment's bytes stand in the packet: single-entry stored ZIP, or themselves."""

    ZIP = "zip"
    RAW = "raw"


class CodeScheme(StrEnum):
    """How agency codes are spelled: QĐ 20/2020 (``H41.02``) or QCVN 102 (``000.00.02.H41``)."""

    QD20 = "qd20"
    QCVN102 = "qcvn102"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How a route wants its packets written."""

    order: ChildOrder = ChildOrder.QCVN
    attachment_encoding: AttachmentEncoding = AttachmentEncoding.ZIP


@dataclass(frozen=True, slots=True)
class Payload:
    """A file in a packet: the base64 of head, content and tail stands there.

    Head and tail are the frame of the ZIP form, empty for the raw one.
    """

    content: Content
    head: bytes = b""
    tail: bytes = b""

    @property
    def size(self) -> int:
        """Number of base64 characters."""
        return (len(self.head) + self.content.size + len(self.tail) + 2) // 3 * 4

    def chunks(self) -> Iterator[bytes]:
        """Yield the base64 text in blocks; the content is read once."""
        if self.content.size <= _SMALL:
            with self.content.open() as stream:
                whole = stream.read(self.content.size + 1)
            yield pybase64.b64encode(b"".join((self.head, whole, self.tail)))
            return
        rest = self.head
        with self.content.open() as stream:
            rest += stream.read(-len(rest) % 3)  # from here on whole blocks need no joining
            while block := stream.read(_BLOCK):
                joined = rest + block if rest else block
                cut = len(joined) - len(joined) % 3
                rest = joined[cut:]
                yield pybase64.b64encode(joined if not rest else memoryview(joined)[:cut])
        yield pybase64.b64encode(rest + self.tail)

    def span(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the characters from `start` to `end`; what stands before them is not read."""
        first = start // 4 * 3
        last = min((end + 3) // 4 * 3, len(self.head) + self.content.size + len(self.tail))
        skip, left = start % 4, end - start
        for block in _in_threes(self._raw(first, last)):
            text = pybase64.b64encode(block)[skip:]
            yield text[:left]
            skip, left = 0, left - len(text)

    def _raw(self, first: int, last: int) -> Iterator[bytes]:
        """Yield the framed bytes from `first` to `last`."""
        head, size = len(self.head), self.content.size
        if first < head:
            yield self.head[first:last]
        at, stop = max(first - head, 0), min(last - head, size)
        if at < stop:
            with self.content.open() as stream:
                stream.seek(at)
                while at < stop and (block := stream.read(min(_BLOCK, stop - at))):
                    at += len(block)
                    yield block
        if last > head + size:
            yield self.tail[max(first - head - size, 0) : last - head - size]


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is a packet, or a part of one, as it is."""

    content: Content

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.content.size

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in blocks."""
        with self.content.open() as stream:
            while block := stream.read(_BLOCK):
                yield block

    def span(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `end`."""
        with self.content.open() as stream:
            stream.seek(start)
            while start < end and (block := stream.read(min(_BLOCK, end - start))):
                start += len(block)
                yield block


Part = bytes | Payload | Whole


def chunks_of(parts: tuple[Part, ...]) -> Iterator[bytes]:
    """Yield the bytes of parts in their order, none larger than about a megabyte but literals."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from part.chunks()


def size_of(parts: tuple[Part, ...]) -> int:
    """Return the number of bytes of parts without reading any."""
    return sum(len(part) if isinstance(part, bytes) else part.size for part in parts)


def span_of(parts: tuple[Part, ...], start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of parts from `start` to `end`, reading nothing else."""
    for part in parts:
        size = len(part) if isinstance(part, bytes) else part.size
        first, last = max(start, 0), min(end, size)
        if first < last:
            if isinstance(part, bytes):
                yield part[first:last]
            else:
                yield from part.span(first, last)
        start, end = start - size, end - size


def _in_threes(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in blocks of a multiple of three, the last as it comes."""
    rest = b""
    for block in blocks:
        joined = rest + block
        cut = len(joined) - len(joined) % 3
        rest = joined[cut:]
        if cut:
            yield joined[:cut]
    if rest:
        yield rest


class _Written:
    """What is written in parts."""

    __slots__ = ()
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Number of bytes."""
        return size_of(self.parts)

    @property
    def data(self) -> bytes:
        """All bytes at once: for tools that look at one packet."""
        return b"".join(chunks_of(self.parts))

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        return chunks_of(self.parts)


@dataclass(frozen=True, slots=True)
class Woven:
    """A packet as a form that many have; escaped texts and payloads stand in it, in turn."""

    literals: tuple[str, ...]
    texts: tuple[str | Payload, ...]

    def parts(self) -> tuple[Part, ...]:
        """Return the packet's parts; there must be one literal more than texts and payloads."""
        parts: list[Part] = []
        text = [self.literals[0]]
        for each, literal in zip(self.texts, self.literals[1:], strict=True):
            if isinstance(each, str):
                text.append(each)
            else:
                parts += ("".join(text).encode(), each)
                text = []
            text.append(literal)
        return (*parts, "".join(text).encode())

    def text(self) -> str:
        """Return all of the packet as text."""
        return b"".join(chunks_of(self.parts())).decode()


@dataclass(frozen=True, slots=True)
class Packet(_Written):
    """A valid, unsigned packet in canonical form, and what it says."""

    parts: tuple[Part, ...]
    envelope: Envelope
    woven: Woven | None = field(default=None, repr=False, compare=False)
    """Of what its only part was put together, if a form was there already."""


@dataclass(frozen=True, slots=True)
class Sealed(_Written):
    """A signed packet.

    `digest` is the lower-case hex of the signed Reference's digest: what statuses name and what
    travels in the ``edoc-sha256`` header.
    """

    parts: tuple[Part, ...]
    envelope: Envelope
    packet_id: str
    content_digest: str
    digest: str
    signed: tuple[bytes, ...] | None = field(default=None, repr=False, compare=False)
    """What all parts are in bytes, as they were when they were signed; kept of small packets."""
