"""One transaction, its journal entries, and the log lines that follow once it is durable."""

from __future__ import annotations

import datetime as dt
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from connector import crash
from connector.clock import Clock
from connector.events import Emitter, Event
from connector.store import journal
from connector.store.due_again import CLOCK_STEP
from connector.store.store import Store, Transaction

__all__ = ["Ledger", "Waiting", "Work"]

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Work:
    """An open transaction; what is recorded in it is journalled at its end (guarantee G6)."""

    tx: Transaction
    now: dt.datetime
    events: list[Event] = field(default_factory=list)
    deferred: dict[Callable[[Work, list[Any]], object], list[Any]] = field(default_factory=dict)

    def record(self, event: Event) -> None:
        """Note an event for the journal; it is logged and counted after the commit."""
        self.events.append(event)

    def defer(self, do: Callable[[Work, list[_Item]], object], item: _Item) -> None:
        """Let `do` be called once with all its items, at the end and within the transaction."""
        self.deferred.setdefault(do, []).append(item)


class Waiting(Protocol):
    """Whoever waits for something to do."""

    def wake(self) -> None:
        """End a wait."""
        ...


class Ledger:
    """Opens transactions whose events are told to the world only when they are durable."""

    def __init__(self, store: Store, emitter: Emitter, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self._emitter = emitter
        self._waiting: tuple[tuple[weakref.ref[Waiting], frozenset[type[Event]]], ...] = ()
        self._latest: dt.datetime | None = None
        self._set_back = True

    def was_set_back(self) -> bool:
        """Tell whether something was written at a time that has not come yet.

        At first nobody knows what was written before, so it may have been. It is said again until
        `follows_clock`.
        """
        now = self.clock.now()
        latest, self._latest = self._latest, now
        self._set_back |= latest is not None and now < latest - CLOCK_STEP
        return self._set_back

    def follows_clock(self) -> None:
        """Note that nothing waits any more for a time that only a wrong clock has seen."""
        self._set_back = False

    def wake_on(self, waiting: Waiting, *events: type[Event]) -> None:
        """Let whoever waits know at once when one of these events became durable in this process.

        What other processes do is found by looking again and again.
        """
        alive = ((each, of) for each, of in self._waiting if each() is not None)
        self._waiting = (*alive, (weakref.ref(waiting), frozenset(events)))

    @contextmanager
    def work(self) -> Iterator[Work]:
        """Run one durable step; nothing of it remains if it raises."""
        with self.store.begin() as tx:
            work = Work(tx=tx, now=self.clock.now())
            if self._latest is not None:
                self._latest = max(self._latest, work.now)
            yield work
            for do, items in work.deferred.items():
                do(work, items)
            rows = [
                journal.NewEntry(event.name(), event.facts(), event.packet_id)
                for event in work.events
            ]
            journal.append_many(tx, rows, now=work.now)
        durable = {type(event) for event in work.events}
        for each, of in self._waiting:
            if not of.isdisjoint(durable) and (waiting := each()) is not None:
                waiting.wake()
        for event in work.events:
            self._emitter.emit(event)
        crash.point("ledger.told")

    def tell(self, event: Event) -> None:
        """Log and count an event that belongs to no transaction."""
        self._emitter.emit(event)
