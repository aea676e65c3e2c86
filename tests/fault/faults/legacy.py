"""Faults of the legacy systems at both ends: F17, F20."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.fault.arena import Arena
from tests.fault.evidence import query
from tests.fault.forks import until

__all__ = ["edited_record", "export_again", "half_a_row", "sink_down"]


@contextmanager
def export_again(arena: Arena) -> Iterator[None]:
    """The legacy system writes its whole export again, and once more in another order."""
    export = arena.sites[arena.any_code()].export
    yield
    header, *rows = export.read_text("utf-8").splitlines(keepends=True)
    for _ in range(2):
        again = arena.rolls.sample(rows, len(rows))
        whole = export.with_suffix(".tmp")
        whole.write_text("".join([header, *again]), encoding="utf-8")
        whole.replace(export)
        arena.pause(0.6, 1.0)


@contextmanager
def edited_record(arena: Arena) -> Iterator[None]:
    """Somebody changes a row after it was sent: a reported conflict, no second document."""
    site = arena.sites[arena.any_code()]
    document = site.record(arena.number(), [arena.other(site.code)])
    assert arena.rest([document]), "a document before the change"
    number = document.rpartition(",")[2]
    text = site.export.read_text("utf-8")
    whole = site.export.with_suffix(".tmp")
    whole.write_text(text.replace(f"số {number}", f"số {number} (sửa)"), encoding="utf-8")
    whole.replace(site.export)
    yield
    came = until(lambda: _conflicts(arena, site.code, number), 30.0, 0.1)
    text = site.export.read_text("utf-8")
    whole.write_text(text.replace(f"số {number} (sửa)", f"số {number}"), encoding="utf-8")
    whole.replace(site.export)
    assert came, "the change was not reported"
    assert not arena.judge([document])


def _conflicts(arena: Arena, code: str, number: str) -> bool:
    rows = query(arena.sites[code].database, "SELECT source_key FROM source_conflict")
    return any(number in row["source_key"] for row in rows)


@contextmanager
def half_a_row(arena: Arena) -> Iterator[None]:
    """An export is read while the legacy system is still writing it."""
    site = arena.sites[arena.any_code()]
    before = site.export.read_text("utf-8")
    document = site.record(arena.number(), [arena.other(site.code)])
    whole = site.export.read_text("utf-8")
    half = len(before) + arena.rolls.randrange(1, len(whole) - len(before))
    for text in (whole[:half], whole):
        arena.pause(0.0, 0.2)
        with site.export.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
        arena.pause(0.0, 0.8)
    yield
    assert arena.rest([document]), f"the row that was half there: {arena.states(document)}"


@contextmanager
def sink_down(arena: Arena) -> Iterator[None]:
    """The receiver's legacy system is away: nothing is lost, delivery goes on later."""
    site = arena.sites[arena.any_code()]
    if site.has_table:
        with closing(sqlite3.connect(site.directory / "den.db", isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 10000")
            other.execute("BEGIN IMMEDIATE")
            yield
            arena.pause(0.5, 2.0)
            other.execute("ROLLBACK")
        return
    away = site.sink.with_name("away")
    site.sink.mkdir(exist_ok=True)
    site.sink.rename(away)
    site.sink.write_text("in the way")
    yield
    arena.pause(0.5, 2.0)
    site.sink.unlink()
    away.rename(site.sink)
