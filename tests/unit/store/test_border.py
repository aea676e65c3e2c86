from __future__ import annotations

import errno
import inspect

import pysqlite3
import pytest
from sqlalchemy import exc

from connector.errors import Bug, StorageError, Text
from connector.store import border, codes

DRIVER_ERRORS = [
    value
    for _, value in inspect.getmembers(pysqlite3, inspect.isclass)
    if issubclass(value, Exception)
]
WRAPPERS = [
    value
    for _, value in inspect.getmembers(exc, inspect.isclass)
    if issubclass(value, exc.SQLAlchemyError)
]


def test_there_is_something_to_map() -> None:
    """The lists of foreign exceptions are not empty by accident."""
    assert "OperationalError" in {error.__name__ for error in DRIVER_ERRORS}
    assert exc.OperationalError in WRAPPERS


@pytest.mark.parametrize("error", [w for w in WRAPPERS if issubclass(w, exc.DBAPIError)])
@pytest.mark.parametrize("driver", DRIVER_ERRORS)
def test_every_driver_error_is_mapped(error: type[exc.DBAPIError], driver: type[Exception]) -> None:
    """Whatever a driver raises becomes a storage error, a bug if our own statement is wrong."""
    with pytest.raises((StorageError, Bug)) as caught, border.translated("db"):
        raise error("SELECT 1", {}, driver("something"))
    assert caught.value.findings[0].place == "db"


@pytest.mark.parametrize("error", [w for w in WRAPPERS if not issubclass(w, exc.StatementError)])
def test_every_other_sqlalchemy_error_is_mapped(error: type[exc.SQLAlchemyError]) -> None:
    """No SQLAlchemy exception passes the border."""
    raised = error.__new__(error)
    with pytest.raises((StorageError, Bug)), border.translated():
        raise raised


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("database or disk is full", codes.DISK_FULL),
        ("database is locked", codes.LOCKED),
        ("database table is locked", codes.LOCKED),
        ("database disk image is malformed", codes.CORRUPT),
        ("file is not a database", codes.CORRUPT),
        ("disk I/O error", codes.DATABASE_FAILED),
        ("unable to open database file", codes.CANNOT_OPEN),
        ("attempt to write a readonly database", codes.READ_ONLY),
    ],
)
def test_sqlite_sentences_have_their_codes(sentence: str, code: Text) -> None:
    """Each failure of SQLite has its own code and next step."""
    found = border.from_database(exc.OperationalError("SELECT 1", {}, Exception(sentence)))
    assert found.code == code.code


def test_an_error_of_ours_comes_out_as_it_was() -> None:
    """A refusal inside a statement is not wrapped."""
    ours = Bug(codes.MISUSE.at(reason="x"))
    assert border.from_database(exc.StatementError("m", "SELECT 1", {}, ours)) is ours


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_from_other_failures(number: int) -> None:
    """Disk full and quota reached have the code that asks for space."""
    assert border.from_files(OSError(number, "full", "/x")).code == codes.DISK_FULL.code
    other = border.from_files(OSError(errno.EACCES, "denied", "/x"))
    assert (other.code, other.findings[0].place) == (codes.FILE_FAILED.code, "/x")
