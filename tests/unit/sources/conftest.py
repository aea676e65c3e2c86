"""An adapter's directory, opened as the runtime opens it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.clock import Clock
from connector.config.load import load_yaml
from connector.model.record import Record
from connector.sources.base import Batch, Refused, Source
from connector.sources.registry import open_source


@dataclass(frozen=True)
class Desk:
    """Writes exports and reads them."""

    directory: Path

    def file(self, name: str, data: bytes | str) -> Path:
        """Write a file under the directory."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def open(self, settings: str, clock: Clock | None = None) -> Source:
        """Open a source by the settings as they stand in line 2 of adapter.yaml."""
        path = self.file("adapter.yaml", f"name: a\nsource: {{{settings}}}\n")
        return open_source(load_yaml(path), ("source",), self.directory, clock=clock)

    def read(self, settings: str, cursor: str | None = None, size: int = 100) -> list[Batch]:
        """Return every batch after a cursor."""
        source = self.open(settings)
        try:
            return list(source.read(cursor, batch_size=size))
        finally:
            source.close()

    def results(self, settings: str) -> tuple[list[Record], list[Refused]]:
        """Return everything that is read: records and refusals."""
        batches = self.read(settings)
        records = [record for batch in batches for record in batch.records]
        return records, [refused for batch in batches for refused in batch.refusals]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give an empty adapter directory."""
    return Desk(tmp_path)
