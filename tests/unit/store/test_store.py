from __future__ import annotations

import datetime as dt
import resource
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from connector.clock import ManualClock
from connector.errors import Bug, ConfigError, NoInputError, StorageError
from connector.store import codes, engine, journal, outbox, sources
from connector.store.outbox import OutboxPacket
from connector.store.store import Store

NOW = dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC)
RECIPE = b'["<edXML/>"]'


def write_much(store: Store) -> None:
    """Write about a mebibyte in one transaction."""
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "2")
        for number in range(1000):
            journal.append(tx, "event", {"text": "x" * 1000, "n": number}, now=NOW)


def rows_written(store: Store) -> int:
    """Return how many journal entries are there."""
    with store.read() as tx:
        return journal.count(tx)


def test_names_of_a_new_store_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut the database is found: its directory and all that are new above it."""
    synced: list[Path] = []
    monkeypatch.setattr(engine, "sync", synced.append)
    Store.open(tmp_path / "var" / "state", clock=ManualClock()).close()
    assert synced == [tmp_path / "var" / "state", tmp_path / "var", tmp_path]
    Store.open(tmp_path / "var" / "state", clock=ManualClock()).close()
    assert len(synced) == 3


def test_a_new_store_is_made_for_its_owner_only(store: Store) -> None:
    """State directory and database cannot be read by other users."""
    assert store.path is not None
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "1")
    wal = store.path.with_name(store.path.name + "-wal")
    assert stat.S_IMODE(wal.stat().st_mode) == 0o600


def test_durability_settings_hold_on_every_connection(store: Store) -> None:
    """Every commit is synced, foreign keys hold and waiting for a lock is bounded."""
    for connect in (store.begin, store.read):
        with connect() as tx:
            pragmas = {
                name: tx.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in (
                    *("journal_mode", "synchronous", "foreign_keys", "busy_timeout"),
                    *("mmap_size", "temp_store"),
                )
            }
        assert pragmas == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 30_000,
            "mmap_size": 0,
            "temp_store": 2,
        }


def test_a_committed_block_is_there_after_reopening(tmp_path: Path, clock: ManualClock) -> None:
    """What was committed is read by the next process."""
    first = Store.open(tmp_path, clock=clock)
    with first.begin() as tx:
        sources.set_cursor(tx, "a", "7")
    first.close()
    second = Store.open(str(tmp_path), clock=clock)
    with second.read() as tx:
        assert sources.cursor(tx, "a") == "7"
    second.close()


def test_an_exception_leaves_nothing(store: Store, packet: Callable[..., OutboxPacket]) -> None:
    """A block that raises writes none of its rows, and the exception passes unchanged."""

    def fail() -> None:
        with store.begin() as tx:
            outbox.enqueue(tx, packet("p1"), ["G09"], RECIPE)
            journal.append(tx, "document_sealed", {}, now=NOW)
            raise KeyError("p1")

    with pytest.raises(KeyError):
        fail()
    with store.read() as tx:
        assert outbox.packet(tx, "p1") is None
        assert outbox.deliveries(tx, "p1") == []
        assert journal.head(tx) is None


def test_a_reader_keeps_its_snapshot(store: Store) -> None:
    """A reader sees one state of the store while a writer commits."""
    with store.read() as reading:
        assert sources.cursor(reading, "a") is None
        with store.begin() as tx:
            sources.set_cursor(tx, "a", "1")
        assert sources.cursor(reading, "a") is None
    with store.read() as reading:
        assert sources.cursor(reading, "a") == "1"


def test_a_reader_cannot_write(store: Store) -> None:
    """Writing in a read block is refused by the database."""
    with pytest.raises(StorageError) as caught, store.read() as tx:
        sources.set_cursor(tx, "a", "1")
    assert caught.value.code == codes.READ_ONLY.code


def test_a_transaction_inside_a_transaction_is_a_bug(store: Store) -> None:
    """A nested writer would wait for itself; it is refused instead, and the store lives on."""
    with pytest.raises(Bug), store.begin(), store.begin():
        pass
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "1")


def test_threads_take_turns(store: Store) -> None:
    """Many writing threads lose no update."""

    def count_up() -> None:
        for _ in range(20):
            with store.begin() as tx:
                sources.set_cursor(tx, "a", str(int(sources.cursor(tx, "a") or 0) + 1))

    threads = [threading.Thread(target=count_up) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert sources.cursor(tx, "a") == "100"


def test_another_process_that_holds_the_lock_is_reported(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that stays locked is a storage error with a next step."""
    monkeypatch.setattr(engine, "_BUSY_SECONDS", 0.05)
    one, other = (Store.open(tmp_path, clock=clock) for _ in range(2))
    with pytest.raises(StorageError) as caught, one.begin(), other.begin():
        pass
    assert caught.value.code == codes.LOCKED.code
    assert caught.value.findings[0].hint_vi
    with other.begin() as tx:
        sources.set_cursor(tx, "a", "1")
    one.close()
    other.close()


