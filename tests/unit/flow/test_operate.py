"""What an operator may do with a part that was set aside: nothing but keep it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.errors import PermanentError
from connector.model.states import InboxState
from connector.store import journal
from tests.unit.flow.test_assembly import LIMIT, Counter

PACKET = random.Random(9).randbytes(10_000)  # noqa: S311 - no secret


@pytest.fixture
def counter(office: Any) -> Counter:
    """The receiving side of a node."""
    clock = office.node.clock
    assert isinstance(clock, ManualClock)
    return Counter(office.node, clock)


def acts(counter: Counter) -> int:
    """Return how many acts of operators are journalled."""
    with counter.node.store.read() as tx:
        entries = journal.entries(tx, limit=1000)
    return sum(entry.event == "operator_acted" for entry in entries)


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"edoc-size": LIMIT + 1}},
        {"headers": {"edoc-part": "x"}},
        {"queue": "edoc.G22.dead"},
    ],
)
def test_part_is_never_read_as_a_packet(counter: Counter, change: dict[str, Any]) -> None:
    """Its finding stays as it is, and who sent it is named as the one who can help."""
    counter.take(counter.parts_of(PACKET, 2500, **change)[0])
    (before,) = counter.rows()
    assert before.state is InboxState.QUARANTINED
    with pytest.raises(PermanentError) as caught:
        counter.node.operator("me").process_again(before.message_key)
    (finding,) = caught.value.findings
    assert (finding.code, finding.place) == ("EDX-7032", before.message_key)
    assert "a part of a packet" in finding.en
    assert "một phần của gói tin" in finding.vi
    assert "connector resend" in finding.hint_en
    assert "connector resend" in finding.hint_vi
    assert counter.rows() == [before]
    assert acts(counter) == 0


def test_part_without_its_number(counter: Counter) -> None:
    """What says only of how many it is one is no packet either."""
    counter.take(counter.message(PACKET, headers={"edoc-parts": 3, "edoc-size": 30_000}))
    (before,) = counter.rows()
    with pytest.raises(PermanentError, match="EDX-7032"):
        counter.node.operator("me").process_again(before.message_key)
    assert counter.rows() == [before]


def test_packet_that_came_in_parts(counter: Counter) -> None:
    """Once all parts were joined it is a packet, and is processed again like any other."""
    counter.take(*counter.parts_of(PACKET, 2500))
    counter.node.admission.pump()
    (row,) = counter.rows()
    assert row.state is InboxState.QUARANTINED
    counter.node.operator("me").process_again(row.message_key)
    (row,) = counter.rows()
    assert row.state is InboxState.RECEIVED
    assert acts(counter) == 1
