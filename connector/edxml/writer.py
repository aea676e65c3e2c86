"""Envelope → packet bytes, in canonical form already.

Exclusive C14N 1.0 of what is written here gives the same bytes, so signing needs no second
form, and the literal prefix ``edXML:`` that .NET receivers insist on is never "optimised" away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from connector.edxml import codes, rule_codes
from connector.edxml.layout import Node, lay_out, with_paths
from connector.edxml.names import attachment_path
from connector.edxml.payload import STAND_IN, encode
from connector.edxml.values import SPACE, is_placeholder
from connector.errors import Finding, PermanentError
from connector.model.envelope import Attachment, Document, Envelope
from connector.model.packet import WriteOptions

__all__ = ["DEFAULT_OPTIONS", "write", "write_parts", "write_skeleton"]

DEFAULT_OPTIONS: Final = WriteOptions()

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_SPECIAL: Final = re.compile("[&<>\r]")
_CONTENT_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._@+-]{0,127}")

_Part = str | tuple[Attachment, str]


def write(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS) -> bytes:
    """Return a packet's canonical bytes, unsigned; the same envelope gives the same bytes.

    Raises `PermanentError` for what no reader could read back unchanged.
    """
    return b"".join(write_parts(envelope, options))


def write_parts(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS) -> Iterator[bytes]:
    """Yield the bytes of `write` piece by piece; no attachment is whole in memory."""
    _check_ids(envelope)
    for part in _parts(envelope, options):
        if isinstance(part, str):
            yield part.encode()
        else:
            attachment, place = part
            yield from encode(attachment, options.attachment_encoding, place)


def write_skeleton(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS) -> bytes:
    """Return the packet with a short stand-in for each payload: what the schema looks at."""
    parts = _parts(envelope, options)
    return b"".join(part.encode() if isinstance(part, str) else STAND_IN for part in parts)


def _parts(envelope: Envelope, options: WriteOptions) -> list[_Part]:
    """Return text pieces and attachments in turn; raises if a value cannot be written."""
    pieces: list[_Part] = []
    findings: list[Finding] = []
    _write(lay_out(envelope, options), "", pieces, findings)
    if findings:
        raise PermanentError(*findings)
    return _merged(pieces)


def _merged(pieces: list[_Part]) -> list[_Part]:
    parts: list[_Part] = []
    text: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            text.append(piece)
        else:
            parts += ["".join(text), piece]
            text = []
    return [*parts, "".join(text)]


def _write(node: Node, path: str, pieces: list[_Part], findings: list[Finding]) -> None:
    pieces.append(f"<{node.name}{node.attributes}>")
    if isinstance(node.content, str):
        findings += _faults(node, path)
        pieces.append(_escaped(node.content))
    elif isinstance(node.content, Attachment):
        pieces.append((node.content, path))
    else:
        for child, child_path in with_paths(node.content, path):
            _write(child, child_path, pieces, findings)
    pieces.append(f"</{node.name}>")


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


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
        if not _CONTENT_ID.fullmatch(attachment.content_id)
    ]
    if findings:
        raise PermanentError(*findings)
