"""What becomes of one record of an export on its way into the outbox."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from connector.errors import Finding
from connector.flow.outbound import Prepared
from connector.mapping.mapper import Mapped
from connector.model.packet import Sealed
from connector.model.record import Record
from connector.sources.base import Batch
from connector.store.sources import Taken
from connector.store.spool import Spooled

__all__ = ["Ready", "Refusal", "Sealing", "Seen", "Signed", "Started", "Step"]


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
