"""What becomes of one record of an export on its way into the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from connector.errors import Finding
from connector.flow.adapters.adapter import Adapter
from connector.flow.outbound import Origin, Prepared
from connector.mapping.mapper import Mapped
from connector.model.packet import Sealed
from connector.model.record import Record
from connector.sources.base import Batch
from connector.store.sources import Taken, TakenRecord
from connector.store.spool import Spooled

__all__ = ["Ready", "Refusal", "Sealing", "Seen", "Signed", "Started", "Step", "together"]


@dataclass(frozen=True, slots=True)
class Sealing:
    """A mapped record whose packet is being sealed."""

    record: Record
    mapped: Mapped
    sealed: Callable[[], Sealed]


@dataclass(frozen=True, slots=True)
class Signed:
    """A record whose packet is sealed, its files not yet in the spool."""

    record: Record
    mapped: Mapped
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class Ready:
    """A record whose packet only waits for its transaction."""

    mapped: Mapped
    prepared: Prepared
    place: str
    row_digest: str

    def origin(self, adapter: Adapter) -> Origin:
        """Return where the packet comes from."""
        return Origin(
            adapter=adapter.name,
            place=self.place,
            source_key=self.mapped.source_key,
            config_hash=adapter.config_hash,
        )

    def record(self, adapter: Adapter, now: dt.datetime) -> TakenRecord:
        """Return what is kept of the record."""
        return TakenRecord(
            adapter=adapter.name,
            source_key=self.mapped.source_key,
            content_digest=self.prepared.sealed.content_digest,
            packet_id=self.prepared.sealed.packet_id,
            place=self.place,
            at=now,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that cannot be sent, with its reasons."""

    key: str
    row_digest: str
    place: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A record that was taken before, and its content digest now.

    `respelled` tells that only agencies' particulars are others than in the packet.
    """

    mapped: Mapped
    place: str
    before: Taken
    digest: str
    respelled: bool = False

    @property
    def same(self) -> bool:
        """Whether every letter is what it was when the record was taken or last compared."""
        return self.digest == self.before.content_digest


Step = Ready | Refusal | Seen


@dataclass(frozen=True, slots=True)
class Started:
    """A batch that is being sealed, while its files are put into the spool."""

    batch: Batch
    kept: Future[list[Spooled]]
    steps: tuple[Sealing | Refusal | Seen, ...]


def together(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Yield the steps in groups: a new packet waits for all before it that it may concern.

    Those are of the same record or name the same document; of others nobody looks for another.
    """
    group: list[Step] = []
    seen: set[str] = set()
    for step in steps:
        names = _names(step)
        if group and not seen.isdisjoint(names):
            yield group
            group, seen = [], set()
        group.append(step)
        seen |= names
    if group:
        yield group


def _names(step: Step) -> set[str]:
    """Return record and document that a step is about, as they tell one step from another."""
    if isinstance(step, Refusal):
        return {f"record {step.key}"}
    mapped = step.mapped
    return {f"record {mapped.source_key}", f"document {mapped.document.document_id}"}
