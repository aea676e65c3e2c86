"""Which kind of export is this? By its first bytes, whatever its name says."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path
from typing import Final

from connector.errors import NoInputError, PermanentError
from connector.workbench import codes

__all__ = ["HEAD_BYTES", "head_of", "kind_of", "text_kind"]

HEAD_BYTES: Final = 1 << 20
"""Bytes of a sample that are looked at for charset and shape."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SQLITE: Final = b"SQLite format 3\x00"
_JET: Final = (b"Standard Jet DB", b"Standard ACE DB")
_DBF_VERSIONS: Final = frozenset({0x02, 0x03, 0x30, 0x31, 0x32, 0x43, 0x83, 0x8B, 0xCB, 0xF5, 0xFB})
_EDXML: Final = re.compile(r"<(?:\w+:)?edXML\b|QCVN_102_2016")
_DXL: Final = re.compile(r"lotus\.com/dxl|<!DOCTYPE\s+(?:database|document)\b")
_JSON_LINE: Final = re.compile(r"^\s*\{.*\}\s*$")


def head_of(path: Path) -> bytes:
    """Return the first bytes of a sample.

    Raises NoInputError if it cannot be read or is no ordinary file (a pipe would be waited for),
    PermanentError if it is empty.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise NoInputError(codes.SAMPLE_NO_FILE.at(str(path)))
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.SAMPLE_UNREADABLE.at(str(path), reason=reason)) from error
    if not head.strip():
        raise PermanentError(codes.SAMPLE_EMPTY.at(str(path)))
    return head


def kind_of(path: Path, head: bytes) -> str | None:
    """Return the kind of a binary sample, None for text; raises PermanentError for others."""
    if head.startswith(_SQLITE):
        return "sql"
    if head[4:19] in _JET:
        return "access"
    if head.startswith(_OLE):
        return "excel"
    if head.startswith(b"PK"):
        if _is_workbook(path):
            return "excel"
        raise PermanentError(codes.KIND_UNKNOWN.at(str(path)))
    if _is_dbf(head):
        return "dbf"
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PermanentError(codes.KIND_UNKNOWN.at(str(path)))
    return None


def text_kind(text: str) -> str:
    """Return the kind of a text: edxml, dxl, xml, json, jsonl, or lines."""
    beginning = text.lstrip("\ufeff \t\r\n")[:4096]
    if beginning.startswith("<"):
        if _EDXML.search(beginning):
            return "edxml"
        return "dxl" if _DXL.search(beginning) else "xml"
    if beginning.startswith(("{", "[")):
        first = [line for line in text.splitlines()[:3] if line.strip()]
        is_lines = len(first) > 1 and all(_JSON_LINE.match(line) for line in first[:2])
        return "jsonl" if is_lines else "json"
    return "lines"


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith(("xl/", "content.xml")) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _is_dbf(head: bytes) -> bool:
    if len(head) < 65 or head[0] not in _DBF_VERSIONS:
        return False
    header = int.from_bytes(head[8:10], "little")
    record = int.from_bytes(head[10:12], "little")
    return 64 < header <= len(head) and record > 1 and b"\r" in head[header - 264 : header + 1]
