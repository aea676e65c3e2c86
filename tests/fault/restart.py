"""A restart with very many documents in flight: how soon a node is ready, how much memory it needs.

The store is generated: real rows of a real exchange, copied under other ids, half of them given to
the broker without a confirm, a quarter sent and not answered, a quarter received and not verified.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.fault.arena import Arena
from tests.fault.evidence import query
from tests.fault.forks import until

__all__ = ["READY_WITHIN_SECONDS", "Restart", "restart"]

READY_WITHIN_SECONDS: Final = 30.0
_FEW: Final = 200
_GROWTH_MEBIBYTES: Final = 48.0
_WORK_SECONDS: Final = 10.0
_SHORT_SECONDS: Final = 2.0
_MANY: Final = 10_000
_NUMBERS: Final = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
)


@dataclass(slots=True)
class Restart:
    """What one restart took; `few` is what the same node took with hardly anything in flight."""

    documents: int
    ready_seconds: float
    peak_mebibytes: float
    few_mebibytes: float
    moved: int
    """How many of them moved on in the seconds after the node was ready."""

    faults: list[str] = field(default_factory=list)


def restart(arena: Arena, count: int) -> dict[str, Any]:
    """Measure a restart with so many documents in flight; the arena is of no use afterwards."""
    for each in arena.codes:
        arena.revive(each)
    code, peer = arena.codes[:2]
    here, there = arena.sites[code], arena.sites[peer]
    documents = [here.record(arena.number(), [peer]), there.record(arena.number(), [code])]
    if not arena.rest(documents):
        return asdict(Restart(count, 0, 0, 0, 0, ["unanswered: no documents to begin with"]))
    for each in arena.codes:
        arena.stop(each)
    _multiply(here.database, _FEW)
    work = _WORK_SECONDS if count >= _MANY else _SHORT_SECONDS
    _, few, _ = _measured(arena, code, work)
    _multiply(here.database, count)
    ready, peak, moved = _measured(arena, code, work)
    found = Restart(count, round(ready, 2), round(peak, 1), round(few, 1), moved)
    if ready > READY_WITHIN_SECONDS:
        found.faults.append(f"unanswered: ready only after {ready:.1f} s")
    if peak > few + _GROWTH_MEBIBYTES:
        found.faults.append(f"out of state: memory grows, {few:.0f} to {peak:.0f} MiB")
    if not moved:
        found.faults.append("unanswered: nothing moves after the restart")
    return asdict(found)


def _measured(arena: Arena, code: str, work_seconds: float) -> tuple[float, float, int]:
    """Start a daemon; return the seconds until it is ready, its peak in MiB, and what it moved."""
    database = arena.sites[code].database
    with _notified(arena.root / "notify") as listener:
        before, began = _open(database), time.monotonic()
        process = arena.start(code, environ={"NOTIFY_SOCKET": str(arena.root / "notify")})
        until(lambda: _is_ready(listener), 4 * READY_WITHIN_SECONDS, 0.01)
        ready = time.monotonic() - began
        until(lambda: not _open(database), work_seconds, 0.2)
        peak = _peak_mebibytes(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return ready, peak, before - _open(database)


@contextmanager
def _notified(path: Path) -> Iterator[socket.socket]:
    path.unlink(missing_ok=True)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind(str(path))
        listener.setblocking(False)
        yield listener


def _is_ready(listener: socket.socket) -> bool:
    try:
        return b"READY=1" in listener.recv(4096)
    except BlockingIOError:
        return False


def _peak_mebibytes(pid: int) -> float:
    """Return the highest resident size that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _open(database: Path) -> int:
    """Count what has to be done still."""
    statements = (
        "SELECT count(*) AS n FROM delivery WHERE state IN ('queued', 'unconfirmed')",
        "SELECT count(*) AS n FROM inbox_message WHERE state = 'received'",
    )
    return sum(int(query(database, statement)[0]["n"]) for statement in statements)


def _multiply(database: Path, count: int) -> None:
    """Copy one sent and one received document under so many ids, as they are in flight."""
    with closing(sqlite3.connect(database, isolation_level=None)) as store:
        store.execute("PRAGMA foreign_keys = OFF")
        store.execute("PRAGMA synchronous = OFF")
        store.execute("BEGIN")
        _copy_sent(store, count * 3 // 4)
        _copy_received(store, count // 4)
        store.execute("COMMIT")
    descriptor = os.open(database, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _copy_sent(store: sqlite3.Connection, count: int) -> None:
    (first,) = store.execute(
        "SELECT min(position) FROM outbox_packet WHERE kind = 'document'"
    ).fetchone()
    (base,) = store.execute("SELECT max(position) FROM outbox_packet").fetchone()
    name = f"'flight-{base}-' || i"
    changed = {
        "outbox_packet": {"position": f"{base} + i", "packet_id": name, "document_id": name},
        "outbox_recipe": {"position": f"{base} + i"},
        "delivery": {
            "position": f"{base} + i",
            "packet_id": name,
            "state": "CASE i % 3 WHEN 0 THEN 'sent' ELSE 'unconfirmed' END",
        },
    }
    for table, values in changed.items():
        _copy(store, table, f"t.position = {first}", values, count)


def _copy_received(store: sqlite3.Connection, count: int) -> None:
    (first,) = store.execute(
        "SELECT min(position) FROM inbox_message WHERE kind = 'document'"
    ).fetchone()
    (base,) = store.execute("SELECT max(position) FROM inbox_message").fetchone()
    changed = {
        "position": f"{base} + i",
        "message_key": f"printf('%064x', {base} + i)",
        "message_id": f"'flight-{base}-' || i",
        "state": "'received'",
        **dict.fromkeys(("packet_id", "sender", "document_id", "digest", "verification"), "NULL"),
    }
    _copy(store, "inbox_message", f"t.position = {first}", changed, count)


def _copy(
    store: sqlite3.Connection, table: str, which: str, changed: Mapping[str, str], count: int
) -> None:
    names = [str(row[1]) for row in store.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(name, f"t.{name}") for name in names)
    store.execute(
        f"INSERT INTO {table} ({', '.join(names)}) {_NUMBERS.format(count=count)}"  # noqa: S608
        f"SELECT {values} FROM n, {table} AS t WHERE {which}"
    )