def test_reading_only_needs_a_store(tmp_path: Path, clock: ManualClock) -> None:
    """Opening read-only creates nothing."""
    with pytest.raises(NoInputError):
        Store.open(tmp_path / "none", clock=clock, read_only=True)
    assert not (tmp_path / "none").exists()


def test_a_store_opened_read_only_refuses_writers(store: Store, clock: ManualClock) -> None:
    """A read-only store reads beside a writer and cannot be written."""
    assert store.path is not None
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "1")
    reading = Store.open(store.path.parent, clock=clock, read_only=True)
    with reading.read() as tx:
        assert sources.cursor(tx, "a") == "1"
    with pytest.raises(Bug), reading.begin():
        pass
    reading.checkpoint()
    reading.close()


@pytest.mark.parametrize("damage", ["header", "page"])
def test_a_damaged_database_is_refused(tmp_path: Path, clock: ManualClock, damage: str) -> None:
    """A damaged file is found when it is opened, with what to do."""
    whole = Store.open(tmp_path, clock=clock)
    with whole.begin() as tx:
        for number in range(200):
            journal.append(tx, "event", {"number": number, "text": "x" * 100}, now=NOW)
    whole.close()
    path = tmp_path / engine.FILE_NAME
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[:100] = b"\xff" * 100
    else:
        data[-4096:] = b"\xa5" * 4096
        data[4096 * 3 : 4096 * 4] = b"\xa5" * 4096
    path.write_bytes(data)
    with pytest.raises(StorageError) as caught:
        Store.open(tmp_path, clock=clock)
    assert caught.value.code == codes.CORRUPT.code
    assert "backup" in caught.value.findings[0].hint_en


