"""Files that stand inside a record of an export, beside those that it names by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from connector.model.content import Content
from connector.model.record import Record
from connector.text.normalise import nfc

__all__ = ["Beside", "Embedded", "RecordWithFiles", "weight"]


@dataclass(frozen=True, slots=True)
class RecordWithFiles(Record):
    """A record that brings its files along, by their names in NFC."""

    files: Mapping[str, Content] = field(default_factory=dict)


class Beside(Protocol):
    """Where the files are that a record only names."""

    def content(self, record: Record, reference: str) -> Content:
        """Return the file of a reference; RecordError or UnavailableError if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Finds a record's files in the record first, then where the others are."""

    beside: Beside

    def content(self, record: Record, reference: str) -> Content:
        """Return the file of a reference; see `Attachments.content` for errors."""
        if isinstance(record, RecordWithFiles):
            held = record.files.get(nfc(reference).strip())
            if held is not None:
                return held
        return self.beside.content(record, reference)


class _Placed(Protocol):
    @property
    def place(self) -> str: ...


def weight(row: _Placed) -> int:
    """Return how many bytes of files and BLOBs a row holds in memory."""
    if not isinstance(row, Record):
        return 0
    files = row.files.values() if isinstance(row, RecordWithFiles) else ()
    blobs = sum(len(cell) for cell in row.values.values() if isinstance(cell, bytes))
    return blobs + sum(content.size for content in files)
