"""Files that are brought through to the disk together: by the kernel's queue, or by threads."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import disk
from connector.disk import Syncing, pour, write_all

MANY = 600
PIECE = disk._POURED_AT_ONCE
LONG = random.Random(5).randbytes(2 * PIECE + 12_345)  # noqa: S311 - no secret


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


class Halting(io.BytesIO):
    """A stream that gives less than it is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most some thousand bytes."""
        return super().read(min(70_000, size or 0))


def poured(path: Path, source: io.BytesIO) -> str:
    """Write a stream to a file that was there, and return the digest of what was shown."""
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        pour(source, descriptor, digest.update)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, len(LONG)])
@pytest.mark.parametrize("kind", [io.BytesIO, Halting])
def test_a_long_file_is_written_byte_for_byte(
    tmp_path: Path, size: int, kind: type[io.BytesIO]
) -> None:
    """Whatever its length and however its source comes, and all of it is shown."""
    data = LONG[:size]
    assert poured(tmp_path / "file", kind(data)) == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "file").read_bytes() == data


@pytest.mark.parametrize("where", [Path("/dev/shm"), Path("/var/tmp"), None])  # noqa: S108
def test_file_systems_differ(tmp_path: Path, where: Path | None) -> None:
    """One in memory and one on a disk, whether or not they can do without the cache."""
    with tempfile.TemporaryDirectory(dir=where or tmp_path) as directory:
        poured(Path(directory) / "file", io.BytesIO(LONG))
        assert (Path(directory) / "file").read_bytes() == LONG


@pytest.mark.parametrize("wish", ["no such flag", "not this file", "not this write"])
def test_through_the_cache_where_it_must_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    """A file system, or a kernel, that does not write past its cache gets the file all the same."""
    if wish == "no such flag":
        monkeypatch.setattr(disk, "_PAST_CACHE", 0)
    elif wish == "not this file":
        monkeypatch.setattr(disk, "_direct", lambda *_, **__: False)
    else:
        _refuse_aligned_writes(monkeypatch)
    poured(tmp_path / "file", io.BytesIO(LONG))
    assert (tmp_path / "file").read_bytes() == LONG


def _refuse_aligned_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let writes past the cache fail as those that are not aligned do."""
    write = os.write

    def refusing(descriptor: int, data: bytes) -> int:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & disk._PAST_CACHE:
            raise OSError(errno.EINVAL, "Invalid argument")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", refusing)


def test_short_writes_go_on_where_they_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nearly full disk takes a part of what it is given, and the rest a moment later."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:200_000]))
    poured(tmp_path / "file", io.BytesIO(LONG))
    with (tmp_path / "other").open("wb") as file:
        write_all(file.fileno(), LONG)
        write_all(file.fileno(), b"at its place", at=5)
    assert (tmp_path / "file").read_bytes() == LONG
    assert (tmp_path / "other").read_bytes() == LONG[:5] + b"at its place" + LONG[17:]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk has no room for is an error, also past the cache."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        poured(tmp_path / "file", io.BytesIO(LONG))
