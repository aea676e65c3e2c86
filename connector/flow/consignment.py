"""A large packet on its way to one receiver, as numbered parts of one message.

Parts are made from the recipe when their turn comes. Few are under way at once, so that small and
urgent documents overtake. Which were confirmed is remembered while the process lives.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

from connector.broker.message import Outcome, OutcomeKind, Outgoing
from connector.model.packet import Part, size_of, span_of

__all__ = ["AT_ONCE", "Consignment"]

AT_ONCE: Final = 4
"""How many parts of one packet may be unanswered."""

_FINAL: Final = frozenset({OutcomeKind.RETURNED, OutcomeKind.REFUSED})


@dataclass(slots=True)
class Consignment:
    """The parts of one delivery; `whole` is its message without a body."""

    whole: Outgoing
    parts: tuple[Part, ...]
    part_bytes: int
    confirmed: set[int] = field(default_factory=set)
    _waiting: deque[int] = field(init=False)
    _under_way: set[int] = field(init=False, default_factory=set)
    _failed: Outcome | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        numbers = range(1, self.count + 1)
        self._waiting = deque(number for number in numbers if number not in self.confirmed)

    @property
    def size(self) -> int:
        """Number of bytes of the packet."""
        return size_of(self.parts)

    @property
    def count(self) -> int:
        """Number of parts."""
        return -(-self.size // self.part_bytes)

    def next_size(self) -> int | None:
        """Return the size of the part whose turn it is, None if none is to be sent now."""
        if self._failed is not None or len(self._under_way) >= AT_ONCE or not self._waiting:
            return None
        start, end = self._span(self._waiting[0])
        return end - start

    def next_message(self) -> Outgoing:
        """Make the message of the part whose turn it is; its files are read now.

        Raises:
            StorageError: a file is gone.
        """
        number = self._waiting[0]
        start, end = self._span(number)
        body = b"".join(span_of(self.parts, start, end))
        headers = {
            **self.whole.headers,
            "edoc-part": number,
            "edoc-parts": self.count,
            "edoc-size": self.size,
        }
        self._under_way.add(self._waiting.popleft())
        return replace(self.whole, part=number, body=body, headers=headers)

    def not_taken(self, number: int) -> None:
        """Note that a part's message was not taken over after all."""
        self._under_way.discard(number)
        self._waiting.appendleft(number)

    def settle(self, outcome: Outcome) -> Outcome | None:
        """Note a part's outcome; return that of the whole delivery once it is decided.

        A return or a refusal decides at once. A part that was nacked or lost stops the rest: when
        the others are answered, the delivery waits for its next turn, with what was confirmed.
        """
        self._under_way.discard(outcome.part)
        if outcome.kind is OutcomeKind.CONFIRMED:
            self.confirmed.add(outcome.part)
        elif self._failed is None or outcome.kind in _FINAL:
            self._failed = outcome
        if self._failed is not None:
            over = self._failed.kind in _FINAL or not self._under_way
            return replace(self._failed, part=0) if over else None
        if len(self.confirmed) == self.count:
            return Outcome(self.whole.key, OutcomeKind.CONFIRMED)
        return None

    def _span(self, number: int) -> tuple[int, int]:
        return (number - 1) * self.part_bytes, min(number * self.part_bytes, self.size)
