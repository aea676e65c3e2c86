from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.store import inbox, orphans, outbox, parts
from connector.store.inbox import NewMessage
from connector.store.orphans import remove_orphans
from connector.store.outbox import OutboxPacket
from connector.store.parts import Piece
from connector.store.spool import Spool, Spooled
from connector.store.store import Store

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool")


def aged(spool: Spool, data: bytes, moment: dt.datetime) -> Spooled:
    """Put a content and date it back."""
    put = spool.put(data)
    os.utime(put.path, (moment.timestamp(), moment.timestamp()))
    return put


def test_only_what_nothing_refers_to_goes(
    store: Store,
    spool: Spool,
    clock: ManualClock,
    packet: Callable[..., OutboxPacket],
    new_message: Callable[..., NewMessage],
) -> None:
    """Files of recipes, messages and parts stay however old they are; orphans go."""
    long_ago = clock.now() - dt.timedelta(days=900)
    names = (
        *("attachment", "second attachment", "whole packet", "body", "part", "older part"),
        *("orphan", "other"),
    )
    files = {name: aged(spool, name.encode(), long_ago) for name in names}
    two = (files["attachment"], files["second attachment"])
    recipe = ",".join('{"base64":{"sha256":"' + one.sha256 + '","size":1}}' for one in two)
    whole = '[{"bytes":{"sha256":"' + files["whole packet"].sha256 + '","size":12}}]'
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09"], f'["<a>",{recipe},"</a>"]'.encode())
        outbox.enqueue(tx, packet("p2"), ["G09"], whole.encode())
        inbox.receive(tx, new_message("m", body_sha256=files["body"].sha256))
        older = Piece(1, None, 10, files["older part"].sha256)
        for key, piece in (("a", older), (files["part"].sha256, Piece(1, 0, 4))):
            parts.add(tx, key, piece, of=2, facts={}, now=clock.now())
    assert remove_orphans(store, spool) == 2
    left = {name for name in names if spool.exists(files[name].sha256)}
    assert left == set(names) - {"orphan", "other"}
    assert remove_orphans(store, spool) == 0


def test_what_is_young_stays(store: Store, spool: Spool, clock: ManualClock) -> None:
    """A file whose row may still be on its way is not touched for a day."""
    day = dt.timedelta(days=1)
    young = aged(spool, b"young", clock.now() - day + HOUR)
    old = aged(spool, b"old", clock.now() - day - HOUR)
    assert remove_orphans(store, spool) == 1
    assert spool.exists(young.sha256)
    assert not spool.exists(old.sha256)
    assert remove_orphans(store, spool, older_than=day - 2 * HOUR) == 1


def test_a_large_spool_is_looked_at_in_pieces(
    store: Store,
    spool: Spool,
    clock: ManualClock,
    packet: Callable[..., OutboxPacket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More files and rows than are looked at at once give the same result."""
    monkeypatch.setattr(orphans, "_LOOKED_AT", 3)
    monkeypatch.setattr(orphans, "_AT_ONCE", 2)
    long_ago = clock.now() - dt.timedelta(days=9)
    files = [aged(spool, b"%d" % number, long_ago) for number in range(20)]
    with store.begin() as tx:
        for number, file in enumerate(files[:11]):
            outbox.enqueue(tx, packet(f"p{number}"), ["G09"], file.sha256.encode())
    assert remove_orphans(store, spool) == 9
    assert set(spool.digests()) == {file.sha256 for file in files[:11]}


def test_what_is_put_again_meanwhile_stays(
    store: Store, spool: Spool, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A content that is put between the look at the rows and its removal is kept."""
    file = aged(spool, b"wanted again", clock.now() - dt.timedelta(days=9))
    referred = orphans.referred

    def put_meanwhile(tx: object) -> object:
        found = list(referred(tx))  # type: ignore[arg-type]
        spool.put(b"wanted again")
        return found

    monkeypatch.setattr(orphans, "referred", put_meanwhile)
    assert remove_orphans(store, spool) == 0
    assert spool.exists(file.sha256)
