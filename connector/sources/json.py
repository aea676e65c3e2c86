"""JSON: one record a line, read one at a time, or one value with a list of records in it.

Nested names are joined with dots; lists of values, and equal names in lists of objects, become
one cell. Numbers with decimals keep every digit. A name that stands twice is refused, not the
last one taken.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from connector.clock import Clock
from connector.errors import ConfigError, Finding
from connector.model.record import Cell, Record
from connector.sources import file_codes
from connector.sources.base import Refused
from connector.sources.decoding import SAMPLE_BYTES, Decoding, lines
from connector.sources.files import FileSource, Where, file_source
from connector.sources.table import refused, refused_file
from connector.sources.tree import Tree, Trees, columns_of_trees, records_of_trees
from connector.sources.tree_settings import JsonSettings

__all__ = ["MAX_BYTES", "JsonTable", "open_json", "parsed_json", "tree_of"]

MAX_BYTES: Final = 32 << 20
"""Bytes of a file that is one JSON value, which is held in memory; files of lines may be larger."""

_MAX_DEPTH: Final = 32
_MAX_CELLS: Final = 20_000


def open_json(settings: JsonSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of a JSON adapter."""
    return file_source(settings, JsonTable(settings, where), base=base, clock=clock)


class _Object(dict[str, Any]):
    """A JSON object that knows which of its names stand twice."""

    twice: tuple[str, ...] = ()


class _TooDeepError(Exception):
    """A record is nested deeper, or has more values, than any real one."""


@dataclass(frozen=True, slots=True)
class JsonTable:
    """The records of one JSON file."""

    settings: JsonSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how bytes become records."""
        used = self.settings
        return repr((used.charset, used.lines, used.records, used.columns, used.list_separator))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the columns, after a look at the first 64 KiB for the charset."""
        sample = stream.read(SAMPLE_BYTES)
        stream.seek(0)
        self._decoding().check_sample(sample)
        return columns_of_trees(
            stream, name, self.settings.columns, lambda: self._trees(stream, name)
        )

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals; places are ``file:line``, or ``file:number`` in a list."""
        used = self.settings
        return records_of_trees(
            stream, used.columns, used.list_separator, lambda: self._trees(stream, name)
        )

    def _decoding(self) -> Decoding:
        return Decoding(self.settings.charset, self.where)

    def _trees(self, stream: BinaryIO, name: str) -> Trees:
        if self.settings.lines:
            yield from self._from_lines(stream, name)
            return
        try:
            found = self._list(stream, name)
        except ConfigError as error:
            yield refused_file(f"{name}:1", name.encode(), *error.findings)
            return
        for number, value in enumerate(found, start=1):
            place = f"{name}:{number}"
            yield tree_of(value, place, repr(value).encode("utf-8", "backslashreplace"))

    def _from_lines(self, stream: BinaryIO, name: str) -> Trees:
        for row in lines(stream, self._decoding(), name):
            if isinstance(row, Refused):
                yield row
                continue
            number, line = row
            text = line.removeprefix("\ufeff") if number == 1 else line
            if not text.strip():
                continue
            place = f"{name}:{number}"
            raw = text.encode("utf-8", "surrogatepass")
            try:
                yield tree_of(parsed_json(text), place, raw)
            except ValueError as error:
                yield refused(place, raw, file_codes.BAD_JSON.at(place, reason=error))

    def _list(self, stream: BinaryIO, name: str) -> list[Any]:
        """Return the records of a file that is one value; ConfigError if there is no such list."""
        size = os.fstat(stream.fileno()).st_size
        if size > MAX_BYTES:
            raise ConfigError(file_codes.JSON_TOO_LARGE.at(name, found=size, limit=MAX_BYTES))
        data = stream.read(MAX_BYTES)
        self._decoding().check_mark(data)
        charset = "utf-8-sig" if self._decoding().codec().name == "utf-8" else self.settings.charset
        try:
            value = parsed_json(data.decode(charset))
        except UnicodeError as error:
            raise ConfigError(self._decoding().unsuitable(data[:SAMPLE_BYTES])) from error
        except ValueError as error:
            raise ConfigError(file_codes.BAD_JSON.at(name, reason=error)) from error
        for step in self.settings.records.split(".") if self.settings.records else ():
            value = value.get(step) if isinstance(value, dict) else None
        if not isinstance(value, list):
            path = self.settings.records or "."
            raise ConfigError(file_codes.JSON_PATH.at(self.where("records"), path=path))
        return value


def parsed_json(text: str) -> Any:
    """Return the value; ValueError for all that is not JSON, or nested without end."""
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_float=_number, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        message = f"{error.msg} ({error.lineno}:{error.colno})"
        raise ValueError(message) from error
    except RecursionError as error:
        message = "nested too deep"
        raise ValueError(message) from error


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    value = _Object(pairs)
    if len(value) != len(pairs):
        names = Counter(name for name, _ in pairs)
        value.twice = tuple(name for name, count in names.items() if count > 1)
    return value


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text[:40]) from error


def _no_constant(text: str) -> None:
    raise ValueError(text)


def tree_of(value: Any, place: str, raw: bytes) -> Tree | Refused:
    """Return the record of a JSON value that `parsed_json` gave, or why it is none."""
    if not isinstance(value, _Object):
        return refused(place, raw, file_codes.NOT_AN_OBJECT.at(place))
    values: dict[str, list[Cell]] = {}
    findings: list[Finding] = []
    cells = _cells(value, "", 0, place, findings)
    try:
        for name, cell in islice(cells, _MAX_CELLS):
            values.setdefault(name, []).append(cell)
        too_large = next(cells, None) is not None
    except _TooDeepError:
        too_large = True
    if too_large:
        limit = f"{_MAX_CELLS} values / {_MAX_DEPTH} levels"
        findings.append(file_codes.RECORD_TOO_LARGE.at(place, limit=limit))
    return refused(place, raw, *findings) if findings else Tree(place, values)


def _cells(
    value: Any, path: str, depth: int, place: str, findings: list[Finding]
) -> Iterator[tuple[str, Cell]]:
    """Yield path and value of everything that is neither object nor list."""
    if depth > _MAX_DEPTH:
        raise _TooDeepError
    if isinstance(value, _Object):
        findings += [file_codes.KEY_TWICE.at(place, column=name) for name in value.twice]
        for name, inner in value.items():
            yield from _cells(inner, f"{path}.{name}" if path else name, depth + 1, place, findings)
    elif isinstance(value, list):
        if not value:
            yield path, None
        for inner in value:
            yield from _cells(inner, path, depth + 1, place, findings)
    else:
        yield path, value
