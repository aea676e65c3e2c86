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
from typing import BinaryIO, Final

from zlib_ng.zlib_ng import crc32

from connector.edxml import rule_codes
from connector.edxml.parser import Limits
from connector.edxml.stored import Gather, Shelf, window
from connector.errors import Finding
from connector.model.content import BytesContent, Content

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
_PIECE: Final = 1 << 20
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


def find_entry(content: Content) -> Entry | None:
    """Return the only entry of a ZIP without any slack; None for everything else."""
    with content.open() as stream:
        if not stream.read(len(MAGIC)).startswith(MAGIC):
            return None
        return _entry(_Reader(stream, content.size))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads anywhere in a content."""

    stream: BinaryIO
    size: int

    def at(self, start: int, size: int) -> bytes:
        """Return up to `size` bytes from `start`."""
        self.stream.seek(start)
        return self.stream.read(size)


def _entry(reader: _Reader) -> Entry | None:
    central_at = _central_directory(reader)
    if central_at is None:
        return None
    central = _CENTRAL.unpack(reader.at(central_at, _CENTRAL.size))
    flags, method = central[3:5]
    crc, packed, size, name_length = central[7:11]
    name = reader.at(central_at + _CENTRAL.size, name_length)
    local = _LOCAL.unpack(reader.at(0, _LOCAL.size))
    start = _LOCAL.size + local[9] + local[10]
    descriptor = central_at - start - packed
    if (
        flags & _ENCRYPTED
        or method not in {_STORED, _DEFLATED}
        or (method == _STORED and packed != size)
        or (reader.at(_LOCAL.size, local[9]), local[3]) != (name, method)
        or descriptor not in ((12, 16, 20, 24) if flags & _DESCRIPTOR else (0,))
    ):
        return None
    return Entry(_decoded(name), start, packed, size, crc, method == _DEFLATED)


def _central_directory(reader: _Reader) -> int | None:
    """Return where the only central header stands, which must be all that stands there."""
    tail = reader.size - _END.size
    if tail < _LOCAL.size + _CENTRAL.size:
        return None
    end = _END.unpack(reader.at(tail, _END.size))
    size, at = end[5:7]
    plain = end[:5] == (b"PK\x05\x06", 0, 0, 1, 1) and end[7] == 0
    if not plain or at + size != tail or size < _CENTRAL.size:
        return None
    central = _CENTRAL.unpack(reader.at(at, _CENTRAL.size))
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
    content: Content,
    entry: Entry,
    place: str,
    limits: Limits,
    report: list[Finding],
    shelf: Shelf | None = None,
) -> Content | None:
    """Return the entry's file; None after an error was reported.

    A stored file is a window of the ZIP; a large deflated one lies on the shelf.
    """
    if entry.size > limits.max_attachment_bytes:
        report.append(rule_codes.ATTACHMENT_TOO_LARGE.at(place, limit=limits.max_attachment_bytes))
        return None
    bomb = entry.size > limits.max_inflate_ratio * max(entry.packed, 1)
    if bomb or entry.size - entry.packed > limits.max_inflate_growth:
        report.append(rule_codes.ZIP_BOMB.at(place, size=entry.size))
        return None
    packed = window(content, entry.start, entry.packed)
    file = _inflated(packed, entry.size, shelf) if entry.deflated else packed
    if file is None or file.size != entry.size or _crc(file) != entry.crc:
        report.append(rule_codes.ZIP_DAMAGED.at(place))
        return None
    return file


def _inflated(packed: Content, size: int, shelf: Shelf | None) -> Content | None:
    """Return what was deflated, None if it is damaged or longer than `size`."""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    gather = Gather(shelf)
    with packed.open() as stream:
        while not machine.eof and gather.size <= size:
            block = machine.unconsumed_tail or stream.read(_PIECE)
            try:
                piece = machine.decompress(block, _PIECE)
            except zlib.error:
                return None
            if not block and not piece:
                return None
            gather.take(piece)
        whole = machine.eof and not machine.unused_data and not stream.read(1)
    return gather.content() if whole else None


def _crc(content: Content) -> int:
    if isinstance(content, BytesContent):
        return crc32(content.data)
    crc = 0
    with content.open() as stream:
        while block := stream.read(_PIECE):
            crc = crc32(block, crc)
    return crc


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("cp437")
