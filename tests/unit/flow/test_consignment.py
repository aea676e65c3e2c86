"""Large packets as numbered parts: which are sent, which again, and how a delivery is decided."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connector.broker.message import Outcome, OutcomeKind, Outgoing
from connector.flow.consignment import AT_ONCE, Consignment
from connector.model.content import BytesContent
from connector.model.packet import Payload, chunks_of

KEY = ("p1", "H41")
PARTS = (b"<a>", Payload(BytesContent(bytes(range(256)) * 8)), b"</a>")
DATA = b"".join(chunks_of(PARTS))
WHOLE = Outgoing(
    key=KEY,
    exchange="edoc",
    routing_key="H41",
    body=b"",
    message_id="p1",
    type="document",
    user_id="G22",
    headers={"edoc-sha256": "ab"},
)


def _consignment(part_bytes: int = 300, confirmed: set[int] | None = None) -> Consignment:
    return Consignment(WHOLE, PARTS, part_bytes, confirmed or set())


def _sent(consignment: Consignment) -> list[Outgoing]:
    messages = []
    while consignment.next_size() is not None:
        messages.append(consignment.next_message())
    return messages


def _said(number: int, kind: OutcomeKind = OutcomeKind.CONFIRMED) -> Outcome:
    return Outcome(KEY, kind, part=number)


@given(st.integers(1, 3000))
def test_the_parts_join_to_the_packet(part_bytes: int) -> None:
    """Every part bears its number, the count and the size of the whole; joined they are it."""
    consignment = _consignment(part_bytes)
    bodies: dict[int, bytes] = {}
    decided = None
    while decided is None:
        for message in _sent(consignment):
            body = message.body
            bodies[message.part] = body if isinstance(body, bytes) else b"".join(body)
            assert message.headers["edoc-part"] == message.part
            assert message.headers["edoc-parts"] == consignment.count
            assert message.headers["edoc-size"] == len(DATA)
            assert message.headers["edoc-sha256"] == "ab"
            decided = consignment.settle(_said(message.part))
    assert decided == Outcome(KEY, OutcomeKind.CONFIRMED)
    assert b"".join(bodies[number] for number in sorted(bodies)) == DATA


def test_few_parts_are_under_way_at_once() -> None:
    """The next part goes out when one was answered, so that others may overtake."""
    consignment = _consignment()
    assert [message.part for message in _sent(consignment)] == list(range(1, AT_ONCE + 1))
    assert consignment.settle(_said(2)) is None
    assert [message.part for message in _sent(consignment)] == [AT_ONCE + 1]


def test_a_part_that_was_not_taken_goes_first_again() -> None:
    """A part that the publisher would not take keeps its turn."""
    consignment = _consignment()
    consignment.not_taken(consignment.next_message().part)
    assert consignment.next_message().part == 1


def test_a_return_or_refusal_of_one_part_ends_the_delivery() -> None:
    """The others cannot fare better; their answers change nothing."""
    for kind in (OutcomeKind.RETURNED, OutcomeKind.REFUSED):
        consignment = _consignment()
        _sent(consignment)
        assert consignment.settle(_said(1, kind)) == Outcome(KEY, kind)
        assert consignment.next_size() is None


def test_a_nack_waits_for_the_other_answers() -> None:
    """What was confirmed before the delivery gives up its turn is not sent again."""
    consignment = _consignment()
    _sent(consignment)
    assert consignment.settle(_said(1, OutcomeKind.NACKED)) is None
    assert consignment.next_size() is None
    assert consignment.settle(_said(2)) is None
    assert consignment.settle(_said(4)) is None
    assert consignment.settle(_said(3)) == Outcome(KEY, OutcomeKind.NACKED)
    again = _consignment(confirmed=consignment.confirmed)
    assert [message.part for message in _sent(again)] == [1, 5, 6, 7]


def test_a_refusal_outweighs_a_lost_answer() -> None:
    """A delivery that can never pass is not tried again because another part got lost."""
    consignment = _consignment()
    _sent(consignment)
    assert consignment.settle(_said(1, OutcomeKind.UNKNOWN)) is None
    decided = consignment.settle(_said(2, OutcomeKind.REFUSED))
    assert decided is not None
    assert replace(decided, part=0).kind is OutcomeKind.REFUSED
