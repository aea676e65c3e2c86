"""The tables of moves: complete, and one with what the code decides."""

from __future__ import annotations

import pytest

from connector.model.envelope import StatusCode
from connector.model.states import (
    OPEN_DELIVERY_STATES,
    DeliveryState,
    InboxState,
    state_after_status,
)
from connector.model.transitions import (
    DELIVERY_BEFORE,
    DELIVERY_MOVES,
    INBOX_BEFORE,
    INBOX_MOVES,
    Actor,
)


@pytest.mark.parametrize("state", list(DeliveryState))
@pytest.mark.parametrize("code", list(StatusCode))
def test_every_status_moves_as_the_table_says(state: DeliveryState, code: StatusCode) -> None:
    """What a status does to a delivery is a row of the table."""
    reached = state_after_status(state, code)
    rows = {
        (before, move.after)
        for move in DELIVERY_MOVES
        if move.actor is Actor.STATUS
        for before in move.before
    }
    assert reached is None or (state, reached) in rows


def test_what_was_taken_back_stays_taken_back() -> None:
    """No move leads out of ``recalled``, and out of ``cancelled``."""
    recalled, cancelled = DeliveryState.RECALLED, InboxState.CANCELLED
    assert [s for s, before in DELIVERY_BEFORE.items() if recalled in before] == [recalled]
    assert [s for s, before in INBOX_BEFORE.items() if cancelled in before] == [cancelled]


def test_only_the_broker_makes_a_delivery_sent() -> None:
    """``sent`` is reached by a confirm and by nothing else (G2)."""
    makers = {move.actor for move in DELIVERY_MOVES if move.after is DeliveryState.SENT}
    assert makers == {Actor.RELAY}


def test_only_what_was_verified_is_delivered() -> None:
    """The desk takes from ``verified``, or from ``held`` after it (G4)."""
    taken = [m.before for m in INBOX_MOVES if m.actor is Actor.DESK and m.after == "delivered"]
    assert taken == [frozenset({InboxState.VERIFIED, InboxState.HELD})]


def test_every_state_can_be_reached_and_no_open_one_is_a_dead_end() -> None:
    """Each state has a way in; what waits has a way out that needs nobody (G5)."""
    assert {move.after for move in DELIVERY_MOVES} == set(DeliveryState)
    assert {move.after for move in INBOX_MOVES} == set(InboxState)
    by_itself = {
        before
        for move in DELIVERY_MOVES
        if move.actor is Actor.RELAY
        for before in move.before
        if move.after is not before
    }
    assert by_itself >= OPEN_DELIVERY_STATES


def test_every_stuck_state_has_an_operators_move() -> None:
    """Nobody needs SQL: whatever gave up can be taken up again by hand (G5)."""
    out = {b for m in DELIVERY_MOVES if m.actor is Actor.OPERATOR for b in m.before}
    back = {b for m in INBOX_MOVES if m.actor is Actor.OPERATOR for b in m.before}
    stuck = {DeliveryState.PARKED, DeliveryState.RETURNED, DeliveryState.BLOCKED}
    aside = {InboxState.PARKED, InboxState.QUARANTINED, InboxState.REFUSED, InboxState.HELD}
    assert out >= stuck
    assert back >= aside
