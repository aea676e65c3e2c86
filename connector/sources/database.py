"""The legacy database behind a SQL source: connect, select, translate what it raises."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from connector.config.secrets import resolve
from connector.errors import ConfigError, ConnectorError, UnavailableError
from connector.sources import codes
from connector.sources.files import Where
from connector.sources.settings import SqlSettings

__all__ = ["Database", "name_of"]

_FETCH_ROWS: Final = 20
_QUERY_FAULTS: Final = (sa.exc.ProgrammingError, sa.exc.DataError, sa.exc.NotSupportedError)


class Database:
    """Selects, never writes: SQLite is opened read-only, nothing is ever committed elsewhere."""

    def __init__(self, settings: SqlSettings, where: Where, base: Path) -> None:
        self._settings = settings
        self._where = where
        self._engine = _engine(settings, where, base)

    @contextmanager
    def select(self, parameters: Mapping[str, Any]) -> Iterator[sa.CursorResult[Any]]:
        """Give the result of the query, streamed by the server where it can.

        Raises UnavailableError if the database does not answer, ConfigError if it refuses the
        query.
        """
        options = {"stream_results": True, "max_row_buffer": _FETCH_ROWS}
        try:
            with self._engine.connect() as connection:
                query = sa.text(self._settings.query)
                yield connection.execute(query, dict(parameters), execution_options=options)
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise self._translated(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _translated(self, error: Exception) -> ConnectorError:
        if _is_fault_of_query(error):
            return ConfigError(codes.BAD_QUERY.at(self._where("query"), reason=_reason(error)))
        place = self._where("url")
        return UnavailableError(codes.DATABASE_FAILED.at(place, reason=_reason(error)))


def name_of(url: str) -> str:
    """Return how places name a database: its file or its name."""
    database = sa.make_url(url).database or "database"
    return Path(database).name


def _engine(settings: SqlSettings, where: Where, base: Path) -> sa.Engine:
    try:
        url = sa.make_url(settings.url)
        if url.password is not None:
            raise ConfigError(codes.PASSWORD_IN_URL.at(where("url")))
        if url.get_backend_name() == "sqlite":
            return _sqlite(base / (url.database or ""))
        if settings.password is not None:
            url = url.set(password=resolve(settings.password))
        return sa.create_engine(
            url, poolclass=NullPool, execution_options={"postgresql_readonly": True}
        )
    except ImportError as error:
        finding = codes.DRIVER_MISSING.at(where("url"), driver=error.name or str(error))
        raise ConfigError(finding) from error
    except sa.exc.ArgumentError as error:
        raise ConfigError(codes.BAD_URL.at(where("url"), reason=_reason(error))) from error


def _sqlite(path: Path) -> sa.Engine:
    """Open read-only, so that a missing file is not created; text that is not UTF-8 stays bytes."""

    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(path))}?mode=ro"
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
    return getattr(error.orig, "sqlite_errorname", None) == "SQLITE_ERROR"


def _reason(error: Exception) -> str:
    """Return the driver's first line: no query and no parameters in findings."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
