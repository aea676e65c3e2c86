"""Takes the base64 of attachments out of a packet before any XML library sees it.

One pass over the bytes, in pieces of at most 1 MiB. A *run* is the whole text between
``<ContentTransferEncoded>`` and its end tag, any prefix, no attribute, if it is canonical base64:
its own decoding encodes to exactly these bytes. It is decoded, small ones in memory, others into
one scratch file, and a token stands in its place, itself canonical base64: a number behind a mark
that is random and the same for all tokens of a packet. Nobody can guess the mark; it occurs in
the tokens and nowhere else. What remains, the *skeleton*, goes through the hardened parser.

Nothing that the parser checks over the whole bytes is lost, because a run consists of the 65
characters of base64 alone, stands between ``>`` and ``<``, and so does its token:

- UTF-8: a run is ASCII; taking whole ASCII characters out neither makes nor hides a bad sequence.
- ``<!`` and ``<?``: a run holds none of these characters and its neighbours stay ``>`` and ``<``.
- Without comments, CDATA and instructions, ``<`` begins a tag or the bytes are not well-formed,
  so a run is the text of an element wherever the skeleton is accepted.
- Number and length of tags, nesting, attributes and names are those of the skeleton; the texts
  whose length and sum are capped are those outside of ``ContentTransferEncoded``.
- Line ends, ``&`` and ``>`` are counted in the skeleton, runs have none.
- Start (declaration, byte order mark, gzip) and end of the bytes are never inside a run.
- The size is checked here, over everything.

Everything else, be it line-broken base64, white space, an entity or an attribute, has no
skeleton: `cut` returns None, and the packet is read as one tree, with that way's limit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pybase64
from lxml import etree

from connector.edxml import codes
from connector.edxml.names import qcvn
from connector.edxml.parser import DEFAULT_LIMITS, Limits
from connector.edxml.stored import Gather, NewScratch, Shelf
from connector.errors import PermanentError
from connector.model.content import BytesContent, Content

__all__ = ["SHORTEST", "Run", "Skeleton", "cut"]

SHORTEST: Final = 4096
"""Shorter texts stay where they are: a tree costs less than a token."""

_PAYLOAD: Final = qcvn("ContentTransferEncoded")
_PIECE: Final = 1 << 20  # a multiple of 4, so that pieces of base64 decode by themselves
_BLOCK: Final = 3 << 14  # bytes of a block: it stays in the processor's cache
_MOST_RUNS: Final = 4096
_SKELETON_AT_MOST: Final = 8 << 20
_OPEN: Final = re.compile(rb"<((?:[^<>:/\s]{1,64}:)?ContentTransferEncoded)>")
_NAME: Final = b"ContentTransferEncoded>"
_LONGEST_TAG: Final = 128
_MARK_BYTES: Final = 18  # with the number a multiple of 3: a token has no padding
_NUMBER_BYTES: Final = 6
_NUMBER_LENGTH: Final = _NUMBER_BYTES // 3 * 4


@dataclass(frozen=True, slots=True)
class Run:
    """The payload that a token stands for, and the length of its base64."""

    content: Content
    length: int

    def encoded(self) -> Iterator[bytes]:
        """Yield the base64 text in pieces: what stood in the packet, byte for byte."""
        if isinstance(self.content, BytesContent):
            data = memoryview(self.content.data)
            for at in range(0, len(data), _BLOCK):
                yield pybase64.b64encode(data[at : at + _BLOCK])
            return
        with self.content.open() as stream:
            while block := stream.read(_BLOCK):
                yield pybase64.b64encode(block)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A packet without its payloads: what is left, what each token stands for, the whole size.

    All tokens begin with `mark`, and nothing else in the packet does.
    """

    data: bytes
    runs: Mapping[str, Run]
    size: int
    mark: bytes

    def fits(self, root: etree._Element) -> bool:
        """Tell whether each token is the whole text of a payload element of this tree."""
        payloads = (each.text for each in root.iter(_PAYLOAD) if not len(each))
        return self.has([text for text in payloads if text is not None and text in self.runs])

    def has(self, tokens: Sequence[str]) -> bool:
        """Tell whether these are all tokens, each of them once."""
        return sorted(tokens) == sorted(self.runs)

    def spliced(self, text: bytes) -> tuple[bytes | Run, ...] | None:
        """Return a text with runs in the places of their tokens; None unless each is there once.

        One pass, however many tokens there are.
        """
        first, *others = text.split(self.mark)
        mark = self.mark.decode()
        tokens = [mark + each[:_NUMBER_LENGTH].decode("latin-1") for each in others]
        if not self.has(tokens):
            return None
        pieces: list[bytes | Run] = [first]
        for token, behind in zip(tokens, others, strict=True):
            pieces += self.runs[token], behind[_NUMBER_LENGTH:]
        return tuple(pieces)


def cut(
    source: bytes | Content,
    *,
    limits: Limits = DEFAULT_LIMITS,
    scratch: NewScratch | None = None,
    shortest: int = SHORTEST,
) -> Skeleton | None:
    """Return the skeleton of a packet; None if it has to be read as one tree.

    Payloads over 1 MiB, and those beyond 4 MiB of smaller ones, go into one place that `scratch`
    makes; without it all stay in memory. Raises `PermanentError` for a packet over the limit,
    before anything is read.
    """
    if isinstance(source, bytes):
        source = BytesContent(source)
    if source.size > limits.max_bytes:
        raise PermanentError(codes.TOO_LARGE.at(size=source.size, limit=limits.max_bytes))
    knife = _Knife(Shelf.of(scratch), shortest)
    with source.open() as stream:
        while piece := stream.read(_PIECE):
            if not knife.take(piece):
                return None
    return knife.finish(source.size)


