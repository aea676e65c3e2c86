"""Lines of CSV that a spreadsheet may open: each row is one line, and no cell is a formula.

What stands in a cell may come from the network. A spreadsheet that opens the file would calculate
what begins with one of ``= + - @``; the apostrophe before it says that it is text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from functools import cache
from typing import Final

__all__ = ["cells_of", "foreign_cell", "line_of"]

_FORMULA: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""As an East Asian keyboard writes them, too."""


def foreign_cell(text: str, *, raw: bool) -> str:
    """Return a text of others as a cell bears it; white space is single blanks."""
    text = _in_one_line(text)
    return f"'{text}" if not raw and text.startswith(_FORMULA) else text


def line_of(cells: Iterable[str], delimiter: str, *, raw: bool) -> str:
    """Return a row as one line that ends with CR LF; every cell is quoted if it is not raw."""
    line = io.StringIO()
    writer = csv.writer(
        line,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if raw else csv.QUOTE_ALL,
        lineterminator="\r\n",
    )
    writer.writerow([_in_one_line(cell) for cell in cells])
    return line.getvalue()


def cells_of(line: str, delimiter: str) -> list[str] | None:
    """Return the cells of a line of any length; None if a quote is not closed, or not alone."""
    cells: list[str] = []
    at, pattern = 0, _cell(delimiter)
    while found := pattern.match(line, at):
        quoted, plain, ended = found.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        if not ended:
            return cells
        at = found.end()
    return None


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    end = re.escape(delimiter)
    return re.compile(rf'(?:"([^"]*(?:""[^"]*)*)"|((?!")[^{end}]*))({end}|\Z)')
