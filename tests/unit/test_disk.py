"""Files that are brought through to the disk together: by the kernel's queue, or by threads."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import disk
from connector.disk import Syncing

MANY = 600


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[int]]:
    """Open more new files than the kernel's queue has room for."""
    flags = os.O_CREAT | os.O_WRONLY
    descriptors = [os.open(tmp_path / str(number), flags) for number in range(MANY)]
    yield descriptors
    for descriptor in descriptors:
        os.close(descriptor)


def test_more_files_than_the_queue_holds(opened: list[int]) -> None:
    """However many are begun, all of them are waited for, and the queue is used again."""
    for _ in range(2):
        with Syncing() as syncing:
            syncing.begin(opened)
            syncing.begin(opened[:3], data_only=True)
            assert not syncing.by_threads
    assert all(queue._open == 0 for queue in disk._queues._idle)


@pytest.mark.usefixtures("threads_only")
def test_without_the_queue(opened: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel takes no requests, threads sync every file."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with Syncing() as syncing:
        syncing.begin(opened)
        assert syncing.by_threads
    assert sorted(synced) == sorted(opened)


@pytest.mark.parametrize("way", ["queue", "threads"])
def test_what_cannot_be_synced_is_told(
    opened: list[int], request: pytest.FixtureRequest, way: str
) -> None:
    """One file of many that is not on the disk is an error, at the latest when the block ends."""
    if way == "threads":
        request.getfixturevalue("threads_only")
    reading, writing = os.pipe()  # nothing that could be synced
    try:
        with pytest.raises(OSError, match="Invalid argument"), Syncing() as syncing:
            syncing.begin([*opened[:5], writing, *opened[5:]])
        with Syncing() as syncing:
            syncing.begin([writing])
            with pytest.raises(OSError, match="Invalid argument"):
                syncing.wait()
    finally:
        os.close(reading)
        os.close(writing)


def test_the_blocks_own_error_passes(opened: list[int]) -> None:
    """What was begun is waited for, and what went wrong first is what is told."""

    def fail() -> None:
        with Syncing() as syncing:
            syncing.begin([*opened, 1 << 20])
            raise KeyError

    with pytest.raises(KeyError):
        fail()


def test_a_fork_makes_its_own_queue(tmp_path: Path) -> None:
    """A child gets nothing from its parent's queue; both sync."""
    script = (
        "import os, sys\n"
        "from connector.disk import Syncing\n"
        "def sync():\n"
        "    with open(sys.argv[1], 'wb') as stream, Syncing() as syncing:\n"
        "        syncing.begin([stream.fileno()])\n"
        "        assert not syncing.by_threads\n"
        "sync()\n"
        "child = os.fork()\n"
        "sync()\n"
        "if child:\n"
        "    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "os._exit(0)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "file")]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("number", [0, 10**6])
def test_a_kernel_that_gives_no_queue(
    opened: list[int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Without such a call, or with a sandbox that forbids it, threads do the same."""
    machine = platform.machine()
    monkeypatch.setitem(disk._NUMBERS, machine, (number or -1, *disk._NUMBERS[machine][1:]))
    monkeypatch.setattr(disk, "_queues", disk._Queues())
    with Syncing() as syncing:
        syncing.begin(opened[:9])
        assert syncing.by_threads
