"""What the tabular kinds have in common: a header that names the columns, rows of cells below."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from connector.errors import ConfigError, Finding
from connector.model.record import Cell, Record
from connector.sources import codes
from connector.sources.base import Refused, RefusedFile
from connector.text.codecs import register
from connector.text.mojibake import CHARSETS, repair
from connector.text.normalise import nfc

__all__ = [
    "MAX_CHUNK_BYTES",
    "MAX_COLUMNS",
    "check_repairable",
    "chunks",
    "columns_of",
    "refused",
    "refused_file",
    "repaired",
    "row_of",
    "weight_of",
]

MAX_COLUMNS: Final = 4096
"""More columns than any register has; a wider header is a wrong delimiter or hostile."""

T = TypeVar("T")
MAX_CHUNK_BYTES: Final = 16 << 20
"""BLOBs that one batch holds before it is handed on, however many rows it was to have."""

Repair = tuple[tuple[Cell, ...], tuple[Finding, ...]]
_ESCAPED: Final = re.compile("[\udc80-\udcff]")


def columns_of(cells: Sequence[Cell], place: str, row: int) -> tuple[str, ...]:
    """Return the names of the columns, NFC and trimmed; an unnamed column has the name ``""``.

    Raises ConfigError if there is no name at all, a name twice, or too many.
    """
    if len(cells) > MAX_COLUMNS:
        finding = codes.HEADER_TOO_WIDE.at(place, count=len(cells), limit=MAX_COLUMNS)
        raise ConfigError(finding)
    names = tuple("" if cell is None else nfc(str(cell)).strip() for cell in cells)
    if not any(names):
        raise ConfigError(codes.HEADER_ABSENT.at(place, row=row))
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise ConfigError(*(codes.COLUMN_DUPLICATE.at(place, column=name) for name in twice))
    return names


def row_of(
    columns: Sequence[str], cells: Sequence[Cell], place: str, *, charset: str | None, raw: bytes
) -> Record | Refused | None:
    """Return the record of a row, or why it cannot be one; None for a row of empty cells.

    `charset` names in findings what undecodable bytes were read with; `raw` is for the digest.
    """
    if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells):
        return None
    if len(cells) != len(columns):
        finding = codes.CELL_COUNT.at(place, found=len(cells), expected=len(columns))
        return refused(place, raw, finding)
    values = {name: _nfc(cell) for name, cell in zip(columns, cells, strict=True) if name}
    faults = (_fault(name, cell, place, charset) for name, cell in values.items())
    findings = [fault for fault in faults if fault is not None]
    return refused(place, raw, *findings) if findings else Record(place, values)


def refused(place: str, raw: bytes, *findings: Finding) -> Refused:
    """Return the refusal of a row, which stands for its content by the digest of `raw`."""
    return Refused(place, findings, hashlib.sha256(raw).hexdigest())


def refused_file(place: str, raw: bytes, *findings: Finding) -> RefusedFile:
    """Return the refusal of a file of which no row can be read."""
    return RefusedFile(place, findings, hashlib.sha256(raw).hexdigest())


def repaired(columns: Sequence[str], cells: Sequence[Cell], place: str, charset: str) -> Repair:
    """Return the cells with look-alikes of a legacy charset turned into Vietnamese.

    Cells that cannot be look-alikes of that charset stay as they are, each with a finding.
    """
    kept: list[Cell] = []
    findings: list[Finding] = []
    for column, cell in zip(columns, cells, strict=True):
        text = _legacy(cell, charset) if isinstance(cell, str) else None
        if isinstance(cell, str) and text is None:
            finding = codes.CELL_UNREPAIRABLE.at(place, column=column, charset=charset)
            findings.append(finding)
        kept.append(cell if text is None else text)
    return tuple(kept), tuple(findings)


def check_repairable(charset: str | None, place: str) -> None:
    """Raise ConfigError if a charset is named whose look-alikes nobody can undo."""
    register()
    if charset is not None and charset not in CHARSETS:
        known = ", ".join(CHARSETS)
        raise ConfigError(codes.CHARSET_UNKNOWN.at(place, charset=charset, known=known))


def chunks(
    rows: Iterator[T], size: int, weigh: Callable[[T], int] = lambda _: 0
) -> Iterator[tuple[list[T], T | None]]:
    """Yield lists of rows, each with the row that follows it, None after the last list.

    A list ends at `size` rows, or earlier where its weight reaches `MAX_CHUNK_BYTES`.
    """
    following = next(rows, None)
    while following is not None:
        chunk = [following]
        weight = weigh(following)
        while (following := next(rows, None)) is not None:
            if len(chunk) >= size or weight >= MAX_CHUNK_BYTES:
                break
            chunk.append(following)
            weight += weigh(following)
        yield chunk, following


def weight_of(cells: Sequence[Cell]) -> int:
    """Return how many bytes the BLOBs of a row have."""
    return sum(len(cell) for cell in cells if isinstance(cell, bytes))


def _legacy(text: str, charset: str) -> str | None:
    """Return what look-alikes stand for, or bytes that are not UTF-8; None if it is neither."""
    if not _ESCAPED.search(text):
        return repair(text, charset)
    try:
        return text.encode("utf-8", "surrogateescape").decode(charset)
    except UnicodeError:
        return None


def _nfc(cell: Cell) -> Cell:
    return nfc(cell) if isinstance(cell, str) else cell


def _fault(column: str, cell: Cell, place: str, charset: str | None) -> Finding | None:
    if not isinstance(cell, str):
        return None
    if "\0" in cell:
        return codes.CELL_NUL.at(place, column=column)
    escaped = None if cell.isascii() else _ESCAPED.search(cell)
    if escaped is None:
        return None
    byte = f"0x{ord(escaped[0]) - 0xDC00:02X}"
    return codes.CELL_UNDECODABLE.at(place, column=column, byte=byte, charset=charset)
