"""The window of unanswered messages follows how the broker fares."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.broker.window import Window


def _answer(window: Window, *, after: float, acked: bool = True, count: int = 1) -> int:
    for _ in range(count):
        window.published(0.0)
    window.answered(count, acked=acked, at=after)
    return window.size


def test_it_begins_small_and_grows_with_quick_confirms() -> None:
    """Each quick confirm makes room for one more, up to what is set."""
    window = Window(20)
    assert window.size == 8
    assert _answer(window, after=0.1, count=5) == 13
    assert _answer(window, after=0.1, count=50) == 20


def test_a_small_setting_is_never_exceeded() -> None:
    """A window set to one stays one."""
    window = Window(1)
    assert _answer(window, after=0.0, count=3) == 1


def test_a_nack_halves_it() -> None:
    """A broker that refuses messages is given half as many, at least one."""
    window = Window(64)
    assert _answer(window, after=0.0, acked=False) == 4
    for _ in range(5):
        _answer(window, after=0.0, acked=False)
    assert window.size == 1


def test_slow_confirms_shrink_it_to_where_it_began() -> None:
    """Confirms that take many seconds take the room back that quick ones gave."""
    window = Window(64)
    _answer(window, after=0.0, count=40)
    assert _answer(window, after=9.0, count=30) == 18
    assert _answer(window, after=9.0, count=30) == 8


def test_confirms_in_between_leave_it() -> None:
    """Neither quick nor slow: nothing changes."""
    assert _answer(Window(64), after=3.0) == 8


def test_a_lost_channel_starts_it_anew() -> None:
    """After a reconnect the broker is not flooded."""
    window = Window(64)
    _answer(window, after=0.0, count=56)
    window.reset()
    assert window.size == 8


@given(
    st.integers(1, 100),
    st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.floats(0, 20))),
)
def test_it_stays_between_one_and_the_setting(
    most: int, answers: list[tuple[int, bool, float]]
) -> None:
    """Whatever is answered, in whatever order, even about messages unknown to it."""
    window = Window(most)
    for count, acked, at in answers:
        window.answered(count, acked=acked, at=at)
        assert 1 <= window.size <= most
