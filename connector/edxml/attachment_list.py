"""Reads manifest and attachments, and insists that they match (QĐ 28/2018 Đ10(1))."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connector.edxml import codes, rule_codes
from connector.edxml.cursor import Cursor
from connector.edxml.kinds import HEAD, check_kind
from connector.edxml.parser import Limits
from connector.edxml.payload import Label, decode, unwrap
from connector.edxml.zipform import extension
from connector.errors import Text
from connector.model.content import BytesContent
from connector.model.envelope import Attachment
from connector.model.packet import AttachmentEncoding

__all__ = ["Found", "read_attachments"]

_CID: Final = "cid:"
_XLINK: Final = "{http://www.w3.org/1999/xlink}href"
_ZIPPED: Final = frozenset({"application/zip", "application/x-zip-compressed"})
_BY_EXTENSION: Final = {
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jpg": "image/jpeg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".txt": "text/plain",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class Found:
    """The attachments of a packet and how they stood in it."""

    attachments: tuple[Attachment, ...] = ()
    encodings: frozenset[AttachmentEncoding] = frozenset()
    prefixed_ids: bool = False


@dataclass(frozen=True, slots=True)
class _Reference:
    content_id: str
    name: str | None
    content_type: str | None
    description: str | None
    cursor: Cursor


def read_attachments(manifest: Cursor | None, encoded: Cursor | None, limits: Limits) -> Found:
    """Return the attachments; every mismatch with the manifest is an error."""
    references = [] if manifest is None else [_reference(c) for c in manifest.many("Reference")]
    cursors = [] if encoded is None else encoded.many("Attachment")
    for cursor in (manifest, encoded):
        if cursor is not None:
            cursor.finish()
    ids = [_content_id(cursor) for cursor in cursors]
    _match(references, list(zip(ids, cursors, strict=True)))
    by_id = {reference.content_id: reference for reference in references}
    read = [
        _attachment(cursor, content_id, by_id.get(content_id), limits)
        for content_id, cursor in zip(ids, cursors, strict=True)
    ]
    found = [each for each in read if each is not None]
    return Found(
        tuple(attachment for attachment, _ in found),
        frozenset(encoding for _, encoding in found),
        prefixed_ids=any((c.token("ContentId") or "").startswith(_CID) for c in cursors),
    )


def _reference(cursor: Cursor) -> _Reference:
    content_id = cursor.token("ContentId") or str(cursor.element.get(_XLINK) or "")
    if not content_id:
        cursor.note(codes.MISSING, "ContentId")
    reference = _Reference(
        content_id.removeprefix(_CID),
        cursor.text("AttachmentName"),
        cursor.token("ContentType"),
        cursor.text("Description"),
        cursor,
    )
    cursor.finish()
    return reference


def _content_id(cursor: Cursor) -> str:
    return cursor.required_token("ContentId").removeprefix(_CID)


def _match(references: Sequence[_Reference], attachments: Sequence[tuple[str, Cursor]]) -> None:
    listed = [(reference.content_id, reference.cursor) for reference in references]
    for mine, others, text in (
        (listed, attachments, rule_codes.NOT_ATTACHED),
        (attachments, listed, rule_codes.NOT_LISTED_IN_MANIFEST),
    ):
        _report_lonely(mine, {content_id for content_id, _ in others}, text)


def _report_lonely(mine: Sequence[tuple[str, Cursor]], others: set[str], text: Text) -> None:
    counts = Counter(content_id for content_id, _ in mine)
    for content_id, cursor in mine:
        if content_id and content_id not in others:
            cursor.note(text, content_id=content_id)
        if content_id and counts[content_id] > 1:
            cursor.note(rule_codes.CONTENT_ID_TWICE, content_id=content_id)


def _attachment(
    cursor: Cursor, content_id: str, reference: _Reference | None, limits: Limits
) -> tuple[Attachment, AttachmentEncoding] | None:
    name = cursor.required_text("AttachmentName")
    if reference is not None and reference.name not in {None, name}:
        cursor.note(rule_codes.NAME_DIFFERS, "AttachmentName")
    description = cursor.text("Description") or (reference.description if reference else None)
    outer_type = cursor.token("ContentType")
    data = _payload(cursor, limits)
    cursor.finish()
    if data is None:
        return None
    label = Label(content_id, name, cursor.place("ContentTransferEncoded"))
    file = unwrap(data, label, limits, cursor.report)
    if file is None:
        return None
    content, encoding = file
    listed_type = reference.content_type if reference else None
    content_type = _content_type(listed_type, outer_type, name, encoding)
    cursor.report.extend(check_kind(content[:HEAD], name, content_type, cursor.path))
    return Attachment(
        content_id=content_id,
        name=name,
        content_type=content_type,
        content=BytesContent(content),
        description=description,
    ), encoding


def _payload(cursor: Cursor, limits: Limits) -> bytes | None:
    element = cursor.element_of("ContentTransferEncoded")
    place = cursor.place("ContentTransferEncoded")
    if element is None:
        cursor.note(codes.MISSING, "ContentTransferEncoded")
        return None
    if len(element):
        cursor.note(codes.NOT_TEXT, "ContentTransferEncoded")
        return None
    return decode(element.text or "", place, limits, cursor.report)


def _content_type(
    listed: str | None, outer: str | None, name: str, encoding: AttachmentEncoding
) -> str:
    """Return the file's own type: the manifest's, else the attachment's, else by its name."""
    if listed is not None:
        return listed
    if outer is not None and (outer not in _ZIPPED or encoding is AttachmentEncoding.RAW):
        return outer
    by_name = _BY_EXTENSION.get(extension(name).lower())
    return by_name or "application/octet-stream"
