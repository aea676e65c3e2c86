"""Conditions of adapters, kept configurations, and what was last exchanged."""

from __future__ import annotations

from connector.clock import ManualClock
from connector.store import configs, legacy_statuses
from connector.store.conditions import (
    Condition,
    ConditionKind,
    condition,
    conditions,
    lift,
    put,
)
from connector.store.store import Store


def _paused(clock: ManualClock, reason: str | None = None) -> Condition:
    return Condition(
        adapter="a", kind=ConditionKind.PAUSED.value, since=clock.now(), actor="lan", reason=reason
    )


def test_a_condition_holds_until_it_is_lifted(store: Store, clock: ManualClock) -> None:
    """The same again changes nothing, another reason replaces it, lifting ends it."""
    with store.begin() as tx:
        assert put(tx, _paused(clock))
        clock.sleep(5)
        assert not put(tx, _paused(clock))
        assert put(tx, _paused(clock, "bảo trì"))
    with store.read() as tx:
        assert condition(tx, "a", ConditionKind.PAUSED) == _paused(clock, "bảo trì")
        assert condition(tx, "a", ConditionKind.WAITING) is None
        assert conditions(tx) == [_paused(clock, "bảo trì")]
    with store.begin() as tx:
        assert lift(tx, "a", ConditionKind.PAUSED)
        assert not lift(tx, "a", ConditionKind.PAUSED)
        assert conditions(tx) == []


def test_a_configuration_is_kept_once_byte_for_byte(store: Store, clock: ManualClock) -> None:
    """What is kept under a hash never changes."""
    files = {"adapter.yaml": "tên: thử\n".encode(), "tables/x": b"\xff\x00"}
    with store.begin() as tx:
        assert configs.keep_config(tx, "h", files, clock.now())
        assert not configs.keep_config(tx, "h", {}, clock.now())
    with store.read() as tx:
        assert configs.config(tx, "h") == files
        assert configs.config(tx, "other") is None


def test_the_last_status_of_an_item_is_known(store: Store, clock: ManualClock) -> None:
    """Names and items do not mix."""
    with store.begin() as tx:
        legacy_statuses.note_status(tx, "s", "1", "03", clock.now())
        legacy_statuses.note_status(tx, "s", "1", "05", clock.now())
    with store.read() as tx:
        assert legacy_statuses.last_status(tx, "s", "1") == "05"
        assert legacy_statuses.last_status(tx, "s", "2") is None
        assert legacy_statuses.last_status(tx, "t", "1") is None
