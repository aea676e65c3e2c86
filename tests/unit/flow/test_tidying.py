"""Files that nothing refers to go, once a day; all others stay."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing
from pathlib import Path

from connector.clock import ManualClock
from connector.events import Emitter
from connector.flow.ledger import Ledger
from connector.flow.tidying import Tidying
from connector.store import journal
from connector.store.spool import Spool
from connector.store.store import Store


def test_orphans_are_removed_and_told(tmp_path: Path) -> None:
    """An old file without a row goes an hour after the start; a young one and the next wait."""
    clock = ManualClock()
    with closing(Store.open(tmp_path, clock=clock)) as store:
        spool = Spool(tmp_path / "spool")
        tidying = Tidying(Ledger(store, Emitter(), clock), (spool,))
        old, young = spool.put(b"old"), spool.put(b"young")
        for put, age in ((old, dt.timedelta(days=2)), (young, dt.timedelta(0))):
            moment = (clock.now() - age).timestamp()
            os.utime(put.path, (moment, moment))

        tidying.step()
        assert old.path.exists()
        clock.sleep(3600)
        tidying.step()
        assert (old.path.exists(), young.path.exists()) == (False, True)
        with store.read() as tx:
            (entry,) = journal.entries(tx, limit=10)
        assert (entry.event, entry.facts["removed"]) == ("spool_tidied", 1)
