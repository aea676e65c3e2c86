"""A sender whose state was put back to a backup: it signs the same content once more."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from connector.clock import SystemClock
from connector.model.envelope import StatusCode
from connector.model.states import DeliveryState, InboxState
from connector.store import inbox

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab, Member

pytestmark = pytest.mark.broker

DOC = "G22,2026/01/05,05/VPCP-KSTT"


def send_then_restore(g22: Member, lab: Lab) -> None:
    """Let a document arrive, then put its sender back to what it was before."""
    g22.close()
    kept = g22.directory / "kept"
    shutil.copytree(g22.directory / "state", kept)
    g22.open()
    g22.record("05/VPCP-KSTT", "H41")
    assert g22.collect() == 1
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    g22.close()
    _until_another_second()  # the trace list tells seconds: the copy gets another digest
    shutil.rmtree(g22.directory / "state")
    kept.rename(g22.directory / "state")
    g22.open()


def _until_another_second() -> None:
    clock = SystemClock()
    began = clock.now().replace(microsecond=0)
    while clock.now().replace(microsecond=0) == began:
        clock.sleep(0.05)


def test_a_restored_sender_gets_the_answers_again(lab: Lab) -> None:
    """Its copy has another digest: it is answered for itself, and delivered no second time."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    send_then_restore(g22, lab)
    assert g22.collect() == 1
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert h41.in_sink() == [DOC]
    assert h41.inbox_states() == [InboxState.DELIVERED, InboxState.DUPLICATE]
    assert h41.statuses_sent() == [("01", DOC), ("03", DOC)] * 2
    assert g22.alarms() == []


def test_what_follows_names_the_copy_that_the_sender_has(lab: Lab) -> None:
    """An officer's answer reaches a restored sender, too; a copy of the copy changes nothing."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    send_then_restore(g22, lab)
    g22.collect()
    lab.settle()
    h41.operator.reply(DOC, StatusCode("06"), None)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.FINISHED
    g22.operator.requeue(DOC)
    lab.settle()
    assert h41.in_sink() == [DOC]
    first, copy = h41.received("document")
    assert (copy.state, copy.copies) == (InboxState.DUPLICATE, 2)
    with h41.node.store.read() as tx:
        assert len(inbox.receipts(tx, copy.message_key)) == 2
    assert first.digest is not None
    assert g22.alarms() == []
