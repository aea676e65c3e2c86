"""Secret documents never leave (G7): looked at before anything else, told without content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Self

from pydantic import Field, model_validator

from connector.config.settings import SettingProblem, Settings
from connector.errors import Finding, RecordError
from connector.mapping import codes, value_codes
from connector.mapping.tables import CodeTable
from connector.mapping.undecided import UNDECIDED
from connector.mapping.values import Refusal, is_empty, text_of
from connector.model.record import Record
from connector.text.fold import fold

__all__ = ["Secrecy", "SecrecySettings", "SecretRefused", "check_table", "looks_secret"]

_OPEN: Final = "open"
_SECRET: Final = "secret"  # noqa: S105 - a word of the configuration
_DEGREES: Final = frozenset({"mat", "toimat", "tuyetmat"})
_COLUMNS: Final = frozenset(
    {
        "domat",
        "domatid",
        "capdomat",
        "mucdomat",
        "capdobaomat",
        "dobaomat",
        "mucdobaomat",
        "domatvanban",
        "domatvanbanid",
        "secretid",
        "secrecy",
    }
)


class SecretRefused(RecordError):
    """A record that is or may be a state secret; its findings name place and rule, no content."""


class SecrecySettings(Settings):
    """How secret records are told: by a column and a complete table, or why there are none."""

    column: str | None = Field(
        default=None, title="Cột độ mật", description="Column with the secrecy.", min_length=1
    )
    table: str | None = Field(
        default=None,
        title="Bảng độ mật",
        description="Table that maps every value of the column to open or secret.",
        min_length=1,
    )
    not_exported: str | None = Field(
        default=None,
        title="Lý do không có văn bản mật",
        description="Why the export cannot hold secret documents.",
        min_length=10,
    )

    @model_validator(mode="before")
    @classmethod
    def _decided(cls, value: Any) -> Any:
        """Refuse the mark of `connector init`: nobody but a person says what is secret."""
        if value == UNDECIDED or (isinstance(value, dict) and UNDECIDED in value.values()):
            raise SettingProblem(value_codes.SECRECY_UNDECIDED)
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_column = self.column is not None and self.table is not None
        half = (self.column is None) != (self.table is None)
        if half or by_column == (self.not_exported is not None):
            raise SettingProblem(codes.NOT_ONE_SOURCE, names="column + table, not_exported")
        return self


class Secrecy:
    """The rule of one adapter."""

    def __init__(self, settings: SecrecySettings, tables: Mapping[str, CodeTable]) -> None:
        self._column = settings.column
        self._table = tables[settings.table] if settings.table is not None else None

    def check(self, record: Record) -> None:
        """Return if the record may be sent; raises SecretRefused otherwise."""
        finding = self._finding(record)
        if finding is not None:
            raise SecretRefused(finding)

    def _finding(self, record: Record) -> Finding | None:
        if self._column is None or self._table is None:
            return _undeclared(record)
        if self._column not in record.values:
            return codes.SECRECY_ABSENT.at(record.place, column=self._column)
        try:
            value = record.values[self._column]
            verdict = self._table.get("" if value is None else text_of(value))
        except Refusal:
            verdict = None
        if verdict == _OPEN:
            return None
        text = codes.SECRET if verdict == _SECRET else codes.SECRECY_UNKNOWN
        return text.at(record.place, table=self._table.name)


def check_table(table: CodeTable) -> Iterator[SettingProblem]:
    """Yield what is wrong with a secrecy table: other words, or a secret degree made open."""
    for value, verdict in table.entries.items():
        if verdict not in {_OPEN, _SECRET}:
            yield SettingProblem(codes.SECRECY_VALUE, value=verdict)
        elif verdict == _OPEN and fold(value) in _DEGREES:
            yield SettingProblem(codes.SECRECY_OPENED, value=value)


@lru_cache(maxsize=1024)
def looks_secret(column: str) -> bool:
    """Tell whether a column is named like a degree of secrecy in known systems."""
    return fold(column) in _COLUMNS


def _undeclared(record: Record) -> Finding | None:
    for column, value in record.values.items():
        if looks_secret(column) and not is_empty(value):
            return codes.SECRECY_COLUMN_PRESENT.at(record.place, column=column)
    return None
