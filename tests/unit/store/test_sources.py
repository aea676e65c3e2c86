from __future__ import annotations

from typing import Any

import pytest

from connector.clock import ManualClock
from connector.errors import Bug
from connector.store import codes, sources
from connector.store.store import Store

KEY: dict[str, Any] = {"adapter": "g22", "source_key": "12|2026-01-05"}
FINDING = codes.MISUSE.at("a.csv:3", reason="thiếu ngày")


def take(store: Store, digest: str = "d1", packet_id: str = "p1") -> None:
    """Note that the record became a packet."""
    facts = {"content_digest": digest, "packet_id": packet_id, "place": "a.csv:2"}
    with store.begin() as tx:
        sources.record_taken(tx, **KEY, **facts, now=store.clock.now())


def refuse(store: Store, row_digest: str | None = "r1", **other: Any) -> bool:
    """Note that the record was refused."""
    facts: dict[str, Any] = {**KEY, "place": "a.csv:3", "findings": [FINDING], **other}
    with store.begin() as tx:
        return sources.record_refused(tx, row_digest=row_digest, now=store.clock.now(), **facts)


def taken(store: Store) -> sources.Taken | None:
    """Return what is on record."""
    with store.read() as tx:
        return sources.taken(tx, KEY["adapter"], KEY["source_key"])


def test_a_cursor_moves_per_adapter(store: Store) -> None:
    """Each adapter has its own cursor, none before the first batch."""
    with store.begin() as tx:
        assert sources.cursor(tx, "a") is None
        sources.set_cursor(tx, "a", "1")
        sources.set_cursor(tx, "b", "5")
        sources.set_cursor(tx, "a", "2")
        assert (sources.cursor(tx, "a"), sources.cursor(tx, "b")) == ("2", "5")


def test_a_taken_record_names_its_packet(store: Store, clock: ManualClock) -> None:
    """Which packet a record became is kept, once."""
    assert taken(store) is None
    take(store)
    clock.sleep(60)
    take(store)
    assert taken(store) == sources.Taken(
        **KEY,
        state="taken",
        content_digest="d1",
        packet_id="p1",
        place="a.csv:2",
        at=clock.moment.replace(minute=0),
    )


def test_other_content_under_the_same_key_is_a_bug(store: Store) -> None:
    """A changed record cannot take the place of the one that was sent."""
    take(store)
    with pytest.raises(Bug):
        take(store, digest="d2", packet_id="p2")
    found = taken(store)
    assert found is not None
    assert found.packet_id == "p1"


def test_a_refusal_keeps_its_reasons(store: Store, clock: ManualClock) -> None:
    """A refused record is kept with place, row digest and findings; repeating it is told."""
    assert refuse(store)
    assert not refuse(store)
    assert taken(store) == sources.Taken(
        **KEY,
        state="refused",
        row_digest="r1",
        place="a.csv:3",
        findings=(FINDING.as_dict(),),
        at=clock.now(),
    )
    assert refuse(store, "r2")
    assert refuse(store, "r2", findings=[])
    found = taken(store)
    assert found is not None
    assert (found.row_digest, found.findings) == ("r2", ())


def test_a_refused_secret_keeps_no_digest(store: Store) -> None:
    """Of a secret only place, rule and time are on record."""
    assert refuse(store, None)
    assert not refuse(store, None)
    found = taken(store)
    assert found is not None
    assert (found.row_digest, found.content_digest, found.packet_id) == (None, None, None)


def test_a_corrected_record_is_no_longer_refused(store: Store) -> None:
    """Taking a record settles its refusal."""
    refuse(store)
    take(store)
    found = taken(store)
    assert found is not None
    assert found.state == sources.TAKEN
    with store.read() as tx:
        assert sources.refusals(tx, limit=10) == []


def test_a_later_refusal_does_not_hide_what_was_sent(store: Store) -> None:
    """A record that was sent stays known as sent, and its refusal is listed."""
    take(store)
    assert refuse(store)
    found = taken(store)
    assert found is not None
    assert (found.state, found.packet_id) == (sources.TAKEN, "p1")
    with store.read() as tx:
        assert len(sources.refusals(tx, limit=10)) == 1


