"""A worksheet of .xlsx, .xls, .xlsb or .ods; cells as Python values, as the sheet shows them.

The sheet is held in memory (calamine reads it whole), which is why its size is bounded first.
A number without decimals is an int: Excel itself knows no difference. Formulas give the result
that the spreadsheet program saved. calamine's rows count from the sheet's first row, its columns
from the first one with a value.
"""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import python_calamine as calamine

from connector.clock import Clock
from connector.errors import ConfigError
from connector.model.record import Cell, Record
from connector.sources import codes
from connector.sources.base import Refused
from connector.sources.files import FileSource, Where, file_source
from connector.sources.settings import ExcelSettings
from connector.sources.table import (
    check_repairable,
    columns_of,
    refused,
    refused_file,
    repaired,
    row_of,
)
from connector.sources.workbook import check_size, faulty_cells

__all__ = ["ExcelTable", "open_excel"]

_CellOfSheet = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
_EXACT_WHOLE: Final = 2**53


def open_excel(settings: ExcelSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of an Excel adapter."""
    return file_source(settings, ExcelTable(settings, where), base=base, clock=clock)


@dataclass(frozen=True, slots=True)
class ExcelTable:
    """The rows of one sheet."""

    settings: ExcelSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how cells become rows."""
        used = self.settings
        return repr((used.sheet, used.header_row, used.charset))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the columns of the sheet."""
        check_repairable(self.settings.charset, self.where("charset"))
        columns, _ = self._read(stream, name)
        return tuple(column for column in columns if column)

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file!sheet:row`` as their places."""
        check_repairable(self.settings.charset, self.where("charset"))
        try:
            columns, rows = self._read(stream, name)
        except ConfigError as error:
            place = error.findings[0].place
            yield refused_file(place, name.encode(), *error.findings)
            return
        for row in rows:
            result = self._row(columns, row)
            if result is not None:
                yield result

    def _read(self, stream: BinaryIO, name: str) -> tuple[tuple[str, ...], Iterator[_Row]]:
        """Return header and rows of the sheet; ConfigError if it is not a sheet with a header."""
        check_size(stream, name)
        with _translated(name), calamine.CalamineWorkbook.from_filelike(stream) as workbook:
            title = self._title(workbook.sheet_names)
            at = f"{name}!{title}"
            faults = faulty_cells(stream, title, at)
            sheet = workbook.get_sheet_by_name(title)
            _, left = sheet.start or (0, 0)
            rows = sheet.iter_rows()
        header = self.settings.header_row
        cells = next(islice(rows, header - 1, None), [])
        place = f"{at}:{header}"
        columns = columns_of([_cell(cell) for cell in cells], place, header)
        return columns, (
            _Row(f"{at}:{number}", found, {column - left for column in faults.get(number, ())})
            for number, found in enumerate(rows, start=header + 1)
        )

    def _title(self, titles: list[str]) -> str:
        """Return the title of the sheet that is meant by title, by number from 1, or not at all."""
        wanted = self.settings.sheet
        if wanted is None and titles:
            return titles[0]
        if wanted in titles:
            return wanted
        if wanted is not None and wanted.isdecimal() and 1 <= int(wanted) <= len(titles):
            return titles[int(wanted) - 1]
        place, known = self.where("sheet"), ", ".join(titles)
        raise ConfigError(codes.SHEET_ABSENT.at(place, sheet=wanted or "1", known=known))

    def _row(self, columns: tuple[str, ...], row: _Row) -> Record | Refused | None:
        cells: tuple[Cell, ...] = tuple(map(_cell, row.cells))
        raw = repr(cells).encode("utf-8", "surrogatepass")
        findings = [
            codes.CELL_ERROR.at(row.place, column=column)
            for number, column in enumerate(columns, start=1)
            if column and number in row.faults
        ]
        charset = self.settings.charset
        if charset is not None:
            cells, unrepaired = repaired(columns, cells, row.place, charset)
            findings += unrepaired
        if findings:
            return refused(row.place, raw, *findings)
        return row_of(columns, cells, row.place, charset=charset, raw=raw)


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    cells: list[_CellOfSheet]
    faults: set[int]


def _cell(cell: _CellOfSheet) -> Cell:
    if isinstance(cell, dt.timedelta):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_WHOLE:
        return int(cell)
    return cell


@contextmanager
def _translated(place: str) -> Iterator[None]:
    """Turn what calamine raises, its panics too, into a finding on the file."""
    try:
        yield
    except (ConfigError, OSError):
        raise
    except (
        calamine.CalamineError,
        zipfile.BadZipFile,
        EOFError,
        RuntimeError,
        zlib.error,
    ) as error:
        raise _bad(place, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _bad(place, error) from error


def _bad(place: str, error: BaseException) -> ConfigError:
    return ConfigError(codes.BAD_WORKBOOK.at(place, reason=str(error) or type(error).__name__))
