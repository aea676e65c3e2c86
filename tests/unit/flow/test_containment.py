"""What is told of a message that is parked: the true reason comes first, with its own remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.errors import Finding, StorageError
from connector.flow import codes
from connector.flow.containment import Containment
from connector.model.states import InboxState
from connector.sinks import codes as sink_codes
from connector.store import codes as store_codes
from connector.store import inbox, journal
from connector.store.inbox import InboxMessage
from connector.trust.pki import DevPki
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office

DIGEST = "0" * 64


@pytest.fixture
def received(office: Office, pki: DevPki) -> InboxMessage:
    """Return a message that nobody has looked at."""
    receiver_of(office.node, AtHand(messages_of([packet(pki, 1)]))).pump()
    return row(office)


def row(office: Office) -> InboxMessage:
    """Return the one message."""
    with office.node.store.read() as tx:
        (found,) = inbox.list_messages(tx, limit=9)
    return found


def told(office: Office) -> list[tuple[str, str]]:
    """Return code and reason of what was told when the message was parked."""
    with office.node.store.read() as tx:
        entries = journal.entries(tx, limit=99)
    return [
        (entry.facts["error_code"], entry.facts["reason"])
        for entry in entries
        if entry.event in {"message_quarantined", "sink_failed", "alarm_raised"}
    ]


def fails(error: Exception) -> Callable[[InboxMessage], None]:
    """Return a step that fails."""

    def step(_row: InboxMessage) -> None:
        raise error

    return step


@pytest.mark.parametrize(
    "finding",
    [
        store_codes.BODY_MISSING.at("x", sha256=DIGEST),
        store_codes.BODY_CHANGED.at("x", sha256=DIGEST, found="1" * 64),
        sink_codes.CONTENT_DAMAGED.at("a.pdf", name="a.pdf"),
    ],
    ids=lambda finding: finding.code,
)
def test_a_damaged_body_is_told_as_what_it_is(
    office: Office, received: InboxMessage, finding: Finding
) -> None:
    """The program did not fail: nobody is asked to report a bug, but to look at the disk."""
    contained = Containment(office.node.ledger, office.node.policy)
    assert contained.attempt(received, fails(StorageError(finding))) is None
    parked = row(office)
    assert parked.state is InboxState.PARKED
    assert list(parked.findings) == [finding.as_dict()]
    assert told(office) == [(finding.code, finding.en)] * 2


def test_what_nobody_foresaw_is_still_told_as_such(office: Office, received: InboxMessage) -> None:
    """There a report helps."""
    contained = Containment(office.node.ledger, office.node.policy)
    assert contained.attempt(received, fails(KeyError("odd"))) is None
    (finding,) = row(office).findings
    assert (finding["code"], "odd" in finding["en"]) == (codes.UNEXPECTED.code, True)
    assert [code for code, _ in told(office)] == [codes.UNEXPECTED.code] * 2


def test_a_body_damaged_on_the_disk(office: Office, received: InboxMessage) -> None:
    """As it happens: the packet was verified, then its file was changed."""
    node = office.node
    node.admission.pump()
    path = node.spool.get(received.body_sha256).path
    path.write_bytes(b"x" + path.read_bytes()[1:])
    node.desk._just_verified.take(received.message_key)  # as after a restart
    node.desk.pump()
    parked = row(office)
    assert parked.state is InboxState.PARKED
    assert parked.findings[0]["code"] == store_codes.BODY_CHANGED.code
    assert {code for code, _ in told(office)} == {store_codes.BODY_CHANGED.code}
