"""The base64 text that stands in a packet → an attachment's bytes."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Final

import pybase64

from connector.edxml import rule_codes
from connector.edxml.parser import Limits
from connector.edxml.stored import Shelf
from connector.edxml.values import SPACE
from connector.edxml.zipform import extension, find_entry, inflate, is_wrapped
from connector.errors import Finding
from connector.model.content import Content
from connector.model.packet import AttachmentEncoding

__all__ = ["STAND_IN", "Label", "decode", "too_long", "unwrap"]

STAND_IN: Final = b"AA=="
"""What stands for a payload in a skeleton: short, and base64."""

_NO_SPACE: Final = dict.fromkeys(map(ord, SPACE))
_SLACK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Label:
    """What a packet says about a payload, and where."""

    content_id: str
    name: str
    place: str


def too_long(length: int, place: str, limits: Limits, report: list[Finding]) -> bool:
    """Tell, after reporting it, whether so much base64 is more than any attachment may need."""
    if length <= 2 * limits.max_attachment_bytes + _SLACK:
        return False
    report.append(rule_codes.ATTACHMENT_TOO_LARGE.at(place, limit=limits.max_attachment_bytes))
    return True


def decode(text: str, place: str, limits: Limits, report: list[Finding]) -> bytes | None:
    """Return the bytes of strict base64, white space aside; None after reporting an error."""
    if too_long(len(text), place, limits, report):
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
    content: Content,
    label: Label,
    limits: Limits,
    report: list[Finding],
    shelf: Shelf | None = None,
) -> tuple[Content, AttachmentEncoding] | None:
    """Return the file itself and the form in which it stood; None after reporting an error."""
    entry = find_entry(content)
    if entry is None or not is_wrapped(entry, label.content_id, label.name):
        if content.size <= limits.max_attachment_bytes:
            return content, AttachmentEncoding.RAW
        limit = limits.max_attachment_bytes
        report.append(rule_codes.ATTACHMENT_TOO_LARGE.at(label.place, limit=limit))
        return None
    file = inflate(content, entry, label.place, limits, report, shelf)
    if file is None:
        return None
    inner, own = extension(entry.name), extension(label.name)
    if inner.lower() != own.lower():
        facts = {"inner": inner or "–", "own": own or "–"}
        report.append(rule_codes.EXTENSION_DIFFERS.at(label.place, **facts))
    return file, AttachmentEncoding.ZIP
