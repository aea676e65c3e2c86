"""Bookkeeping of unanswered messages: each gets exactly one outcome."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.broker import codes
from connector.broker.in_flight import Answer, InFlight
from connector.broker.message import OutcomeKind, Outgoing


def _message(number: int, *, exchange: str = "edoc", user: str = "G22", size: int = 1) -> Outgoing:
    return Outgoing(
        key=(f"p{number}", "H41"),
        exchange=exchange,
        routing_key="H41",
        body=b"x" * size,
        message_id=f"p{number}",
        type="document",
        user_id=user,
    )


def _book(*messages: Outgoing) -> InFlight:
    book = InFlight()
    for message in messages:
        book.published(message)
    return book


def _said(answers: list[Answer]) -> list[tuple[str, str]]:
    return [(answer.outcome.key[0], answer.outcome.kind.value) for answer in answers]


def test_an_ack_settles_one_message() -> None:
    """A single ack confirms the message with that tag, whatever is still open before it."""
    book = _book(_message(1), _message(2))
    assert _said(book.answered(2, multiple=False, acked=True)) == [("p2", "confirmed")]
    assert len(book) == 1


def test_a_multiple_ack_settles_everything_up_to_the_tag() -> None:
    """With `multiple` all earlier messages are confirmed too, later ones are not."""
    book = _book(*(_message(number) for number in range(1, 5)))
    confirmed = book.answered(3, multiple=True, acked=True)
    assert _said(confirmed) == [("p1", "confirmed"), ("p2", "confirmed"), ("p3", "confirmed")]


def test_an_unknown_tag_settles_nothing() -> None:
    """An answer for a tag that is not open is ignored."""
    book = _book(_message(1))
    assert book.answered(7, multiple=False, acked=True) == []
    assert len(book) == 1


def test_a_return_before_the_ack_makes_it_returned() -> None:
    """The ack of a returned message says only that the return is complete."""
    book = _book(_message(1), _message(2))
    book.returned("p1", "edoc", "H41", "312 NO_ROUTE")
    answers = book.answered(2, multiple=True, acked=True)
    assert _said(answers) == [("p1", "returned"), ("p2", "confirmed")]
    assert answers[0].outcome.reason == "312 NO_ROUTE"


def test_parts_of_one_packet_are_returned_one_by_one() -> None:
    """Two messages with the same id are marked in the order of publishing."""
    book = _book(_message(1), _message(1))
    book.returned("p1", "edoc", "H41", "no")
    assert _said(book.answered(1, multiple=False, acked=True)) == [("p1", "returned")]
    assert _said(book.answered(2, multiple=False, acked=True)) == [("p1", "confirmed")]


def test_a_nack_is_no_confirm() -> None:
    """A nacked message was not taken."""
    assert _said(_book(_message(1)).answered(1, multiple=False, acked=False)) == [("p1", "nacked")]


def test_a_lost_connection_leaves_all_unknown_and_starts_counting_anew() -> None:
    """Nothing is known of what was not answered, and tags start at 1 on the next channel."""
    book = _book(_message(1), _message(2))
    lost = codes.CONNECTION_LOST.at(broker="b", reason="cut")
    assert _said(book.void(lost)) == [("p1", "unknown"), ("p2", "unknown")]
    book.published(_message(3))
    assert _said(book.answered(1, multiple=False, acked=True)) == [("p3", "confirmed")]


def test_the_culprit_is_refused_if_it_can_only_be_one() -> None:
    """The exchange, user or size that the broker names points at one message."""
    finding = codes.NO_SUCH_EXCHANGE.at(reason="NOT_FOUND - no exchange 'gone' in vhost '/'")
    book = _book(_message(1), _message(2, exchange="gone"), _message(3))
    answers, suspects = book.refused(finding)
    assert _said(answers) == [("p2", "refused"), ("p1", "unknown"), ("p3", "unknown")]
    assert not suspects


def test_several_possible_culprits_are_to_be_tried_alone() -> None:
    """Where it can be more than one message, none is refused on suspicion."""
    finding = codes.USER_ID_FORGED.at(reason="user_id property set to 'H41' but user was 'G22'")
    book = _book(_message(1, user="H41"), _message(2), _message(3, user="H41"))
    answers, suspects = book.refused(finding)
    assert {kind for _, kind in _said(answers)} == {"unknown"}
    assert suspects == {("p1", "H41"), ("p3", "H41")}


def test_a_refusal_without_a_hint_suspects_all() -> None:
    """If what the broker names fits no message, every message is tried alone."""
    finding = codes.TOO_LARGE.at(reason="message size 99 is larger than configured max size 9")
    _, suspects = _book(_message(1), _message(2)).refused(finding)
    assert suspects == {("p1", "H41"), ("p2", "H41")}


def test_the_size_that_the_broker_names_finds_the_culprit() -> None:
    """A message that is too large is found by its size."""
    finding = codes.TOO_LARGE.at(reason="message size 99 is larger than configured max size 9")
    answers, _ = _book(_message(1), _message(2, size=99)).refused(finding)
    assert _said(answers) == [("p2", "refused"), ("p1", "unknown")]


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), max_size=20),
)
def test_each_message_gets_exactly_one_outcome(
    count: int, answers: list[tuple[int, bool, bool]]
) -> None:
    """Whatever the broker answers in which order, no message is settled twice or forgotten."""
    book = _book(*(_message(number) for number in range(count)))
    settled = [
        answer.outcome
        for tag, multiple, acked in answers
        for answer in book.answered(tag, multiple=multiple, acked=acked)
    ]
    settled += [a.outcome for a in book.void(codes.STOPPED.at())]
    assert sorted(o.key for o in settled) == sorted((f"p{n}", "H41") for n in range(count))
    assert OutcomeKind.REFUSED not in {outcome.kind for outcome in settled}
