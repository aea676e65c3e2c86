"""OUT, first half: records of an export become sealed packets in the outbox, or refusals.

A record counts as taken only when its packet or its refusal is durable; packet, refusal and
cursor of a batch commit together (guarantee G1). The same record exported again sends nothing;
a record that changed after it was sent is a reported conflict (G3); that an agency was renamed
since is none.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from connector import crash
from connector.errors import (
    ConfigError,
    ConnectorError,
    Finding,
    PermanentError,
    RecordError,
    TransientError,
)
from connector.events import RecordConflicted, RecordRefused, RecordRepeated
from connector.flow import codes
from connector.flow.adapters.adapter import Adapter
from connector.flow.collect_steps import (
    Ready,
    Refusal,
    Sealing,
    Seen,
    Signed,
    Started,
    Step,
    together,
)
from connector.flow.ledger import Ledger, Work
from connector.flow.outbound import Outbound, Prepared
from connector.mapping.mapper import Mapped, SecretRefused
from connector.model.identity import content_digest
from connector.model.record import Record
from connector.sources.base import Batch, Source
from connector.store import sources
from connector.store.spool import Spooled
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
class _Committing:
    """A batch that is being made durable."""

    batch: Batch
    result: Future[Collected]

    def taken(self, source: Source) -> Collected:
        """Wait until it is durable and let the source know; raises what kept it from being so."""
        collected = self.result.result()
        source.acknowledge(self.batch.cursor)
        crash.point("collect.acknowledged")
        return collected


class Collector:
    """Reads the exports of adapters into the outbox."""

    def __init__(self, ledger: Ledger, outbound: Outbound, *, batch_size: int = 64) -> None:
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
            for taken in self._batches(adapter, source, cursor):
                total += taken
                if not go_on():
                    break
        finally:
            source.close()
        return total

    def _batches(self, adapter: Adapter, source: Source, cursor: str | None) -> Iterator[Collected]:
        """Take batch after batch; while one waits for the disk, the next is mapped and sealed."""
        with ThreadPoolExecutor(1, "commit") as committer:
            committing: _Committing | None = None
            try:
                for started in self._sealing(adapter, source, cursor):
                    signed = self._all_signed(adapter, started)
                    done, committing = committing, None
                    if done is not None:
                        yield done.taken(source)
                    taken = committer.submit(self._commit, adapter, started, signed)
                    committing = _Committing(started.batch, taken)
            except ConnectorError:  # of a later batch; this one is as good as durable
                if committing is not None:
                    yield committing.taken(source)
                raise
            if committing is not None:
                yield committing.taken(source)

    def _sealing(self, adapter: Adapter, source: Source, cursor: str | None) -> Iterator[Started]:
        """Begin to seal batch after batch; where other processes seal, one ahead of the taken."""
        ahead = 1 if self._outbound.seals_beside else 0
        started: deque[Started] = deque()
        trouble: ConnectorError | None = None
        batches = source.read(cursor, batch_size=self._batch_size)
        while True:
            self._outbound.fresh.wait_for_room()
            try:
                batch = next(batches, None)
                if batch is not None:
                    crash.point("collect.read")
                    started.append(self._start(adapter, source, batch))
            except ConnectorError as error:  # what was begun before it is taken first
                trouble, batch = error, None
            while len(started) > (ahead if batch is not None else 0):
                yield started.popleft()
            if batch is None:
                break
        if trouble is not None:
            raise trouble

    def _start(self, adapter: Adapter, source: Source, batch: Batch) -> Started:
        """Map a batch and have what is new in it sealed."""
        found = [self._mapped(adapter, source, record) for record in batch.records]
        with self._ledger.store.read() as tx:
            steps = [
                self._looked_up(tx, adapter, *each) if isinstance(each, tuple) else each
                for each in found
            ]
        new = [step for step in steps if isinstance(step, tuple)]
        documents = [mapped.document for _, mapped in new]
        kept = self._outbound.keep_ahead(documents)
        results = iter(
            self._outbound.begin(documents, agency=adapter.agency, options=adapter.options)
        )
        return Started(
            batch,
            kept,
            tuple(
                Sealing(*step, next(results)) if isinstance(step, tuple) else step for step in steps
            ),
        )

    def _all_signed(self, adapter: Adapter, started: Started) -> list[Signed | Refusal | Seen]:
        return [
            self._signed(adapter, step) if isinstance(step, Sealing) else step
            for step in started.steps
        ]

    def _commit(
        self,
        adapter: Adapter,
        started: Started,
        signed: Sequence[Signed | Refusal | Seen],
    ) -> Collected:
        """Make a sealed batch durable: files first, then packets, refusals and cursor together."""
        batch = started.batch
        steps = self._kept(adapter, signed, started.kept)
        steps += [
            Refusal(f"row:{refused.digest}", refused.digest, refused.place, refused.findings)
            for refused in batch.refusals
        ]
        total = Collected()
        with self._ledger.work() as work:
            for group in together(steps):
                total += self._settle(work, adapter, group)
                crash.point("collect.settled")
            sources.set_cursor(work.tx, adapter.name, batch.cursor)
            crash.point("collect.cursor")
        crash.point("collect.committed")
        return total

    def _mapped(
        self, adapter: Adapter, source: Source, record: Record
    ) -> tuple[Record, Mapped] | Refusal:
        try:
            mapped = adapter.map(record, source)
        except Exception as error:  # noqa: BLE001 - one odd record must not stop the export
            return _refused(adapter, record, error)
        crash.point("collect.mapped")
        return record, mapped

    def _looked_up(
        self, tx: Transaction, adapter: Adapter, record: Record, mapped: Mapped
    ) -> tuple[Record, Mapped] | Refusal | Seen:
        try:
            known = self._known(tx, adapter, mapped, record.place)
        except RecordError as error:
            return _refused(adapter, record, error)
        return (record, mapped) if known is None else self._compared(tx, adapter, known)

    def _compared(self, tx: Transaction, adapter: Adapter, seen: Seen) -> Seen:
        """Note whether only an agency's name or address has changed since a packet was sent."""
        packet_id = seen.before.packet_id
        key = adapter.name, seen.mapped.source_key
        if seen.same or packet_id is None or sources.is_conflict(tx, *key, seen.digest):
            return seen
        respelled = self._outbound.sent_as(tx, seen.mapped.document, packet_id)
        return replace(seen, respelled=respelled)

    def _signed(self, adapter: Adapter, step: Sealing) -> Signed | Refusal:
        try:
            return Signed(step.record, step.mapped, step.sealed())
        except Exception as error:  # noqa: BLE001 - one odd record must not stop the export
            return _refused(adapter, step.record, error)

    def _kept(
        self,
        adapter: Adapter,
        steps: Sequence[Signed | Refusal | Seen],
        ahead: Future[list[Spooled]],
    ) -> list[Step]:
        """Put the files of all packets into the spool; if one fails, those of each by itself."""
        signed = [step for step in steps if isinstance(step, Signed)]
        try:
            prepared = iter(self._outbound.keep([step.sealed for step in signed], ahead))
        except (RecordError, PermanentError):
            return [
                self._kept_alone(adapter, step) if isinstance(step, Signed) else step
                for step in steps
            ]
        return [
            _ready(step, next(prepared)) if isinstance(step, Signed) else step for step in steps
        ]

    def _kept_alone(self, adapter: Adapter, step: Signed) -> Step:
        try:
            (prepared,) = self._outbound.keep([step.sealed])
        except (RecordError, PermanentError) as error:
            return _refused(adapter, step.record, error)
        return _ready(step, prepared)

    def _known(self, tx: Transaction, adapter: Adapter, mapped: Mapped, place: str) -> Seen | None:
        """Return what became of a record that was taken before, None for a new one.

        Raises:
            RecordError: its document was sent with other content.
        """
        before = sources.sent(tx, adapter.name, mapped.source_key)
        if before is not None:
            return Seen(mapped, place, before, content_digest(mapped.document))
        conflict = self._outbound.conflicting(tx, mapped.document)
        if conflict is not None:
            raise RecordError(conflict)
        return None

    def _settle(self, work: Work, adapter: Adapter, steps: Sequence[Step]) -> Collected:
        """Put down what becomes of records, of which no two concern the same document."""
        total, new = Collected(), list[Ready]()
        for step in steps:
            if isinstance(step, Refusal):
                total += _settle_refusal(work, adapter, step)
                continue
            if isinstance(step, Seen):
                total += _settle_seen(work, adapter, step)
                continue
            try:
                known = self._known(work.tx, adapter, step.mapped, step.place)
            except RecordError as error:  # an earlier record of the batch has the same DocumentId
                key = step.mapped.source_key
                refusal = Refusal(key, step.row_digest, step.place, error.findings)
                total += _settle_refusal(work, adapter, refusal)
                continue
            if known is None:
                new.append(step)
            else:
                total += _settle_seen(work, adapter, known)
        return total + self._enqueue(work, adapter, new)

    def _enqueue(self, work: Work, adapter: Adapter, steps: Sequence[Ready]) -> Collected:
        if not steps:
            return Collected()
        fresh = self._outbound.enqueue_documents(
            work,
            [
                (step.prepared, adapter.receivers(step.mapped.document), step.origin(adapter))
                for step in steps
            ],
        )
        sources.record_taken_many(work.tx, [step.record(adapter, work.now) for step in steps])
        for step, new in zip(steps, fresh, strict=True):
            if not new:
                work.record(
                    RecordRepeated(
                        adapter=adapter.name,
                        place=step.place,
                        source_key=step.mapped.source_key,
                        packet_id=step.prepared.sealed.packet_id,
                    )
                )
        return Collected(sealed=sum(fresh), repeated=len(fresh) - sum(fresh))


