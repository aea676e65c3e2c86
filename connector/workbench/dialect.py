"""How text is laid out: delimiter, quotes, the row that names the columns, fixed widths."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connector.workbench.aliases import is_known
from connector.workbench.evidence import Reason

__all__ = ["Dialect", "FixedLayout", "dialect_of", "fixed_layout", "header_row"]

_DELIMITERS: Final = (";", "\t", ",", "|", "^", "~")
_ROWS: Final = 300
_HEADER_WITHIN: Final = 40
_FIELD_LIMIT: Final = 1 << 20
_GAP: Final = re.compile(r"\s{2,}")
_DATE: Final = re.compile("[0-9]{2}[/-][0-9]{2}[/-][0-9]{4}")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The dialect of delimited text; rows count from 1."""

    delimiter: str
    quotechar: str | None
    header_row: int
    confidence: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class FixedLayout:
    """The columns of text of fixed widths: names with first character (from 1) and width."""

    columns: tuple[tuple[str, int, int], ...]
    skip_lines: int
    reason: Reason


def header_row(rows: Sequence[Sequence[object]]) -> int | None:
    """Return the index of the row that names the columns, None if there is none.

    It is the first of the rows in which the most cells are known names; without any, the first
    row in which all cells are different words.
    """
    known = [sum(is_known(str(cell or "")) for cell in row) for row in rows[:_HEADER_WITHIN]]
    most = max(known, default=0)
    if most >= 2:
        return known.index(most)
    width = max((sum(1 for cell in row if cell not in {None, ""}) for row in rows), default=0)
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        names = [str(cell).strip() for cell in row if cell not in {None, ""}]
        words = all(any(map(str.isalpha, name)) and len(name) <= 60 for name in names)
        if len(names) == width > 1 and words and len(set(names)) == len(names):
            return index
    return None


def dialect_of(text: str) -> Dialect | None:
    """Return the dialect in which most rows have one number of cells, None if there is none."""
    found = [one for delimiter in _DELIMITERS if (one := _tried(text, delimiter)) is not None]
    return max(found, key=lambda one: one[0])[1] if found else None


def _tried(text: str, delimiter: str) -> tuple[tuple[float, int], Dialect] | None:
    if delimiter not in text[:_FIELD_LIMIT]:
        return None
    quotechar = '"' if '"' in text else None
    rows, lines = _rows(text, delimiter, '"')
    if quotechar is not None and any('"' in cell for row in rows for cell in row):
        plain, plain_lines = _rows(text, delimiter, None)
        if _steady(plain)[0] > _steady(rows)[0]:
            rows, lines, quotechar = plain, plain_lines, None
    share, width = _steady(rows)
    at = header_row(rows)
    if width < 2 or at is None or share < 0.5:
        return None
    names = sum(is_known(cell) for cell in rows[at])
    percent = round(100 * share)
    reason = Reason(
        f"{percent} % số dòng có {width} ô; dòng {lines[at]} có {names} tên cột đã biết",
        f"{percent} % of the rows have {width} cells; row {lines[at]} has {names} known names",
    )
    shown = "\\t" if delimiter == "\t" else delimiter
    return (share + names, width), Dialect(
        shown, quotechar or '"', lines[at], min(0.99, share), reason
    )


def _rows(text: str, delimiter: str, quotechar: str | None) -> tuple[list[list[str]], list[int]]:
    """Return the first rows, each with the number of its first line."""
    lines = text.splitlines(keepends=True)
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quotechar,
        quoting=csv.QUOTE_MINIMAL if quotechar else csv.QUOTE_NONE,
    )
    rows: list[list[str]] = []
    numbers: list[int] = []
    line = 1
    try:
        for row in reader:
            rows.append(row)
            numbers.append(line)
            line = reader.line_num + 1
            if len(rows) == _ROWS:
                break
    except csv.Error:
        pass
    return rows, numbers


def _steady(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Return the share of the rows that have the usual number of cells, and that number."""
    counts = Counter(len(row) for row in rows if any(row))
    wide = {width: count for width, count in counts.items() if width > 1}
    if not wide:
        return 0.0, 0
    width = max(wide, key=lambda one: (wide[one], one))
    return wide[width] / counts.total(), width


def fixed_layout(text: str) -> FixedLayout | None:
    """Return the columns that stand below each other, None if no two do."""
    lines = [line.expandtabs() for line in text.splitlines()[:_ROWS]]
    full = [(number, line) for number, line in enumerate(lines) if line.strip()]
    if len(full) < 3:
        return None
    first, has_header = _first_of_table([line for _, line in full])
    rows = [line for _, line in full[first:]]
    starts = _starts(rows, has_header=has_header)
    if len(starts) < 2:
        return None
    ends = [*starts[1:], max(map(len, rows))]
    spans = list(zip(starts, ends, strict=True))
    names = [rows[0][start:end].strip() for start, end in spans]
    if not has_header:
        names = [f"cot_{number}" for number in range(1, len(starts) + 1)]
    columns = tuple(
        (name, start + 1, end - start) for name, (start, end) in zip(names, spans, strict=True)
    )
    skip = full[first][0] + int(has_header)
    reason = Reason(
        f"{len(starts)} cột thẳng hàng trên {len(rows)} dòng",
        f"{len(starts)} columns are aligned in {len(rows)} lines",
    )
    return FixedLayout(columns, skip + _underline(lines, skip), reason)


def _underline(lines: Sequence[str], at: int) -> int:
    return int(at < len(lines) and bool(lines[at].strip()) and not set(lines[at]) - set("-=+| "))


def _first_of_table(lines: Sequence[str]) -> tuple[int, bool]:
    """Return where the table begins, and whether that line names the columns.

    It is the first line with two known names in it, else the first as long as most lines are.
    """
    for index, line in enumerate(lines[:_HEADER_WITHIN]):
        words = [word for word in _GAP.split(line) if word.strip()]
        if sum(map(is_known, words)) >= 2 or sum(map(is_known, line.split())) >= 2:
            return index, True
    usual, _ = Counter(map(len, lines)).most_common(1)[0]
    return next(index for index, line in enumerate(lines) if len(line) == usual), False


def _starts(rows: Sequence[str], *, has_header: bool) -> list[int]:
    """Return where columns begin: after what is blank in every row, below a name if there is one.

    Without names two blanks are needed: one may stand between the same words in every row.
    """
    width = max(map(len, rows))
    padded = [row.ljust(width) for row in rows]
    blank = [all(row[at] == " " for row in padded) for at in range(width)]
    head = padded[0]
    starts = [0]
    for at in range(1, width):
        if blank[at] or not blank[at - 1]:
            continue
        if (head[at] != " ") if has_header else (at > 1 and blank[at - 2]):
            starts.append(at)
    return sorted({*starts, *_after_dates(padded[int(has_header) :], starts)})


def _after_dates(rows: Sequence[str], starts: Sequence[int]) -> list[int]:
    """Return where columns begin right after a date that fills its own."""
    dates = [start for start in starts if all(_DATE.match(row, start) for row in rows)]
    ends = [start + 10 for start in dates]
    return [end for end in ends if any(len(row) > end and row[end] != " " for row in rows)]
