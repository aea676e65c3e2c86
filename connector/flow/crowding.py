"""How much unfinished a sender may leave here: of packets in parts, those that have to give way.

Parts are acknowledged one by one, so what a sender begins and never ends lies on this disk until
it expires. Beyond a generous bound a new packet takes the place of that packet of the same sender
which has waited longest for a part, with an alarm; up to a multiple of the bound not of one whose
parts are still coming: a sender has several large packets on their way at once, and does not repeat
confirmed parts. Beyond that multiple the stalest goes in any case. Parts that were left with the
broker instead would stand in the way of all other senders, since they share a queue; parts that
were set aside would fill the disk all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connector.store.parts import Assembly

__all__ = ["GENEROUS", "Room"]

_COUNTED: Final = 9000
"""How many of one sender are found for certain among those that are listed at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What one sender (broker user) may have unfinished at the most; bytes as announced."""

    packets: int
    size: int
    quiet: dt.timedelta = dt.timedelta(hours=1)
    """How long no part of a packet has come before it may give way."""
    at_most: int = 4
    """How many times the room a sender may fill with packets whose parts are still coming."""

    def giving_way(
        self, unfinished: Iterable[Assembly], user_id: str | None, size: int, now: dt.datetime
    ) -> list[Assembly]:
        """Return what must go before a sender begins a packet of `size` bytes, stalest first.

        The new packet itself is always let in.
        """
        theirs = [
            each
            for each in unfinished
            if each.facts.get("user_id") == user_id and each.arrived < each.parts
        ]
        theirs.sort(key=lambda each: each.updated_at)
        packets, total = len(theirs) + 1, size + sum(map(_announced, theirs))
        going: list[Assembly] = []
        for each in theirs:
            coming = now - each.updated_at < self.quiet and self._holds(packets, total)
            if coming or (packets <= self.packets and total <= self.size):
                break
            going.append(each)
            packets, total = packets - 1, total - _announced(each)
        return going

    def _holds(self, packets: int, size: int) -> bool:
        """Tell whether there is room for packets whose parts are still coming."""
        most = max(self.packets, min(self.at_most * self.packets, _COUNTED))
        return packets <= most and size <= self.at_most * self.size


GENEROUS = Room(packets=256, size=4 << 30)
"""The default of `limits` in connector.yaml."""


def _announced(assembly: Assembly) -> int:
    return int(assembly.facts["size"])
