"""Connections: SQLite in WAL with full durability, or PostgreSQL, by the store's address."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from connector.errors import ConfigError, NoInputError
from connector.store import codes
from connector.store.border import files
from connector.store.durable import sync
from connector.store.postgresql import Server, shown

__all__ = ["FILE_NAME", "SQLITE_NEEDED", "Engines", "connect", "require_version"]

SQLITE_NEEDED: Final = (3, 51, 3)
"""Older versions can damage a WAL database that several connections write (WAL-reset bug)."""

FILE_NAME: Final = "store.db"
_BUSY_SECONDS: Final = 30
_READERS: Final = 8
_OUTSIDE: Final = "connector_outside_transaction"
_PRAGMAS: Final = (
    *("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"),
    *("temp_store=MEMORY", "mmap_size=0"),  # nothing of a document in a file that is not ours
)
# Measured: more cache gains nothing, more log between checkpoints only a longer recovery.
_OF_WRITER: Final = ("cache_size=-8000", "wal_autocheckpoint=4000")


@dataclass(frozen=True, slots=True)
class Engines:
    """Where to write and where to read; `path` is the SQLite file, None on PostgreSQL."""

    writer: Engine
    reader: Engine
    path: Path | None
    place: str
    held: Callable[[], AbstractContextManager[None]] = nullcontext
    """Keeps a database that several machines reach to oneself for a block."""

    def run_outside(self, statement: str, *values: str) -> list[Any]:
        """Run what SQLite does not allow inside a transaction; return the first column."""
        with self.writer.connect().execution_options(**{_OUTSIDE: True}) as connection:
            result = connection.exec_driver_sql(statement, values)
            return list(result.scalars()) if result.returns_rows else []

    def dispose(self) -> None:
        """Close all connections."""
        self.writer.dispose()
        self.reader.dispose()


def connect(address: str | Path, *, read_only: bool, password: str | None = None) -> Engines:
    """Return engines for a state directory or a database URL; nothing is read yet.

    Raises ConfigError for an address or driver that cannot be used, NoInputError if a store
    that is to be read only does not exist.
    """
    if isinstance(address, str) and "://" in address:
        url = _parsed(address)
        if url.get_backend_name() == "postgresql":
            server = Server(url if password is None else url.set(password=password))
            return Engines(server.writer, server.reader, None, server.place, server.held)
        return _sqlite(_file_of(url), read_only=read_only)
    return _sqlite(Path(address) / FILE_NAME, read_only=read_only)


def require_version(found: tuple[int, ...]) -> None:
    """Refuse a SQLite that is known to damage databases."""
    if found < SQLITE_NEEDED:
        versions = {"found": _dotted(found), "needed": _dotted(SQLITE_NEEDED)}
        raise ConfigError(codes.SQLITE_TOO_OLD.at(**versions))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


def _parsed(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(codes.URL_UNKNOWN.at(address="…")) from error  # may hold a password
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigError(codes.URL_UNKNOWN.at(address=shown(url)))
    return url


def _file_of(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.query:
        raise ConfigError(codes.URL_UNKNOWN.at(address=shown(url)))
    return Path(url.database)


def _driver() -> ModuleType:
    try:
        driver = import_module("pysqlite3")
    except ImportError:
        driver = import_module("sqlite3")
    require_version(driver.sqlite_version_info)
    return driver


def _sqlite(path: Path, *, read_only: bool) -> Engines:
    driver = _driver()
    path = path.absolute()
    if not read_only:
        _prepare(path)
    elif not path.exists():
        raise NoInputError(codes.STORE_ABSENT.at(str(path)))
    return Engines(
        writer=_sqlite_engine(driver, path, mode="ro" if read_only else "rw", reads=False),
        reader=_sqlite_engine(driver, path, mode="ro" if read_only else "rw", reads=True),
        path=path,
        place=str(path),
    )


def _prepare(path: Path) -> None:
    """Create the file for its owner only; -wal and -shm inherit the mode.

    Only a file that this call creates is opened: closing another descriptor of a database in
    use would drop SQLite's locks. Its name and those of new directories are made durable.
    """
    with files(str(path)):
        above = [each for each in path.parents if not each.exists()]
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
        for made in (path, *above):
            sync(made.parent)


def _sqlite_engine(driver: Any, path: Path, *, mode: str, reads: bool) -> Engine:
    def new_connection() -> Any:
        connection = driver.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,  # the driver begins nothing by itself
            check_same_thread=False,
        )
        special = ("query_only=1",) if reads else ("query_only=0", *_OF_WRITER)
        for pragma in (*_PRAGMAS, *special):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        module=driver,
        creator=new_connection,
        poolclass=QueuePool,
        pool_size=_READERS if reads else 1,
        max_overflow=-1,
    )
    begin = "BEGIN" if reads else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(_OUTSIDE):
            connection.exec_driver_sql(begin)

    return engine
