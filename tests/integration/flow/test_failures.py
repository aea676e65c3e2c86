"""What fails on the way: sinks, spool, limits, other processes, and how it goes on (G2, G5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from connector.broker.message import Outcome, OutcomeKind
from connector.clock import SystemClock
from connector.errors import ConfigError, PermanentError
from connector.flow.outbound import Origin
from connector.flow.relay import Relay
from connector.flow.retry import RetryPolicy
from connector.flow.stores import open_store
from connector.model.content import BytesContent
from connector.model.envelope import Attachment, Document, StatusCode
from connector.model.recipe import files
from connector.model.states import DeliveryState, InboxState
from connector.store import outbox, sources

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab, Member

pytestmark = pytest.mark.broker

DOC = "G22,2026/01/05,05/VPCP-KSTT"
Make = Callable[..., Document]


def test_sink_that_is_down_gets_the_document_once_it_is_up(lab: Lab, document: Make) -> None:
    """01 goes out while the sink fails, 03 when it has taken the document, exactly once."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    sink = h41.directory / "sink"
    sink.write_text("in the way of the directory")
    g22.enqueue(document())
    lab.until(lambda: h41.events().count("sink_failed") >= 2)
    assert h41.inbox_states() == [InboxState.VERIFIED]
    lab.until(lambda: g22.state(DOC, "H41") is DeliveryState.ARRIVED)
    sink.unlink()
    lab.until(lambda: g22.state(DOC, "H41") is DeliveryState.ACCEPTED)
    assert h41.in_sink() == [DOC]
    assert h41.events().count("document_delivered") == 1


def test_sink_that_stays_down_parks_the_document_for_an_operator(lab: Lab, document: Make) -> None:
    """After its attempts a document is parked with an alarm; a retry delivers it."""
    g22, h41 = lab.member("G22"), lab.member("H41", park=0.1, first=0.02)
    sink = h41.directory / "sink"
    sink.write_text("in the way of the directory")
    g22.enqueue(document())
    lab.until(lambda: h41.inbox_states() == [InboxState.PARKED])
    assert h41.events().count("sink_failed") == 5
    assert h41.alarms() == ["EDX-7034"]
    sink.unlink()
    h41.operator.process_again(DOC)
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED


