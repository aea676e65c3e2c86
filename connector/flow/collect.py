"""OUT, first half: records of an export become sealed packets in the outbox, or refusals.

A record counts as taken only when its packet or its refusal is durable; packet, refusal and
cursor of a batch commit together (guarantee G1). The same record exported again sends nothing;
a record that changed after it was sent is a reported conflict (G3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from connector.errors import ConfigError, Finding, PermanentError, RecordError, TransientError
from connector.events import RecordConflicted, RecordRefused, RecordRepeated
from connector.flow import codes
from connector.flow.adapter import Adapter
from connector.flow.ledger import Ledger, Work
from connector.flow.outbound import Origin, Outbound, Prepared
from connector.mapping.mapper import Mapped, SecretRefused
from connector.model.identity import content_digest
from connector.model.record import Record
from connector.sources.base import Batch, Source
from connector.store import sources
from connector.store.sources import Taken
from connector.store.store import Transaction

__all__ = ["Collected", "Collector"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one pass over an export came to; counts of records."""

    sealed: int = 0
    refused: int = 0
    repeated: int = 0
    conflicts: int = 0

    def __add__(self, other: Collected) -> Collected:
        return Collected(
            sealed=self.sealed + other.sealed,
            refused=self.refused + other.refused,
            repeated=self.repeated + other.repeated,
            conflicts=self.conflicts + other.conflicts,
        )


@dataclass(frozen=True, slots=True)
class _Ready:
    mapped: Mapped
    prepared: Prepared
    place: str
    row_digest: str


@dataclass(frozen=True, slots=True)
class _Refusal:
    key: str
    row_digest: str
    place: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    mapped: Mapped
    place: str
    before: Taken


_Step = _Ready | _Refusal | _Seen


class Collector:
    """Reads the exports of adapters into the outbox."""

    def __init__(self, ledger: Ledger, outbound: Outbound, *, batch_size: int = 50) -> None:
        self._ledger = ledger
        self._outbound = outbound
        self._batch_size = batch_size

    def collect(self, adapter: Adapter, go_on: Callable[[], bool] = lambda: True) -> Collected:
        """Take everything new from one adapter's export; `go_on` is asked after each batch.

        Raises:
            UnavailableError: the source does not answer; what was taken before stays taken.
            StorageError: nothing of the current batch was taken.
        """
        total = Collected()
        with self._ledger.store.read() as tx:
            cursor = sources.cursor(tx, adapter.name)
        source = adapter.open_source()
        try:
            if cursor is not None:
                source.acknowledge(cursor)
            for batch in source.read(cursor, batch_size=self._batch_size):
                total += self._take(adapter, source, batch)
                source.acknowledge(batch.cursor)
                if not go_on():
                    break
        finally:
            source.close()
        return total

    def _take(self, adapter: Adapter, source: Source, batch: Batch) -> Collected:
        steps: list[_Step] = [self._prepare(adapter, source, record) for record in batch.records]
        steps += [
            _Refusal(f"row:{refused.digest}", refused.digest, refused.place, refused.findings)
            for refused in batch.refusals
        ]
        total = Collected()
        with self._ledger.work() as work:
            for step in steps:
                total += self._settle(work, adapter, step)
            sources.set_cursor(work.tx, adapter.name, batch.cursor)
        return total

    def _prepare(self, adapter: Adapter, source: Source, record: Record) -> _Step:
        try:
            mapped = adapter.map(record, source)
            with self._ledger.store.read() as tx:
                known = self._known(tx, adapter, mapped, record.place)
            if known is not None:
                return known
            prepared = self._outbound.prepare(
                mapped.document, agency=adapter.agency, options=adapter.options
            )
        except SecretRefused as error:
            return _Refusal(f"secret:{record.place}", "", record.place, error.findings)
        except (TransientError, ConfigError):
            raise
        except (RecordError, PermanentError) as error:
            return _refusal(adapter, record, error.findings)
        except Exception as error:  # noqa: BLE001 - one odd record must not stop the export
            finding = codes.RECORD_UNEXPECTED.at(record.place, reason=repr(error))
            return _refusal(adapter, record, (finding,))
        return _Ready(mapped, prepared, record.place, _row_digest(record))

    def _known(self, tx: Transaction, adapter: Adapter, mapped: Mapped, place: str) -> _Seen | None:
        """Return what became of a record that was taken before, None for a new one.

        Raises:
            RecordError: its document was sent with other content.
        """
        before = sources.taken(tx, adapter.name, mapped.source_key)
        if before is not None and before.state == sources.TAKEN:
            return _Seen(mapped, place, before)
        conflict = self._outbound.conflicting(tx, mapped.document)
        if conflict is not None:
            raise RecordError(conflict)
        return None

    def _settle(self, work: Work, adapter: Adapter, step: _Step) -> Collected:
        if isinstance(step, _Refusal):
            return _settle_refusal(work, adapter, step)
        if isinstance(step, _Seen):
            return _settle_seen(work, adapter, step)
        try:
            known = self._known(work.tx, adapter, step.mapped, step.place)
        except RecordError as error:  # a record before it in the same batch has the same DocumentId
            key = step.mapped.source_key
            refusal = _Refusal(key, step.row_digest, step.place, error.findings)
            return _settle_refusal(work, adapter, refusal)
        return _settle_seen(work, adapter, known) if known else self._enqueue(work, adapter, step)

    def _enqueue(self, work: Work, adapter: Adapter, step: _Ready) -> Collected:
        origin = Origin(
            adapter=adapter.name,
            place=step.place,
            source_key=step.mapped.source_key,
            config_hash=adapter.config_hash,
        )
        sealed = step.prepared.sealed
        fresh = self._outbound.enqueue_document(
            work, step.prepared, receivers=adapter.receivers(step.mapped.document), origin=origin
        )
        sources.record_taken(
            work.tx,
            adapter=adapter.name,
            source_key=step.mapped.source_key,
            content_digest=content_digest(step.mapped.document),
            packet_id=sealed.packet_id,
            place=step.place,
            now=work.now,
        )
        if fresh:
            return Collected(sealed=1)
        work.record(
            RecordRepeated(
                adapter=adapter.name,
                place=step.place,
                source_key=step.mapped.source_key,
                packet_id=sealed.packet_id,
            )
        )
        return Collected(repeated=1)


