"""A document in the legacy system's own shape: one line of CSV, or one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from connector.model.inbound import Inbound
from connector.sinks import durable, fields
from connector.sinks.cells import Cells
from connector.sinks.csv_lines import foreign_cell, line_of
from connector.sinks.index_settings import IndexFile
from connector.sinks.told import put

__all__ = ["Index"]

_JOINT: Final = "; "


class Index:
    """What a folder sink writes for the import of a legacy system; the same for one document."""

    def __init__(self, settings: IndexFile) -> None:
        self._settings: Final = settings
        self._cells: Final = Cells(settings.charset, settings.date_format, settings.small_capitals)

    @property
    def file(self) -> str:
        """Name of the file."""
        return self._settings.file

    def of(self, item: Inbound, names: Sequence[str]) -> bytes:
        """Return the file of a document whose attachments are stored under `names`.

        Raises PermanentError naming the field if the charset cannot hold a text.
        """
        text = self._csv(item, names) if self._settings.format == "csv" else self._json(item, names)
        return self._cells.encoded(text, self.file)

    def _csv(self, item: Inbound, names: Sequence[str]) -> str:
        settings, raw = self._settings, self._settings.raw_values
        row = {name: self._shown(value, path) for name, path, value in self._values(item)}
        row |= {name: foreign_cell(row[name], raw=raw) for name in settings.columns}
        if settings.files_column is not None:
            row[settings.files_column] = _JOINT.join(names)
        rows = [[self._cells.held(name, name) for name in row]] if settings.header else []
        rows.append(list(row.values()))
        return "".join(line_of(cells, settings.delimiter, raw=raw) for cells in rows)

    def _json(self, item: Inbound, names: Sequence[str]) -> str:
        told: dict[str, Any] = {}
        for name, path, value in self._values(item):
            kept = value is None or isinstance(value, int)
            put(told, self._cells.held(name, name), value if kept else self._shown(value, path))
        if self._settings.files_column is not None:
            put(told, self._cells.held(self._settings.files_column, "files_column"), list(names))
        return durable.as_json(told).decode()

    def _values(self, item: Inbound) -> Iterator[tuple[str, str, fields.Value]]:
        """Yield name, path for findings, and value of each column."""
        for name, path in self._settings.columns.items():
            yield name, path, fields.value_at(item, path)
        for name, text in self._settings.constants.items():
            yield name, name, text

    def _shown(self, value: fields.Value, path: str) -> str:
        return "" if value is None else self._cells.held(self._cells.text(value), path)
