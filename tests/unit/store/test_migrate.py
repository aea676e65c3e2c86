from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from connector.clock import ManualClock
from connector.errors import ConfigError, StorageError
from connector.store import codes, migrate, sources
from connector.store.engine import FILE_NAME, connect
from connector.store.store import Store
from connector.store.tables import metadata

THIRD = '''"""A later schema."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a table{and_fail}."""
    op.create_table("later", sa.Column("x", sa.Text))
    {statement}
'''


def schema_of(connection: Connection) -> set[str]:
    """Return the statements that made the tables and indices, spaces aside."""
    found = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {" ".join(row[0].split()) for row in found if "alembic_version" not in row[0]}


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the program know a later version of the schema."""

    def add(statement: str = "") -> None:
        copy = tmp_path / "100% migrations"
        shutil.copytree(migrate.MIGRATIONS, copy)
        text = THIRD.format(statement=statement, and_fail=" and fail" if statement else "")
        (copy / "versions" / "v0006_later.py").write_text(text)
        monkeypatch.setattr(migrate, "MIGRATIONS", copy)

    return add


def test_migrations_make_the_schema_of_the_tables(store: Store, tmp_path: Path) -> None:
    """The migrations end at exactly the statements that the tables declare."""
    fresh = connect(tmp_path / "fresh", read_only=False)
    with fresh.writer.begin() as connection:
        metadata.create_all(connection)
        declared = schema_of(connection)
    fresh.dispose()
    with store.read() as tx:
        migrated = schema_of(tx)
        assert {line.split(" ")[2] for line in migrated} >= {"delivery", "journal"}
        assert _sorted_columns(migrated) == _sorted_columns(declared)
        compared = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(compared, metadata) == []


def _sorted_columns(statements: set[str]) -> set[tuple[str, ...]]:
    """Return the statements with their constraints in alphabetical order."""
    return {tuple(sorted(statement.rstrip(" )").split(", "))) for statement in statements}


def test_a_new_store_has_the_newest_schema(store: Store) -> None:
    """The version of a store is the newest that the program knows."""
    assert store.schema_version == migrate.newest() == "0005"


def test_an_older_store_is_backed_up_and_upgraded(
    tmp_path: Path, clock: ManualClock, later: Callable[..., None]
) -> None:
    """An upgrade keeps the data and leaves a whole copy of the old store."""
    state = tmp_path / "state"
    old = Store.open(state, clock=clock)
    with old.begin() as tx:
        sources.set_cursor(tx, "a", "1")
    old.close()
    later()
    new = Store.open(state, clock=clock)
    assert new.schema_version == "0006"
    with new.read() as tx:
        assert sources.cursor(tx, "a") == "1"
    new.close()
    (copy,) = (state / "backups").iterdir()
    assert copy.name == "store-schema-0005-20260105T010000Z.db"
    copied = connect(f"sqlite:///{copy}", read_only=True)
    with copied.reader.begin() as tx:
        assert migrate.revision(tx) == "0005"
        assert sources.cursor(tx, "a") == "1"
    copied.dispose()


def test_a_failed_upgrade_leaves_the_old_schema(
    tmp_path: Path, clock: ManualClock, later: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade happens as a whole or not at all."""
    Store.open(tmp_path / "state", clock=clock).close()
    original = migrate.MIGRATIONS
    later('op.execute("SELECT * FROM nowhere")')
    with pytest.raises(StorageError):
        Store.open(tmp_path / "state", clock=clock)
    monkeypatch.setattr(migrate, "MIGRATIONS", original)
    again = Store.open(tmp_path / "state", clock=clock)
    assert again.schema_version == "0005"
    with again.read() as tx:
        assert not any("later" in statement for statement in schema_of(tx))
    again.close()


def test_a_newer_store_is_refused(store: Store, clock: ManualClock) -> None:
    """A store that a newer program wrote is not touched by an older one."""
    assert store.path is not None
    with store.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    for read_only in (False, True):
        with pytest.raises(ConfigError) as caught:
            Store.open(store.path.parent, clock=clock, read_only=read_only)
        assert caught.value.code == codes.NEWER_SCHEMA.code
        assert "0999" in caught.value.findings[0].vi
    assert store.schema_version == "0999"


def test_reading_only_does_not_upgrade(
    tmp_path: Path, clock: ManualClock, later: Callable[..., None]
) -> None:
    """A command that only reads refuses an older store instead of changing it."""
    Store.open(tmp_path / "state", clock=clock).close()
    later()
    with pytest.raises(ConfigError) as caught:
        Store.open(tmp_path / "state", clock=clock, read_only=True)
    assert caught.value.code == codes.OLDER_SCHEMA.code
    assert not (tmp_path / "state" / "backups").exists()


def test_a_killed_first_open_is_repeated(tmp_path: Path, clock: ManualClock) -> None:
    """An empty file, left by a process that died before its first commit, becomes a store."""
    (tmp_path / FILE_NAME).touch(mode=0o600)
    opened = Store.open(tmp_path, clock=clock)
    assert opened.schema_version == migrate.newest()
    opened.close()


def test_migrations_say_nothing_in_the_log(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Opening a store logs nothing of alembic's, whatever the daemon's log level."""
    caplog.set_level("DEBUG")
    Store.open(tmp_path, clock=clock).close()
    assert [record for record in caplog.records if record.name.startswith("alembic")] == []


def test_the_tables_can_be_made_on_postgresql() -> None:
    """The schema has no type or index that only SQLite knows."""
    dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call,unused-ignore]
    statements = [
        str(CreateTable(table).compile(dialect=dialect)) for table in metadata.tables.values()
    ]
    indices = [index for table in metadata.tables.values() for index in table.indexes]
    statements += [str(CreateIndex(index).compile(dialect=dialect)) for index in indices]
    assert any("position BIGSERIAL" in statement for statement in statements)
    assert any("WHERE state IN ('blocked'" in statement for statement in statements)
