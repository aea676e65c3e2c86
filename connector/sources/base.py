"""What every source is to the corridor: batches of records, each with the cursor after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from connector.errors import Finding
from connector.model.content import Content
from connector.model.record import Record

__all__ = ["BATCH_SIZE", "Batch", "Refused", "RefusedFile", "Source"]

BATCH_SIZE: Final = 100
"""Records and refusals of one batch, which is one transaction of the store."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot even become a Record: the place, the reasons, never its content.

    `digest` is the hex SHA-256 of the row as it was read, so that the same broken row is the
    same refusal when it is exported again.
    """

    place: str
    findings: tuple[Finding, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class RefusedFile(Refused):
    """A file of which not a single row could be read."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read since the batch before; `cursor` is opaque and stands after its last row."""

    records: tuple[Record, ...]
    refusals: tuple[Refused, ...]
    cursor: str


class Source(Protocol):
    """One legacy export, read from where the last committed cursor stands."""

    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns, reading the header only.

        Raises:
            ConfigError: header, charset, sheet or query are not usable; the finding's place is
                the line of the configuration that says so.
            NoInputError: a pattern matches no file, so nobody can know.
            UnavailableError: the export does not answer.
        """
        ...

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield what comes after `cursor`; an export that was read to its end yields nothing.

        A row is given again after a crash or when its export was changed; who reads knows it
        again by its key. The iterator can be left at any batch.

        Raises:
            ConfigError: the configuration does not fit the export at all.
            UnavailableError: the export does not answer; the batches before stand.
        """
        ...

    def attachment(self, record: Record, reference: str) -> Content:
        """Return the file that a record names by a path relative to the attachments.

        Raises:
            RecordError: absent, empty, not a file, or outside the attachments' directory.
            UnavailableError: the attachments' directory is not there (not mounted).
        """
        ...

    def acknowledge(self, cursor: str) -> None:
        """Learn that everything up to `cursor` is durable; may come repeatedly."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...
