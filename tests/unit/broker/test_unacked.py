"""Merging acks must never cover a message that was not acked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.broker.unacked import Unacked


def _book(numbers: int) -> Unacked:
    book = Unacked()
    for number in range(1, numbers + 1):
        book.add(number)
    return book


def test_an_unbroken_run_from_the_oldest_is_acked_at_once() -> None:
    """One ack with `multiple` covers the run, the others are acked one by one."""
    assert _book(6).settle({1, 2, 3, 5}) == (3, [5])


def test_nothing_is_merged_over_an_open_message() -> None:
    """While the oldest message is open, every ack stands for itself."""
    assert _book(4).settle({2, 3}) == (None, [2, 3])


def test_acks_are_once_only() -> None:
    """A second ack of the same message does nothing; the broker would close the channel."""
    book = _book(2)
    book.settle({1})
    assert book.settle({1}) == (None, [])
    assert book.remove({1, 2}) == [2]
    assert len(book) == 0


@given(st.integers(0, 20), st.lists(st.sets(st.integers(1, 25)), max_size=6))
def test_exactly_the_settled_messages_are_acked(count: int, batches: list[set[int]]) -> None:
    """Over any sequence of acks the broker hears of each settled message exactly once."""
    book = _book(count)
    open_at_broker = set(range(1, count + 1))
    for batch in batches:
        up_to, single = book.settle(batch)
        covered = {n for n in open_at_broker if up_to is not None and n <= up_to}
        assert covered.isdisjoint(single)
        assert covered | set(single) == batch & open_at_broker
        open_at_broker -= covered | set(single)
    assert len(book) == len(open_at_broker)