def _ready(step: Signed, prepared: Prepared) -> Ready:
    crash.point("collect.prepared")
    return Ready(step.mapped, prepared, step.record.place, _row_digest(step.record))


def _refused(adapter: Adapter, record: Record, error: Exception) -> Refusal:
    """Return the refusal that an error means; raises what is no fault of the record."""
    if isinstance(error, SecretRefused):
        return Refusal(f"secret:{record.place}", "", record.place, error.findings)
    if isinstance(error, TransientError | ConfigError):
        raise error
    if isinstance(error, RecordError | PermanentError):
        return _refusal(adapter, record, error.findings)
    unexpected = codes.RECORD_UNEXPECTED.at(record.place, reason=repr(error))
    return _refusal(adapter, record, (unexpected,))


def _refusal(adapter: Adapter, record: Record, findings: tuple[Finding, ...]) -> Refusal:
    """Return a refusal under the record's own key, so that a corrected record settles it."""
    digest = _row_digest(record)
    key = adapter.mapper.source_key(record) or f"row:{digest}"
    return Refusal(key, digest, record.place, findings)


def _settle_refusal(work: Work, adapter: Adapter, step: Refusal) -> Collected:
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


def _settle_seen(work: Work, adapter: Adapter, step: Seen) -> Collected:
    key, packet_id = step.mapped.source_key, step.before.packet_id
    if step.same:  # nothing happened, so nothing is journalled
        return Collected(repeated=1)
    if step.respelled:
        sources.respell(work.tx, adapter.name, key, step.digest)
        return Collected(repeated=1)
    fresh = sources.record_conflict(
        work.tx,
        adapter=adapter.name,
        source_key=key,
        content_digest=step.digest,
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
