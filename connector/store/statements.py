"""Statements that run once a document: built once, compiled once, and given to the driver as text.

SQLAlchemy's own execution costs more than SQLite's; here it only writes the SQL. Values go in and
come out as the columns hold them (`connector.store.columns`), by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Connection,
    Dialect,
    Select,
    Table,
    bindparam,
    exc,
    insert,
    literal_column,
)
from sqlalchemy.sql.expression import ClauseElement

from connector.errors import Bug
from connector.store import codes

__all__ = ["Statement", "Values", "insert_into", "limited"]

Values: TypeAlias = tuple[Any, ...]


class Statement:
    """One statement; `names` are its parameters in the order in which their values are given."""

    def __init__(self, clause: ClauseElement, *names: str) -> None:
        self._clause: Final = clause
        self._names: Final = names
        self._texts: Final[dict[str, str]] = {}

    def all(self, tx: Connection, *values: Any) -> list[Values]:
        """Return all rows."""
        rows: list[Values] = self._execute(tx, values).fetchall()
        return rows

    def first(self, tx: Connection, *values: Any) -> Values | None:
        """Return the first row, None if there is none."""
        row: Values | None = self._execute(tx, values).fetchone()
        return row

    def change(self, tx: Connection, *values: Any) -> int:
        """Write, and return how many rows it concerned."""
        count: int = self._execute(tx, values).rowcount
        return count

    def change_many(self, tx: Connection, rows: Sequence[Values]) -> int:
        """Write once for each row of values, and return how many rows it concerned."""
        if len(rows) == 1:
            return self.change(tx, *rows[0])
        if not rows:
            return 0
        text, cursor = self.text(tx.dialect), tx.connection.cursor()
        try:
            cursor.executemany(text, rows)
        except tx.dialect.loaded_dbapi.Error as error:
            raise _wrapped(text, error, tx.dialect) from error
        count: int = cursor.rowcount
        return count

    def text(self, dialect: Dialect) -> str:
        """Return the SQL for a dialect."""
        return self._texts.get(dialect.name) or self._compile(dialect)

    def _execute(self, tx: Connection, values: Values) -> Any:
        text, cursor = self.text(tx.dialect), tx.connection.cursor()
        try:
            cursor.execute(text, values)
        except tx.dialect.loaded_dbapi.Error as error:
            raise _wrapped(text, error, tx.dialect) from error
        return cursor

    def _compile(self, dialect: Dialect) -> str:
        kind: Any = type(dialect)
        by_position = dialect if dialect.positional else kind(paramstyle="format")
        compiled: Any = self._clause.compile(dialect=by_position)
        if tuple(compiled.positiontup or ()) != self._names:
            reason = f"parameters {compiled.positiontup}, not {self._names}"
            raise Bug(codes.MISUSE.at(reason=reason))
        self._texts[dialect.name] = str(compiled)
        return self._texts[dialect.name]


def insert_into(table: Table, names: Iterable[str]) -> Statement:
    """Return the statement that adds a row; values in the order of the table's columns."""
    wanted = set(names)
    ordered = [column.name for column in table.columns if column.name in wanted]
    return Statement(insert(table).values({name: bindparam(name) for name in ordered}), *ordered)


def limited(query: Select[Any]) -> Select[Any]:
    """Return a query for at most as many rows as its last parameter, ``at_most``, says."""
    return query.limit(bindparam("at_most")).offset(literal_column("0"))


def _wrapped(text: str, error: Exception, dialect: Dialect) -> BaseException:
    base = dialect.loaded_dbapi.Error
    return exc.DBAPIError.instance(text, None, error, base, hide_parameters=True, dialect=dialect)
