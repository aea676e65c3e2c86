"""A backup made while the daemon works can be put in its place."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path

from connector.clock import SystemClock
from connector.store import journal
from connector.store.spool import Spool
from connector.store.store import Store

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "backup.py"


def run(*arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as an operator does."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)


def test_a_backup_beside_a_working_store_restores(tmp_path: Path) -> None:
    """Database and spool come back whole; a second backup copies what is new only."""
    state, target = tmp_path / "state", tmp_path / "backups"
    store = Store.open(state, clock=SystemClock())  # stays open, as the daemon's does
    spool = Spool(state / "spool")
    body = spool.put(b"a sealed packet")
    now = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    with store.begin() as tx:
        head = journal.append(tx, "document_sealed", {"body": body.sha256}, now=now)

    result = run(state, target)

    assert result.returncode == 0, result.stderr
    later = spool.put(b"another one")
    assert run(state, target).returncode == 0
    store.close()
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(result.stdout.strip(), restored / "store.db")
    shutil.copytree(target / "spool", restored / "spool")
    again = Store.open(restored, clock=SystemClock())
    with again.read() as tx:
        assert journal.verify(tx, expected_head=head) == []
    again.close()
    for each in (body, later):
        assert Spool(restored / "spool").verify(each.sha256).size == each.size


def test_parts_that_are_still_arriving_are_in_it(tmp_path: Path) -> None:
    """What a packet has of its parts comes back with the database."""
    state, target = tmp_path / "state", tmp_path / "backups"
    store = Store.open(state, clock=SystemClock())
    part = Spool(state / "parts").put(b"one part")
    assert run(state, target).returncode == 0
    store.close()
    assert Spool(target / "parts").verify(part.sha256).size == part.size


def test_a_backup_of_nothing_says_so(tmp_path: Path) -> None:
    """A state directory without a store is an error, not an empty backup."""
    result = run(tmp_path / "absent", tmp_path / "backups")
    assert result.returncode == 66, result.stderr
    assert not (tmp_path / "backups").exists()
