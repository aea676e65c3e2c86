"""The store: one writer at a time, many readers, every commit durable (guarantees G1, G2).

Each function of this room takes a `Transaction` first, so what belongs together is committed
together::

    with store.begin() as tx:
        outbox.enqueue(tx, packet, receivers)
        sources.set_cursor(tx, adapter, cursor)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection

from connector import crash
from connector.clock import Clock
from connector.errors import Bug, ConfigError, Finding, NoInputError, StorageError
from connector.store import codes, migrate
from connector.store.border import files, translated
from connector.store.engine import FILE_NAME, Engines, connect
from connector.store.snapshot import copy_database

__all__ = ["Store", "Transaction"]

Transaction = Connection
"""What all functions of the room take first; made only by `Store.begin` and `Store.read`."""

_FATAL: Final = frozenset({codes.CORRUPT.code, codes.DATABASE_FAILED.code})


class Store:
    """An open store; threads share it, processes each open their own."""

    def __init__(
        self, engines: Engines, clock: Clock, *, read_only: bool, contents: Path | None
    ) -> None:
        self.clock: Final = clock
        self._contents: Final = contents
        self.path: Final = engines.path
        self.read_only: Final = read_only
        self._engines: Final = engines
        self._write_lock: Final = threading.Lock()
        self._writing: int | None = None
        self._failed: tuple[Finding, ...] = ()

    @classmethod
    def open(
        cls,
        url_or_state_dir: str | Path,
        *,
        clock: Clock,
        read_only: bool = False,
        contents: Path | None = None,
        password: str | None = None,
    ) -> Self:
        """Open a store and bring its schema up to date, with a backup before.

        `contents` is the directory of the spool that the store knows, by default where its file is;
        `password` is that of the user whom a URL names.

        Raises ConfigError for an address, driver, file system or schema that cannot be used, and
        for a lost store beside documents of its own; NoInputError if a store to be read only is
        absent, StorageError if it is damaged or cannot be written.
        """
        _refuse_lost(url_or_state_dir, contents)
        engines = connect(url_or_state_dir, read_only=read_only, password=password)
        if contents is None and engines.path is not None:
            contents = engines.path.parent
        store = cls(engines, clock, read_only=read_only, contents=contents)
        try:
            store._make_ready()
        except BaseException:
            store.close()
            raise
        return store

    @property
    def place(self) -> str:
        """The database's file or its URL without the password."""
        return self._engines.place

    @property
    def schema_version(self) -> str:
        """The revision of the schema that the database has."""
        with translated(self.place), self._engines.reader.connect() as connection:
            return migrate.revision(connection) or ""

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Write: committed durably at the end of the block, rolled back if it raises.

        Writers wait for each other. Raises StorageError if the commit is not durable; after a
        failed write to the disk every later `begin` raises it too, until a restart.
        """
        with self._alone():
            try:
                with translated(self.place), self._engines.writer.begin() as tx:
                    crash.point("store.begun")
                    yield tx
                    self._ensure_transaction(tx)
                    crash.point("store.committing")
                crash.point("store.committed")
            except StorageError as error:
                if self.path is not None and error.code in _FATAL:
                    self._failed = error.findings
                raise

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Read: one consistent snapshot for the whole block; writers are not held up."""
        with translated(self.place), self._engines.reader.begin() as tx:
            yield tx

    def checkpoint(self) -> None:
        """Fold SQLite's write-ahead log back into the file; for idle moments."""
        if self.path is not None and not self.read_only:
            with self._alone():
                self._pragma("wal_checkpoint(TRUNCATE)")

    def copy_to(self, target: Path) -> Path:
        """Write one consistent, durable copy of the database to a new file; others go on."""
        return copy_database(self._engines, target)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep a database that several machines reach to oneself; TransientError if it is held.

        A file needs no more than the lock of its state directory.
        """
        with self._engines.held():
            yield

    def close(self) -> None:
        """Close all connections; closing twice does nothing."""
        self._engines.dispose()

    def _make_ready(self) -> None:
        if self.path is not None and not self.read_only:
            self._check_file()
        with translated(self.place), self._engines.reader.connect() as connection:
            current = migrate.revision(connection)
        if current is None and self._contents is not None:
            migrate.require_nothing_lost(self.place, self._contents)
        migrate.require_known(current, self.place)
        if current is None and self.read_only:
            raise NoInputError(codes.STORE_ABSENT.at(self.place))
        if current == migrate.newest():
            return
        if self.read_only:
            facts = {"found": current, "known": migrate.newest()}
            raise ConfigError(codes.OLDER_SCHEMA.at(self.place, **facts))
        if current is not None and self.path is not None:
            name = f"store-schema-{current}-{self.clock.now():%Y%m%dT%H%M%SZ}.db"
            copy_database(self._engines, self.path.parent / "backups" / name)
        with self.begin() as tx:
            migrate.upgrade(tx)

    def _check_file(self) -> None:
        mode = self._pragma("journal_mode=WAL")[0]
        if mode != "wal":
            raise ConfigError(codes.WAL_REFUSED.at(self.place, mode=mode))
        found = self._pragma("quick_check(1)")
        if found != ["ok"]:
            raise StorageError(codes.CORRUPT.at(self.place, reason=found[0]))

    def _pragma(self, pragma: str) -> list[str]:
        with translated(self.place):
            return [str(value) for value in self._engines.run_outside(f"PRAGMA {pragma}")]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self.read_only:
            raise Bug(codes.MISUSE.at(self.place, reason="writing to a store opened read-only"))
        if self._writing == threading.get_ident():
            raise Bug(codes.MISUSE.at(self.place, reason="a transaction inside a transaction"))
        with self._write_lock:
            if self._failed:
                raise StorageError(*self._failed)
            self._writing = threading.get_ident()
            try:
                yield
            finally:
                self._writing = None

    def _ensure_transaction(self, tx: Transaction) -> None:
        """Refuse to report success if SQLite rolled back by itself after a swallowed error."""
        driver = tx.connection.dbapi_connection
        if self.path is not None and not getattr(driver, "in_transaction", True):
            reason = "the transaction was rolled back by the database"
            raise StorageError(codes.DATABASE_FAILED.at(self.place, reason=reason))


def _refuse_lost(url_or_state_dir: str | Path, contents: Path | None) -> None:
    """Refuse a lost store before SQLite makes its file anew and removes the log beside it."""
    if isinstance(url_or_state_dir, str) and "://" in url_or_state_dir:
        return  # looked at when it is open
    path = Path(url_or_state_dir).absolute() / FILE_NAME
    with files(str(path)):
        if not path.exists() or not path.stat().st_size:
            migrate.require_nothing_lost(str(path), contents or path.parent)
