"""From fields of a document to values of a legacy column; nothing is cut, nothing replaced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, types

from connector.clock import VIETNAM
from connector.errors import PermanentError
from connector.sinks import codes
from connector.sinks.common_settings import DateFormat
from connector.sinks.fields import Value

__all__ = ["Cells", "fitted"]

_DATE_FORMATS: Final[Mapping[DateFormat, str]] = {
    "yyyy-MM-dd": "%Y-%m-%d",
    "dd/MM/yyyy": "%d/%m/%Y",
    "yyyy/MM/dd": "%Y/%m/%d",
}


@dataclass(frozen=True, slots=True)
class Cells:
    """How values are written; `charset` None stands for Unicode columns.

    In a legacy charset, a text column holds for each byte the character that cp1252 gives it,
    which is what fonts like .VnTime show. `small_capitals` writes the small letter where the
    charset has no capital with that mark (TCVN3), as typists did.
    """

    charset: str | None = None
    date_format: DateFormat = "yyyy-MM-dd"
    small_capitals: bool = False

    def cell(self, value: Value, column: Column[Any], path: str) -> Any:
        """Return a value as the column takes it.

        Raises PermanentError if it does not fit; `path` is its name in findings.
        """
        if value is None:
            return None
        kind = column.type
        if isinstance(kind, types.Date | types.DateTime):
            return _moment(value, column, path)
        if isinstance(kind, types.LargeBinary):
            return self.encoded(self.text(value), path)
        if isinstance(kind, types.Boolean | types.Numeric | types.Integer):
            return _number(value, column, path)
        return self._fitting(self.text(value), column, path)

    def _fitting(self, text: str, column: Column[Any], path: str) -> str:
        written = text if self.charset is None else _look_alike(self.encoded(text, path))
        limit = getattr(column.type, "length", None)
        if limit is not None and len(written) > limit:
            facts = {"path": path, "length": len(written), "column": column.name, "limit": limit}
            raise PermanentError(codes.TOO_LONG.at(path, **facts))
        return written

    def encoded(self, text: str, path: str) -> bytes:
        """Return a text in the charset; PermanentError if it cannot hold it."""
        return self.held(text, path).encode(self.charset or "utf-8")

    def held(self, text: str, path: str) -> str:
        """Return a text as the charset can hold it: itself, or with small capitals.

        Raises PermanentError that names the character and `path`; nothing is put in its place.
        """
        charset = self.charset or "utf-8"
        try:
            return fitted(text, charset, small_capitals=self.small_capitals)
        except UnicodeEncodeError as error:
            character = error.object[error.start : error.end]
            facts = {"character": character, "path": path, "charset": charset}
            raise PermanentError(codes.CHARSET.at(path, **facts)) from error

    def text(self, value: Value) -> str:
        """Return a value as text, dates in their format, times in Vietnam time."""
        day = _DATE_FORMATS[self.date_format]
        if isinstance(value, dt.datetime):
            return f"{value.astimezone(VIETNAM):{day} %H:%M:%S}"
        if isinstance(value, dt.date):
            return f"{value:{day}}"
        return str(int(value)) if isinstance(value, bool) else str(value)


def fitted(text: str, charset: str, *, small_capitals: bool) -> str:
    """Return a text as a charset can hold it: itself, or with small capitals if they may be.

    Raises UnicodeEncodeError where it cannot hold a character.
    """
    while True:
        try:
            text.encode(charset)
        except UnicodeEncodeError as error:
            character = error.object[error.start : error.end]
            small = character.lower()
            if not small_capitals or small == character:
                raise
            text = error.object.replace(character, small)
        else:
            return text


def _look_alike(data: bytes) -> str:
    """Return bytes as cp1252 shows them; the five codes that it lacks as Latin-1 has them."""
    return "".join(
        one.decode("cp1252", "ignore") or one.decode("latin-1")
        for one in (data[at : at + 1] for at in range(len(data)))
    )


def _moment(value: Value, column: Column[Any], path: str) -> dt.date:
    if not isinstance(value, dt.date):
        raise _wrong_kind(column, path)
    with_time = isinstance(column.type, types.DateTime)
    if isinstance(value, dt.datetime):
        local = value.astimezone(VIETNAM)
        kept = local if getattr(column.type, "timezone", False) else local.replace(tzinfo=None)
        return kept if with_time else local.date()
    return dt.datetime.combine(value, dt.time()) if with_time else value


def _number(value: Value, column: Column[Any], path: str) -> int | bool:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if not isinstance(value, int):
        raise _wrong_kind(column, path)
    return bool(value) if isinstance(column.type, types.Boolean) else int(value)


def _wrong_kind(column: Column[Any], path: str) -> PermanentError:
    facts = {"path": path, "column": column.name, "kind": column.type}
    return PermanentError(codes.WRONG_KIND.at(path, **facts))
