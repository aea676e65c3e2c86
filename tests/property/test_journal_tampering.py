"""A thousand random changes to the journal's rows: the chain finds every one of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Row, delete, insert, select, update

from connector.clock import ManualClock
from connector.store import journal
from connector.store import tables as t
from connector.store.store import Store

ENTRIES = 40
TAMPERINGS = 1000


class Undo(Exception):
    """Ends a transaction without keeping it."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a journal of some length."""
    clock = ManualClock()
    opened = Store.open(tmp_path, clock=clock)
    with opened.begin() as tx:
        for number in range(ENTRIES):
            facts = {"number": number, "receiver": f"G{number % 7:02}", "reason": "Đã nhận"}
            packet_id = f"p{number % 5}" if number % 3 else None
            event = ("document_sealed", "delivery_sent", "status_applied")[number % 3]
            journal.append(tx, event, facts, now=clock.now(), packet_id=packet_id)
            clock.sleep(1)
    yield opened
    opened.close()


def change_a_value(tx: Connection, rng: random.Random) -> None:
    """Change one letter of one column, or whether it is there."""
    row = _row(tx, rng.randint(1, ENTRIES))
    column = rng.choice(["at", "event", "packet_id", "facts", "hash"])
    value = getattr(row, column)
    if value is None:
        changed: str | None = "p1"
    elif column == "packet_id" and rng.random() < 0.3:
        changed = None
    else:
        place = rng.randrange(len(value))
        changed = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
    tx.execute(update(t.journal).where(t.journal.c.seq == row.seq).values({column: changed}))


def remove_some(tx: Connection, rng: random.Random) -> None:
    """Remove entries, not only the last ones."""
    first = rng.randint(1, ENTRIES - 1)
    last = rng.randint(first, ENTRIES - 1)
    tx.execute(delete(t.journal).where(t.journal.c.seq.between(first, last)))


def remove_and_renumber(tx: Connection, rng: random.Random) -> None:
    """Remove one entry and close the gap."""
    gone = rng.randint(1, ENTRIES - 1)
    tx.execute(delete(t.journal).where(t.journal.c.seq == gone))
    for seq in range(gone + 1, ENTRIES + 1):
        tx.execute(update(t.journal).where(t.journal.c.seq == seq).values(seq=seq - 1))


def swap_two(tx: Connection, rng: random.Random) -> None:
    """Exchange two entries as a whole."""
    one, other = rng.sample(range(1, ENTRIES + 1), 2)
    rows = [_row(tx, one)._asdict(), _row(tx, other)._asdict()]
    tx.execute(delete(t.journal).where(t.journal.c.seq.in_([one, other])))
    tx.execute(insert(t.journal), [{**rows[0], "seq": other}, {**rows[1], "seq": one}])


def insert_a_copy(tx: Connection, rng: random.Random) -> None:
    """Insert a copy of an entry somewhere and move the later ones up."""
    copied = _row(tx, rng.randint(1, ENTRIES))._asdict()
    at = rng.randint(1, ENTRIES + 1)
    for seq in range(ENTRIES, at - 1, -1):
        tx.execute(update(t.journal).where(t.journal.c.seq == seq).values(seq=seq + 1))
    tx.execute(insert(t.journal).values({**copied, "seq": at}))


def forge_with_a_valid_hash(tx: Connection, rng: random.Random) -> None:
    """Change an entry and compute its own hash again, but not those after it."""
    seq = rng.randint(2, ENTRIES - 1)
    row = _row(tx, seq)
    plain: dict[str, Any] = {"seq": seq, "at": row.at, "event": "forged"}
    plain |= {"packet_id": row.packet_id, "facts": {}}
    chained = journal.entry_hash(_row(tx, seq - 1).hash, plain)
    forged = {"event": "forged", "facts": "{}", "hash": chained}
    tx.execute(update(t.journal).where(t.journal.c.seq == seq).values(forged))


def cut_the_end(tx: Connection, rng: random.Random) -> None:
    """Remove the last entries; the witnessed head tells."""
    tx.execute(delete(t.journal).where(t.journal.c.seq > rng.randint(0, ENTRIES - 1)))


def _row(tx: Connection, seq: int) -> Row[Any]:
    return tx.execute(select(t.journal).where(t.journal.c.seq == seq)).one()


WAYS = (
    change_a_value,
    remove_some,
    remove_and_renumber,
    swap_two,
    insert_a_copy,
    forge_with_a_valid_hash,
    cut_the_end,
)


def test_every_tampering_is_found(store: Store) -> None:
    """No change of any kind to any entry leaves the chain whole against a witnessed head."""
    rng = random.Random(20260105)  # noqa: S311
    with store.read() as tx:
        witnessed = journal.head(tx)
        assert journal.verify(tx, expected_head=witnessed) == []
    for number in range(TAMPERINGS):
        way = WAYS[number % len(WAYS)]
        with suppress(Undo), store.begin() as tx:
            way(tx, rng)
            assert journal.verify(tx, expected_head=witnessed), (way.__name__, number)
            assert journal.verify(tx) or way is cut_the_end, (way.__name__, number)
            raise Undo
    with store.read() as tx:
        assert journal.verify(tx, expected_head=witnessed) == []
