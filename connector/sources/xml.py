"""XML of any shape: an element is a record, paths in it are the columns.

Names are compared without their namespaces. The value of an element is all text in it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connector.clock import Clock
from connector.model.record import Cell, Record
from connector.sources.base import Refused
from connector.sources.files import FileSource, Where, file_source
from connector.sources.markup import Element, Markup, local
from connector.sources.tree import Tree, Trees, columns_of_trees, records_of_trees
from connector.sources.tree_settings import XmlSettings

__all__ = ["XmlTable", "open_xml"]


def open_xml(settings: XmlSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of an XML adapter."""
    return file_source(settings, XmlTable(settings, where), base=base, clock=clock)


@dataclass(frozen=True, slots=True)
class XmlTable:
    """The records of one XML file."""

    settings: XmlSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide how elements become records."""
        used = self.settings
        return repr((used.charset, used.record, used.columns, used.list_separator))

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the configured columns, or every path of the first records."""
        return columns_of_trees(stream, name, self._declared(), lambda: self._trees(stream, name))

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield records and refusals with ``file:element[number]`` as their places."""
        separator = self.settings.list_separator
        return records_of_trees(
            stream, self._declared(), separator, lambda: self._trees(stream, name)
        )

    def _declared(self) -> tuple[str, ...] | None:
        return None if self.settings.columns is None else tuple(self.settings.columns)

    def _trees(self, stream: BinaryIO, name: str) -> Trees:
        path = self.settings.record
        steps = tuple(path.strip("/").split("/"))
        markup = Markup(steps, path.startswith("/"), self.settings.charset, self.where)
        number = 0
        for found in markup.records(stream, name):
            if isinstance(found, Refused):
                yield found
            else:
                number += 1
                yield Tree(f"{name}:{steps[-1]}[{number}]", self._values(found))

    def _values(self, record: Element) -> dict[str, list[Cell]]:
        values: dict[str, list[Cell]] = {}
        if self.settings.columns is None:
            for path, text in _leaves(record, ""):
                values.setdefault(path, []).append(text)
            return values
        for column, path in self.settings.columns.items():
            values[column] = [*_at(record, path)]
        return values


def _at(record: Element, path: str) -> Iterator[str]:
    """Yield the text of everything that a path of names leads to."""
    elements = [record]
    for step in path.split("/") if path != "." else ():
        if step.startswith("@"):
            for element in elements:
                yield from (
                    str(value).strip()
                    for name, value in element.attrib.items()
                    if local(name) == step[1:]
                )
            return
        elements = [child for element in elements for child in element if local(child.tag) == step]
    yield from map(_text, elements)


def _leaves(element: Element, path: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of every attribute and of every element that has text of its own."""
    for name, value in element.attrib.items():
        yield f"{path}/@{local(name)}".removeprefix("/"), str(value).strip()
    text = _text(element)
    if len(element) == 0 or _is_mixed(element):
        if path or text:
            yield path or ".", text
        return
    for child in element:
        yield from _leaves(child, f"{path}/{local(child.tag)}".removeprefix("/"))


def _is_mixed(element: Element) -> bool:
    """Tell whether there is text between the elements: then it is one value, not several."""
    own = [element.text, *(child.tail for child in element)]
    return any(text and str(text).strip() for text in own)


def _text(element: Element) -> str:
    return "".join(map(str, element.itertext())).strip()