def test_a_conflict_is_reported_once(store: Store, clock: ManualClock) -> None:
    """The same changed content is on record once, another change anew."""

    def conflict(digest: str) -> bool:
        facts = {**KEY, "content_digest": digest, "place": "a.csv:2"}
        with store.begin() as tx:
            return sources.record_conflict(tx, **facts, now=clock.now())

    assert [conflict("d2"), conflict("d2"), conflict("d3")] == [True, False, True]


def test_refusals_are_listed_newest_first(store: Store, clock: ManualClock) -> None:
    """Standing refusals can be listed for one adapter or all, newest first."""
    for number, adapter in enumerate("aba"):
        refuse(store, adapter=adapter, source_key=str(number))
        clock.sleep(60)
    with store.read() as tx:
        assert [r.source_key for r in sources.refusals(tx, limit=10)] == ["2", "1", "0"]
        assert [r.source_key for r in sources.refusals(tx, limit=2)] == ["2", "1"]
        assert [r.source_key for r in sources.refusals(tx, adapter="a", limit=10)] == ["2", "0"]


def record(key: str, digest: str = "d1", place: str = "a.csv:2") -> sources.TakenRecord:
    """Return a record that became a packet."""
    return sources.TakenRecord(
        adapter="g22",
        source_key=key,
        content_digest=digest,
        packet_id=f"packet of {key}",
        place=place,
        at=ManualClock().now(),
    )


def test_records_are_noted_in_one_go(store: Store) -> None:
    """A batch settles refusals, keeps what is on record, and is found by its keys."""
    with store.begin() as tx:
        sources.record_taken_many(tx, [record("k1")])
    assert refuse(store, source_key="k2")
    with store.begin() as tx:
        sources.record_taken_many(tx, [record("k2"), record("k1", place="b.csv:9"), record("k2")])
        sources.record_taken_many(tx, [])
        found = sources.taken_many(tx, "g22", ["k2", "k1", "k3", "k1"])
        assert sources.refusals(tx, limit=9) == []
        assert sources.taken_many(tx, "h41", ["k1"]) == {}
    assert {key: (row.state, row.place) for key, row in found.items()} == {
        "k2": ("taken", "a.csv:2"),
        "k1": ("taken", "a.csv:2"),
    }
    assert found["k2"].packet_id == "packet of k2"


@pytest.mark.parametrize("earlier", [True, False])
def test_a_batch_with_other_content_is_a_bug(store: Store, *, earlier: bool) -> None:
    """The same key with other content is refused, be it on record or in the same batch."""
    with store.begin() as tx:
        if earlier:
            sources.record_taken_many(tx, [record("k1")])
        with pytest.raises(Bug) as caught:
            sources.record_taken_many(tx, [record("k1")] * (not earlier) + [record("k1", "d2")])
        assert caught.value.code == codes.MISUSE.code


def test_what_was_refused_is_counted(store: Store, clock: ManualClock) -> None:
    """Refusals are counted from a moment on, secrets apart; conflicts by themselves."""
    start = clock.now()
    refuse(store, source_key="secret:a.csv:1")
    refuse(store, source_key="secre")
    clock.sleep(60)
    refuse(store, source_key="secret:a.csv:2")
    refuse(store, source_key="secreu")
    later = clock.now()
    with store.begin() as tx:
        sources.record_conflict(tx, **KEY, content_digest="d2", place="a.csv:2", now=later)
        counted = [
            [sources.refused_count(tx, since=since, secrets=secrets) for since in (None, later)]
            for secrets in (None, True, False)
        ]
        assert counted == [[4, 2], [2, 1], [2, 1]]
        assert sources.refused_count(tx, since=start) == 4
        assert sources.conflict_count(tx) == 1
        assert sources.conflict_count(tx, since=later) == 1
        clock.sleep(1)
        assert sources.conflict_count(tx, since=clock.now()) == 0
