"""The border: what SQLAlchemy, SQLite and the file system raise, in the project's own words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from connector.errors import Bug, ConnectorError, StorageError, Text
from connector.store import codes

__all__ = ["files", "from_database", "from_files", "translated"]

# SQLite's driver gives no error codes, but the sentences are constants of the library.
_SENTENCES: Final = (
    ("database or disk is full", codes.DISK_FULL),
    ("locked", codes.LOCKED),
    ("malformed", codes.CORRUPT),
    ("file is not a database", codes.CORRUPT),
    ("unable to open database file", codes.CANNOT_OPEN),
    ("readonly database", codes.READ_ONLY),
)
_SQLSTATES: Final = {
    "53100": codes.DISK_FULL,
    "55P03": codes.LOCKED,
    "25006": codes.READ_ONLY,
    "XX001": codes.CORRUPT,
    "XX002": codes.CORRUPT,
}
# The driver itself refuses texts that are no Unicode and numbers of more than 64 bits.
_FOREIGN: Final = (exc.SQLAlchemyError, UnicodeEncodeError, OverflowError)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def from_database(error: BaseException, place: str = "") -> ConnectorError:
    """Return the project's error for one that SQLAlchemy raised."""
    original = getattr(error, "orig", None)
    if isinstance(original, ConnectorError):
        return original
    reason = str(original or error)
    if isinstance(error, exc.IntegrityError):
        return Bug(codes.CONSTRAINT.at(place, reason=reason))
    if isinstance(error, exc.DatabaseError | exc.InterfaceError | exc.TimeoutError):
        known = _SQLSTATES.get(getattr(original, "sqlstate", None) or "")
        return StorageError((known or _text_for(reason)).at(place, reason=reason))
    return Bug(codes.MISUSE.at(place, reason=f"{type(error).__name__}: {reason}"))


def _text_for(reason: str) -> Text:
    found = (message for sentence, message in _SENTENCES if sentence in reason)
    return next(found, codes.DATABASE_FAILED)


def from_files(error: OSError, place: str = "") -> StorageError:
    """Return the project's error for a failed file operation."""
    text = codes.DISK_FULL if error.errno in _FULL else codes.FILE_FAILED
    return StorageError(text.at(place or str(error.filename or ""), reason=error.strerror or error))


@contextmanager
def translated(place: str = "") -> Iterator[None]:
    """Let no exception of the database libraries out."""
    try:
        yield
    except _FOREIGN as error:
        raise from_database(error, place) from error


@contextmanager
def files(place: str = "") -> Iterator[None]:
    """Let no OSError out; for blocks that only touch files."""
    try:
        yield
    except OSError as error:
        raise from_files(error, place) from error
