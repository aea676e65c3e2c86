"""A store that the version before wrote, made by that version's own migration."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.clock import ManualClock
from connector.model import recipe
from connector.model.states import DeliveryState
from connector.store import migrate, outbox
from connector.store.orphans import remove_orphans
from connector.store.spool import Spool
from connector.store.store import Store

SEALED = "2026-01-04T01:00:00.000000+00:00"
ROWS = (
    ("p1", "G22", 0, "queued"),
    ("p2", "H41", 0, "unconfirmed"),
    ("p3", "G22", 1, "blocked"),
    ("p4", "G22", 0, "finished"),
)
_PACKET = text(
    "INSERT INTO outbox_packet (position, packet_id, kind, sender, document_id, content_digest,"
    " digest, body_sha256, body_size, priority, sealed_at)"
    " VALUES (:position, :packet_id, 'document', :sender, 'D', 'c', :packet_id, :digest, :size,"
    " 1 - :lane, :at)"
)
_DELIVERY = text(
    "INSERT INTO delivery (packet_id, receiver, position, lane, kind, state, attempts, not_before,"
    " reason, updated_at)"
    " VALUES (:packet_id, 'G09', :position, :lane, 'document', :state, 2, :at, 'vì', :at)"
)


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the program know the first version of the schema only, until it is called."""
    old = tmp_path / "old migrations"
    shutil.copytree(migrate.MIGRATIONS, old)
    for path in (old / "versions").glob("v000[2-9]*.py"):
        path.unlink()
    known = migrate.MIGRATIONS
    monkeypatch.setattr(migrate, "MIGRATIONS", old)
    return lambda: monkeypatch.setattr(migrate, "MIGRATIONS", known)


def fill(store: Store, spool: Spool) -> list[str]:
    """Write packets as the version before did; return the digests of their files."""
    digests: list[str] = []
    with store.begin() as tx:
        for position, (packet_id, sender, lane, state) in enumerate(ROWS, 1):
            body = spool.put(b"<edXML>%d</edXML>" % position)
            digests.append(body.sha256)
            row = {
                "position": position,
                "packet_id": packet_id,
                "sender": sender,
                "digest": body.sha256,
                "size": body.size,
                "lane": lane,
                "state": state,
                "at": SEALED,
            }
            tx.execute(_PACKET, row)
            tx.execute(_DELIVERY, row)
    return digests


def test_what_the_version_before_queued_is_sent_by_this_one(
    tmp_path: Path, clock: ManualClock, before: Callable[[], None]
) -> None:
    """Open deliveries stay due, in order and by sender; each packet is made of its whole file."""
    state, spool = tmp_path / "state", Spool(tmp_path / "spool")
    old = Store.open(state, clock=clock)
    assert old.schema_version == "0001"
    digests = fill(old, spool)
    old.close()
    before()
    new = Store.open(state, clock=clock)
    assert new.schema_version == migrate.newest()
    with new.read() as tx:
        due = outbox.due(tx, now=clock.now(), limit=9)
        ours = outbox.due(tx, now=clock.now(), limit=9, not_of=["H41"])
        recipes = outbox.recipes(tx, [row[0] for row in ROWS])
        kept = outbox.delivery(tx, "p3", "G09")
        assert tx.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert tx.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert [packet.packet_id for packet, _ in due] == ["p1", "p2", "p3"]
    assert [packet.packet_id for packet, _ in ours] == ["p1", "p3"]
    assert [recipe.files(recipes[row[0]]) for row in ROWS] == [(digest,) for digest in digests]
    for (packet_id, *_), digest in zip(ROWS, digests, strict=True):
        (part,) = recipe.decode(recipes[packet_id], spool.get)
        assert recipe.encode([part]) == recipes[packet_id]
        assert spool.verify(digest).sha256 == digest
    assert kept is not None
    assert (kept.state, kept.attempts, kept.reason) == (DeliveryState.BLOCKED, 2, "vì")
    new.close()


def test_files_of_the_version_before_are_no_orphans(
    tmp_path: Path, clock: ManualClock, before: Callable[[], None]
) -> None:
    """However old they are, files that a migrated row names stay."""
    state, spool = tmp_path / "state", Spool(tmp_path / "spool")
    old = Store.open(state, clock=clock)
    digests = fill(old, spool)
    old.close()
    before()
    clock.sleep(dt.timedelta(days=4000).total_seconds())
    new = Store.open(state, clock=clock)
    assert remove_orphans(new, spool) == 0
    assert set(spool.digests()) == set(digests)
    new.close()