@pytest.mark.parametrize(
    "address",
    [
        "mysql://u:secret@h/d",
        "a b://u:secret@h",
        "sqlite://",
        "sqlite:///:memory:",
        "://",
        "sqlite:///a.db?mode=ro",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str, clock: ManualClock) -> None:
    """Only SQLite files and PostgreSQL are stores."""
    with pytest.raises(ConfigError) as caught:
        Store.open(address, clock=clock)
    assert caught.value.code == codes.URL_UNKNOWN.code
    assert "secret" not in str(caught.value)


def test_a_sqlite_url_names_the_file(tmp_path: Path, clock: ManualClock) -> None:
    """A URL opens the file that it names, odd letters included."""
    path = tmp_path / "sổ văn bản 100%?#.db"
    opened = Store.open(f"sqlite:///{tmp_path}/plain.db", clock=clock)
    assert opened.path == tmp_path / "plain.db"
    opened.close()
    engines = engine._sqlite(path, read_only=False)
    with engines.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    engines.dispose()
    assert path.stat().st_size > 0


def test_a_file_system_without_wal_is_refused(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where SQLite falls back to another journal, the store is not opened."""
    monkeypatch.setattr(engine.Engines, "run_outside", lambda *_: ["delete"])
    with pytest.raises(ConfigError) as caught:
        Store.open(tmp_path, clock=clock)
    assert caught.value.code == codes.WAL_REFUSED.code


def test_an_old_sqlite_is_refused() -> None:
    """A SQLite with the WAL-reset bug is refused by its version."""
    with pytest.raises(ConfigError) as caught:
        engine.require_version((3, 51, 2))
    assert "pysqlite3" in caught.value.findings[0].hint_vi
    engine.require_version((3, 51, 3))


def test_a_full_database_keeps_nothing_and_goes_on_later(store: Store) -> None:
    """A step that finds no room fails as a whole; with room again the store works on."""
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "1")
    store._pragma("max_page_count=1")
    with pytest.raises(StorageError) as caught:
        write_much(store)
    assert caught.value.code == codes.DISK_FULL.code
    with store.read() as tx:
        assert (sources.cursor(tx, "a"), journal.count(tx)) == ("1", 0)
    store._pragma("max_page_count=1000000")
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "3")


def test_a_swallowed_failure_is_not_reported_as_success(store: Store) -> None:
    """If the database rolled back by itself, the block does not end as if it had committed."""

    def swallow() -> None:
        with store.begin() as tx, suppress(SQLAlchemyError):
            journal.append(tx, "event", {}, now=NOW)
            tx.connection.rollback()

    with pytest.raises(StorageError):
        swallow()
    assert rows_written(store) == 0


def test_a_failed_write_to_the_disk_stops_all_later_writes(store: Store) -> None:
    """After an I/O error nothing is taken as durable until a restart."""
    assert store.path is not None
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(StorageError) as first:
            write_much(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert first.value.code == codes.DATABASE_FAILED.code
    with pytest.raises(StorageError) as second, store.begin():
        pass
    assert second.value.findings == first.value.findings
    store.close()
    again = Store.open(store.path.parent, clock=store.clock)
    assert rows_written(again) == 0
    again.close()


def test_a_row_that_breaks_a_promise_is_a_bug(store: Store) -> None:
    """A violated constraint is reported as the program's own defect."""
    with pytest.raises(Bug) as caught, store.begin() as tx:
        tx.exec_driver_sql(
            "INSERT INTO delivery (packet_id, receiver, position, lane, kind, state, attempts,"
            " not_before, updated_at) VALUES ('none', 'G09', 1, 1, 'x', 'queued', 0, '', '')"
        )
    assert caught.value.code == codes.CONSTRAINT.code


def test_a_time_without_zone_is_a_bug(store: Store, packet: Callable[..., OutboxPacket]) -> None:
    """A naive time is refused before it is written."""
    naive = dt.datetime(2026, 1, 5, 8, 0)  # noqa: DTZ001
    with pytest.raises(Bug) as caught, store.begin() as tx:
        outbox.enqueue(tx, packet("p1", sealed_at=naive), ["G09"], RECIPE)
    assert caught.value.code == codes.MISUSE.code


def test_text_that_is_no_unicode_is_a_bug(store: Store) -> None:
    """What the driver itself refuses does not leak its exception."""
    with pytest.raises(Bug), store.begin() as tx:
        sources.set_cursor(tx, "a", "\udcff")


def test_a_checkpoint_empties_the_log(store: Store) -> None:
    """After a checkpoint the write-ahead log is empty and the data stays."""
    assert store.path is not None
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "1")
    store.checkpoint()
    assert store.path.with_name(store.path.name + "-wal").stat().st_size == 0
    with store.read() as tx:
        assert sources.cursor(tx, "a") == "1"


def test_closing_twice_does_nothing(store: Store) -> None:
    """A closed store can be closed again; a new one opens where it was."""
    store.close()
    store.close()
    again = Store.open(Path(store.path or "").parent, clock=store.clock)
    assert again.schema_version
    again.close()


def test_an_unwritable_directory_is_reported(tmp_path: Path, clock: ManualClock) -> None:
    """A state directory that cannot be made is a storage error with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        Store.open(tmp_path / "file" / "state", clock=clock)
    assert "file" in caught.value.findings[0].place


def test_postgresql_without_its_driver_names_the_extra(clock: ManualClock) -> None:
    """The store on PostgreSQL asks for the extra if psycopg is not installed."""
    try:
        import psycopg  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except ImportError:
        with pytest.raises(ConfigError) as caught:
            Store.open("postgresql://connector:secret@localhost/connector", clock=clock)
        assert "connector[postgres]" in caught.value.findings[0].hint_en
        assert "secret" not in str(caught.value)
