"""Tables of dBase, FoxPro and Visual FoxPro; deleted rows are passed over.

dbfread knows the header and the types of fields; rows and memos are read here, one at a time and
with limits, so that a bad value refuses its row and a bad length the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from dbfread.dbf import DBF
from dbfread.field_parser import FieldParser

from connector.clock import Clock
from connector.errors import ConfigError, Finding
from connector.model.record import Cell, Record
from connector.sources import file_codes
from connector.sources.base import Refused
from connector.sources.dbf_memo import MemoFile, memo_file_of
from connector.sources.decoding import Decoding
from connector.sources.files import FileSource, Where, file_source
from connector.sources.plain_settings import DbfSettings
from connector.sources.table import columns_of, refused, refused_file, row_of

__all__ = ["DbfTable", "open_dbf"]

_DBF: Final[Any] = DBF
_PARSER: Final[Any] = FieldParser
_LIVE: Final = b" "
_DELETED: Final = b"*"
_HIDDEN: Final = "0"
_FIELD_BYTES: Final = 32
_VISUAL: Final = frozenset({0x30, 0x31, 0x32})
_SHOWN: Final = 80


def open_dbf(settings: DbfSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of an adapter for DBF tables."""
    table = DbfTable(settings, where)
    return file_source(settings, table, base=base, clock=clock, companions=_companions)


def _companions(path: Path) -> tuple[Path, ...]:
    memo = memo_file_of(path)
    return () if memo is None else (memo,)


@dataclass(frozen=True, slots=True)
class DbfTable:
    """The rows of one table."""

    settings: DbfSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how bytes become rows."""
        return self.settings.charset

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the names of the fields."""
        return self._columns(self._header(stream, name), name)

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file:number`` as their places, as RECNO() counts."""
        try:
            header = self._header(stream, name)
            columns = self._columns(header, name)
        except ConfigError as error:
            yield refused_file(f"{name}:1", name.encode(), *error.findings)
            return
        with closing(MemoFile(header.memofilename, header.header.dbversion)) as memo:
            parser = _PARSER(header, memo)
            stream.seek(header.header.headerlen)
            for number in range(1, header.header.numrecords + 1):
                raw = stream.read(header.header.recordlen)
                place = f"{name}:{number}"
                if len(raw) < header.header.recordlen:
                    yield refused(place, raw, file_codes.ROW_CUT.at(place))
                    return
                if raw[:1] not in {_LIVE, _DELETED}:
                    reason = f"a row begins with 0x{raw[0]:02X}"
                    yield refused(place, raw, file_codes.BAD_DBF.at(place, reason=reason))
                elif raw[:1] == _LIVE:
                    row = self._row(parser, header.fields, columns, place, raw)
                    if row is not None:
                        yield row

    def _header(self, stream: BinaryIO, name: str) -> Any:
        """Return dbfread's view of the table; ConfigError if it cannot be trusted."""
        Decoding(self.settings.charset, self.where).codec()
        _check_beginning(stream, name)
        try:
            table = _DBF(
                str(Path(stream.name).resolve()),
                encoding=self.settings.charset,
                ignorecase=False,
                ignore_missing_memofile=True,
                char_decode_errors="surrogateescape",
                raw=True,
            )
        except (ValueError, LookupError, TypeError, struct.error, OverflowError) as error:
            reason = str(error)[:_SHOWN] or type(error).__name__
            raise ConfigError(file_codes.BAD_DBF.at(name, reason=reason)) from error
        lengths = 1 + sum(field.length for field in table.fields)
        if lengths != table.header.recordlen:
            reason = f"{lengths} B / {table.header.recordlen} B"
            raise ConfigError(file_codes.BAD_DBF.at(name, reason=reason))
        path = memo_file_of(Path(stream.name))
        memos = "MGP" if table.header.dbversion in _VISUAL else "MGPB"
        if path is None and {field.type for field in table.fields} & set(memos):
            raise ConfigError(file_codes.MEMO_ABSENT.at(name))
        table.memofilename = path
        return table

    def _columns(self, table: Any, name: str) -> tuple[str, ...]:
        names = [field.name for field in table.fields if field.type != _HIDDEN]
        if any("\udc80" <= char <= "\udcff" for one in names for char in one):
            decoding = Decoding(self.settings.charset, self.where)
            raise ConfigError(
                decoding.unsuitable("".join(names).encode("utf-8", "surrogateescape"))
            )
        return columns_of(names, name, 1)

    def _row(
        self, parser: Any, fields: list[Any], columns: tuple[str, ...], place: str, raw: bytes
    ) -> Record | Refused | None:
        cells: list[Cell] = []
        findings: list[Finding] = []
        at = 1
        for field in fields:
            data, at = raw[at : at + field.length], at + field.length
            if field.type == _HIDDEN:
                continue
            try:
                cells.append(_cell(parser.parse(field, data)))
            except (ValueError, OverflowError, ArithmeticError, struct.error, OSError) as error:
                reason = str(error)[:_SHOWN] or type(error).__name__
                findings.append(file_codes.DBF_CELL.at(place, column=field.name, reason=reason))
        if findings:
            return refused(place, raw, *findings)
        return row_of(columns, cells, place, charset=self.settings.charset, raw=raw)


def _check_beginning(stream: BinaryIO, name: str) -> None:
    """Raise ConfigError if the list of fields has no end within the header's own length."""
    stream.seek(0)
    head = stream.read(_FIELD_BYTES)
    length = int.from_bytes(head[8:10], "little")
    head += stream.read(max(length - len(head), 0))
    if not any(
        head[at : at + 1] in {b"\r", b"\n"} for at in range(_FIELD_BYTES * 2, length, _FIELD_BYTES)
    ):
        raise ConfigError(file_codes.BAD_DBF.at(name, reason="no list of fields"))


def _cell(value: Any) -> Cell:
    """Return a cell's value without padding; ValueError for a number that is none."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    if isinstance(value, bytes):
        return bytes(value) or None
    return value.rstrip(" \0") if isinstance(value, str) else value
