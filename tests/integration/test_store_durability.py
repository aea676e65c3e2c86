"""Processes that are killed while they write, and the store as an installed package has it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.store import journal, migrate, outbox, sources
from connector.store.spool import Spool
from connector.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 6

WRITER = """
import sys
from pathlib import Path
from connector.clock import SystemClock
from connector.store import journal, outbox, sources
from connector.store.spool import Spool
from connector.store.store import Store

state, clock = Path(sys.argv[1]), SystemClock()
store, spool = Store.open(state, clock=clock), Spool(state / "spool")
with store.read() as tx:
    number = int(sources.cursor(tx, "a") or 0)
while True:
    number += 1
    body = spool.put(b"%d " % number * 20_000)
    packet = outbox.OutboxPacket(
        packet_id=f"p{number}", kind="document", sender="G22", document_id="D", content_digest="c",
        digest=f"d{number}", body_size=body.size, sealed_at=clock.now())
    with store.begin() as tx:
        assert outbox.enqueue(tx, packet, ["G09", "H41"], body.sha256.encode())
        journal.append(tx, "sealed", {"n": number}, now=clock.now(), packet_id=packet.packet_id)
        sources.set_cursor(tx, "a", str(number))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""

GROUPS = """
import os, sys
from pathlib import Path
from connector.store.spool import Spool

spool, number = Spool(Path(sys.argv[1])), 0
spool.scratch().write(bytes(1_000_000))
scratch = spool.scratch()
while True:
    number += 1
    scratch.write(bytes(1_000))
    bodies = [b"%d.%d " % (number, member) * 20_000 for member in range(12)]
    for put in spool.put_many(bodies):
        sys.stdout.write(put.sha256 + "\\n")
    sys.stdout.flush()
"""

OPEN = """
import sys
import connector.store.store as room
from connector.clock import SystemClock
store = room.Store.open(sys.argv[1], clock=SystemClock())
print(store.schema_version, room.__file__)
store.close()
"""


def write_until_killed(state: Path, commits: int) -> int:
    """Let a process commit, kill it in the middle of its work, return its last reported number."""
    command = [sys.executable, "-c", WRITER, str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        reported = [writer.stdout.readline() for _ in range(commits)]
        writer.kill()
        reported += writer.stdout.readlines()
    whole = [line for line in reported if line.endswith("\n")]
    return int(whole[-1])


def check(state: Path, last_reported: int) -> int:
    """Open what is left and compare it with what was reported; return how much was committed."""
    if last_reported:
        looking = Store.open(state, clock=ManualClock(), read_only=True)
        with looking.read() as tx:
            assert int(sources.cursor(tx, "a") or 0) >= last_reported
        looking.close()
    store, spool = Store.open(state, clock=ManualClock()), Spool(state / "spool")
    with store.read() as tx:
        last = int(sources.cursor(tx, "a") or 0)
        assert last >= last_reported
        assert journal.verify(tx) == []
        assert journal.count(tx) == last
        assert sum(outbox.counts(tx).values()) == 2 * last
        for number in range(1, last + 1):
            packet = outbox.packet(tx, f"p{number}")
            assert packet is not None
            body = outbox.recipe(tx, packet.packet_id).decode()
            assert spool.verify(body).size == packet.body_size
    assert list((spool.directory / "tmp").iterdir()) == []
    store.close()
    return last


def test_what_was_reported_as_committed_survives_kill_9(tmp_path: Path) -> None:
    """After every kill the store is whole: each reported commit is there, none in halves."""
    rng = random.Random(os.getpid())  # noqa: S311
    last = 0
    for _ in range(ROUNDS):
        reported = write_until_killed(tmp_path, rng.randint(1, 80))
        assert reported > last
        last = check(tmp_path, reported)
    assert last >= ROUNDS


def test_a_group_that_was_reported_survives_kill_9(tmp_path: Path) -> None:
    """After every kill reported groups are whole, no file has a wrong name, nothing else stays."""
    rng = random.Random(os.getpid())  # noqa: S311
    for number in range(ROUNDS):
        directory = tmp_path / str(number)
        command = [sys.executable, "-c", GROUPS, str(directory)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            reported = [writer.stdout.readline() for _ in range(12 * rng.randint(1, 8))]
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(rng.random() / 50)
            writer.kill()
            reported += writer.stdout.readlines()
        for path in directory.rglob("*"):
            if path.is_file() and path.parent.name != "tmp":
                assert sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name
        spool = Spool(directory)
        assert list((directory / "tmp").iterdir()) == []
        for line in reported:
            if line.endswith("\n"):
                assert spool.verify(line.strip()).size > 0


def test_a_killed_first_start_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """A process killed while it makes the store leaves one that the next process completes."""
    rng = random.Random(os.getpid())  # noqa: S311
    for number in range(4):
        state = tmp_path / str(number)
        command = [sys.executable, "-c", WRITER, str(state)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as writer:
            while not (state / "store.db").exists():
                assert writer.poll() is None
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(rng.random() / 10)
            writer.kill()
        check(state, 0)


def test_the_migrations_are_in_the_installed_package(tmp_path: Path) -> None:
    """The built wheel contains all that a new store needs."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    result = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path / "state")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    version, where = result.stdout.split()
    assert version == migrate.newest()
    assert Path(where).is_relative_to(installed)
    assert result.stderr == ""
