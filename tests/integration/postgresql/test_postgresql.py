"""What is particular to a store on PostgreSQL: passwords, sessions, a server that fails."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from connector.clock import ManualClock, SystemClock
from connector.config.node import load_node
from connector.errors import ConfigError, ConnectorError, NoInputError, StorageError, TransientError
from connector.flow.stores import open_store, require_current
from connector.model import recipe
from connector.store import codes, inbox, migrate, outbox, sources
from connector.store.inbox import NewMessage
from connector.store.orphans import remove_orphans
from connector.store.spool import Spool
from connector.store.store import Store
from tests.integration.databases import Server, postgresql
from tests.integration.postgresql.conftest import PASSWORD, new_database
from tests.unit.store.test_upgrade import ROWS, before, fill

__all__ = ["before"]

_CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies: [{code: G22, name: Văn phòng Chính phủ}]
trust: {anchors_dir: ca, registry_file: registry.yaml}
broker: {url: "amqp://localhost"}
adapters: []
sinks: []
"""


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Path]:
    """Write the configuration of a node with such a section about its store."""

    def write(store: str) -> Path:
        path = tmp_path / "connector.yaml"
        path.write_text(f"{_CONFIG}store: {store}\n", encoding="utf-8")
        return path

    return write


def test_the_password_comes_from_where_the_configuration_says(
    server: Server, configured: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node logs in with the secret that `store.password` refers to; it is told nowhere."""
    url = make_url(new_database(server)).set(username="kho").render_as_string()
    config = load_node(configured(f'{{url: "{url}", password: {{env: KHO}}}}'))
    monkeypatch.setenv("KHO", PASSWORD)
    store = open_store(config, clock=SystemClock())
    assert store.schema_version == migrate.newest()
    assert PASSWORD not in store.place
    store.close()
    monkeypatch.setenv("KHO", "mật khẩu cũ")
    with pytest.raises(StorageError) as caught:
        open_store(config, clock=SystemClock())
    assert "kho" in str(caught.value)
    assert "mật khẩu cũ" not in str(caught.value)


def test_a_password_within_the_url_is_refused(configured: Callable[[str], Path]) -> None:
    """Configurations are shown and copied; secrets are referred to."""
    path = configured('{url: "postgresql+psycopg://kho:bi-mat@db.example.gov.vn/kho"}')
    with pytest.raises(ConfigError) as caught:
        load_node(path)
    assert caught.value.code == "EDX-1020"
    assert "bi-mat" not in str(caught.value)


def test_a_server_that_loses_what_it_committed_is_refused(
    clock: ManualClock,
) -> None:
    """Without fsync an acknowledged document can be gone after a power failure (G1)."""
    with postgresql("fsync=off") as server, pytest.raises(ConfigError) as caught:
        Store.open(server.admin, clock=clock)
    assert caught.value.code == codes.NOT_DURABLE.code
    assert "fsync" in caught.value.findings[0].en


def test_a_commit_waits_for_the_disk_whatever_the_database_says(
    server: Server, clock: ManualClock
) -> None:
    """An administrator's default must not make commits less durable than promised (G1)."""
    address = new_database(server)
    server.at(address, f"ALTER DATABASE {make_url(address).database} SET synchronous_commit = off")
    store = Store.open(address, clock=clock)
    with store.begin() as tx:
        assert tx.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()


def test_an_empty_database_beside_documents_is_not_begun(
    server: Server, clock: ManualClock, tmp_path: Path
) -> None:
    """A wrong URL must not let tidying remove what only another database knows."""
    Spool(tmp_path / "spool").put(b"an acknowledged document")
    address = new_database(server)
    with pytest.raises(ConfigError) as caught:
        Store.open(address, clock=clock, contents=tmp_path)
    assert caught.value.code == codes.STORE_LOST.code
    with pytest.raises(ConfigError):  # and there still is none
        Store.open(address, clock=clock, contents=tmp_path)


def test_a_verb_neither_makes_nor_upgrades_a_store(
    server: Server,
    clock: ManualClock,
    configured: Callable[[str], Path],
    before: Callable[[], None],
) -> None:
    """The daemon does; an older one may be running."""
    address = new_database(server)
    config = load_node(configured(f'{{url: "{address}"}}'))
    with pytest.raises(NoInputError) as absent:
        require_current(config, clock=clock, absent=False)
    assert absent.value.code == codes.STORE_ABSENT.code
    require_current(config, clock=clock, absent=True)
    Store.open(address, clock=clock).close()
    before()
    with pytest.raises(ConfigError) as older:
        require_current(config, clock=clock, absent=True)
    assert older.value.code == codes.OLDER_SCHEMA.code


def test_what_an_older_version_queued_is_sent(
    server: Server, clock: ManualClock, tmp_path: Path, before: Callable[[], None]
) -> None:
    """Every migration runs with rows in the tables; what they name is no orphan."""
    address, spool = new_database(server), Spool(tmp_path / "spool")
    old = Store.open(address, clock=clock)
    assert old.schema_version == "0001"
    digests = fill(old, spool)
    old.close()
    before()
    new = Store.open(address, clock=clock)
    assert new.schema_version == migrate.newest()
    with new.read() as tx:
        due = outbox.due(tx, now=clock.now(), limit=9)
        recipes = outbox.recipes(tx, [row[0] for row in ROWS])
    assert [packet.packet_id for packet, _ in due] == ["p1", "p2", "p3"]
    assert [recipe.files(recipes[row[0]]) for row in ROWS] == [(digest,) for digest in digests]
    clock.sleep(400_000_000)
    assert remove_orphans(new, spool) == 0
    new.close()


def test_a_server_that_does_not_answer_is_given_up(clock: ManualClock) -> None:
    """A silent server is an error in time, not a daemon that hangs; the URL may say when."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        address = f"postgresql+psycopg://kho@127.0.0.1:{port}/kho?connect_timeout=2"
        with pytest.raises(StorageError, match="timeout"):
            Store.open(address, clock=clock)


def test_one_writer_at_a_time_from_wherever_it_comes(
    new_address: Callable[[], str], clock: ManualClock
) -> None:
    """The journal's chain has no room for two writers."""
    address, seen = new_address(), []
    first, second = (Store.open(address, clock=clock) for _ in range(2))

    def write() -> None:
        with second.begin() as tx:
            seen.append(sources.cursor(tx, "adapter"))

    with first.begin() as tx:
        other = threading.Thread(target=write)
        other.start()
        sources.set_cursor(tx, "adapter", "1")
        other.join(0.5)
        assert seen == []
    other.join(30)
    assert seen == ["1"]
    first.close()
    second.close()


def test_a_second_daemon_is_refused_until_the_first_is_gone(
    server: Server, new_address: Callable[[], str], clock: ManualClock
) -> None:
    """Two machines with directories of their own must not send from one outbox."""
    address = new_address()
    first, second = (Store.open(address, clock=clock) for _ in range(2))
    with first.held():
        with pytest.raises(TransientError) as caught, second.held():
            pass
        assert caught.value.code == codes.DATABASE_HELD.code
        assert not isinstance(caught.value, StorageError)
        _end_sessions(server, address)  # the machine of the first one vanished
        with second.held():
            pass
    first.close()
    second.close()


def test_after_a_crash_of_the_server_everything_committed_is_there(
    server: Server, new_address: Callable[[], str], clock: ManualClock
) -> None:
    """What was under way ends with an error, the next transaction finds all before it (G1)."""
    address = new_address()
    store = Store.open(address, clock=clock)
    with store.begin() as tx:
        sources.set_cursor(tx, "adapter", "committed")
    with pytest.raises(StorageError) as caught:
        _crash_within(store)
    assert caught.value.code == codes.DATABASE_FAILED.code
    assert _soon(lambda: _cursor(store)) == "committed"
    with store.begin() as tx:
        sources.set_cursor(tx, "adapter", "after")
    assert _cursor(store) == "after"
    store.close()


def test_a_message_with_nul_in_its_properties_is_kept(
    store: Store, new_message: Callable[..., NewMessage]
) -> None:
    """PostgreSQL refuses NUL in texts; hostile messages must not come back for ever."""
    hostile = new_message("m\x001", user_id="G\x0022", type="do\x00cument")
    with store.begin() as tx:
        inbox.receive(tx, hostile)
    with store.begin() as tx:
        assert not inbox.receive(tx, hostile)
        (row,) = inbox.list_messages(tx, limit=9)
        assert row.message_id == "m␀1"
        assert tx.execute(text("SELECT count(*) FROM inbox_message")).scalar() == 1


def _crash_within(store: Store) -> None:
    with store.begin() as tx:
        sources.set_cursor(tx, "adapter", "under way")
        pid = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)  # the server restarts all of itself
        sources.set_cursor(tx, "adapter", "later")


def _end_sessions(server: Server, address: str) -> None:
    name = make_url(address).database
    server.outside(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608 - our own name
        f" WHERE datname = '{name}' AND strpos(query, 'pg_try_advisory_lock') > 0"
    )


def _cursor(store: Store) -> str | None:
    with store.read() as tx:
        return sources.cursor(tx, "adapter")


def _soon(ask: Callable[[], str | None]) -> str | None:
    """Return what is answered once the server is up again."""
    end = SystemClock().monotonic() + 60
    while True:
        try:
            return ask()
        except ConnectorError:
            assert SystemClock().monotonic() < end
            SystemClock().sleep(0.2)
