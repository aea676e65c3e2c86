"""Only the daemon makes and upgrades the store: verbs of a new version change nothing under it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.store import codes
from connector.store.store import Store
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.test_pause import config

__all__ = ["config"]

_ASKED = [
    ("pause", "g22-van-ban-di"),
    ("resume", "g22-van-ban-di"),
    ("outbox", "retry", "--all"),
    ("outbox", "park", "P", "--reason", "thử"),
    ("inbox", "retry", "--all"),
    ("inbox", "park", "P", "--reason", "thử"),
    ("inbox", "close", "P", "--reason", "thử"),
    ("recall", "P"),
    ("resend", "P"),
]
_OTHERS = [("send", "goi-tin.xml"), ("reply", "P", "06")]


@pytest.mark.parametrize("verb", _ASKED + _OTHERS, ids=" ".join)
def test_a_verb_leaves_an_older_store_as_it_is(
    terminal: Terminal, config: Path, verb: tuple[str, ...]
) -> None:
    """It may be the store of a daemon that still runs with the older version."""
    state = config.parent / "state"
    _store(state)
    options = ("--yes",) if verb in _ASKED else ()
    said = terminal.run(*verb, *options, "--config", config)
    assert (said.status, codes.OLDER_SCHEMA.code in said.err) == (78, True)
    with pytest.raises(Exception, match="0004"):
        Store.open(state, clock=SystemClock(), read_only=True)
    assert not (state / "backups").exists()


@pytest.mark.parametrize("verb", _ASKED, ids=" ".join)
def test_a_dry_run_makes_no_store(terminal: Terminal, config: Path, verb: tuple[str, ...]) -> None:
    """What only says what would be done leaves nothing behind."""
    said = terminal.run(*verb, "--dry-run", "--config", config)
    assert (said.status, codes.STORE_ABSENT.code in said.err) == (66, True)
    assert not (config.parent / "state" / "store.db").exists()


def _store(state: Path) -> None:
    store = Store.open(state, clock=SystemClock())
    with store.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    store.close()
