"""A look at a workbook before calamine reads it whole: its size, and cells without a result.

calamine gives an error value (#REF!) and a formula that was never calculated as an empty cell,
and lays out every cell between the first and the last. So .xlsx sheets are scanned for both; the
scan only searches text between tags, it builds nothing.
"""

from __future__ import annotations

import html
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from connector.errors import ConfigError, Finding
from connector.sources import codes

__all__ = ["MAX_BYTES", "MAX_CELLS", "check_size", "faulty_cells"]

MAX_BYTES: Final = 512 << 20
"""Bytes of a workbook, unpacked."""
MAX_CELLS: Final = 10_000_000
"""Cells of the rectangle that holds everything on a sheet."""

_CHUNK: Final = 1 << 20
_MAX_ROW_BYTES: Final = 16 << 20
_MAX_INDEX_BYTES: Final = 4 << 20
_SHEET: Final = re.compile(r"<(?:\w+:)?sheet\b([^>]*)>")
_RELATION: Final = re.compile(r"<(?:\w+:)?Relationship\b([^>]*)>")
_ATTRIBUTE: Final = re.compile(r'([\w:]+)\s*=\s*(?:"([^"]*)"|\'([^\']*)\')')
_CELL: Final = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_WHERE: Final = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_KIND: Final = re.compile(rb"\bt=[\"'](\w+)[\"']")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f\b")
_VALUE: Final = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]")


def check_size(stream: BinaryIO, place: str) -> None:
    """Raise ConfigError if a workbook is larger, unpacked too, than `MAX_BYTES`."""
    size = os.fstat(stream.fileno()).st_size
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            size = max(size, sum(part.file_size for part in archive.infolist()))
    stream.seek(0)
    if size > MAX_BYTES:
        raise ConfigError(_too_large(place, f"{size} B", f"{MAX_BYTES} B"))


def faulty_cells(stream: BinaryIO, sheet: str, place: str) -> dict[int, set[int]]:
    """Return row → columns (both from 1) of .xlsx cells whose formula has no result.

    Raises ConfigError if the sheet's cells span more than `MAX_CELLS`. Other formats than .xlsx
    are not scanned.
    """
    faults: dict[int, set[int]] = {}
    if not zipfile.is_zipfile(stream):
        return faults
    low, high = [1 << 30, 1 << 30], [0, 0]
    with zipfile.ZipFile(stream) as archive:
        for row, column, faulty in _cells(archive, _part_of(archive, sheet), place):
            low = [min(low[0], row), min(low[1], column)]
            high = [max(high[0], row), max(high[1], column)]
            if faulty:
                faults.setdefault(row, set()).add(column)
    stream.seek(0)
    area = (high[0] - low[0] + 1) * (high[1] - low[1] + 1)
    if high[0] and area > MAX_CELLS:
        raise ConfigError(_too_large(place, f"{area} cells", f"{MAX_CELLS} cells"))
    return faults


def _cells(
    archive: zipfile.ZipFile, part: str | None, place: str
) -> Iterator[tuple[int, int, bool]]:
    """Yield row, column and whether it is faulty of every cell with something in it."""
    if part is None:
        return
    rest = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            rows, _, rest = (rest + chunk).rpartition(b"row>")
            if len(rest) > _MAX_ROW_BYTES:
                raise ConfigError(_too_large(place, "> 16 MiB / row", "16 MiB / row"))
            yield from _cells_in(rows)
    yield from _cells_in(rest)


def _cells_in(rows: bytes) -> Iterator[tuple[int, int, bool]]:
    for cell in _CELL.finditer(rows):
        attributes, content = cell.groups()
        at = _WHERE.search(attributes)
        if content and at is not None:
            yield int(at[2]), _number(at[1]), _is_faulty(attributes, content)


def _is_faulty(attributes: bytes, content: bytes) -> bool:
    """Tell an error value, and a formula without a result; an empty text is a result."""
    kind = _KIND.search(attributes)
    if kind is not None and kind[1] == b"e":
        return True
    calculated_text = kind is not None and kind[1] == b"str"
    return bool(_FORMULA.search(content)) and not calculated_text and not _VALUE.search(content)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the name of the part that holds a sheet, None if the archive does not tell."""
    targets = {
        relation.get("Id"): relation.get("Target", "")
        for relation in _tags(archive, "xl/_rels/workbook.xml.rels", _RELATION)
    }
    for tag in _tags(archive, "xl/workbook.xml", _SHEET):
        if tag.get("name") == sheet:
            target = targets.get(tag.get("r:id"), "").removeprefix("/xl/")
            part = f"xl/{target}"
            return part if part in archive.namelist() else None
    return None


def _tags(
    archive: zipfile.ZipFile, part: str, pattern: re.Pattern[str]
) -> Iterator[Mapping[str, str]]:
    try:
        with archive.open(part) as stream:
            text = stream.read(_MAX_INDEX_BYTES).decode("utf-8", "replace")
    except KeyError:
        return
    for tag in pattern.finditer(text):
        found = _ATTRIBUTE.findall(tag[1])
        yield {name: html.unescape(double or single) for name, double, single in found}


def _too_large(place: str, found: str, limit: str) -> Finding:
    return codes.WORKBOOK_TOO_LARGE.at(place, found=found, limit=limit)
