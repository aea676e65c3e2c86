"""A clock that ran ahead and was set right leaves nobody waiting for hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

import pytest

from connector.clock import ManualClock
from connector.errors import StorageError
from connector.model.states import InboxState
from connector.store import inbox, journal, outbox
from connector.trust.pki import DevPki
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office
from tests.unit.flow.full_disk import full_disk

HOURS = dt.timedelta(hours=5)


def due(office: Office) -> tuple[int, int]:
    """Return how many deliveries may leave and how many messages may be looked at now."""
    node = office.node
    now = node.clock.now()
    with node.store.read() as tx:
        there = inbox.to_process(tx, now=now, limit=9, states={InboxState.RECEIVED})
        return len(outbox.due(tx, now=now, limit=9)), len(there)


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "before it was started"])
def test_what_a_clock_ahead_put_off_is_due_at_once(
    office: Office, pki: DevPki, row: Callable[..., str], *, running: bool
) -> None:
    """What was queued and received while the clock ran ahead does not wait until then."""
    node = office.node
    clock = cast("ManualClock", node.clock)
    if running:
        node.upkeep.step()
    clock.moment += HOURS
    office.export(row("01/VPCP"), row("02/VPCP"))
    office.collect()
    receiver_of(node, AtHand(messages_of([packet(pki, 1)]))).pump()
    assert due(office) == (2, 1)
    clock.moment -= HOURS
    assert due(office) == (0, 0)
    node.upkeep.step()
    assert due(office) == (2, 1)
    assert [alarm for alarm in alarms(office) if "EDX-7063" in alarm]


def test_a_full_disk_does_not_make_it_forgotten(office: Office, row: Callable[..., str]) -> None:
    """What could not be written when the clock was found set back is done once there is room."""
    node = office.node
    clock = cast("ManualClock", node.clock)
    node.upkeep.step()
    clock.moment += HOURS
    office.export(row("01/VPCP"), row("02/VPCP"))
    office.collect()
    clock.moment -= HOURS
    with full_disk(node):
        for _ in range(2):
            with pytest.raises(StorageError):
                node.upkeep.step()
    assert due(office) == (0, 0)
    assert node.upkeep.step() == 2
    assert due(office) == (2, 0)
    assert node.upkeep.step() == 0
    assert len([alarm for alarm in alarms(office) if "EDX-7063" in alarm]) == 1


def test_a_right_clock_hurries_nobody(office: Office, row: Callable[..., str]) -> None:
    """What waits for its next attempt goes on waiting, and nothing is told."""
    node = office.node
    office.export(row("01/VPCP"))
    office.collect()
    later = node.clock.now() + HOURS
    with node.store.begin() as tx:
        (found,) = outbox.due(tx, now=node.clock.now(), limit=9)
        key = found[0].packet_id, found[1].receiver
        state = found[1].state
        outbox.set_states(tx, [key], state, now=node.clock.now(), not_before=later)
    node.upkeep.step()
    node.upkeep.step()
    assert due(office) == (0, 0)
    assert not [alarm for alarm in alarms(office) if "EDX-7063" in alarm]


def alarms(office: Office) -> list[str]:
    """Return the facts of all alarms in the journal."""
    with office.node.store.read() as tx:
        entries: Any = journal.entries(tx, limit=1000)
        return [str(each.facts) for each in entries if each.event == "alarm_raised"]
