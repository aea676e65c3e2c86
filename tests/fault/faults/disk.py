"""Faults of the disk and of the database on it: F4, F5, F6, F23."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.fault.arena import Arena
from tests.fault.forks import until

__all__ = ["bad_sync", "bad_write", "corrupt", "full", "locked", "restored", "truncated"]

_STORAGE = 74


@contextmanager
def _broken(arena: Arena, shim: dict[str, str]) -> Iterator[None]:
    """Let a daemon run on a bad disk until it gives up, loudly; then the disk is changed."""
    code = arena.any_code()
    arena.stop(code)
    arena.start(code, shim=shim)
    yield
    status = arena.ends_by_itself(code, 2.5)
    assert status in {None, _STORAGE}, f"it ended with {status}, not with {_STORAGE}"
    if status is None:
        arena.kill(code)


@contextmanager
def bad_sync(arena: Arena) -> Iterator[None]:
    """One fsync fails with EIO: nothing may be taken as durable after it."""
    with _broken(arena, {"fail": f"sync:{arena.rolls.randrange(1, 60)}"}):
        yield


@contextmanager
def bad_write(arena: Arena) -> Iterator[None]:
    """One write fails with EIO."""
    with _broken(arena, {"fail": f"write:{arena.rolls.randrange(1, 120)}"}):
        yield


@contextmanager
def full(arena: Arena) -> Iterator[None]:
    """The disk is full after some more bytes."""
    with _broken(arena, {"space": str(arena.rolls.randrange(0, 300_000))}):
        yield


@contextmanager
def locked(arena: Arena) -> Iterator[None]:
    """Another program holds the database's write lock for a while."""
    database = arena.sites[arena.any_code()].database
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("BEGIN IMMEDIATE")
        yield
        arena.pause(0.5, 2.0)
        connection.execute("ROLLBACK")


@contextmanager
def corrupt(arena: Arena) -> Iterator[None]:
    """Bytes of the database change on the disk: it is refused, and put back from a copy."""
    with _damaged(arena, _flip):
        yield


@contextmanager
def truncated(arena: Arena) -> Iterator[None]:
    """The database lost its end: it is refused, and put back from a copy."""
    with _damaged(arena, _cut):
        yield


@contextmanager
def _damaged(arena: Arena, damage: object) -> Iterator[None]:
    code = arena.any_code()
    arena.stop(code)
    database = arena.sites[code].database
    kept = database.with_suffix(".kept")
    shutil.copy2(database, kept)
    (_flip if damage is _flip else _cut)(arena, database)
    arena.start(code)
    status = arena.ends_by_itself(code)
    words = arena.log(code).read_text("utf-8").splitlines()[-6:]
    kept.replace(database)
    for leftover in (f"{database}-wal", f"{database}-shm"):
        Path(leftover).unlink(missing_ok=True)
    assert status == _STORAGE, f"a damaged database: it ended with {status}"
    assert any("EDX-50" in line for line in words), f"it does not say why: {words}"
    arena.start(code)
    yield


def _flip(arena: Arena, database: Path) -> None:
    """Destroy whole pages, the first of a table among them."""
    data = bytearray(database.read_bytes())
    pages = len(data) // 4096
    for page in {1, *(arena.rolls.randrange(1, pages) for _ in range(pages // 2))}:
        data[page * 4096 : page * 4096 + 64] = arena.rolls.randbytes(64)
    database.write_bytes(data)


def _cut(arena: Arena, database: Path) -> None:
    size = database.stat().st_size
    with database.open("r+b") as stream:
        stream.truncate(arena.rolls.randrange(4096, size - 4096) & ~4095)


@contextmanager
def restored(arena: Arena) -> Iterator[None]:
    """An agency is put back to an earlier copy; what it sent since goes out again, once in effect.

    It is answered anew, as receivers name the digest of each copy. Its packets are not compared
    with what lies in the sinks: it has signed the same content a second time.
    """
    code = arena.any_code()
    site = arena.sites[code]
    arena.stop(code)
    kept = arena.root / f"{code}.backup"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(site.state, kept)
    arena.start(code)
    yield
    since = [site.record(arena.number(), [arena.other(code)]) for _ in range(2)]
    since += arena.send(2)
    assert arena.rest(since), "documents before the restore"
    arena.stop(code)
    shutil.rmtree(site.state)
    shutil.copytree(kept, site.state)
    arena.start(code)
    arena.excused.update(arena.latest(since))
    own = [document for document in since if document.startswith(f"{code},")]
    again = until(lambda: all(arena.states(each) == ["accepted"] for each in own), 30.0, 0.1)
    assert again, f"sent again since the copy: {[arena.states(each) for each in own]}"
    for document in arena.excused:
        there = arena.copies(document)
        assert there == 1, f"{document} stands {there} times in the sink"
