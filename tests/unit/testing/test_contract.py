"""The kit finds what is wrong with a source; a source that is right passes all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connector.model.content import BytesContent, Content
from connector.model.record import Record
from connector.sources.base import Batch, Source
from connector.testing.contract import SourceContract, checks, violations
from connector.testing.exports import Export, Rows, SourceCase


def write(directory: Path, content: Rows) -> None:
    """Write a CSV file."""
    lines = ["SoKyHieu;TrichYeu;Trang", *(";".join(map(str, row)) for row in content)]
    (directory / "e.csv").write_text("\n".join(lines), encoding="utf-8")


CSV = SourceCase(
    "{type: csv, path: e.csv, delimiter: ';', attachments_directory: files}", write, str
)


@dataclass(frozen=True)
class Faulty:
    """A good source with one thing wrong in it."""

    inner: Source
    fault: str

    def columns(self) -> tuple[str, ...]:
        """Return the columns, unless they are what is wrong."""
        if self.fault == "columns":
            return ("SoKyHieu",)
        return self.inner.columns()

    def read(self, cursor: str | None, *, batch_size: int = 100) -> Iterator[Batch]:
        """Yield the batches with the fault in them."""
        if self.fault == "foreign error" and cursor == "nonsense":
            raise KeyError(cursor)
        if self.fault == "forgets the cursor":
            cursor = None
        for number, batch in enumerate(self.inner.read(cursor, batch_size=batch_size)):
            yield self._spoiled(batch, number)

    def _spoiled(self, batch: Batch, number: int) -> Batch:
        if self.fault == "loses a row" and number == 1:
            return replace(batch, records=batch.records[1:])
        if self.fault == "doubles a row":
            return replace(batch, records=(*batch.records, batch.records[-1]))
        if self.fault == "one place":
            return replace(batch, records=tuple(replace(r, place="e:1") for r in batch.records))
        if self.fault == "strange cells":
            bad: Any = {"SoKyHieu": object()}
            records = tuple(replace(r, values={**r.values, **bad}) for r in batch.records)
            return replace(batch, records=records)
        return batch

    def attachment(self, record: Record, reference: str) -> Content:
        """Return the file, or what is wrong instead."""
        if self.fault == "foreign attachment":
            return BytesContent(Path(reference).read_bytes())
        if self.fault == "invents attachments":
            return BytesContent(b"%PDF-1.7")
        return self.inner.attachment(record, reference)

    def acknowledge(self, cursor: str) -> None:
        """Fail where the fault is that a foreign cursor is not understood."""
        if self.fault == "acknowledge" and "files" not in cursor:
            raise ValueError(cursor)
        self.inner.acknowledge(cursor)

    def close(self) -> None:
        """Close the good source."""
        self.inner.close()


@dataclass(frozen=True)
class FaultyExport(Export):
    """Opens faulty sources."""

    fault: str = ""

    def open(self) -> Source:
        """Open the source with the fault."""
        source: Source = Faulty(Export.open(self), self.fault)
        if self.fault == "writes":
            (self.directory / "e.lock").touch()
        return source


FAULTS = {
    "columns": "test_columns_are_those_of_the_header",
    "foreign error": "test_a_strange_cursor_means_from_the_beginning",
    "forgets the cursor": "test_reading_goes_on_after_any_committed_batch",
    "loses a row": "test_every_row_is_read_once_in_order",
    "doubles a row": "test_every_row_is_read_once_in_order",
    "one place": "test_places_are_distinct",
    "strange cells": "test_cells_are_of_known_types",
    "foreign attachment": "test_attachments_that_are_not_there_refuse_the_record",
    "invents attachments": "test_attachments_that_are_not_there_refuse_the_record",
    "acknowledge": "test_acknowledging_is_idempotent",
    "writes": "test_an_absent_export_is_unavailable",
}


def found(tmp_path: Path, fault: str) -> dict[str, str]:
    """Return the checks that do not hold, with their reasons."""
    numbers = itertools.count()

    def new_export() -> Export:
        export = Export.under(tmp_path / str(next(numbers)), CSV)
        return FaultyExport(export.directory, export.case, fault)

    return dict(violations(new_export))


def test_a_good_source_passes(tmp_path: Path) -> None:
    """Nothing is found where nothing is wrong."""
    assert found(tmp_path, "none") == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(tmp_path: Path, fault: str) -> None:
    """The check that is meant for it fails, and says what it found."""
    violated = found(tmp_path, fault)

    assert FAULTS[fault] in violated
    assert all(violated.values())


def test_every_check_is_needed() -> None:
    """Every check has its sentence, and the suite has not shrunk."""
    assert len(checks()) == 16
    assert all(getattr(SourceContract, name).__doc__ for name in checks())
