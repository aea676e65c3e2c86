"""Throughput over the number of documents in the store, and over the backlog of the outbox.

A store of any size is made from a small, real one: a few documents go through the connector, then
their rows are multiplied in place, with new identities, in every table that knows documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.perf.contest import Bench, Contestant, Filler, Race, open_site, own_cores, start
from tests.perf.material import Site
from tests.perf.process import PipelineError
from tests.perf.scenes import BOTH, Direction, Scene

__all__ = ["backlogs", "multiply", "stores"]

_REAL: Final = 100
_BYTES: Final = 6000
_SENT: Final = 300
_BACKLOG_ROUNDS: Final = 2
_SKIPPED: Final = frozenset({"alembic_version", "source_cursor"})
_IDENTITIES: Final = frozenset(
    {
        "answers_packet_id",
        "correlation_id",
        "message_id",
        "message_key",
        "packet_id",
        "receipt_packet_id",
    }
)
_DIGESTS: Final = frozenset({"content_digest", "digest"})
_NAMES: Final = frozenset({"document_id", "source_key"})
_POSITIONS: Final = frozenset({"position", "seq"})
_BY_POSITION: Final = frozenset({"outbox_recipe"})
"""Tables that know documents by their position only, which are multiplied alike everywhere."""
_SEQUENCE: Final = (
    "WITH RECURSIVE copy(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copy WHERE k < ?)"
)


def multiply(store: Path, copies: int, *, same_bodies: bool) -> None:
    """Add so many copies of every document in a store that nobody has open.

    Copies that are still to be sent share the body of their original and so keep its digests.
    """
    connect = import_module("pysqlite3.dbapi2").connect  # the SQLite that the connector has
    with closing(connect(str(store))) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in names.fetchall():
            if table not in _SKIPPED and not table.startswith("sqlite_"):
                _multiply_table(connection, table, copies, same_bodies=same_bodies)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("ANALYZE")
        connection.commit()


def _multiply_table(connection: Any, table: str, copies: int, *, same_bodies: bool) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if table not in _BY_POSITION and not (_IDENTITIES | _NAMES) & set(columns):
        return  # knows no documents
    values = [_value(table, column, same_bodies=same_bodies) for column in columns]
    statement = (
        f"{_SEQUENCE} INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names of our own
        f"SELECT {', '.join(values)} FROM {table} CROSS JOIN copy ORDER BY k, {table}.rowid"
    )
    connection.execute(statement, (copies,))


def _value(table: str, column: str, *, same_bodies: bool) -> str:
    if column in _POSITIONS:
        return f"{column} + k * (SELECT max({column}) FROM {table})"  # noqa: S608 - idem
    if column in _IDENTITIES or (column in _DIGESTS and not same_bodies):
        return f"printf('%08x', k) || substr({column}, 9)"
    return f"{column} || '.' || k" if column in _NAMES else column


def stores(bench: Bench, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Measure both directions with so many documents in the store, in turns."""
    found: list[dict[str, Any]] = []
    for direction in BOTH if sizes else ():
        scene = Scene(_BYTES, ("connector",))
        with open_site(bench, scene) as site, ExitStack() as stack:
            filler = Filler(bench, site, stack, for_peers=False)
            try:
                grown = {size: _grown(bench, site, direction, size, filler) for size in sizes}
            except PipelineError as error:
                bench.cannot("connector", f"{direction}, growth of the store", _BYTES, str(error))
                continue
            for one in grown.values():
                stack.callback(one.members[0].process.close)
            fillers = {"connector": filler} if direction == "in" else {}
            Race(bench, scene, list(grown.values()), fillers).run()
            found += [
                {"documents_in_store": size, "direction": direction, **_rate(one)}
                for size, one in grown.items()
                if one.rounds
            ]
    return found


def _grown(bench: Bench, site: Site, direction: Direction, size: int, filler: Filler) -> Contestant:
    cores = own_cores(bench.cores, 1)
    member = start(bench, site, "connector", direction, cores=cores)
    one = Contestant("connector", direction, [member])
    with member.process:
        if direction == "in":
            filler.fill(_REAL)
        one.run(_REAL)
    bench.server.purge()
    multiply(member.place / "state" / "store.db", size // _REAL - 1, same_bodies=False)
    again = start(bench, site, "connector", direction, cores=cores, place=member.place)
    return Contestant("connector", direction, [again])


def backlogs(bench: Bench, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Measure how fast an outbox with so many waiting documents is sent; a part of each is."""
    found: list[dict[str, Any]] = []
    with open_site(bench, Scene(_BYTES, ("connector",))) as site:
        places = {}
        for size in sizes:
            try:
                places[size] = _backlog(bench, site, size)
            except PipelineError as error:
                reason = str(error)
                bench.cannot("connector", f"out, backlog of {size}", _BYTES, reason)
        rates: dict[int, list[float]] = {size: [] for size in places}
        for _ in range(_BACKLOG_ROUNDS):
            for size, place in places.items():
                rates[size].append(_send_some(bench, site, place))
        for size, measured in rates.items():
            rate = round(sum(measured) / len(measured), 1)
            found.append({"documents_waiting": size, "documents_per_second": rate})
    return found


def _backlog(bench: Bench, site: Site, size: int) -> Path:
    member = start(bench, site, "connector", "collect")
    with member.process:
        Contestant("connector", "out", [member]).run(_REAL)
    multiply(member.place / "state" / "store.db", size // _REAL - 1, same_bodies=True)
    return member.place


def _send_some(bench: Bench, site: Site, place: Path) -> float:
    cores = own_cores(bench.cores, 1)
    member = start(bench, site, "connector", "relay", cores=cores, place=place)
    with member.process as process, bench.spare.lent():
        process.order(_SENT)
        seconds = process.result(600)["seconds"]
    bench.server.purge()
    return _SENT / seconds


def _rate(one: Contestant) -> dict[str, float]:
    rates = sorted(answer["rate"] for answer in one.rounds)
    return {"documents_per_second": round(rates[len(rates) // 2], 1)}
