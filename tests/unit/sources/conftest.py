"""An adapter's directory, opened as the runtime opens it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.clock import Clock
from connector.config.load import load_yaml
from connector.errors import Finding
from connector.model.record import Record
from connector.sources.base import Batch, Refused, Source
from connector.sources.registry import open_source


@dataclass(frozen=True)
class Desk:
    """Writes exports and reads them."""

    directory: Path
    clock: Clock | None = None

    def file(self, name: str, data: bytes | str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def open(self, settings: str, clock: Clock | None = None) -> Source:
        path = self.file("adapter.yaml", f"name: a\nsource: {{{settings}}}\n")
        return open_source(load_yaml(path), ("source",), self.directory, clock=clock)

    def read(self, settings: str, cursor: str | None = None, size: int = 100) -> list[Batch]:
        source = self.open(settings)
        try:
            return list(source.read(cursor, batch_size=size))
        finally:
            source.close()

    def results(self, settings: str) -> tuple[list[Record], list[Refused]]:
        batches = self.read(settings)
        records = [record for batch in batches for record in batch.records]
        return records, [refused for batch in batches for refused in batch.refusals]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give an empty adapter directory."""
    return Desk(tmp_path)


@pytest.fixture
def codes_of() -> Callable[[Sequence[Finding]], list[str]]:
    """Give the codes of findings, sorted."""
    return lambda findings: sorted(finding.code for finding in findings)
