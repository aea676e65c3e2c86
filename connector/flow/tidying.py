"""Once a day: files that a killed process left in the spool before its commit are removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from connector.events import SpoolTidied
from connector.flow.ledger import Ledger
from connector.store.orphans import remove_orphans
from connector.store.spool import Spool

__all__ = ["Tidying"]

_DAY: Final = dt.timedelta(days=1)
_AFTER_START: Final = dt.timedelta(hours=1)


class Tidying:
    """Looks through the spools; the first time an hour after the start, then daily."""

    def __init__(self, ledger: Ledger, spools: Sequence[Spool]) -> None:
        self._ledger = ledger
        self._spools = spools
        self._due = ledger.clock.now() + _AFTER_START

    def step(self) -> int:
        """Remove what nothing refers to if it is time; return how many files that were.

        Raises:
            StorageError: spool or store cannot be read.
        """
        now = self._ledger.clock.now()
        if now < self._due:
            return 0
        self._due = now + _DAY
        removed = sum(remove_orphans(self._ledger.store, spool) for spool in self._spools)
        if removed:
            with self._ledger.work() as work:
                work.record(SpoolTidied(removed=removed))
        return 0
