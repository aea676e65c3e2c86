"""Checks of attachments: present, sound, safely named; one function a rule."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from connector.edxml import rule_codes
from connector.edxml.endings import INVISIBLE
from connector.edxml.kinds import HEAD, check_kind
from connector.edxml.names import attachment_path
from connector.edxml.zipform import extension
from connector.errors import Finding
from connector.model.envelope import Attachment, Document

__all__ = [
    "content_ids_once",
    "kinds_agree",
    "names_awkward",
    "names_once",
    "names_safe",
    "not_empty",
    "pdf_sound",
]

_TEXT_DAMAGE: Final = "\ufffd\ufffd".encode()
_PATH: Final = re.compile(r"[/\\]|^\.{1,2}$")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_MAX_NAME_BYTES: Final = 255


def not_empty(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find attachments without content."""
    for place, attachment in _numbered(document):
        if attachment.content.size == 0:
            yield rule_codes.ATTACHMENT_EMPTY.at(place)


def pdf_sound(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find PDFs whose binary mark was decoded as UTF-8 and written again."""
    for place, attachment in _numbered(document):
        with attachment.content.open() as stream:
            head = stream.read(HEAD)
        if head.startswith(b"%PDF-") and _TEXT_DAMAGE in head:
            yield rule_codes.PDF_DAMAGED.at(place)


def kinds_agree(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find programs, and files that are not what they are called."""
    for place, attachment in _numbered(document):
        with attachment.content.open() as stream:
            head = stream.read(HEAD)
        yield from check_kind(head, attachment.name, attachment.content_type, place)


def content_ids_once(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find attachments that share a content id."""
    seen: set[str] = set()
    for place, attachment in _numbered(document):
        content_id = attachment.content_id
        if content_id in seen:
            yield rule_codes.CONTENT_ID_TWICE.at(f"{place}/ContentId", content_id=content_id)
        seen.add(content_id)


def names_safe(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find names that reach out of a directory or deceive the eye."""
    for place, attachment in _numbered(document):
        what = _unsafe(attachment.name)
        if what is not None:
            facts = {"what_en": what[0], "what_vi": what[1]}
            yield rule_codes.NAME_UNSAFE.at(f"{place}/AttachmentName", **facts)


def names_awkward(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find names that some systems cannot store."""
    for place, attachment in _numbered(document):
        for what_en, what_vi in _awkward(attachment.name):
            facts = {"what_en": what_en, "what_vi": what_vi}
            yield rule_codes.NAME_AWKWARD.at(f"{place}/AttachmentName", **facts)


def names_once(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find names that fall together on a file system."""
    seen: set[str] = set()
    for place, attachment in _numbered(document):
        folded = unicodedata.normalize("NFC", attachment.name).casefold()
        if folded in seen:
            yield rule_codes.NAME_TWICE.at(f"{place}/AttachmentName")
        seen.add(folded)


def _numbered(document: Document) -> Iterator[tuple[str, Attachment]]:
    count = len(document.attachments)
    for number, attachment in enumerate(document.attachments, 1):
        yield attachment_path(number, count), attachment


def _unsafe(name: str) -> tuple[str, str] | None:
    if _PATH.search(name):
        return "a path", "đường dẫn thư mục"
    if name.isprintable():
        return None
    hidden = {unicodedata.category(sign) for sign in name} & INVISIBLE
    if "Cc" in hidden:
        return "control characters", "ký tự điều khiển"
    return ("invisible characters", "ký tự ẩn") if hidden else None


def _awkward(name: str) -> Iterator[tuple[str, str]]:
    if _DEVICE.fullmatch(name):
        yield "is the name of a device", "trùng tên thiết bị của hệ điều hành"
    if name != name.strip(" .") or name.startswith("-"):
        yield "begins or ends badly", "bắt đầu hoặc kết thúc bằng ký tự không phù hợp"
    if re.search(r'[<>:"|?*]', name):
        yield "holds special characters", "chứa ký tự đặc biệt"
    if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES:
        yield "is too long for a file system", "quá dài đối với hệ thống tệp"
    if not extension(name):
        yield "has no extension", "không có phần mở rộng"
