"""A sender whose state was put back to a backup: it signs the same content once more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from connector.clock import SystemClock
from connector.model.envelope import Business, BusinessType, Document, StatusCode
from connector.model.states import DeliveryState, InboxState
from connector.store import inbox
from connector.trust.pki import DevPki, new_dev_pki

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.flow.conftest import Lab, Member

pytestmark = pytest.mark.broker

DOC = "G22,2026/01/05,05/VPCP-KSTT"
Make = Callable[..., Document]


def send_then_restore(g22: Member, lab: Lab, answer: Callable[[], object] = str) -> None:
    """Let a document arrive and be answered, then put its sender back to what it was before."""
    keep(g22)
    g22.record("05/VPCP-KSTT", "H41")
    assert g22.collect() == 1
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    answer()
    lab.settle()
    restore(g22)


def keep(member: Member) -> None:
    """Make a backup of a member's state."""
    member.close()
    shutil.copytree(member.directory / "state", member.directory / "kept")
    member.open()


def restore(member: Member) -> None:
    """Put a member's state back to the backup."""
    member.close()
    _until_another_second()  # the trace list tells seconds: the copy gets another digest
    shutil.rmtree(member.directory / "state")
    (member.directory / "kept").rename(member.directory / "state")
    member.open()


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


def test_an_officers_refusal_is_said_again_with_its_reason(lab: Lab) -> None:
    """Statuses that an officer gave a reason for reach a restored sender word for word."""
    g22, h41 = lab.member("G22"), lab.member("H41")

    def answer() -> None:
        h41.operator.reply(DOC, StatusCode.ASSIGNED, "chuyển phòng Nội chính")
        h41.operator.reply(DOC, StatusCode.REFUSED, "gửi nhầm cơ quan")

    send_then_restore(g22, lab, answer)
    g22.collect()
    lab.settle()
    delivery = g22.sent(DOC, "H41")
    assert (delivery.state, delivery.reason) == (DeliveryState.REFUSED, "gửi nhầm cơ quan")
    said = [("01", DOC), ("03", DOC), ("04", DOC), ("02", DOC)]
    assert h41.statuses_sent() == said * 2
    reasons = [e.facts.get("reason") for e in g22.journal() if e.event == "status_applied"]
    assert "chuyển phòng Nội chính" in reasons
    assert h41.in_sink() == [DOC]
    assert g22.alarms() == []


def test_a_refusal_by_the_program_is_said_again_with_its_reason(lab: Lab, document: Make) -> None:
    """A recall that was refused since its document never came is refused again for its copy."""
    g22, h41 = lab.member("G22"), lab.member("H41", hold=0.3)
    recall = g22.act_of(document(), Business(type=BusinessType.RECALL, document_id=DOC))
    keep(g22)
    g22.enqueue(recall)
    lab.until(lambda: g22.state(DOC, "H41", 1) is DeliveryState.REFUSED)
    reason = g22.sent(DOC, "H41", 1).reason
    restore(g22)
    g22.enqueue(recall)
    lab.until(lambda: g22.state(DOC, "H41", 1) is DeliveryState.REFUSED)
    assert reason is not None
    assert "EDX-" in reason
    assert g22.sent(DOC, "H41", 1).reason == reason
    assert h41.inbox_states() == [InboxState.REFUSED, InboxState.DUPLICATE]


def test_an_answer_under_a_key_that_has_ended_is_said_anew_by_hand(
    lab: Lab, lab_pki: DevPki, tmp_path: Path
) -> None:
    """The stored answer is not believed any more; a reply with a reason bears the present key."""
    old = new_dev_pki(tmp_path / "old", [("H41", "x")], clock=SystemClock(), key_type="p256")
    anchors, registry = tmp_path / "anchors", tmp_path / "registry.yaml"
    anchors.mkdir()
    for number, each in enumerate((old, lab_pki)):
        shutil.copy(each.anchors_dir / "root.crt", anchors / f"{number}.crt")
    today = lab_pki.registry_file.read_text(encoding="utf-8")
    _, _, of_old = old.registry_file.read_text(encoding="utf-8").partition("certificates:\n")
    here = today.index("certificates:\n", today.index("code: H41\n")) + len("certificates:\n")
    registry.write_text(today[:here] + of_old + today[here:], encoding="utf-8")
    g22 = lab.member("G22", anchors=anchors, registry=registry)
    h41 = lab.member("H41")
    _sign_with(h41, lab_pki, old)
    g22.record("05/VPCP-KSTT", "H41")
    g22.collect()
    keep(g22)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    _sign_with(h41, old, lab_pki)
    registry.write_text(today, encoding="utf-8")
    restore(g22)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.SENT
    assert g22.alarms() == ["EDX-3310", "EDX-3310"]
    assert h41.operator.reply(DOC, StatusCode.ACCEPTED, None) == []
    assert len(h41.operator.reply(DOC, StatusCode.ACCEPTED, "khóa ký đã được thay")) == 1
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert h41.in_sink() == [DOC]


def _sign_with(member: Member, before: DevPki, after: DevPki) -> None:
    """Give a node another key."""
    member.close()
    path = member.directory / "connector.yaml"
    text = path.read_text(encoding="utf-8")
    for file in ("key_file", "certificate_file"):
        was, now = (str(getattr(each, file)(member.code)) for each in (before, after))
        assert was in text
        text = text.replace(was, now)
    path.write_text(text, encoding="utf-8")
    member.open()
