"""How moments, words and JSON stand in their columns: as plain text, so that they sort and compare.

SQLite and PostgreSQL hold the same. Statements of `connector.store.statements` use `write` and
`read` directly; SQLAlchemy comes to them by the type. A value that cannot be read was not written
by the program: the store is damaged.
"""

from __future__ import annotations

import datetime as dt
import json
import reprlib
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Column, Dialect, Text, TypeDecorator, event

from connector.errors import Bug, StorageError
from connector.store import codes

__all__ = ["UNREADABLE", "Json", "Moment", "Plain", "Word", "moment_text", "to_json"]

UNREADABLE: Final = (ValueError, KeyError, TypeError, RecursionError)
"""What `Plain.read` raises for a value that the program never writes."""

_PLAIN: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)
_ESCAPED: Final = json.JSONEncoder(
    ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def moment_text(moment: dt.datetime) -> str:
    """Return an aware moment as UTC text of fixed width, which sorts like the moment."""
    if moment.tzinfo is not dt.UTC:
        if moment.tzinfo is None:
            raise Bug(codes.MISUSE.at(reason=f"a time without zone: {moment}"))
        moment = moment.astimezone(dt.UTC)
    return moment.isoformat(timespec="microseconds")


def to_json(value: object) -> str:
    """Return canonical JSON: sorted keys, no spaces, letters as they are.

    Only a text that is no Unicode (a file name of other bytes) is written in escapes.
    """
    try:
        plain = _PLAIN.encode(value)
        return plain if _is_unicode(plain) else _ESCAPED.encode(value)
    except (TypeError, ValueError) as error:
        raise Bug(codes.MISUSE.at(reason=f"not JSON-ready: {error}")) from error


def _is_unicode(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Plain(TypeDecorator[Any]):
    """A value that stands as text, made by `write` and read by `read`; absent ones stay absent."""

    impl = Text
    cache_ok = True

    def __init__(self, write: Callable[[Any], str], read: Callable[[str], Any]) -> None:
        super().__init__()
        self.write = write
        self.read = read
        self.column: Column[Any] | None = None

    def load(self, value: Any) -> Any:
        """Read, and raise StorageError with the column where `read` cannot."""
        try:
            return self.read(value)
        except UNREADABLE as error:
            raise self.damaged(value) from error

    def damaged(self, value: Any) -> StorageError:
        """Return the error for a value that the program never writes."""
        column = str(self.column)
        shown = reprlib.repr(value)
        return StorageError(codes.ROW_DAMAGED.at(column, column=column, value=shown))

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write for SQLAlchemy."""
        return None if value is None else self.write(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read for SQLAlchemy; StorageError if that cannot be."""
        return None if value is None else self.load(value)


@event.listens_for(Plain, "after_parent_attach", propagate=True)
def _attached(kind: Plain, parent: Any) -> None:
    """Note in which column the values stand."""
    if isinstance(parent, Column):
        kind.column = parent


class Moment(Plain):
    """An aware moment, in UTC, to the microsecond."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(moment_text, dt.datetime.fromisoformat)

    def load(self, value: Any) -> dt.datetime:
        """Read, and raise StorageError also for a moment of no zone."""
        moment: dt.datetime = super().load(value)
        if moment.tzinfo is None:
            raise self.damaged(value)
        return moment


class Word(Plain):
    """One of the words of an enumeration.

    Writing no member is a ValueError, reading none a KeyError (in `load` a StorageError).
    """

    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        known = {word.value: word for word in words}
        super().__init__(lambda value: str(words(value).value), known.__getitem__)
        self.words = words


class Json(Plain):
    """Anything that JSON can hold; `listed` says what a list becomes."""

    cache_ok = True

    def __init__(self, listed: Callable[[Any], Any] | None = None) -> None:
        read = _read_json if listed is None else lambda text: listed(_read_json(text))
        super().__init__(to_json, read)
        self.listed = listed


def _read_json(text: str) -> Any:
    return [] if text == "[]" else json.loads(text)