def test_slow_sink_keeps_no_arrival_notice_back(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many documents wait for delivery, new ones are verified and answered 01."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    monkeypatch.setattr(type(h41.node.desk), "pump", lambda *_: 0)
    monkeypatch.setattr("connector.flow.admit._BATCH", 2)
    for number in range(5):
        g22.enqueue(document(f"{number}"))
    lab.settle()
    assert h41.inbox_states() == [InboxState.VERIFIED] * 5


def test_parked_by_hand_and_sent_by_hand(lab: Lab, document: Make) -> None:
    """A parked delivery is not sent until an operator says so."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    g22.operator.park_delivery(packet_id, "chờ ý kiến")
    lab.settle()
    assert (g22.state(DOC, "H41"), h41.received()) == (DeliveryState.PARKED, [])
    g22.operator.requeue(packet_id)
    lab.settle()
    assert h41.in_sink() == [DOC]


def test_received_document_is_parked_and_released_by_hand(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verified document that an operator sets aside waits; released, it is delivered."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    with monkeypatch.context() as patch:
        patch.setattr(type(h41.node.desk), "pump", lambda *_: 0)
        g22.enqueue(document())
        lab.settle()
    h41.operator.park_received(DOC, "xem lại")
    lab.settle()
    assert (h41.inbox_states(), h41.in_sink()) == ([InboxState.PARKED], [])
    h41.operator.process_again(DOC)
    lab.settle()
    assert h41.in_sink() == [DOC]
    with pytest.raises(PermanentError, match="EDX-7032"):
        h41.operator.park_received(DOC, "quá muộn")


def test_packet_that_is_too_large_is_refused_before_it_leaves(lab: Lab) -> None:
    """The limit is the sender's: the record is refused with the size, nothing is queued."""
    g22 = lab.member("G22", max_packet=100_000)
    (g22.directory / "adapter" / "files" / "to.pdf").write_bytes(b"%PDF-1.4\n" + b"x" * 120_000)
    g22.record("05/VPCP-KSTT", "H41", Tep="to.pdf")
    assert g22.collect() == 0
    with g22.node.store.read() as tx:
        (refused,) = sources.refusals(tx, limit=9)
    assert refused.findings[0]["code"] == "EDX-4103"
    lab.settle()


def test_attachment_that_is_too_large_is_refused(lab: Lab, document: Make) -> None:
    """limits.max_attachment_bytes holds on the way out and on the way in."""
    g22 = lab.member("G22")
    h41 = lab.member("H41", attachment=2000)
    file = Attachment(
        content_id="to",
        name="to.pdf",
        content_type="application/pdf",
        content=BytesContent(b"%PDF" + b"x" * 3000),
    )
    big = document(attachments=(file,))
    with pytest.raises(PermanentError, match="EDX-4109"):
        h41.sealed(document("07", sender="H41", to=("G22",), attachments=(file,)))
    g22.enqueue(big)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.REFUSED
    assert h41.in_sink() == []


def test_body_that_is_gone_parks_only_its_delivery(lab: Lab, document: Make) -> None:
    """A packet whose file was lost is parked with an alarm; the others leave."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document("01"))
    g22.close()
    g22.open()  # nothing is remembered of what was sealed
    g22.node.spool.remove(files(g22.recipe(packet_id))[0])
    g22.enqueue(document())
    lab.settle()
    assert h41.in_sink() == [DOC]
    lost = g22.sent("G22,2026/01/05,01/VPCP-KSTT", "H41")
    assert (lost.state, lost.error_code) == (DeliveryState.PARKED, "EDX-5020")


def test_confirm_that_comes_after_a_status_moves_nothing_back(lab: Lab, document: Make) -> None:
    """A status overtakes our own confirm: the confirm is journalled, the state stays."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    assert g22.link.relay._publish(g22.link.relay._claim()) == 1
    lab.until(lambda: _pump_all_but_relay(g22, h41) and _state(g22) is DeliveryState.ACCEPTED)
    lab.settle()
    assert _state(g22) is DeliveryState.ACCEPTED
    assert g22.events().count("delivery_sent") == 1


def _pump_all_but_relay(g22: Member, h41: Member) -> bool:
    h41.pump()
    g22.link.receiver.pump(0.05)
    g22.node.admission.pump()
    return True


def _state(member: Member) -> DeliveryState:
    return member.state(DOC, "H41")


def test_unconfirmed_deliveries_go_again_at_once_after_a_crash(lab: Lab, document: Make) -> None:
    """What was under way when a process died is sent again with its id, without a wait (G2)."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    assert len(g22.link.relay._claim()) == 1
    assert g22.state(DOC, "H41") is DeliveryState.UNCONFIRMED
    g22.close()
    g22.open()
    lab.settle()
    assert [row.message_id for row in h41.received("document")] == [packet_id]
    assert g22.sent(DOC, "H41").attempts == 2


def test_what_could_not_be_handed_over_goes_again_at_once(lab: Lab, document: Make) -> None:
    """A connection that is lost between claim and hand-over costs no waiting time."""
    g22 = lab.member("G22")
    g22.enqueue(document())
    relay = g22.link.relay
    relay._release([claimed.key for claimed in relay._claim()])
    assert relay.idle
    assert len(relay._claim()) == 1


def test_recall_between_look_and_claim_is_not_overwritten(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recall by another process just before the daemon claims a delivery wins."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    look = Relay._is_due
    recalled: list[Any] = []

    def recall_after_the_look(self: Relay, tx: Any, now: dt.datetime) -> Any:
        found = look(self, tx, now)
        if found and not recalled:
            recalled.append(None)
            other = open_store(g22.node.config, clock=SystemClock())
            with other.begin() as writing:
                outbox.set_state(writing, packet_id, "H41", DeliveryState.RECALLED, now=now)
            other.close()
        return found

    monkeypatch.setattr(Relay, "_is_due", recall_after_the_look)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.RECALLED
    assert h41.received() == []


def test_recall_beside_a_daemon_that_sends_meanwhile(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that leaves while its recall is prepared is recalled with a packet."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    operator = g22.operator
    once = operator._recall
    tried: list[object] = []

    def send_first(*args: Any) -> Any:
        if not tried:
            lab.settle()
        result = once(*args)
        tried.append(result)
        return result

    monkeypatch.setattr(type(operator), "_recall", lambda _self, *args: send_first(*args))
    recalled = operator.recall(DOC, None)
    assert tried[0] is None
    assert recalled.receivers == ("H41",)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.RECALLED
    assert h41.cancelled() == [DOC]


def test_backlog_of_another_agency_starves_nobody(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two agencies in one store, one that cannot send does not hold the other up."""
    monkeypatch.setattr("connector.flow.relay._BATCH", 2)
    g22 = lab.member("G22", connect=False, agencies=["G22", "G09"])
    for number in range(9):
        g22.enqueue(document(f"{number}"))
    only = document("77", sender="G09")
    prepared = g22.node.outbound.prepare(only, agency="G09")
    with g22.node.ledger.work() as work:
        g22.node.outbound.enqueue_document(work, prepared, receivers=["H41"], origin=Origin())
    g22.connect()
    h41 = lab.member("H41")
    theirs = next(link for link in g22.links if link.agency == "G09")
    g22.links, rest = [theirs], [link for link in g22.links if link is not theirs]
    lab.settle()
    assert h41.in_sink() == [only.document_id]
    for link in rest:
        link.close()


def test_nacked_deliveries_wait_and_give_up_late(lab: Lab, document: Make) -> None:
    """A full queue blocks for now; only age and attempts together park a delivery."""
    g22 = lab.member("G22", park=0.05, first=0.02)
    packet_id = g22.enqueue(document())
    relay = g22.link.relay
    states = []
    clock = SystemClock()
    for _ in range(5):
        while not relay._claim():
            clock.sleep(0.01)
        relay._settle([Outcome((packet_id, "H41"), OutcomeKind.NACKED, "full")])
        states.append(g22.state(DOC, "H41"))
        clock.sleep(0.06)
    assert states == [DeliveryState.BLOCKED] * 4 + [DeliveryState.PARKED]
    assert g22.sent(DOC, "H41").error_code == "EDX-7004"


def test_agency_without_key_receives_and_answers_nothing(lab: Lab, document: Make) -> None:
    """Without a key documents are delivered, no receipt leaves, and nothing can be sent."""
    g22 = lab.member("G22")
    h41 = lab.member("H41", keyless=True)
    g22.enqueue(document())
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert h41.statuses_sent() == []
    assert g22.state(DOC, "H41") is DeliveryState.SENT
    with pytest.raises(PermanentError, match="EDX-4106"):
        h41.operator.reply(DOC, StatusCode.FINISHED, None)


def test_adapter_of_an_agency_without_key_is_refused(lab: Lab) -> None:
    """A node whose adapter could never send says so when it starts."""
    with pytest.raises(ConfigError, match="EDX-4106"):
        lab.member("G22", keyless=True, adapters="[adapter]")


def test_send_of_changed_content_under_one_id_is_refused(lab: Lab, document: Make) -> None:
    """`connector send` makes no silent second document either (G3)."""
    g22 = lab.member("G22")
    first = g22.sealed(document()).sealed
    assert g22.operator.send(first.data) == (first.packet_id, True)
    assert g22.operator.send(first.data) == (first.packet_id, False)
    with pytest.raises(PermanentError, match="EDX-4102"):
        g22.operator.send(g22.sealed(document(subject="V/v khác")).sealed.data)


def test_retry_policy_is_the_nodes(lab: Lab) -> None:
    """The waits of connector.yaml are those of the corridors."""
    g22 = lab.member("G22", connect=False, first=7, park=99)
    assert g22.node.policy == RetryPolicy(first_seconds=7, max_seconds=3600, park_after_seconds=99)
