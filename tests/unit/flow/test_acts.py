"""Which received documents an act means, and when it has to wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.flow.acts import Acts, Waiting, named_documents
from connector.model.content import BytesContent
from connector.model.envelope import (
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Replacement,
    ResponseFor,
    Signer,
)
from connector.model.inbound import Inbound, InboundTarget
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import NewMessage
from connector.store.store import Store

OLD = "G22,2026/01/05,01/VPCP"
OTHER = "G22,2026/01/05,02/VPCP"


def act(business: Business | None, *answered: str, document_id: str = OLD) -> Inbound:
    """Return a received packet with a Bussiness."""
    day = dt.date(2026, 1, 5)
    document = Document(
        sender=Organization(organ_id="G22", organ_name="VPCP"),
        receivers=(Organization(organ_id="H41", organ_name="Nghệ An"),),
        code=DocumentCode("01", "VPCP"),
        promulgation=Promulgation("Hà Nội", day),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="x",
        signer=Signer(full_name="A"),
        document_id=document_id,
        business=business,
        response_for=tuple(
            ResponseFor(organ_id="G22", code="c", promulgation_date=day, document_id=each)
            for each in answered
        ),
    )
    return Inbound(
        packet_id="act",
        packet=BytesContent(b""),
        digest="",
        document=document,
        served=("H41",),
        arrived_at=ManualClock().now(),
        verification={},
    )


def business(kind: BusinessType, document_id: str | None = None, *replaced: str) -> Business:
    """Return a Bussiness."""
    replacements = tuple(Replacement(each, ("H41",)) for each in replaced)
    return Business(type=kind, document_id=document_id, replacements=replacements)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(tmp_path, clock=ManualClock())
    yield opened
    opened.close()


def received(store: Store, packet_id: str, state: InboxState, **columns: Any) -> None:
    """Put a document packet of G22 into the inbox."""
    plain: dict[str, Any] = {
        "packet_id": packet_id,
        "sender": "G22",
        "document_id": OLD,
        "kind": "document",
        "business_type": 0,
    }
    now = ManualClock().now()
    message = NewMessage(
        user_id="G22",
        message_id=packet_id,
        type="document",
        queue="q",
        body_sha256="0" * 64,
        body_size=1,
        headers={},
        received_at=now,
    )
    with store.begin() as tx:
        inbox.receive(tx, message)
        if state is InboxState.CANCELLED:
            inbox.update(tx, message.message_key, state=InboxState.VERIFIED, now=now)
        inbox.update(tx, message.message_key, state=state, now=now, **{**plain, **columns})


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (act(business(BusinessType.RECALL)), (OLD,)),
        (act(business(BusinessType.RECALL, OLD)), (OLD,)),
        (act(business(BusinessType.RECALL), OLD), (OLD,)),
        (act(business(BusinessType.RECALL, OLD), OLD, OLD), (OLD,)),
        (act(business(BusinessType.RECALL, OLD), OTHER), (OLD, OTHER)),
        (act(business(BusinessType.UPDATE, OLD), OTHER), (OLD,)),
        (act(business(BusinessType.REPLACE, None, OLD, OTHER, OLD)), (OLD, OTHER)),
        (act(business(BusinessType.REPLACE)), ()),
    ],
)
def test_named_documents(item: Inbound, named: tuple[str, ...]) -> None:
    """All three places in which the field names a recalled document are read."""
    assert named_documents(item) == named


def targets(
    store: Store, item: Inbound, sender: str = "G22"
) -> tuple[InboundTarget, ...] | Waiting:
    """Look targets up."""
    with store.read() as tx:
        return Acts().targets(tx, item, sender)


def test_new_document_acts_on_nothing(store: Store) -> None:
    """A document without Bussiness is new and has no targets."""
    assert targets(store, act(None)) == ()


def test_contradiction_is_for_a_person(store: Store) -> None:
    """A recall that names two documents, or a replacement that names none, is decided by hand."""
    received(store, "p", InboxState.DELIVERED)
    for item in (
        act(business(BusinessType.RECALL, OLD), OTHER),
        act(business(BusinessType.REPLACE)),
    ):
        found = targets(store, item)
        assert isinstance(found, Waiting)
        assert (found.for_person, found.finding.code) == (True, "EDX-7019")


@pytest.mark.parametrize(
    ("state", "recall", "update"),
    [
        (InboxState.DELIVERED, True, True),
        (InboxState.CANCELLED, True, True),
        (InboxState.VERIFIED, True, False),
        (InboxState.PARKED, True, False),
        (InboxState.REFUSED, False, False),
        (InboxState.QUARANTINED, False, False),
    ],
)
def test_reach_of_acts(store: Store, state: InboxState, *, recall: bool, update: bool) -> None:
    """A recall reaches what is not delivered yet; an update waits for the delivery."""
    received(store, "p", state)
    wanted = (InboundTarget("p", OLD),)
    assert (targets(store, act(business(BusinessType.RECALL))) == wanted) is recall
    assert (targets(store, act(business(BusinessType.UPDATE))) == wanted) is update


def test_only_the_issuers_documents_are_reached(store: Store) -> None:
    """Somebody else's recall of the same DocumentId waits for a document of his own."""
    received(store, "p", InboxState.DELIVERED)
    found = targets(store, act(business(BusinessType.RECALL)), "G09")
    assert isinstance(found, Waiting)
    assert found.finding.code == "EDX-7018"


def test_acts_are_no_targets(store: Store) -> None:
    """A recall is not recalled: acts under the same DocumentId are passed over."""
    received(store, "p", InboxState.DELIVERED)
    received(store, "q", InboxState.DELIVERED, business_type=1)
    assert targets(store, act(business(BusinessType.RECALL))) == (InboundTarget("p", OLD),)


def test_replacement_waits_for_all(store: Store) -> None:
    """A document that replaces two waits until both are here."""
    received(store, "p", InboxState.DELIVERED)
    item = act(business(BusinessType.REPLACE, None, OLD, OTHER), document_id="new")
    assert isinstance(targets(store, item), Waiting)
    received(store, "q", InboxState.DELIVERED, document_id=OTHER)
    assert targets(store, item) == (InboundTarget("p", OLD), InboundTarget("q", OTHER))