def _refusal(adapter: Adapter, record: Record, findings: tuple[Finding, ...]) -> _Refusal:
    """Return a refusal under the record's own key, so that a corrected record settles it."""
    digest = _row_digest(record)
    key = adapter.mapper.source_key(record) or f"row:{digest}"
    return _Refusal(key, digest, record.place, findings)


def _settle_refusal(work: Work, adapter: Adapter, step: _Refusal) -> Collected:
    fresh = sources.record_refused(
        work.tx,
        adapter=adapter.name,
        source_key=step.key,
        row_digest=step.row_digest,
        place=step.place,
        findings=step.findings,
        now=work.now,
    )
    if fresh:
        work.record(
            RecordRefused(adapter=adapter.name, place=step.place, error_code=step.findings[0].code)
        )
    return Collected(refused=1)


def _settle_seen(work: Work, adapter: Adapter, step: _Seen) -> Collected:
    key, packet_id = step.mapped.source_key, step.before.packet_id
    digest = content_digest(step.mapped.document)
    if digest == step.before.content_digest:  # nothing happened, so nothing is journalled
        return Collected(repeated=1)
    fresh = sources.record_conflict(
        work.tx,
        adapter=adapter.name,
        source_key=key,
        content_digest=digest,
        place=step.place,
        now=work.now,
    )
    if fresh:
        finding = codes.RECORD_CONFLICT.at(step.place, packet_id=packet_id)
        event = RecordConflicted(adapter=adapter.name, place=step.place, error_code=finding.code)
        work.record(replace(event, source_key=key, packet_id=packet_id))
    return Collected(conflicts=1)


def _row_digest(record: Record) -> str:
    cells: Sequence[tuple[str, object]] = sorted(record.values.items())
    return hashlib.sha256(repr(cells).encode()).hexdigest()
