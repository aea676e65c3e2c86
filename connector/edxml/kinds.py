"""What kind of file an attachment really is, next to what type and name say of it.

Only first bytes are looked at, and only kinds that agencies exchange are told apart: the aim is
that nobody opens a program or a disguised file, not to name every format there is. Why this is
not left to a library is measured in docs/adr/0016.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from connector.edxml import rule_codes
from connector.edxml.endings import named_ending, runs, split_name, visible
from connector.errors import Finding

__all__ = ["HEAD", "Kind", "check_kind", "contradiction", "is_program", "sniff"]

HEAD: Final = 1024
"""How many of the first bytes `sniff` looks at."""


class Kind(StrEnum):
    """A kind of file that its first bytes tell."""

    PROGRAM = "program"
    PDF = "PDF"
    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    ZIP = "ZIP"
    OLE2 = "OLE2"
    RTF = "RTF"
    RAR = "RAR"
    SEVEN_ZIP = "7-Zip"
    HTML = "HTML"
    XML = "XML"
    OTHER = "other"


_MAGIC: Final = (
    (b"\x7fELF", Kind.PROGRAM),
    (b"#!", Kind.PROGRAM),
    (b"\xfe\xed\xfa\xce", Kind.PROGRAM),  # Mach-O
    (b"\xfe\xed\xfa\xcf", Kind.PROGRAM),
    (b"\xce\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xca\xfe\xba\xbe", Kind.PROGRAM),  # Java class, fat Mach-O
    (b"L\x00\x00\x00\x01\x14\x02\x00", Kind.PROGRAM),  # Windows shortcut
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE2),
    (b"{\\rtf", Kind.RTF),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"7z\xbc\xaf'\x1c", Kind.SEVEN_ZIP),
)
_SIGNS: Final = tuple(magic for magic, _ in _MAGIC)
_DOS_HEADER: Final = 64
_HTML: Final = re.compile(rb"<(!doctype\s+html|html|head|body|script)\b", re.IGNORECASE)
_XML: Final = re.compile(rb"<(\?xml|[A-Za-z_])")
_UTF16_XML: Final = (b"\xff\xfe<\x00", b"\xfe\xff\x00<")
_BOM: Final = b"\xef\xbb\xbf"

_WORD: Final = frozenset({Kind.OLE2, Kind.RTF})  # Word saves RTF under .doc too
_ZIPPED: Final = frozenset({Kind.ZIP})
_RAR: Final = frozenset({Kind.RAR})
_SEVEN_ZIP: Final = frozenset({Kind.SEVEN_ZIP})
_TEXT: Final = frozenset({Kind.OTHER, Kind.XML, Kind.HTML, Kind.RTF})
_BY_TYPE: Final = {
    "application/msword": _WORD,
    "application/pdf": frozenset({Kind.PDF}),
    "application/rtf": frozenset({Kind.RTF}),
    "application/vnd.ms-excel": frozenset({Kind.OLE2}),
    "application/vnd.ms-powerpoint": frozenset({Kind.OLE2}),
    "application/vnd.rar": _RAR,
    "application/x-7z-compressed": _SEVEN_ZIP,
    "application/x-rar-compressed": _RAR,
    "application/x-zip-compressed": _ZIPPED,
    "application/xml": frozenset({Kind.XML}),
    "application/zip": _ZIPPED,
    "image/jpeg": frozenset({Kind.JPEG}),
    "image/jpg": frozenset({Kind.JPEG}),
    "image/png": frozenset({Kind.PNG}),
    "image/tiff": frozenset({Kind.TIFF}),
    "text/html": frozenset({Kind.HTML, Kind.XML}),
    "text/plain": _TEXT,
    "text/rtf": frozenset({Kind.RTF}),
    "text/xml": frozenset({Kind.XML}),
}
_ZIP_FAMILIES: Final = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
)
_BY_EXTENSION: Final = {
    ".7z": _SEVEN_ZIP,
    ".doc": _WORD,
    ".docm": _ZIPPED,
    ".docx": _ZIPPED,
    ".htm": frozenset({Kind.HTML, Kind.XML}),
    ".html": frozenset({Kind.HTML, Kind.XML}),
    ".jpeg": frozenset({Kind.JPEG}),
    ".jpg": frozenset({Kind.JPEG}),
    ".odt": _ZIPPED,
    ".pdf": frozenset({Kind.PDF}),
    ".png": frozenset({Kind.PNG}),
    ".ppt": frozenset({Kind.OLE2}),
    ".pptm": _ZIPPED,
    ".pptx": _ZIPPED,
    ".rar": _RAR,
    ".rtf": frozenset({Kind.RTF}),
    ".tif": frozenset({Kind.TIFF}),
    ".tiff": frozenset({Kind.TIFF}),
    ".txt": _TEXT,
    ".xls": frozenset({Kind.OLE2}),
    ".xlsm": _ZIPPED,
    ".xlsx": _ZIPPED,
    ".xml": frozenset({Kind.XML}),
    ".zip": _ZIPPED,
}
_SHOWN: Final = 100


def sniff(head: bytes) -> Kind:
    """Return the kind of a file from its first bytes; programs before all else."""
    if head.startswith(b"MZ") and b"\x00" in head[:_DOS_HEADER]:
        return Kind.PROGRAM
    if head.startswith(_SIGNS):
        return next(kind for magic, kind in _MAGIC if head.startswith(magic))
    if b"%PDF-" in head[:HEAD]:  # readers take a PDF that begins late
        return Kind.PDF
    text = head.removeprefix(_BOM).lstrip()
    if _HTML.match(text):
        return Kind.HTML
    return Kind.XML if _XML.match(text) or head.startswith(_UTF16_XML) else Kind.OTHER


def check_kind(head: bytes, name: str, content_type: str, place: str) -> Iterator[Finding]:
    """Find programs (an error), and files that are not what type or name say (a warning)."""
    if is_program(head, name, content_type):
        yield rule_codes.PROGRAM.at(place)
        return
    found = contradiction(head, name, content_type)
    if found is not None:
        yield rule_codes.KIND_DIFFERS.at(place, claim=found[0], kind=found[1].value)


def is_program(head: bytes, name: str, content_type: str) -> bool:
    """Tell programs by the first bytes, the name as it is seen, or that it is stored under."""
    return (
        sniff(head) is Kind.PROGRAM
        or runs(named_ending(visible(name)))
        or runs(split_name(name, content_type)[1])
    )


def contradiction(head: bytes, name: str, content_type: str) -> tuple[str, Kind] | None:
    """Return the type or ending that the first bytes of a file belie, and its kind by them."""
    kind, ending = sniff(head), f".{named_ending(visible(name))}"
    claims = ((content_type, _of_type(content_type)), (ending, _BY_EXTENSION.get(ending)))
    for claim, expected in claims:
        if head and expected is not None and kind not in expected:
            return claim[:_SHOWN], kind
    return None


def _of_type(content_type: str) -> frozenset[Kind] | None:
    bare = content_type.partition(";")[0].strip().lower()
    return _ZIPPED if bare.startswith(_ZIP_FAMILIES) else _BY_TYPE.get(bare)
