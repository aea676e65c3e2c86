"""A legacy export that a contract writes and reads: the settings of a source, and how to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.config.load import load_yaml
from connector.sources.base import Batch, Source
from connector.sources.registry import open_source
from connector.testing.verdicts import require_equal

__all__ = ["ATTACHMENTS", "COLUMNS", "Export", "Rows", "SourceCase", "rows"]

COLUMNS: Final = ("SoKyHieu", "TrichYeu", "Trang")
"""Columns of the export that a contract writes: text, text with Vietnamese letters, a number."""

ATTACHMENTS: Final = "files"
"""Name of the attachments' directory beside the export."""

Rows = Sequence[tuple[str, str, int]]


def rows(count: int) -> list[tuple[str, str, int]]:
    """Return distinct rows in ascending order of each column."""
    return [(f"{i:03}/QĐ-UBND", f"Về việc thứ {i:03} đã ký", i) for i in range(1, count + 1)]


@dataclass(frozen=True, slots=True)
class SourceCase:
    """One way in which a kind of source is used.

    `settings` is the part `source` of adapter.yaml as YAML, `write` puts rows into a directory in
    place of those that were there, `number` tells what a whole number becomes when it is read,
    `names` are the columns in which the three values of a row stand; unless `exact`, records may
    have others too. Sources with `apart` have a file for each row, and columns of their own.
    """

    settings: str
    write: Callable[[Path, Rows], None]
    number: Callable[[int], object] = int
    names: tuple[str, str, str] = COLUMNS
    apart: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Export:
    """An adapter's directory with its export; each opening is a new process, as it were."""

    directory: Path
    case: SourceCase

    @classmethod
    def under(cls, directory: Path, case: SourceCase) -> Export:
        """Return an export in a new directory below this one, with room for attachments."""
        own = directory / "adapter"
        (own / ATTACHMENTS).mkdir(parents=True)
        return cls(own, case)

    def write(self, content: Rows) -> None:
        """Export these rows, in place of what was there."""
        self.case.write(self.directory, content)

    def open(self) -> Source:
        """Open the source as a new process does."""
        path = self.directory / "adapter.yaml"
        path.write_text(f"source: {self.case.settings}\n", encoding="utf-8")
        return open_source(load_yaml(path), ("source",), self.directory)

    def read(self, cursor: str | None = None, size: int = 100) -> list[Batch]:
        """Return every batch after a cursor."""
        source = self.open()
        try:
            return list(source.read(cursor, batch_size=size))
        finally:
            source.close()

    def expected(self, content: Rows) -> list[list[object]]:
        """Return the values that the rows have when they are read."""
        return [[key, text, self.case.number(pages)] for key, text, pages in content]

    def values(self, batches: Sequence[Batch]) -> list[list[object]]:
        """Return the values of all records in the order of reading."""
        found = [dict(record.values) for batch in batches for record in batch.records]
        for one in found if self.case.exact and not self.case.apart else ():
            require_equal(tuple(one), self.case.names, "a record has the columns of its export")
        return [[one[name] for name in self.case.names] for one in found]

    def files(self) -> dict[str, bytes]:
        """Return every file of the directory with its content."""
        return {
            str(path.relative_to(self.directory)): path.read_bytes()
            for path in sorted(self.directory.rglob("*"))
            if path.is_file()
        }
