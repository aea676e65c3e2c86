"""What the drivers of SQL Server and Oracle would be sent; their servers cannot be had in tests."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

import pytest
from sqlalchemy.dialects.mssql.pymssql import MSDialect_pymssql
from sqlalchemy.dialects.mssql.pyodbc import MSDialect_pyodbc
from sqlalchemy.dialects.oracle.oracledb import OracleDialect_oracledb
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from connector.errors import ConfigError
from connector.sources import codes, remote_codes
from connector.sources.database import statement_of
from tests.unit.sources.conftest import Desk

ROWVERSION = (
    "SELECT MaCongVan, CAST(RowVer AS bigint) AS RowVer FROM dbo.CongVanDi"
    " WHERE CAST(RowVer AS bigint) > :cursor AND RowVer < MIN_ACTIVE_ROWVERSION() ORDER BY RowVer"
)
MARK = "UPDATE dbo.CongVanDi SET DaChuyen = 1 WHERE MaCongVan = :key"
KINDS: dict[str, Any] = {
    "mssql+pyodbc": MSDialect_pyodbc,
    "mssql+pymssql": MSDialect_pymssql,
    "oracle+oracledb": OracleDialect_oracledb,
}
STYLES = {
    "mssql+pyodbc": ("qmark", "?"),
    "mssql+pymssql": ("pyformat", "%(cursor)s"),
    "oracle+oracledb": ("named", ":cursor"),
}
DIALECTS = {
    name: (kind(paramstyle=STYLES[name][0]), STYLES[name][1]) for name, kind in KINDS.items()
}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_parameter_goes_as_the_driver_wants_it(name: str) -> None:
    """The text stays as it was written, without casts; only the parameter is spelled anew."""
    dialect, mark = DIALECTS[name]

    query = str(statement_of(ROWVERSION, "cursor").compile(dialect=dialect))
    marking = str(statement_of(MARK, "key").compile(dialect=dialect))

    assert query == ROWVERSION.replace(":cursor", mark)
    assert marking == MARK.replace(":key", mark.replace("cursor", "key"))


@pytest.mark.parametrize("value", [5, "2026-01-05", b"\0\0\x07\xd1", None])
@pytest.mark.parametrize("name", DIALECTS)
def test_values_are_not_changed_on_the_way(name: str, value: object) -> None:
    """The driver gets what the cursor holds, whatever its type."""
    dialect, _ = DIALECTS[name]
    statement = statement_of("SELECT :cursor AS a FROM t", "cursor").bindparams(cursor=value)
    compiled = statement.compile(dialect=dialect)

    process = compiled.binds["cursor"].type.dialect_impl(dialect).bind_processor(dialect)

    assert compiled.construct_params() == {"cursor": value}
    assert process is None


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE b > CAST(:cursor AS datetime2(7)) ORDER BY b",
        "SELECT a::text FROM t WHERE b > :cursor AND c = 'x:y' ORDER BY b",
        "SELECT a FROM t WHERE b > TO_TIMESTAMP(:cursor, 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS.FF')",
    ],
)
def test_colons_of_the_language_stay(text: str) -> None:
    """Casts and texts with colons are no parameters; a colon before a letter is escaped."""
    dialect: Any = SQLiteDialect_pysqlite
    names = statement_of(text, "cursor").compile(dialect=dialect()).params

    assert set(names) == {"cursor"}


@pytest.mark.parametrize("driver", ["pyodbc", "oracledb"])
def test_an_absent_driver_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, driver: str
) -> None:
    """Where the extra is not installed, the finding says which package is missing."""
    monkeypatch.setitem(sys.modules, driver, None)
    backend = {"pyodbc": "mssql", "oracledb": "oracle"}[driver]
    with pytest.raises(ConfigError) as caught:
        desk.open(f"type: sql, url: '{backend}+{driver}://doc@h/d', query: SELECT 1")

    assert caught.value.code == codes.DRIVER_MISSING.code
    assert driver in str(caught.value)


GOOD = "statement: 'UPDATE v SET a = 1 WHERE id = :key'"
SENT = "type: sql, url: 'sqlite:///q.db', query: SELECT id FROM v, sent: {key_column: id, %s}"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE v SET a = 1",
        "SELECT :key",
        "DROP TABLE v -- :key",
        "UPDATE v SET a = 1 WHERE b=::key",
    ],
)
def test_statements_that_mark_no_row(desk: Desk, statement: str) -> None:
    """They are refused when the adapter is read."""
    with pytest.raises(ConfigError) as caught:
        desk.open(SENT % f"statement: '{statement}'")

    assert caught.value.code == remote_codes.SENT_STATEMENT.code


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (", cursor_column: id", None),
        (", id_column: id", remote_codes.CURSOR_INCOMPLETE),
    ],
)
def test_marks_and_cursors_exclude_each_other(desk: Desk, more: str, text: Any) -> None:
    """One way to know what is new is enough."""
    with pytest.raises(ConfigError) as caught:
        desk.open(SENT % GOOD + more)

    assert text is None or caught.value.code == text.code


def test_the_key_must_be_among_the_columns(desk: Desk) -> None:
    """The finding lists what the query gives."""
    with sqlite3.connect(desk.directory / "q.db") as connection:
        connection.execute("CREATE TABLE v (id, a)")
    connection.close()
    settings = SENT.replace("key_column: id", "key_column: ma")
    source = desk.open(settings % GOOD)
    with pytest.raises(ConfigError) as caught:
        source.columns()

    assert caught.value.code == remote_codes.SENT_KEY_ABSENT.code
    source.close()


def test_a_database_that_may_only_be_read_says_so(desk: Desk) -> None:
    """A file without the right to write cannot hold marks; lint tells, reading still works."""
    path = desk.directory / "q.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE v (id, a)")
        connection.execute(
            "CREATE TRIGGER t BEFORE UPDATE ON v BEGIN SELECT RAISE(ABORT, 'permission'); END"
        )
        connection.execute("INSERT INTO v VALUES (1, 0)")
    connection.close()
    source = desk.open(SENT % GOOD)
    batch = next(iter(source.read(None)))
    with pytest.raises(ConfigError) as caught:
        source.acknowledge(batch.cursor)

    assert caught.value.code == remote_codes.SENT_NOT_ALLOWED.code
    source.close()
