"""A backup made while the daemon works can be put in its place."""

from __future__ import annotations

import datetime as dt
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.errors import StorageError
from connector.store import inbox, journal, parts
from connector.store.inbox import NewMessage
from connector.store.part_files import Fragment, PartFiles
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
    name = "ab" + "0" * 62
    spool = Spool(state / "parts")  # which makes the directories
    files, copies = PartFiles(spool.directory), PartFiles(target / "parts")
    files.write_many([Fragment(name, 0, b"one part, ")])
    assert run(state, target).returncode == 0
    assert copies.size(name) == 10
    files.write_many([Fragment(name, 10, b"and another")])
    assert run(state, target).returncode == 0
    store.close()
    with copies.open(name) as stream:
        assert stream.read() == b"one part, and another"


def test_a_file_that_began_anew_is_copied_anew(tmp_path: Path) -> None:
    """Another packet under the same name, as long as the one before, takes its place."""
    state, target = tmp_path / "state", tmp_path / "backups"
    Store.open(state, clock=SystemClock()).close()
    name = "cd" + "0" * 62
    files = PartFiles(Spool(state / "parts").directory)
    for body in (b"expired.", b"a packet"):
        files.write_many([Fragment(name, 0, body)])
        assert run(state, target).returncode == 0
        with PartFiles(target / "parts").open(name) as stream:
            assert stream.read() == body
        (state / "parts" / "cd" / ("0" * 62)).unlink()


def test_evidence_of_changed_bodies_is_in_it(tmp_path: Path) -> None:
    """What was put aside because somebody changed it is kept with all else."""
    state, target = tmp_path / "state", tmp_path / "backups"
    Store.open(state, clock=SystemClock()).close()
    spool = Spool(state / "spool")
    body = spool.put(b"as it came")
    body.path.chmod(0o600)
    body.path.write_bytes(b"as somebody made it")
    with pytest.raises(StorageError):
        spool.verify(body.sha256, put_aside=True)
    assert run(state, target).returncode == 0
    (copy,) = (target / "spool" / "damaged").iterdir()
    assert copy.read_bytes() == b"as somebody made it"


def test_a_backup_of_nothing_says_so(tmp_path: Path) -> None:
    """A state directory without a store is an error, not an empty backup."""
    result = run(tmp_path / "absent", tmp_path / "backups")
    assert result.returncode == 66, result.stderr
    assert not (tmp_path / "backups").exists()


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    """A body that the database names and the spool has not: the copy is made, status 1."""
    state, target = tmp_path / "state", tmp_path / "backups"
    body = _received(state)
    assert run(state, target).returncode == 0
    other = tmp_path / "other"
    Spool(state / "spool").remove(body)
    told = run(state, other)
    assert (told.returncode, f"EDX-5020 {other}/spool/" in told.stderr) == (1, True)
    assert Path(told.stdout.strip()).is_file()
    again = run(state, target)  # which has it from the first time
    assert (again.returncode, again.stderr) == (0, "")


def test_a_changed_body_is_no_copy(tmp_path: Path) -> None:
    """What is kept under a digest has it, or it is missing."""
    state, target = tmp_path / "state", tmp_path / "backups"
    place = Spool(state / "spool").get(_received(state)).path
    place.chmod(0o600)
    place.write_bytes(b"as somebody made it")
    told = run(state, target)
    assert (told.returncode, "EDX-5020" in told.stderr) == (1, True)


def test_a_spool_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """No database gets its name beside files that were not looked at; strange files are left."""
    state, target = tmp_path / "state", tmp_path / "backups"
    _received(state)
    (state / "spool" / "00" / ".nfs000012").touch()
    assert run(state, target).returncode == 0
    for path in target.glob("store-*.db"):
        path.unlink()
    (state / "spool" / "fe").rmdir()
    (state / "spool" / "fe").touch()
    told = run(state, target)
    assert told.returncode != 0
    assert list(target.glob("store-*.db")) == []


def test_a_packet_that_becomes_whole_meanwhile_is_in_it(tmp_path: Path) -> None:
    """A part that came with the snapshot and was joined before its file was copied: once more."""
    script = runpy.run_path(str(SCRIPT))
    state, target = tmp_path / "state", tmp_path / "backups"
    body = _received(state)
    name = "ef" + "0" * 62
    files = PartFiles(Spool(state / "parts").directory)
    store = Store.open(state, clock=SystemClock())
    snapshots: list[Path] = []

    def backup(source: Store, directory: Path) -> Path:
        now = SystemClock().now()
        if not snapshots:
            files.write_many([Fragment(name, 0, b"a part")])
            with store.begin() as tx:
                parts.add(tx, name, parts.Piece(1, 0, 6), of=2, facts={}, now=now)
        snapshots.append(real(source, directory))
        with store.begin() as tx:
            parts.remove(tx, name)
        Path(files.place(name)).unlink(missing_ok=True)
        return snapshots[-1]

    copy_state = script["copy_state"]
    real: Callable[[Store, Path], Path] = copy_state.__globals__["backup"]
    copy_state.__globals__["backup"] = backup
    database, missing = copy_state(state, target)
    store.close()
    assert (len(snapshots), missing) == (2, [])
    assert [path.name for path in target.glob("store-*.db")] == [database.name]
    assert Spool(target / "spool").exists(body)
    assert not (target / "incomplete").exists()


def _received(state: Path) -> str:
    """Make a store that names one body, and return its digest."""
    body = Spool(state / "spool").put(b"a packet that came")
    new = NewMessage(
        user_id="G22",
        message_id="m1",
        type="document",
        queue="edoc.H41.inbox",
        body_sha256=body.sha256,
        body_size=body.size,
        headers={},
        received_at=SystemClock().now(),
    )
    (state / "spool").rename(aside := state / "aside")  # for a store is not made beside documents
    store = Store.open(state, clock=SystemClock())
    aside.rename(state / "spool")
    with store.begin() as tx:
        assert inbox.receive(tx, new)
    store.close()
    return body.sha256
