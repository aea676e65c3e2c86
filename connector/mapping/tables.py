"""Code tables of an adapter: inline in adapter.yaml, or CSV files with columns from, to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import ConfigDict, Field, model_validator

from connector.config.settings import LocalPath, Scalar, Settings
from connector.config.yaml_source import Node
from connector.errors import ConfigError, Finding
from connector.mapping import codes, value_codes
from connector.mapping.undecided import UNDECIDED
from connector.text.normalise import collapse_spaces, nfc

__all__ = ["CodeTable", "TableSettings", "load_tables"]

_COLUMNS: Final = ("from", "to")


def _pairs_or_file(schema: dict[str, Any]) -> None:
    """Describe the table as it is written: the pairs stand where the model has `entries`."""
    pairs = {"type": ["string", "number", "boolean", "null"]}
    schema["properties"] = {"file": schema["properties"]["file"]}
    schema["additionalProperties"] = pairs


class TableSettings(Settings):
    """A code table: the pairs themselves, or `file`."""

    model_config = ConfigDict(json_schema_extra=_pairs_or_file)

    file: LocalPath | None = Field(
        default=None,
        title="Tệp bảng mã",
        description="CSV file in UTF-8 with the columns from and to.",
    )
    entries: dict[str, Scalar] = Field(
        default={}, title="Các cặp giá trị", description="Pairs 'value in the export: value'."
    )

    @model_validator(mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        """Read a mapping as the pairs, unless it only names a file."""
        if not isinstance(value, dict) or set(value) == {"file"}:
            return value
        return {"entries": {key: "" if item is None else item for key, item in value.items()}}


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Pairs by the value of the export; white space and Unicode form do not count."""

    name: str
    entries: Mapping[str, str]

    def get(self, value: str) -> str | None:
        """Return the value's counterpart, None if the table does not have it."""
        return self.entries.get(_key(value))

    @classmethod
    def of(cls, name: str, pairs: Mapping[str, str]) -> Self:
        """Return the table of some pairs; the first of two equal keys holds."""
        entries: dict[str, str] = {}
        for key, value in pairs.items():
            entries.setdefault(_key(key), value)
        return cls(name, entries)


def load_tables(settings: Mapping[str, TableSettings], node: Node) -> dict[str, CodeTable]:
    """Return an adapter's tables, read from their files; `node` is the part `tables`.

    Raises ConfigError with every finding at its line.
    """
    findings: list[Finding] = []
    tables: dict[str, CodeTable] = {}
    for name, table in settings.items():
        if table.file is None:
            findings.extend(_doubles(name, table.entries, node))
            findings.extend(_undecided(name, table.entries, node))
            tables[name] = CodeTable.of(name, table.entries)
            continue
        try:
            tables[name] = CodeTable.of(name, _read(name, table.file, node.place((name, "file"))))
        except ConfigError as error:
            findings.extend(error.findings)
    if findings:
        raise ConfigError(*findings)
    return tables


def _read(name: str, path: Path, place: str) -> dict[str, str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(codes.TABLE_UNREADABLE.at(place, reason=reason)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(codes.TABLE_UNREADABLE.at(str(path), reason="not UTF-8")) from error
    pairs: dict[str, str] = {}
    findings: list[Finding] = []
    try:
        for line, row in _rows(text):
            findings.extend(_row(name, path, line, row, pairs))
    except csv.Error as error:
        findings.append(codes.TABLE_UNREADABLE.at(str(path), reason=str(error)))
    if findings:
        raise ConfigError(*findings)
    return pairs


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    return ((reader.line_num, row) for row in reader if any(row) or reader.line_num == 1)


def _row(
    name: str, path: Path, line: int, row: list[str], pairs: dict[str, str]
) -> Iterator[Finding]:
    if line == 1:
        if tuple(row[:2]) != _COLUMNS:
            yield codes.TABLE_HEADER.at(f"{path}:1:1")
    elif len(row) < len(_COLUMNS):
        yield codes.TABLE_ROW.at(f"{path}:{line}:1", found=len(row), expected=len(_COLUMNS))
    elif _key(row[0]) in pairs:
        yield codes.TABLE_DUPLICATE.at(f"{path}:{line}:1", value=row[0])
    else:
        pairs[_key(row[0])] = row[1]
        if row[1].strip() == UNDECIDED:
            yield value_codes.TABLE_UNDECIDED.at(f"{path}:{line}:1", value=row[0], table=name)


def _doubles(name: str, entries: Mapping[str, str], node: Node) -> Iterator[Finding]:
    seen: set[str] = set()
    for key in entries:
        if _key(key) in seen:
            yield codes.TABLE_DUPLICATE.at(node.place_of_key((name, key)), value=key)
        seen.add(_key(key))


def _undecided(name: str, entries: Mapping[str, str], node: Node) -> Iterator[Finding]:
    for key, value in entries.items():
        if value == UNDECIDED:
            place = node.place_of_key((name, key))
            yield value_codes.TABLE_UNDECIDED.at(place, value=key, table=name)


def _key(value: str) -> str:
    return collapse_spaces(nfc(value))
