"""The only place that reads the time.

Timestamps of packets carry no zone; QĐ 28/2018 Đ14(4) fixes Vietnam time. The zone has had one
offset since 1975, so it is written down here and no time zone database is needed on a server.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import Final, Protocol

__all__ = ["VIETNAM", "Clock", "ManualClock", "SystemClock", "vietnam_date"]

VIETNAM: Final = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")


class Clock(Protocol):
    """Where every room gets the time from."""

    def now(self) -> dt.datetime:
        """Return the current moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; for intervals only."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """Return the current moment in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait on the machine's clock."""
        time.sleep(seconds)


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is moved: golden packets and tests."""

    moment: dt.datetime = field(default=dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC))
    elapsed: float = 0.0

    def now(self) -> dt.datetime:
        """Return the moment at which the clock stands."""
        return self.moment

    def monotonic(self) -> float:
        """Return the seconds by which the clock was moved."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.moment += dt.timedelta(seconds=seconds)
        self.elapsed += seconds


def vietnam_date(moment: dt.datetime) -> dt.date:
    """Return the calendar day in Vietnam of an aware moment."""
    return moment.astimezone(VIETNAM).date()