def _opening(data: bytes, at: int) -> re.Match[bytes] | None:
    """Return the next start tag of a payload; its name is rare, and ``<`` is not."""
    name = data.find(_NAME, at)
    while name >= 0:
        start = data.rfind(b"<", max(at, name - _LONGEST_TAG), name)
        found = _OPEN.match(data, start) if start >= 0 else None
        if found is not None:
            return found
        name = data.find(_NAME, name + 1)
    return None


class _Decoder:
    """Decodes one run piece by piece."""

    def __init__(self, shelf: Shelf | None) -> None:
        self.gather = Gather(shelf)
        self.length = 0
        self.rest = b""

    def take(self, data: bytes, at: int, end: int, *, last: bool) -> bool:
        """Decode what is whole of the text from `at`; False if it is not canonical base64."""
        self.length += end - at
        if self.rest:
            data, at, end = self.rest + data[at:end], 0, len(self.rest) + end - at
        # The last four characters may hold the padding: they wait for what follows them.
        whole = end if last else at + max(end - at - 1, 0) // 4 * 4
        self.rest = data[whole:end]
        block = _decoded(memoryview(data)[at:whole], last=last)
        if block is None:
            return False
        self.gather.take(block)
        return True

    def text(self) -> bytes:
        """Return the text so far: short, or it would be a run."""
        return b"".join(Run(self.gather.content(), 0).encoded()) + self.rest


def _decoded(text: memoryview, *, last: bool) -> bytes | None:
    """Return the bytes of canonical base64, None if it is none; only the end may have padding.

    Four characters without padding are three bytes and back; the last ones are encoded again.
    """
    edge = max(len(text) - 4, 0) if last else len(text)
    try:
        data: bytes = pybase64.b64decode(text, validate=True)
        tail: bytes = pybase64.b64decode(text[edge:], validate=True)
    except ValueError:
        return None
    whole = (len(data) - len(tail)) * 4 == edge * 3
    return data if whole and pybase64.b64encode(tail) == text[edge:] else None


class _Knife:
    """Takes the bytes of a packet in turn and keeps skeleton and runs apart."""

    def __init__(self, shelf: Shelf | None, shortest: int) -> None:
        self._shelf = shelf
        self._shortest = shortest
        self._skeleton: list[bytes] = []
        self._kept = 0
        self._mark = pybase64.b64encode(secrets.token_bytes(_MARK_BYTES))
        self._runs: dict[str, Run] = {}
        self._held = b""
        self._closing = b""
        self._decoder: _Decoder | None = None

    def take(self, piece: bytes) -> bool:
        """Take the next bytes; False if this packet has no skeleton."""
        rest, at = self._held + piece if self._held else piece, 0
        self._held = b""
        while at < len(rest):
            before = self._decoder
            step = self._beside(rest, at) if before is None else self._inside(rest, at)
            if step is None:
                return False
            if step == at and self._decoder is before:
                break
            at = step
        self._held = rest[at:]
        return True

    def finish(self, size: int) -> Skeleton | None:
        """Return the skeleton once all bytes were taken; None if they end inside a run."""
        if self._decoder is not None or not self._keep(self._held):
            return None
        data = b"".join(self._skeleton)
        if data.count(self._mark) != len(self._runs):
            return None
        return Skeleton(data, self._runs, size, self._mark)

    def _keep(self, data: bytes) -> bool:
        self._skeleton.append(data)
        self._kept += len(data)
        return self._kept <= _SKELETON_AT_MOST

    def _beside(self, data: bytes, at: int) -> int | None:
        """Look for the next run; return up to where the bytes were used, None if too many."""
        found = _opening(data, at)
        if found is None:
            edge = data.rfind(b"<", max(at, len(data) - _LONGEST_TAG))
            end = edge if edge >= 0 else len(data)
        else:
            end = found.end()
            self._closing = b"</" + found[1] + b">"
            self._decoder = _Decoder(self._shelf)
        return end if self._keep(data[at:end]) else None

    def _inside(self, data: bytes, at: int) -> int | None:
        """Decode on; return up to where the bytes were used, None if this is no run."""
        decoder = self._decoder
        if decoder is None:
            return None
        end = data.find(b"<", at)
        if end < 0:
            return len(data) if decoder.take(data, at, len(data), last=False) else None
        if len(data) - end < len(self._closing):
            fits = self._closing.startswith(data[end:])
            return end if fits and decoder.take(data, at, end, last=False) else None
        if not data.startswith(self._closing, end):
            return None
        return self._close(decoder, data, at, end)

    def _close(self, decoder: _Decoder, data: bytes, at: int, end: int) -> int | None:
        self._decoder = None
        if decoder.length + end - at < self._shortest:
            return end if self._keep(decoder.text() + data[at:end]) else None
        if not decoder.take(data, at, end, last=True) or len(self._runs) == _MOST_RUNS:
            return None
        number = len(self._runs).to_bytes(_NUMBER_BYTES)
        token = self._mark + pybase64.b64encode(number)
        self._runs[token.decode()] = Run(decoder.gather.content(), decoder.length)
        return end if self._keep(token) else None
