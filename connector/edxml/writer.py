"""Envelope → packet bytes, in canonical form already.

Exclusive C14N 1.0 of what is written here gives the same bytes, so signing needs no second
form, and the literal prefix ``edXML:`` that .NET receivers insist on is never "optimised" away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from connector.edxml import codes, rule_codes
from connector.edxml.encode import payload_of
from connector.edxml.layout import Node, lay_out, with_paths
from connector.edxml.names import attachment_path
from connector.edxml.payload import STAND_IN
from connector.edxml.values import PLACEHOLDERS, SPACE, is_placeholder
from connector.errors import Finding, PermanentError
from connector.model.envelope import Attachment, Document, Envelope
from connector.model.packet import AttachmentEncoding, Part, WriteOptions, chunks_of

__all__ = [
    "DEFAULT_OPTIONS",
    "Draft",
    "draft",
    "escaped",
    "is_content_id",
    "is_sound_value",
    "write",
    "write_parts",
    "write_skeleton",
]

DEFAULT_OPTIONS: Final = WriteOptions()

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENVELOPE: Final = "edXML:edXMLEnvelope"
_SHORT: Final = max(map(len, PLACEHOLDERS))
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_OUTER: Final = ("", " ")
"""What a printable value must not begin or end with; other white space is not printable."""
_CONTENT_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._@+-]{0,127}")

_Piece = bytes | tuple[Attachment, str]


def write(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS) -> bytes:
    """Return a packet's canonical bytes, unsigned; the same envelope gives the same bytes.

    Raises `PermanentError` for what no reader could read back unchanged.
    """
    return b"".join(chunks_of(write_parts(envelope, options)))


def write_parts(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS) -> tuple[Part, ...]:
    """Return the parts of what `write` returns; no attachment is whole in memory."""
    return draft(envelope, options).parts()


def write_skeleton(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS) -> bytes:
    """Return the packet with a short stand-in for each payload: what the schema looks at."""
    return draft(envelope, options).skeleton()


@dataclass(frozen=True, slots=True)
class Draft:
    """A packet whose text is written and whose attachments were not looked at yet."""

    envelope: Envelope
    pieces: tuple[_Piece, ...]
    encoding: AttachmentEncoding

    def skeleton(self) -> bytes:
        """Return the packet with a short stand-in for each payload."""
        return b"".join(each if isinstance(each, bytes) else STAND_IN for each in self.pieces)

    def parts(self) -> tuple[Part, ...]:
        """Return the packet's parts; raises `PermanentError` for files that cannot be sent."""
        _check_ids(self.envelope)
        return tuple(
            each if isinstance(each, bytes) else payload_of(each[0], self.encoding, each[1])
            for each in self.pieces
        )


def draft(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS) -> Draft:
    """Return the written text of a packet; raises `PermanentError` if a value cannot be written."""
    return Draft(envelope, tuple(_parts(envelope, options)), options.attachment_encoding)


def _parts(envelope: Envelope, options: WriteOptions) -> list[_Piece]:
    """Return text pieces and attachments in turn; raises if a value cannot be written."""
    written = _Written([], [], [])
    _write(lay_out(envelope, options), "", written)
    if written.findings:
        raise PermanentError(*written.findings)
    return [*written.pieces, "".join(written.text).encode()]


class _Written(NamedTuple):
    """What was written so far: whole pieces, the text behind them, and what is wrong."""

    pieces: list[_Piece]
    text: list[str]
    findings: list[Finding]


def _write(node: Node, path: str, written: _Written) -> None:
    text, content = written.text, node.content
    before = len(text)
    if node.name == _ENVELOPE and _is_plain(node, text):
        return  # nearly always: nothing in it has to be named by its path
    del text[before:]
    text.append(f"<{node.name}{node.attributes}>")
    if isinstance(content, str):
        written.findings.extend(_faults(node, path))
        text.append(escaped(content))
    elif isinstance(content, Attachment):
        # A lone surrogate is among the findings already, so nobody will see these bytes.
        written.pieces.extend(("".join(text).encode(errors="surrogatepass"), (content, path)))
        text.clear()
    else:
        for child, child_path in with_paths(content, path):
            _write(child, child_path, written)
    text.append(f"</{node.name}>")


def _is_plain(node: Node, text: list[str]) -> bool:
    """Write an element in which there is nothing to be refused; False once there is something."""
    content, name = node.content, node.name
    if isinstance(content, str):
        if not is_sound_value(content) and any(_faults(node, "")):
            return False
        text.append(f"<{name}{node.attributes}>{escaped(content)}</{name}>")
        return True
    if isinstance(content, Attachment):
        return False
    text.append(f"<{name}{node.attributes}>")
    for each in content:
        if not _is_plain(each, text):
            return False
    text.append(f"</{name}>")
    return True


def is_sound_value(value: str) -> bool:
    """Tell of a value at once that nothing is wrong with it; False if one has to look closer.

    A sound value has printable characters only: no line ends, and nothing that XML forbids.
    """
    if not value.isprintable() or value[:1] in _OUTER or value[-1:] in _OUTER:
        return False
    return len(value) > _SHORT or value.casefold() not in PLACEHOLDERS


def is_content_id(text: str) -> bool:
    """Tell whether a content id can name the entry of a ZIP."""
    return _CONTENT_ID.fullmatch(text) is not None


def escaped(text: str) -> str:
    """Return a text as it stands in an element of a packet in canonical form."""
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        return text.translate(_ESCAPES)
    return text


def _faults(node: Node, place: str) -> Iterator[Finding]:
    """Yield why a value would not come back as it was."""
    value = str(node.content)
    illegal = _ILLEGAL.search(value)
    if illegal:
        yield codes.ILLEGAL_CHARACTER.at(place, point=ord(illegal[0]))
    bare = value.strip(SPACE)
    if not bare:
        yield (codes.NO_ZONE if node.local == "Timestamp" else codes.EMPTY_VALUE).at(place)
    elif is_placeholder(value):
        yield codes.PLACEHOLDER.at(place, value=bare)
    elif node.token and bare != value:
        yield codes.OUTER_SPACE.at(place)


def _check_ids(envelope: Envelope) -> None:
    """Refuse content ids that cannot name the entry of a ZIP."""
    attachments = envelope.attachments if isinstance(envelope, Document) else ()
    findings = [
        rule_codes.BAD_CONTENT_ID.at(attachment_path(number, len(attachments)))
        for number, attachment in enumerate(attachments, 1)
        if not is_content_id(attachment.content_id)
    ]
    if findings:
        raise PermanentError(*findings)
