"""An attachment's bytes ⇄ the base64 text that stands in the packet."""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pybase64

from connector.edxml import rule_codes
from connector.edxml.parser import Limits
from connector.edxml.values import SPACE
from connector.edxml.zipform import (
    MAGIC,
    entry_name,
    extension,
    find_entry,
    inflate,
    is_wrapped,
    zip_frame,
)
from connector.errors import Finding, PermanentError
from connector.model.content import Content
from connector.model.envelope import Attachment
from connector.model.packet import AttachmentEncoding

__all__ = ["STAND_IN", "Label", "decode", "encode", "unwrap"]

STAND_IN: Final = b"AA=="
"""What stands for a payload in a skeleton: short, and base64."""

_NO_SPACE: Final = dict.fromkeys(map(ord, SPACE))
_ZIP_MAX: Final = 0xFFFFFFFF - (1 << 16)
_BLOCK: Final = 3 << 18  # a multiple of 3, so that blocks of base64 join without padding


@dataclass(frozen=True, slots=True)
class Label:
    """What a packet says about a payload, and where."""

    content_id: str
    name: str
    place: str


def encode(attachment: Attachment, encoding: AttachmentEncoding, place: str) -> Iterator[bytes]:
    """Yield the base64 text of an attachment in blocks; the file is never whole in memory."""
    if encoding is AttachmentEncoding.RAW:
        _refuse_ambiguous(attachment, place)
        yield from _encoded(_blocks(attachment.content, place))
        return
    if attachment.content.size > _ZIP_MAX:
        raise PermanentError(rule_codes.ATTACHMENT_TOO_LARGE.at(place, limit=_ZIP_MAX))
    crc = 0
    for block in _blocks(attachment.content, place):
        crc = zlib.crc32(block, crc)
    name = entry_name(attachment.content_id, attachment.name)
    head, tail = zip_frame(name, attachment.content.size, crc)
    yield from _encoded(_joined(head, _blocks(attachment.content, place), tail))


def decode(text: str, place: str, limits: Limits, report: list[Finding]) -> bytes | None:
    """Return the bytes of strict base64, white space aside; None after reporting an error."""
    if len(text) > 2 * limits.max_attachment_bytes + _BLOCK:
        report.append(rule_codes.ATTACHMENT_TOO_LARGE.at(place, limit=limits.max_attachment_bytes))
        return None
    # Base64 without line breaks is the rule, and large: it is not copied to be looked at.
    spaced = any(sign in text for sign in SPACE)
    packed = text.translate(_NO_SPACE) if spaced else text
    try:
        data: bytes = pybase64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        data, packed = b"", "!"
    tail = len(data) % 3 or 3
    if packed[-4:] != pybase64.b64encode(data[-tail:]).decode():
        report.append(rule_codes.BAD_BASE64.at(place))
        return None
    return data


def unwrap(
    data: bytes, label: Label, limits: Limits, report: list[Finding]
) -> tuple[bytes, AttachmentEncoding] | None:
    """Return the file itself and the form in which it stood; None after reporting an error."""
    entry = find_entry(data)
    if entry is None or not is_wrapped(entry, label.content_id, label.name):
        if len(data) <= limits.max_attachment_bytes:
            return data, AttachmentEncoding.RAW
        limit = limits.max_attachment_bytes
        report.append(rule_codes.ATTACHMENT_TOO_LARGE.at(label.place, limit=limit))
        return None
    content = inflate(data, entry, label.place, limits, report)
    if content is None:
        return None
    inner, own = extension(entry.name), extension(label.name)
    if inner.lower() != own.lower():
        facts = {"inner": inner or "–", "own": own or "–"}
        report.append(rule_codes.EXTENSION_DIFFERS.at(label.place, **facts))
    return content, AttachmentEncoding.ZIP


def _blocks(content: Content, place: str) -> Iterator[bytes]:
    left = content.size
    with content.open() as stream:
        while block := stream.read(_BLOCK):
            left -= len(block)
            yield block
    if left:
        raise PermanentError(rule_codes.ATTACHMENT_CHANGED.at(place))


def _joined(head: bytes, blocks: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from blocks
    yield tail


def _encoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        joined = rest + block if rest else block
        cut = len(joined) - len(joined) % 3
        rest = joined[cut:]
        yield pybase64.b64encode(memoryview(joined)[:cut])
    yield pybase64.b64encode(rest)


def _refuse_ambiguous(attachment: Attachment, place: str) -> None:
    """Refuse a file that every reader would take for its own transport form."""
    with attachment.content.open() as stream:
        if not stream.read(len(MAGIC)).startswith(MAGIC):
            return
        stream.seek(0)
        entry = find_entry(stream.read())
    if entry is not None and is_wrapped(entry, attachment.content_id, attachment.name):
        raise PermanentError(rule_codes.RAW_AMBIGUOUS.at(place))
