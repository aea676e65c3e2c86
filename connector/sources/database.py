"""The legacy database behind a SQL source: connect, select, mark, translate what it raises."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from connector.config.secrets import resolve
from connector.errors import ConfigError, ConnectorError, UnavailableError
from connector.model.record import Cell
from connector.sources import codes, remote_codes
from connector.sources.files import Where
from connector.sources.settings import SqlSettings

__all__ = ["Database", "name_of", "statement_of"]

_FETCH_ROWS: Final = 20
_CONNECT_SECONDS: Final = 15
_READ_ONLY: Final = "SET SESSION TRANSACTION READ ONLY"
_RIGHTS: Final = re.compile(
    r"permission|denied|read.?only|insufficient privilege|ORA-01031", re.IGNORECASE
)
_MYSQL_FAULTS: Final = frozenset({1044, 1054, 1142, 1143, 1305, 1370})
"""No such column or routine, or no right to it, which its driver counts as operational."""
_QUERY_FAULTS: Final = (sa.exc.ProgrammingError, sa.exc.DataError, sa.exc.NotSupportedError)


class Database:
    """Selects in connections that cannot write; only `mark` writes, and only its statement."""

    def __init__(self, settings: SqlSettings, where: Where, base: Path) -> None:
        self._settings = settings
        self._where = where
        self._base = base
        self._engine = _engine(settings, where, base, writes=False)
        self._marking: sa.Engine | None = None

    @contextmanager
    def select(self, parameters: Mapping[str, Any]) -> Iterator[sa.CursorResult[Any]]:
        """Give the result of the query, streamed by the server where it can.

        Raises UnavailableError if the database does not answer, ConfigError if it refuses the
        query.
        """
        options = {"stream_results": True, "max_row_buffer": _FETCH_ROWS}
        try:
            with self._engine.connect() as connection:
                query = statement_of(self._settings.query, *parameters)
                result = connection.execute(query, dict(parameters), execution_options=options)
                try:
                    yield result
                finally:
                    _leave(connection, result)
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise self._translated(error) from error

    def mark(self, keys: Sequence[Cell], *, really: bool = True) -> None:
        """Run the statement of `sent` for each key, all or none; not `really` to try the rights.

        Raises UnavailableError if the database does not answer, ConfigError if it does not allow
        the statement or does not understand it.
        """
        sent = self._settings.sent
        if sent is None or not keys:
            return
        if self._marking is None:
            self._marking = _engine(self._settings, self._where, self._base, writes=True)
        try:
            with self._marking.connect() as connection:
                connection.execute(
                    statement_of(sent.statement, "key"), [{"key": key} for key in keys]
                )
                if really:
                    connection.commit()
                else:
                    connection.rollback()
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise self._refused(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        if self._marking is not None:
            self._marking.dispose()

    def _refused(self, error: Exception) -> ConnectorError:
        place, reason = self._where("sent"), _reason(error)
        if _RIGHTS.search(reason):
            return ConfigError(remote_codes.SENT_NOT_ALLOWED.at(place, reason=reason))
        if _is_fault_of_query(error):
            return ConfigError(remote_codes.SENT_STATEMENT.at(place, reason=reason))
        return self._translated(error)

    def _translated(self, error: Exception) -> ConnectorError:
        if _is_fault_of_query(error):
            return ConfigError(codes.BAD_QUERY.at(self._where("query"), reason=_reason(error)))
        place = self._where("url")
        return UnavailableError(codes.DATABASE_FAILED.at(place, reason=_reason(error)))


def _leave(connection: sa.Connection, result: sa.CursorResult[Any]) -> None:
    """Close a result that may not be read to its end.

    PyMySQL would read the rest of it first, however long; it is told that there is none, and the
    connection is given up.
    """
    rest = getattr(result.cursor, "_result", None)
    if getattr(rest, "unbuffered_active", False):
        setattr(rest, "unbuffered_active", False)  # noqa: B010 - of a class that is not ours
        connection.invalidate()
    result.close()


def name_of(url: str) -> str:
    """Return how places name a database: its file or its name."""
    database = sa.make_url(url).database or "database"
    return Path(database).name


def statement_of(text: str, *names: str) -> sa.TextClause:
    """Return a statement whose parameters go to the driver as they are, without casts."""
    parameters = (sa.bindparam(name, type_=sa.types.NullType()) for name in names)
    return sa.text(text).bindparams(*parameters)


def _engine(settings: SqlSettings, where: Where, base: Path, *, writes: bool) -> sa.Engine:
    """Return what connects; SQLite, PostgreSQL and MySQL are told if there is nothing to write."""
    try:
        url = sa.make_url(settings.url)
        if url.password is not None:
            raise ConfigError(codes.PASSWORD_IN_URL.at(where("url")))
        if url.get_backend_name() == "sqlite":
            return _sqlite(base / (url.database or ""), writes=writes)
        if settings.password is not None:
            url = url.set(password=resolve(settings.password))
        return sa.create_engine(
            url,
            poolclass=NullPool,
            execution_options={"postgresql_readonly": not writes},
            connect_args=_connect_args(url, writes=writes),
        )
    except ImportError as error:
        finding = codes.DRIVER_MISSING.at(where("url"), driver=error.name or str(error))
        raise ConfigError(finding) from error
    except sa.exc.ArgumentError as error:
        raise ConfigError(codes.BAD_URL.at(where("url"), reason=_reason(error))) from error


def _connect_args(url: sa.URL, *, writes: bool) -> dict[str, Any]:
    """Return how long to wait for a server, where its driver has a word for that."""
    backend = url.get_backend_name()
    if backend not in {"postgresql", "mysql", "mariadb"}:
        return {}
    arguments: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS}
    if backend != "postgresql" and not writes:
        arguments["init_command"] = _READ_ONLY
    return arguments


def _sqlite(path: Path, *, writes: bool) -> sa.Engine:
    """Open read-only or not, a missing file is not created; text that is not UTF-8 stays bytes."""

    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(path))}?mode={'rw' if writes else 'ro'}"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        connection.text_factory = _text
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _is_fault_of_query(error: Exception) -> bool:
    if isinstance(error, _QUERY_FAULTS):
        return True
    if not isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.SQLAlchemyError)
    number = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if number in _MYSQL_FAULTS:
        return True
    return getattr(error.orig, "sqlite_errorname", None) == "SQLITE_ERROR"


def _reason(error: Exception) -> str:
    """Return the driver's first line: no query and no parameters in findings."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
