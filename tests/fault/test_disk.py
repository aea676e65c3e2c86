"""The bad disk: what the shim records and spoils, and what a power cut leaves."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault.disk import Change, Disk, Kept, Op, build_shim, read_trace, shim_environ


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the shim."""
    return build_shim(tmp_path_factory.mktemp("shim"))


def run(
    library: Path, directory: Path, script: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a program on a bad disk."""
    return subprocess.run(
        [sys.executable, "-c", script, str(directory)],
        env=shim_environ(library, directory, **settings),
        capture_output=True,
        text=True,
        check=False,
    )


FILES = """
import os, sys
from pathlib import Path
root = Path(sys.argv[1])
(root / "d").mkdir()
descriptor = os.open(root / "d" / "new", os.O_CREAT | os.O_WRONLY)
os.write(descriptor, b"first ")
os.fsync(descriptor)
os.write(descriptor, b"second")
os.close(descriptor)
os.replace(root / "d" / "new", root / "d" / "name")
handle = os.open(root / "d", os.O_RDONLY)
os.fsync(handle)
os.close(handle)
os.link(root / "d" / "name", root / "second")
(root / "d" / "gone").write_bytes(b"x")
(root / "d" / "gone").unlink()
"""
TOGETHER = """
import os, sys
from pathlib import Path
from connector import disk
root = Path(sys.argv[1])
opened = [os.open(root / name, os.O_CREAT | os.O_WRONLY) for name in "abc"]
for each in opened:
    os.write(each, b"x")
with disk.Syncing() as syncing:
    syncing.begin([*opened[:2], os.open(root, os.O_RDONLY)])
    syncing.begin(opened[2:], data_only=True)
    way = "threads" if syncing.by_threads else "queue"
print(way)
"""
DATABASE = """
import sys, pysqlite3
tx = pysqlite3.connect(sys.argv[1] + "/x.db", isolation_level=None)
tx.execute("PRAGMA journal_mode=WAL")
tx.execute("PRAGMA synchronous=FULL")
tx.execute("CREATE TABLE IF NOT EXISTS t (a)")
for number in range(5):
    tx.execute("INSERT INTO t VALUES (?)", [number])
print(tx.execute("SELECT count(*) FROM t").fetchone()[0])
"""


def test_trace_has_what_python_does(library: Path, tmp_path: Path) -> None:
    """Every call that changes the disk is on record, in order, with its bytes."""
    root, trace = tmp_path / "root", tmp_path / "trace"
    root.mkdir()
    assert run(library, root, FILES, trace=str(trace)).stderr == ""
    found = read_trace(trace)
    assert [change.op for change in found if change.op is not Op.OPEN] == [
        Op.MKDIR,
        Op.CREATE,
        Op.WRITE,
        Op.SYNC,
        Op.WRITE,
        Op.RENAME,
        Op.SYNC_DIR,
        Op.LINK,
        Op.CREATE,
        Op.WRITE,
        Op.UNLINK,
    ]
    assert [change.data for change in found if change.op is Op.WRITE] == [
        b"first ",
        b"second",
        b"x",
    ]


def test_syncs_by_the_kernels_queue_are_seen_too(library: Path, tmp_path: Path) -> None:
    """What is asked for together is on record and on the disk like what is asked for alone."""
    root, trace = tmp_path / "root", tmp_path / "trace"
    root.mkdir()
    assert run(library, root, TOGETHER, trace=str(trace)).stdout == "queue\n"
    found = [change.op for change in read_trace(trace)]
    assert (found.count(Op.SYNC), found.count(Op.SYNC_DIR)) == (3, 1)


@pytest.mark.parametrize("which", [1, 2, 4])
def test_failing_syncs_by_the_kernels_queue(library: Path, tmp_path: Path, which: int) -> None:
    """EIO of one of them reaches the program."""
    done = run(library, tmp_path, TOGETHER, fail=f"sync:{which}")
    assert "Errno 5" in done.stderr


def test_bundled_sqlite_is_seen_too(library: Path, tmp_path: Path) -> None:
    """pysqlite3 brings its own SQLite; its writes and syncs pass through libc all the same."""
    root, trace = tmp_path / "root", tmp_path / "trace"
    root.mkdir()
    assert run(library, root, DATABASE, trace=str(trace)).stdout == "5\n"
    synced = [change.path for change in read_trace(trace) if change.op is Op.SYNC]
    assert len([path for path in synced if path.endswith("-wal")]) >= 5


def test_failing_sync_fails_the_commit(library: Path, tmp_path: Path) -> None:
    """EIO of fsync reaches the program; of a directory alone SQLite would not say it."""
    done = run(library, tmp_path, DATABASE, fail="sync:3+")
    assert "disk I/O error" in done.stderr


@pytest.mark.parametrize(("kind", "error"), [("write", "OSError"), ("open", "OSError")])
def test_failing_calls_of_python(library: Path, tmp_path: Path, kind: str, error: str) -> None:
    """EIO of a write or an open reaches the program."""
    done = run(library, tmp_path, FILES, fail=f"{kind}:1")
    assert error in done.stderr
    assert "Errno 5" in done.stderr


def test_full_disk(library: Path, tmp_path: Path) -> None:
    """After so many bytes there is no space left; a write may end short."""
    done = run(library, tmp_path, FILES, space="8")
    assert (tmp_path / "d" / "name").read_bytes() == b"first se"
    assert "No space left" in done.stderr


def test_only_its_directory_is_bad(library: Path, tmp_path: Path) -> None:
    """Files elsewhere are not touched."""
    (tmp_path / "bad").mkdir()
    script = f"from pathlib import Path; Path({str(tmp_path / 'good')!r}).write_bytes(b'x')"
    assert run(library, tmp_path / "bad", script, fail="write:1+").stderr == ""


def test_wrong_clock(library: Path, tmp_path: Path) -> None:
    """The wall clock is wrong by what a file says; the monotonic one is not."""
    offset = tmp_path / "clock"
    offset.write_bytes((-86_400).to_bytes(8, "little", signed=True))
    script = "import time; print(int(time.time()), time.monotonic() > 0)"
    now, right = run(library, tmp_path, script, clock=str(offset)).stdout.split()
    honest = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    assert 86_000 < int(honest) - int(now) < 86_800
    assert right == "True"


def test_lying_disk_says_yes_and_records_nothing(library: Path, tmp_path: Path) -> None:
    """An fsync that lies is no sync."""
    root, trace = tmp_path / "root", tmp_path / "trace"
    root.mkdir()
    run(library, root, FILES, trace=str(trace), lie="1")
    assert not [c for c in read_trace(trace) if c.op in {Op.SYNC, Op.SYNC_DIR}]


def change(op: Op, path: str = "", data: bytes = b"", **more: int | str) -> Change:
    """Return one record."""
    return Change(
        op=op,
        path=path,
        target=str(more.get("target", "")),
        inode=int(more.get("inode", 1)),
        offset=int(more.get("offset", 0)),
        data=data,
    )


def left(tmp_path: Path, changes: list[Change], kept: Kept, seed: int = 0) -> dict[str, bytes]:
    """Replay changes and return which files a cut leaves."""
    before = tmp_path / "before"
    before.mkdir(exist_ok=True)
    disk = Disk(Path("/root"), before)
    for each in changes:
        disk.apply(each)
    goal = tmp_path / "after"
    shutil.rmtree(goal, ignore_errors=True)
    disk.materialise(goal, kept, random.Random(seed))  # noqa: S311 - repeatable
    return {
        str(path.relative_to(goal)): path.read_bytes() for path in goal.rglob("*") if path.is_file()
    }


WRITTEN = [
    change(Op.CREATE, "/root/a"),
    change(Op.WRITE, data=b"one"),
    change(Op.SYNC, "/root/a"),
    change(Op.SYNC_DIR, "/root"),
    change(Op.WRITE, data=b"two", offset=3),
]


def test_unsynced_bytes_are_gone(tmp_path: Path) -> None:
    """A cut keeps what was synced, and nothing else."""
    assert left(tmp_path, WRITTEN, Kept.NOTHING) == {"a": b"one"}
    assert left(tmp_path, WRITTEN, Kept.EVERYTHING) == {"a": b"onetwo"}


def test_some_unsynced_bytes_may_survive(tmp_path: Path) -> None:
    """Which pages were on their way is chance, decided by the seed."""
    found = {left(tmp_path, WRITTEN, Kept.SOME, seed)["a"] for seed in range(20)}
    assert found == {b"one", b"onetwo"}


def test_unsynced_name_is_gone(tmp_path: Path) -> None:
    """A synced file without a synced name cannot be found."""
    assert left(tmp_path, WRITTEN[:3], Kept.NOTHING) == {}


def test_unsynced_rename_did_not_happen(tmp_path: Path) -> None:
    """Until its directory is synced the old name stands."""
    moved = [*WRITTEN[:4], change(Op.RENAME, "/root/a", target="/root/b")]
    assert left(tmp_path, moved, Kept.NOTHING) == {"a": b"one"}
    assert left(tmp_path, [*moved, change(Op.SYNC_DIR, "/root")], Kept.NOTHING) == {"b": b"one"}


def test_a_second_name_is_a_name_like_any_other(tmp_path: Path) -> None:
    """Both stand for one file; each is there once its directory was synced."""
    linked = [*WRITTEN[:4], change(Op.LINK, "/root/a", target="/root/b")]
    assert left(tmp_path, linked, Kept.NOTHING) == {"a": b"one"}
    gone = [*linked, change(Op.UNLINK, "/root/a"), change(Op.SYNC_DIR, "/root")]
    assert left(tmp_path, gone, Kept.NOTHING) == {"b": b"one"}


def test_unsynced_removal_did_not_happen(tmp_path: Path) -> None:
    """A journal that was deleted may come back: its commit is undone then."""
    removed = [*WRITTEN[:4], change(Op.UNLINK, "/root/a")]
    assert left(tmp_path, removed, Kept.NOTHING) == {"a": b"one"}
    assert left(tmp_path, removed, Kept.EVERYTHING) == {}


def test_truncation_waits_for_its_sync(tmp_path: Path) -> None:
    """Shortening a file is a change like any other."""
    cut = [*WRITTEN[:4], change(Op.TRUNCATE, offset=1)]
    assert left(tmp_path, cut, Kept.NOTHING) == {"a": b"one"}
    assert left(tmp_path, [*cut, change(Op.SYNC)], Kept.NOTHING) == {"a": b"o"}
