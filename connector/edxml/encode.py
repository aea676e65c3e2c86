"""An attachment → what stands for it in a packet: a file, framed as its single-entry ZIP or not."""

from __future__ import annotations

from typing import Final

from zlib_ng.zlib_ng import crc32

from connector.edxml import rule_codes
from connector.edxml.zipform import MAGIC, entry_name, find_entry, is_wrapped, zip_frame
from connector.errors import PermanentError
from connector.model.content import Content
from connector.model.envelope import Attachment
from connector.model.packet import AttachmentEncoding, Payload

__all__ = ["payload_of"]

_ZIP_MAX: Final = 0xFFFFFFFF - (1 << 16)
_BLOCK: Final = 1 << 20
_ONE_ENTRY: Final = b"PK\x05\x06\0\0\0\0\1\0\1\0"
_END_SIZE: Final = 22


def payload_of(attachment: Attachment, encoding: AttachmentEncoding, place: str) -> Payload:
    """Return an attachment as it stands in the packet; the file is never whole in memory.

    The ZIP form needs a checksum, so the file is read once.

    Raises:
        PermanentError: too large for the ZIP form, changed while it was read, or taken by every
            reader for its own transport form.
    """
    content = attachment.content
    if encoding is AttachmentEncoding.RAW:
        _refuse_ambiguous(attachment, place)
        return Payload(content)
    if content.size > _ZIP_MAX:
        raise PermanentError(rule_codes.ATTACHMENT_TOO_LARGE.at(place, limit=_ZIP_MAX))
    name = entry_name(attachment.content_id, attachment.name)
    return Payload(content, *zip_frame(name, content.size, _checksum(content, place)))


def _checksum(content: Content, place: str) -> int:
    crc, left = 0, content.size
    with content.open() as stream:
        while block := stream.read(_BLOCK):
            left -= len(block)
            crc = crc32(block, crc)
    if left:
        raise PermanentError(rule_codes.ATTACHMENT_CHANGED.at(place))
    return crc


def _refuse_ambiguous(attachment: Attachment, place: str) -> None:
    with attachment.content.open() as stream:
        if not stream.read(len(MAGIC)).startswith(MAGIC):
            return
        stream.seek(max(attachment.content.size - _END_SIZE, 0))
        if not stream.read().startswith(_ONE_ENTRY):
            return
    entry = find_entry(attachment.content)
    if entry is not None and is_wrapped(entry, attachment.content_id, attachment.name):
        raise PermanentError(rule_codes.RAW_AMBIGUOUS.at(place))
