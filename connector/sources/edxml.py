"""edXML packets of either dialect, one a file, as records: what one system sent, sent on.

Columns are the fields of `connector.model.envelope.Document` by dotted path; ``code`` is number
and notation joined, ``attachments`` the names of the files, which are in the packet. Nothing is
verified here: a folder of packets is trusted like every other export.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, BinaryIO, Final, Union, get_args, get_origin, get_type_hints

from connector.clock import Clock
from connector.edxml.parser import Limits
from connector.edxml.reader import read
from connector.errors import Finding, PermanentError
from connector.model.content import Content
from connector.model.envelope import Attachment, Document, DocumentCode
from connector.model.record import Cell, Record
from connector.sources import file_codes
from connector.sources.base import Refused
from connector.sources.files import FileSource, Where, file_source
from connector.sources.table import refused_file
from connector.sources.tree import Tree, Trees, records_of_trees
from connector.sources.tree_settings import EdxmlSettings
from connector.text.normalise import nfc

__all__ = ["COLUMNS", "EdxmlTable", "open_edxml"]

_ATTACHMENTS: Final = "attachments"


def open_edxml(settings: EdxmlSettings, *, where: Where, base: Path, clock: Clock) -> FileSource:
    """Return the source of an adapter for packets."""
    return file_source(settings, EdxmlTable(settings, where), base=base, clock=clock)


def _paths(kind: Any, path: str) -> Iterator[str]:
    """Yield the dotted paths of everything in a type that is no dataclass itself."""
    inner = [one for one in get_args(kind) if one not in {type(None), Ellipsis}]
    if get_origin(kind) in {tuple, UnionType, Union} and inner:
        yield from _paths(inner[0], path)
    elif kind is Attachment:
        yield path
    elif dataclasses.is_dataclass(kind):
        if kind is DocumentCode:
            yield path
        for name, part in get_type_hints(kind).items():
            yield from _paths(part, f"{path}.{name}" if path else name)
    else:
        yield path


COLUMNS: Final = tuple(_paths(Document, ""))
"""The columns of every packet."""


@dataclass(frozen=True, slots=True)
class EdxmlTable:
    """The document of one packet."""

    settings: EdxmlSettings
    where: Where

    @property
    def fingerprint(self) -> str:
        """The settings that decide what a packet says."""
        return self.settings.list_separator

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol
        """Return the columns that every packet has."""
        return COLUMNS

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield the record of the packet, at ``file:1``, or why it is none."""
        separator = self.settings.list_separator
        return records_of_trees(stream, COLUMNS, separator, lambda: _trees(stream, name))


def _trees(stream: BinaryIO, name: str) -> Trees:
    place = f"{name}:1"
    try:
        envelope = read(_bytes(stream, place)).envelope
    except PermanentError as error:
        findings = [_placed(finding, name) for finding in error.findings]
        yield refused_file(place, name.encode(), *findings)
        return
    if not isinstance(envelope, Document):
        yield refused_file(place, name.encode(), file_codes.NOT_A_DOCUMENT.at(place))
        return
    files: dict[str, Content] = {}
    for one in envelope.attachments:
        if nfc(one.name) in files:
            finding = file_codes.FILE_TWICE.at(place, reference=one.name)
            yield refused_file(place, name.encode(), finding)
            return
        files[nfc(one.name)] = one.content
    values: dict[str, list[Cell]] = {}
    for path, cell in _cells(envelope, ""):
        values.setdefault(path, []).append(cell)
    yield Tree(place, values, files)


def _bytes(stream: BinaryIO, place: str) -> bytes:
    size, limit = os.fstat(stream.fileno()).st_size, Limits().max_bytes
    if size > limit:
        raise PermanentError(file_codes.RECORD_TOO_LARGE.at(place, limit=f"{limit} B"))
    return stream.read(limit)


def _placed(finding: Finding, name: str) -> Finding:
    place = f"{name}:{finding.place}" if finding.place else name
    return dataclasses.replace(finding, place=place)


def _cells(value: Any, path: str) -> Iterator[tuple[str, Cell]]:
    """Yield path and value of everything that a document says."""
    if isinstance(value, Attachment):
        yield path, value.name
    elif isinstance(value, tuple):
        for one in value:
            yield from _cells(one, path)
    elif dataclasses.is_dataclass(value):
        if isinstance(value, DocumentCode):
            yield path, str(value)
        for part in dataclasses.fields(value):
            inner = getattr(value, part.name)
            yield from _cells(inner, f"{path}.{part.name}" if path else part.name)
    elif isinstance(value, Enum):
        yield path, value.value
    elif isinstance(value, str | int | bool | dt.date) or value is None:
        yield path, value
