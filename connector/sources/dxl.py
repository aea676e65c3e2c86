"""Domino XML, the export of Lotus Notes: one document a record, its items the columns.

Beside the items there are ``@form`` and ``@unid``. Rich text becomes lines of text. Files in a
document are its attachments, by their names, which stand in the column ``$FILE``; their bytes are
taken as base64 whatever the export says of them, and must be as many as it says.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from connector.clock import Clock
from connector.errors import Finding
from connector.model.content import Content
from connector.model.record import Cell, Record
from connector.sources import file_codes
from connector.sources.base import Refused
from connector.sources.dxl_items import ItemError, embedded_file, values_of
from connector.sources.files import FileSource, Where, file_source
from connector.sources.markup import Element, Markup, local
from connector.sources.table import refused
from connector.sources.tree import Tree, Trees, columns_of_trees, records_of_trees
from connector.sources.tree_settings import DxlSettings

__all__ = ["FILES", "DxlTable", "open_dxl"]

FILES: Final = "$FILE"
"""Name of the items that hold files, and of the column with their names."""


def open_dxl(settings: DxlSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of a DXL adapter."""
    return file_source(settings, DxlTable(settings, where), base=base, clock=clock)


@dataclass(frozen=True, slots=True)
class DxlTable:
    """The documents of one DXL file."""

    settings: DxlSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how documents become records."""
        used = self.settings
        return repr((used.form, used.columns, used.list_separator))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the configured items, or those of the first documents."""
        return columns_of_trees(
            stream, name, self.settings.columns, lambda: self._trees(stream, name)
        )

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file:document[number]`` as their places."""
        used = self.settings
        return records_of_trees(
            stream, used.columns, used.list_separator, lambda: self._trees(stream, name)
        )

    def _trees(self, stream: BinaryIO, name: str) -> Trees:
        markup = Markup(("document",), False, None, self.where, external_doctype=True)
        number = 0
        for found in markup.records(stream, name):
            if isinstance(found, Refused):
                yield found
                continue
            number += 1
            if self.settings.form is None or found.get("form") == self.settings.form:
                yield self._tree(found, f"{name}:document[{number}]")

    def _tree(self, document: Element, place: str) -> Tree | Refused:
        values: dict[str, list[Cell]] = {"@form": [document.get("form")]}
        files: dict[str, Content] = {}
        findings: list[Finding] = []
        for part in document:
            if local(part.tag) == "noteinfo":
                values["@unid"] = [part.get("unid")]
            elif local(part.tag) == "item":
                self._add(part, values, files, place, findings)
        if findings:
            raw = repr((place, [finding.en for finding in findings], sorted(values))).encode()
            return refused(place, raw, *findings)
        return Tree(place, values, files)

    def _add(
        self,
        item: Element,
        values: dict[str, list[Cell]],
        files: dict[str, Content],
        place: str,
        findings: list[Finding],
    ) -> None:
        column = item.get("name", "")
        wanted = self.settings.columns is None or column in self.settings.columns
        try:
            if column == FILES:
                name, content = embedded_file(item)
                if name in files:
                    findings.append(file_codes.FILE_TWICE.at(place, reference=name))
                if content is not None:
                    files[name] = content
                values.setdefault(column, []).append(name)
            elif wanted:
                values.setdefault(column, []).extend(values_of(item))
        except ItemError as error:
            findings.append(error.text.at(place, **error.facts))
