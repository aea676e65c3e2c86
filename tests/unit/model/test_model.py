"""Identity, states and codes: what everything else relies on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from connector.clock import VIETNAM
from connector.model.content import BytesContent, read_all
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Evidence,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ResponseFor,
    Signer,
    StatusCode,
    StatusReport,
    TraceHeader,
)
from connector.model.identity import content_digest, packet_id
from connector.model.organ import above, covers, is_routable, level_one_of_qcvn, scheme_of
from connector.model.packet import CodeScheme
from connector.model.states import (
    DELIVERY_PROGRESS,
    OPEN_DELIVERY_STATES,
    DeliveryState,
    overtaken_by,
    state_after_status,
)

MOMENT = dt.datetime(2026, 1, 5, 8, 0, tzinfo=VIETNAM)


def document(**fields: Any) -> Document:
    """Return a document."""
    plain: dict[str, Any] = {
        "sender": Organization(organ_id="G22", organ_name="VPCP"),
        "receivers": (Organization(organ_id="H41", organ_name="Nghệ An"),),
        "code": DocumentCode("05", "VPCP"),
        "promulgation": Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        "document_type": DocumentType(type=2, type_name="Công văn"),
        "subject": "V/v thử",
        "signer": Signer(full_name="A"),
        "document_id": "G22,2026/01/05,05/VPCP",
        "attachments": (file("a"),),
    }
    return Document(**{**plain, **fields})


def file(content_id: str, data: bytes = b"%PDF") -> Attachment:
    """Return an attachment."""
    return Attachment(
        content_id=content_id,
        name="a.pdf",
        content_type="application/pdf",
        content=BytesContent(data),
    )


def status(**fields: Any) -> StatusReport:
    """Return a status."""
    answered = ResponseFor(
        organ_id="G22", code="05/VPCP", promulgation_date=dt.date(2026, 1, 5), document_id="x"
    )
    plain: dict[str, Any] = {
        "sender": Organization(organ_id="H41", organ_name="Nghệ An"),
        "response_for": answered,
        "status_code": StatusCode.ARRIVED,
        "timestamp": MOMENT,
        "evidence": Evidence(digest="ab", journal_head="cd"),
    }
    return StatusReport(**{**plain, **fields})


@pytest.mark.parametrize(
    "same",
    [
        document(),
        document(traces=(TraceHeader("G22", MOMENT),)),
        document(attachments=(file("another id"),)),
    ],
)
def test_packet_id_does_not_depend_on_time_or_transport(same: Document) -> None:
    """Traces and content ids come and go; the packet stays the same (G3)."""
    assert packet_id(same) == packet_id(document())
    assert content_digest(same) == content_digest(document())


@pytest.mark.parametrize(
    "other",
    [
        document(subject="V/v khác"),
        document(attachments=(file("a", b"%PDF2"),)),
        document(attachments=()),
        document(due_date=dt.date(2026, 2, 1)),
        document(receivers=(Organization(organ_id="G09", organ_name="Nghệ An"),)),
        document(business=Business(type=BusinessType.RECALL)),
        document(other_info=OtherInfo(priority=Priority.URGENT)),
        document(sender=Organization(organ_id="G09", organ_name="VPCP")),
    ],
)
def test_other_content_is_another_packet(other: Document) -> None:
    """Whatever a receiver would read otherwise makes another id."""
    assert packet_id(other) != packet_id(document())


def test_status_id_does_not_depend_on_time_or_journal() -> None:
    """The same answer sealed later is the same packet; another code, reason or digest is not."""
    later = status(timestamp=MOMENT.replace(hour=9), evidence=Evidence(digest="ab"))
    assert packet_id(later) == packet_id(status())
    others = [
        status(status_code=StatusCode.ACCEPTED),
        status(description="vì"),
        status(evidence=Evidence(digest="ff", journal_head="cd")),
    ]
    assert len({packet_id(each) for each in [status(), *others]}) == 4


def test_absent_and_empty_are_the_same_content() -> None:
    """A list that is empty says no more than one that is absent."""
    assert content_digest(replace(document(), to_places=())) == content_digest(document())


@pytest.mark.parametrize("state", list(DeliveryState))
@pytest.mark.parametrize("code", list(StatusCode))
def test_statuses_never_move_backwards(state: DeliveryState, code: StatusCode) -> None:
    """No status takes a delivery back, and nothing moves what is refused or recalled."""
    reached = state_after_status(state, code)
    if state in {DeliveryState.REFUSED, DeliveryState.RECALLED}:
        assert reached is None
    if reached in DELIVERY_PROGRESS and state in DELIVERY_PROGRESS:
        assert DELIVERY_PROGRESS.index(reached) > DELIVERY_PROGRESS.index(state)
    assert reached not in OPEN_DELIVERY_STATES


@pytest.mark.parametrize(
    ("status", "sent", "by"),
    [
        ("04", ["01", "03"], None),
        ("06", ["01"], None),
        ("03", ["01", "06"], "06"),
        ("04", ["01", "05"], "05"),
        ("06", ["01", "06"], None),
        ("03", ["02"], "02"),
        ("15", ["02"], "02"),
        ("06", ["01", "15"], "15"),
        ("02", ["01", "03", "05"], None),
        ("02", ["01", "06"], "06"),
        ("16", ["01", "06"], None),
    ],
)
def test_what_we_say_of_a_document_goes_forward(
    status: str, sent: list[str], by: str | None
) -> None:
    """Nothing follows 02 and 15, processing does not go back, what is finished is not refused."""
    overtaken = overtaken_by(StatusCode(status), [StatusCode(each) for each in sent])
    assert (overtaken.value if overtaken else None) == by


def test_only_what_was_asked_back_is_recalled() -> None:
    """15 recalls a delivery only after a recall was requested."""
    agreed = StatusCode.CHANGE_AGREED
    recalled = [state for state in DeliveryState if state_after_status(state, agreed)]
    assert recalled == [DeliveryState.RECALL_REQUESTED]


@pytest.mark.parametrize(
    ("code", "scheme"),
    [
        ("H41", CodeScheme.QD20),
        ("H41.02.03", CodeScheme.QD20),
        ("000.00.00.G22", CodeScheme.QCVN102),
        ("000.00.02.H41", CodeScheme.QCVN102),
        ("hello", None),
        ("", None),
        ("h41", None),
    ],
)
def test_scheme_of(code: str, scheme: CodeScheme | None) -> None:
    """The place of the letters tells the scheme."""
    assert scheme_of(code) is scheme


def test_hierarchy_of_codes() -> None:
    """A code covers itself and what lies below it, not what only begins like it."""
    assert covers("H41", "H41")
    assert covers("H41", "H41.02")
    assert not covers("H41", "H411")
    assert not covers("H41.02", "H41")
    assert (above("H41.02.03"), above("H41")) == ("H41.02", None)
    assert level_one_of_qcvn("000.00.00.G22") == "G22"
    assert level_one_of_qcvn("000.00.02.H41") is None
    assert level_one_of_qcvn("G22") is None


@pytest.mark.parametrize("code", ["", "H41.", ".H41", "H41.*", "#", "H41 ", "A" * 61, "h41"])
def test_codes_that_cannot_be_routed(code: str) -> None:
    """Wildcards, empty parts and small letters stand in no routing key."""
    assert not is_routable(code)


def test_joined_codes() -> None:
    """A notation in the style of the Party joins without a slash."""
    assert str(DocumentCode("05", "QĐ-TTg")) == "05/QĐ-TTg"
    assert str(DocumentCode("05", "-CV/TW")) == "05-CV/TW"


def test_content_can_be_opened_again() -> None:
    """Content gives the same bytes each time it is opened."""
    content = BytesContent(b"abc")
    assert (read_all(content), read_all(content), content.size) == (b"abc", b"abc", 3)
    assert content.sha256.startswith("ba7816bf")


def test_defaults_of_a_document() -> None:
    """Without Bussiness a document is new, without a degree of urgency it is normal."""
    assert document().business_type is BusinessType.NEW
    assert document().priority is Priority.NORMAL
    assert document(other_info=OtherInfo(priority=Priority.URGENT)).priority is Priority.URGENT
