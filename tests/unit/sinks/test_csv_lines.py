"""Lines of CSV: each row is one line, no cell a formula, and what is written is read again."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sinks.csv_lines import cells_of, foreign_cell, line_of

CELLS = st.lists(st.text(st.sampled_from("ab\"';,\t|=+-@＝ \r\n\u2028\u00a0ế")), min_size=1)


@given(CELLS, st.sampled_from(";,\t|"), st.booleans())
def test_what_is_written_is_read_again(cells: list[str], delimiter: str, raw: bool) -> None:
    """Any cells are one line, and both readers see them with white space as single blanks."""
    line = line_of(cells, delimiter, raw=raw)
    shown = [" ".join(cell.split()) for cell in cells]
    assert line.endswith("\r\n")
    assert len(line.splitlines()) == 1
    assert list(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter)) == [shown]
    assert cells_of(line.removesuffix("\r\n"), delimiter) == shown


@given(CELLS, st.sampled_from(";,\t|"), st.data())
def test_a_quoted_line_that_was_cut_is_no_line(
    cells: list[str], delimiter: str, data: st.DataObject
) -> None:
    """No beginning of a line whose last cell says something is taken for all of it."""
    line = line_of([*cells, "last"], delimiter, raw=False).removesuffix("\r\n")
    cut = line[: data.draw(st.integers(0, len(line) - 1))]
    read = cells_of(cut, delimiter)
    assert read is None or len(read) <= len(cells) or not read[-1]


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever others wrote, no spreadsheet calculates it; nothing else is changed."""
    cell = foreign_cell(text, raw=False)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert cell.removeprefix("'") == " ".join(text.split()).removeprefix("'")


@pytest.mark.parametrize("line", ['"', '"a', '"a";"b', '"a"b', 'a;"b"c', '"a";"', '"a""', '"a"x;'])
def test_quotes_that_do_not_fit(line: str) -> None:
    """Quotes that are open, or have something beside them, make no cells."""
    assert cells_of(line, ";") is None


def test_long_cells() -> None:
    """No cell is too long to be read, as it is for Python's reader."""
    cells = ["x" * 300_000, '"' * 300_000]
    assert cells_of(line_of(cells, ";", raw=False).rstrip(), ";") == cells
