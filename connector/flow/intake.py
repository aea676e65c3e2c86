"""When an adapter may collect, and from where: pauses, the first day, `start_from`.

An adapter that is new to a node may find the documents of ten years in its export. Unless it says
from where to start, its first collect of more than a few records waits for a person.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from connector.errors import Finding, RecordError
from connector.events import AlarmRaised, RecordsSkipped
from connector.flow.adapters.adapter import Adapter
from connector.flow.adapters.codes import FIRST_COLLECT_WAITS
from connector.flow.collect import Collected, Collector
from connector.flow.ledger import Ledger
from connector.mapping.start import comes_before
from connector.model.content import Content
from connector.model.record import Record
from connector.sources.base import BATCH_SIZE, Batch, Refused, Source
from connector.store import configs, sources
from connector.store.conditions import Condition, ConditionKind, condition, lift, put

__all__ = ["Intake"]


class Intake:
    """Lets the collector at an export if nothing speaks against it."""

    def __init__(self, ledger: Ledger, collector: Collector) -> None:
        self._ledger = ledger
        self._collector = collector
        self._kept: set[str] = set()

    def collect(self, adapter: Adapter, go_on: Callable[[], bool] = lambda: True) -> Collected:
        """Take everything new of an adapter, nothing while it is paused or waits.

        Raises:
            UnavailableError: the source does not answer; what was taken before stays taken.
            StorageError: nothing of the current batch was taken.
        """
        if self._holds(adapter, ConditionKind.PAUSED) or not self._may_begin(adapter):
            return Collected()
        self._keep_config(adapter)
        starting = _Starting(**{name: getattr(adapter, name) for name in _names()})
        unpaused = _unless(go_on, lambda: self._holds(adapter, ConditionKind.PAUSED))
        try:
            return self._collector.collect(starting, unpaused)
        finally:
            self._tell_skipped(starting)

    def waits(self, adapter: Adapter) -> Finding | None:
        """Return what an adapter waits for before its first collect, None if it does not."""
        if adapter.settings.start_from is not None:
            return None
        waiting = self._holds(adapter, ConditionKind.WAITING)
        return _finding(adapter) if waiting else None

    def _holds(self, adapter: Adapter, kind: ConditionKind) -> bool:
        with self._ledger.store.read() as tx:
            return condition(tx, adapter.name, kind) is not None

    def _may_begin(self, adapter: Adapter) -> bool:
        """Tell whether nothing was decided about the first day that has to be."""
        with self._ledger.store.read() as tx:
            begun = sources.cursor(tx, adapter.name) is not None
            confirmed = condition(tx, adapter.name, ConditionKind.CONFIRMED) is not None
            waiting = condition(tx, adapter.name, ConditionKind.WAITING) is not None
        if begun or confirmed or adapter.settings.start_from is not None:
            if waiting:
                with self._ledger.work() as work:
                    lift(work.tx, adapter.name, ConditionKind.WAITING)
            return True
        if not waiting and _records(adapter) <= adapter.settings.first_collect_limit:
            return True
        self._wait(adapter)
        return False

    def _wait(self, adapter: Adapter) -> None:
        finding = _finding(adapter)
        limit = adapter.settings.first_collect_limit
        with self._ledger.work() as work:
            if condition(work.tx, adapter.name, ConditionKind.WAITING) is not None:
                return
            put(
                work.tx,
                Condition(
                    adapter=adapter.name,
                    kind=ConditionKind.WAITING.value,
                    since=work.now,
                    records=limit,
                ),
            )
            work.record(AlarmRaised(error_code=finding.code, reason=finding.en))

    def _keep_config(self, adapter: Adapter) -> None:
        if adapter.config_hash in self._kept:
            return
        with self._ledger.store.begin() as tx:
            now = self._ledger.clock.now()
            configs.keep_config(tx, adapter.config_hash, adapter.config_files, now)
        self._kept.add(adapter.config_hash)

    def _tell_skipped(self, adapter: _Starting) -> None:
        if adapter.skipped.count:
            with self._ledger.work() as work:
                work.record(
                    RecordsSkipped(
                        adapter=adapter.name,
                        count=adapter.skipped.count,
                        start_from=str(adapter.settings.start_from),
                    )
                )


@dataclass(slots=True)
class _Skipped:
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Starting(Adapter):
    """An adapter whose export is seen only from its `start_from` on."""

    skipped: _Skipped = field(default_factory=_Skipped)

    def open_source(self) -> Source:
        """Open the export."""
        source = Adapter.open_source(self)
        start = self.settings.start_from
        return source if start is None or start.is_everything else _FromStart(source, self)


class _FromStart:
    """A source without the records that lie before the start; cursors stay the source's own."""

    def __init__(self, source: Source, adapter: _Starting) -> None:
        self._source = source
        self._adapter = adapter
        self.columns = source.columns
        self.acknowledge = source.acknowledge
        self.close = source.close

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield the source's batches, some of them without any record left."""
        for batch in self._source.read(cursor, batch_size=batch_size):
            kept: list[Record] = []
            refusals = list(batch.refusals)
            for record in batch.records:
                try:
                    before = self._before(record)
                except RecordError as error:
                    digest = hashlib.sha256(record.place.encode()).hexdigest()
                    refusals.append(Refused(record.place, error.findings, digest))
                    continue
                if before:
                    self._adapter.skipped.count += 1
                else:
                    kept.append(record)
            yield replace(batch, records=tuple(kept), refusals=tuple(refusals))

    def attachment(self, record: Record, reference: str) -> Content:
        """Return a file of a record that was kept."""
        return self._source.attachment(record, reference)

    def _before(self, record: Record) -> bool:
        start = self._adapter.settings.start_from
        day_of = self._adapter.mapper.promulgation_date
        return start is not None and comes_before(start, record, day_of)


def _records(adapter: Adapter) -> int:
    """Count the records of an export, at most one more than the first collect may take."""
    limit = adapter.settings.first_collect_limit
    source, found = adapter.open_source(), 0
    try:
        for batch in source.read(None, batch_size=min(limit + 1, BATCH_SIZE)):
            found += len(batch.records) + len(batch.refusals)
            if found > limit:
                break
    finally:
        source.close()
    return found


def _finding(adapter: Adapter) -> Finding:
    place = str(adapter.directory / "adapter.yaml")
    limit = adapter.settings.first_collect_limit
    return FIRST_COLLECT_WAITS.at(place, adapter=adapter.name, limit=limit)


def _unless(go_on: Callable[[], bool], stopped: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: go_on() and not stopped()


def _names() -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(Adapter))
