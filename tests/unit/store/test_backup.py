from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.errors import ConfigError, StorageError
from connector.store import codes, sources
from connector.store.backup import backup
from connector.store.engine import Engines
from connector.store.snapshot import copy_database
from connector.store.store import Store


def test_a_backup_is_a_store(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    """A backup taken while a writer works opens as the store of that moment."""
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "1")
    with store.begin() as tx:
        sources.set_cursor(tx, "a", "2")
        copy = backup(store, tmp_path / "backups")
    assert copy.name == "store-20260105T010000Z.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    restored = Store.open(f"sqlite:///{copy}", clock=clock)
    with restored.read() as tx:
        assert sources.cursor(tx, "a") == "1"
    restored.close()


def test_a_backup_that_was_cut_off_is_repeated(store: Store, tmp_path: Path) -> None:
    """What a killed backup left does not stand in the way of the next."""
    (tmp_path / "store-20260105T010000Z.db.partial").write_bytes(b"half")
    assert backup(store, tmp_path).stat().st_size > 0


def test_a_directory_that_cannot_be_written_is_reported(store: Store, tmp_path: Path) -> None:
    """A backup that fails is a storage error with its place."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        backup(store, tmp_path / "file")
    assert "file" in caught.value.findings[0].place


def test_postgresql_has_its_own_backup(store: Store, tmp_path: Path) -> None:
    """A store on PostgreSQL names the tool that copies it."""
    engines = Engines(store._engines.writer, store._engines.reader, None, "postgresql://h/d")
    with pytest.raises(ConfigError) as caught:
        copy_database(engines, tmp_path / "x.db")
    assert caught.value.code == codes.BACKUP_NOT_HERE.code
