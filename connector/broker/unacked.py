"""Book of delivery tags that the broker waits for, so that acks can be merged safely."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

__all__ = ["Unacked"]


class Unacked:
    """Unsettled delivery tags of one channel, ascending."""

    def __init__(self) -> None:
        self._numbers: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, number: int) -> None:
        """Note a delivery; the broker numbers them upwards."""
        self._numbers[number] = None

    def clear(self) -> None:
        """Forget all: the channel is gone."""
        self._numbers.clear()

    def settle(self, numbers: AbstractSet[int]) -> tuple[int | None, list[int]]:
        """Remove tags; return the last one of an unbroken run from the oldest, and the others.

        Only such a run may be acked with `multiple`, which covers everything before it.
        """
        up_to = None
        for number in self._numbers:
            if number not in numbers:
                break
            up_to = number
        removed = self.remove(numbers)
        return up_to, [number for number in removed if up_to is None or number > up_to]

    def remove(self, numbers: AbstractSet[int]) -> list[int]:
        """Remove tags and return those that were there, ascending; twice is once."""
        found = sorted(number for number in numbers if number in self._numbers)
        for number in found:
            del self._numbers[number]
        return found
