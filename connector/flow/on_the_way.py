"""What was in memory a moment ago and is wanted again by whoever does the next step.

Things are wanted in the order in which they came. So what comes when there is no room is not
kept, rather than that it drives out what is wanted next; it is read again from where it is
durable. One that many have overtaken, whether they were here or not, is not wanted any more: an
operator has put it aside, or its receiver is away.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = ["OnTheWay"]

_OVERTAKEN: Final = 512

_Thing = TypeVar("_Thing")


@dataclass(slots=True)
class _Kept(Generic[_Thing]):
    thing: _Thing
    size: int
    asked_before: int


class OnTheWay(Generic[_Thing]):
    """Keeps things by key, bounded in memory or on the disk; sizes are in bytes.

    With `one_larger` a thing of any size is kept while nothing else is. A thing is `overtaken`
    once so many others were asked for since it came.
    """

    def __init__(
        self, limit_bytes: int, *, one_larger: bool = False, overtaken: int = _OVERTAKEN
    ) -> None:
        self._limit: Final = limit_bytes
        self._one_larger: Final = one_larger
        self._overtaken: Final = overtaken
        self._changed: Final = threading.Condition()
        self._kept: Final[dict[str, _Kept[_Thing]]] = {}
        self._bytes = 0
        self._asked = 0
        self._taken = 0
        self._in_vain: int | None = None

    def keep(self, key: str, thing: _Thing, size: int) -> None:
        """Keep a thing, in place of another by this key, if there is room."""
        with self._changed:
            self._drop(key)
            self._drop_overtaken()
            alone = self._one_larger and not self._kept
            if alone or self._bytes + size <= self._limit:
                self._bytes += size
                self._kept[key] = _Kept(thing, size, self._asked)

    def look(self, key: str) -> _Thing | None:
        """Return a thing and keep it, None if it is not here."""
        found = self._kept.get(key)
        if found is None:
            with self._changed:
                self._asked += 1
            return None
        return found.thing

    def take(self, key: str) -> _Thing | None:
        """Return a thing and forget it, None if it is not here."""
        with self._changed:
            self._asked += 1
            had_room = self._has_room()
            found = self._drop(key)
            if found is None:
                return None
            self._taken += 1
            if self._has_room() and not had_room:  # to wake somebody for each would cost more
                self._changed.notify_all()
            return found.thing

    def forget(self, key: str) -> None:
        """Let go of a thing that nobody asked for."""
        with self._changed:
            self._drop(key)

    def wait_for_room(self, step_seconds: float, most_seconds: float | None = None) -> None:
        """Wait until most are gone; no longer once nobody took one for so many seconds.

        Whoever is faster than the next step gains nothing by going ahead. If nobody took any
        while somebody waited, nobody waits again until one is taken.
        """
        end = None if most_seconds is None else time.monotonic() + most_seconds
        with self._changed:
            self._drop_overtaken()
            while not self._has_room() and self._in_vain != self._taken:
                before = self._taken
                if not self._changed.wait(step_seconds) and self._taken == before:
                    self._in_vain = before
                if end is not None and time.monotonic() >= end:
                    return

    def _has_room(self) -> bool:
        return 3 * self._bytes <= self._limit

    def _drop_overtaken(self) -> None:
        while self._kept:
            oldest, kept = next(iter(self._kept.items()))
            if self._asked - kept.asked_before < self._overtaken:
                return
            self._drop(oldest)

    def _drop(self, key: str) -> _Kept[_Thing] | None:
        found = self._kept.pop(key, None)
        self._bytes -= 0 if found is None else found.size
        return found
