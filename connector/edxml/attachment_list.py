"""Reads manifest and attachments, and insists that they match (QĐ 28/2018 Đ10(1))."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from connector.edxml import codes, rule_codes
from connector.edxml.cursor import Cursor
from connector.edxml.cut import Run
from connector.edxml.kinds import HEAD, check_kind
from connector.edxml.parser import Limits
from connector.edxml.payload import Label, decode, too_long, unwrap
from connector.edxml.stored import Shelf
from connector.edxml.zipform import extension
from connector.errors import Finding, Text
from connector.model.content import BytesContent, Content
from connector.model.envelope import Attachment
from connector.model.packet import AttachmentEncoding

__all__ = ["Found", "Payloads", "Unpacked", "read_attachments", "unpacked"]

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

    @property
    def encoding(self) -> AttachmentEncoding | None:
        """The form in which all of them stood, None if there is no such one."""
        return next(iter(self.encodings)) if len(self.encodings) == 1 else None


class Unpacked(NamedTuple):
    """The file of a payload, its own type, and the form in which it stood."""

    content: Content
    content_type: str
    encoding: AttachmentEncoding


@dataclass(frozen=True, slots=True)
class _Reference:
    content_id: str
    name: str | None
    content_type: str | None
    description: str | None
    cursor: Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Payloads:
    """How payloads are taken: within which limits, what tokens stand for, where files lie."""

    limits: Limits
    runs: Mapping[str, Run] = field(default_factory=dict)
    shelf: Shelf | None = None


def read_attachments(manifest: Cursor | None, encoded: Cursor | None, payloads: Payloads) -> Found:
    """Take the attachments out of the tree; every mismatch with the manifest is an error."""
    references = [] if manifest is None else [_reference(c) for c in manifest.many("Reference")]
    cursors = [] if encoded is None else encoded.many("Attachment")
    for cursor in (manifest, encoded):
        if cursor is not None:
            cursor.finish()
    ids = [_content_id(cursor) for cursor in cursors]
    _match(references, list(zip(ids, cursors, strict=True)))
    by_id = {reference.content_id: reference for reference in references}
    found: list[tuple[Attachment, AttachmentEncoding]] = []
    for content_id, cursor in zip(ids, cursors, strict=True):
        read = _attachment(cursor, content_id, by_id.get(content_id), payloads)
        if read is not None:
            growth = read[0].content.size - read[2]
            payloads = _grown(payloads, growth) if growth > 0 else payloads
            found.append(read[:2])
    return Found(
        tuple(attachment for attachment, _ in found),
        frozenset(encoding for _, encoding in found),
        prefixed_ids=any((c.token("ContentId") or "").startswith(_CID) for c in cursors),
    )


def _grown(payloads: Payloads, growth: int) -> Payloads:
    limits = payloads.limits
    left = replace(limits, max_inflate_growth=limits.max_inflate_growth - growth)
    return replace(payloads, limits=left)


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
    ids = {content_id for content_id, _ in mine}
    if len(ids) == len(mine) and ids <= others:
        return
    counts = Counter(content_id for content_id, _ in mine)
    for content_id, cursor in mine:
        if content_id and content_id not in others:
            cursor.note(text, content_id=content_id)
        if content_id and counts[content_id] > 1:
            cursor.note(rule_codes.CONTENT_ID_TWICE, content_id=content_id)


def _attachment(
    cursor: Cursor, content_id: str, reference: _Reference | None, payloads: Payloads
) -> tuple[Attachment, AttachmentEncoding, int] | None:
    """Return an attachment, how it stood and in how many bytes; None after reporting an error."""
    name = cursor.required_text("AttachmentName")
    if reference is not None and reference.name not in {None, name}:
        cursor.note(rule_codes.NAME_DIFFERS, "AttachmentName")
    description = cursor.text("Description") or (reference.description if reference else None)
    outer_type = cursor.token("ContentType")
    payload = _payload(cursor, payloads)
    cursor.finish()
    if payload is None:
        return None
    label = Label(content_id, name, cursor.place("ContentTransferEncoded"))
    types = (reference.content_type if reference else None, outer_type)
    file = unpacked(payload, label, types, payloads, cursor.report, path=cursor.path)
    if file is None:
        return None
    attachment = Attachment(
        content_id=content_id,
        name=name,
        content_type=file.content_type,
        content=file.content,
        description=description,
    )
    return attachment, file.encoding, payload.size


def unpacked(
    payload: Content,
    label: Label,
    types: tuple[str | None, str | None],
    payloads: Payloads,
    report: list[Finding],
    path: str = "",
) -> Unpacked | None:
    """Return the file of a payload; None after reporting an error.

    `types` are those that the manifest and the attachment name, `path` is that of the attachment.
    """
    file = unwrap(payload, label, payloads.limits, report, payloads.shelf)
    if file is None:
        return None
    content, encoding = file
    content_type = _content_type(*types, label.name, encoding)
    with content.open() as stream:
        head = stream.read(HEAD)
    report.extend(check_kind(head, label.name, content_type, path))
    return Unpacked(content, content_type, encoding)


def _payload(cursor: Cursor, payloads: Payloads) -> Content | None:
    element = cursor.element_of("ContentTransferEncoded")
    place = cursor.place("ContentTransferEncoded")
    if element is None:
        cursor.note(codes.MISSING, "ContentTransferEncoded")
        return None
    if len(element):
        cursor.note(codes.NOT_TEXT, "ContentTransferEncoded")
        return None
    text, element.text = element.text or "", None  # a large one stands in memory only once
    run = payloads.runs.get(text)
    if run is None:
        data = decode(text, place, payloads.limits, cursor.report)
        return None if data is None else BytesContent(data)
    too_large = too_long(run.length, place, payloads.limits, cursor.report)
    return None if too_large else run.content


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
