"""How moments, words and JSON stand in their columns: as plain text, so that they sort and compare.

SQLite and PostgreSQL hold the same. Statements of `connector.store.statements` use `write` and
`read` directly; SQLAlchemy comes to them by the type.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Dialect, Text, TypeDecorator

from connector.errors import Bug
from connector.store import codes

__all__ = ["Json", "Moment", "Plain", "Word", "moment_text", "to_json"]

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
    """A value that stands as text; absent ones stay absent."""

    impl = Text
    cache_ok = True

    @property
    def write(self) -> Callable[[Any], str]:
        """Return the function that makes the text of a value."""
        raise NotImplementedError

    @property
    def read(self) -> Callable[[str], Any]:
        """Return the function that makes the value of a text."""
        raise NotImplementedError

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write for SQLAlchemy."""
        return None if value is None else self.write(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read for SQLAlchemy."""
        return None if value is None else self.read(value)


class Moment(Plain):
    """An aware moment, in UTC, to the microsecond."""

    cache_ok = True

    @property
    def write(self) -> Callable[[Any], str]:
        """Return the function that writes."""
        return moment_text

    @property
    def read(self) -> Callable[[str], Any]:
        """Return the function that reads."""
        return dt.datetime.fromisoformat


class Word(Plain):
    """One of the words of an enumeration."""

    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words
        self._known = {word.value: word for word in words}

    @property
    def write(self) -> Callable[[Any], str]:
        """Return the function that writes; a word of no member is a ValueError."""
        return lambda value: str(self.words(value).value)

    @property
    def read(self) -> Callable[[str], Any]:
        """Return the function that reads; a text of no member is a KeyError."""
        return self._known.__getitem__


class Json(Plain):
    """Anything that JSON can hold; `listed` says what a list becomes."""

    cache_ok = True

    def __init__(self, listed: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self.listed = listed

    @property
    def write(self) -> Callable[[Any], str]:
        """Return the function that writes."""
        return to_json

    @property
    def read(self) -> Callable[[str], Any]:
        """Return the function that reads."""
        return _read_json if self.listed is None else self._read_listed

    def _read_listed(self, text: str) -> Any:
        value = _read_json(text)
        return self.listed(value) if self.listed else value


def _read_json(text: str) -> Any:
    return [] if text == "[]" else json.loads(text)
