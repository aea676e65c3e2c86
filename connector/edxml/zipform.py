"""The single-entry ZIP in which the axis operator's SDK carries an attachment.

Written: one entry ``<content id>.<extension>``, method *stored*, a fixed date, so that the same
file always gives the same bytes and may be streamed. Read: only exactly such a shape (stored or
deflated), with caps on size and ratio; any other ZIP is a file like all others and stays closed.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from connector.edxml import rule_codes
from connector.edxml.parser import Limits
from connector.errors import Finding

__all__ = [
    "MAGIC",
    "Entry",
    "entry_name",
    "extension",
    "find_entry",
    "inflate",
    "is_wrapped",
    "zip_frame",
]

MAGIC: Final = b"PK\x03\x04"
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_VERSION: Final = 20
_UTF8_NAME: Final = 0x800
_DESCRIPTOR: Final = 0x8
_ENCRYPTED: Final = 0x1
_STORED: Final = 0
_DEFLATED: Final = 8
_DOS_EPOCH: Final = 0x21  # 1980-01-01, the first day that the format knows
_EXTENSION: Final = re.compile(r"\.[0-9A-Za-z]{1,16}\Z")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ZIP_TYPES: Final = frozenset(
    {
        *(".zip", ".jar", ".apk", ".war", ".epub", ".kmz", ".ofd", ".xps", ".oxps", ".vsdx"),
        *(".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xltx", ".pptx", ".pptm"),
        *(".odt", ".ods", ".odp", ".odg", ".asice", ".asics"),
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """The one entry of a single-entry ZIP: where its data lies and what it claims to be."""

    name: str
    start: int
    packed: int
    size: int
    crc: int
    deflated: bool


def extension(name: str) -> str:
    """Return a plain file extension with its dot as written; empty if there is none."""
    found = _EXTENSION.search(name)
    return found[0] if found else ""


def entry_name(content_id: str, name: str) -> str:
    """Return the name of the entry for an attachment."""
    return content_id + extension(name)


def zip_frame(name: str, size: int, crc: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind the stored bytes of the one entry."""
    encoded = name.encode()
    fields = (_UTF8_NAME, _STORED, 0, _DOS_EPOCH, crc, size, size, len(encoded), 0)
    head = _LOCAL.pack(MAGIC, _VERSION, *fields) + encoded
    central = _CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *fields, 0, 0, 0, 0, 0) + encoded
    end = _END.pack(b"PK\x05\x06", 0, 0, 1, 1, len(central), len(head) + size, 0)
    return head, central + end


def find_entry(data: bytes) -> Entry | None:
    """Return the only entry of a ZIP without any slack; None for everything else."""
    central_at = _central_directory(data)
    if central_at is None:
        return None
    central = _CENTRAL.unpack_from(data, central_at)
    flags, method = central[3:5]
    crc, packed, size, name_length = central[7:11]
    name = data[central_at + _CENTRAL.size :][:name_length]
    local = _LOCAL.unpack_from(data, 0)
    start = _LOCAL.size + local[9] + local[10]
    descriptor = central_at - start - packed
    if (
        flags & _ENCRYPTED
        or method not in {_STORED, _DEFLATED}
        or (method == _STORED and packed != size)
        or (data[_LOCAL.size : _LOCAL.size + local[9]], local[3]) != (name, method)
        or descriptor not in ((12, 16, 20, 24) if flags & _DESCRIPTOR else (0,))
    ):
        return None
    return Entry(_decoded(name), start, packed, size, crc, method == _DEFLATED)


def _central_directory(data: bytes) -> int | None:
    """Return where the only central header stands, which must be all that stands there."""
    tail = len(data) - _END.size
    if not data.startswith(MAGIC) or tail < _LOCAL.size + _CENTRAL.size:
        return None
    end = _END.unpack_from(data, tail)
    size, at = end[5:7]
    plain = end[:5] == (b"PK\x05\x06", 0, 0, 1, 1) and end[7] == 0
    if not plain or at + size != tail or size < _CENTRAL.size:
        return None
    central = _CENTRAL.unpack_from(data, at)
    whole = _CENTRAL.size + sum(central[10:13]) == size and central[16] == 0
    return at if whole and central[0] == b"PK\x01\x02" else None


def is_wrapped(entry: Entry, content_id: str, name: str) -> bool:
    """Tell whether a ZIP is the transport form of a file rather than the file itself.

    Its entry is named by the content id or a UUID, and the attachment is not itself of a ZIP
    type, or the entry has the attachment's own extension.
    """
    suffix = extension(entry.name)
    stem = entry.name.removesuffix(suffix)
    if content_id not in {entry.name, stem} and _UUID.fullmatch(stem) is None:
        return False
    own = extension(name).lower()
    return own not in _ZIP_TYPES or suffix.lower() == own


def inflate(
    data: bytes, entry: Entry, place: str, limits: Limits, report: list[Finding]
) -> bytes | None:
    """Return the entry's bytes; None after an error was reported."""
    if entry.size > limits.max_attachment_bytes:
        report.append(rule_codes.ATTACHMENT_TOO_LARGE.at(place, limit=limits.max_attachment_bytes))
        return None
    if entry.size > limits.max_inflate_ratio * max(entry.packed, 1):
        report.append(rule_codes.ZIP_BOMB.at(place, size=entry.size))
        return None
    packed = memoryview(data)[entry.start : entry.start + entry.packed]
    content = _inflated(packed, entry.size) if entry.deflated else bytes(packed)
    if content is None or len(content) != entry.size or zlib.crc32(content) != entry.crc:
        report.append(rule_codes.ZIP_DAMAGED.at(place))
        return None
    return content


def _inflated(packed: memoryview, size: int) -> bytes | None:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = machine.decompress(packed, size + 1)
    except zlib.error:
        return None
    return content if machine.eof and not machine.unused_data else None


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("cp437")
