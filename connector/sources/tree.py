"""What the kinds have in common whose records are trees, not rows.

A name that occurs several times in a record becomes one cell with all values joined; a column
that a record does not have is empty. Nested names are joined with dots (JSON, edXML) or slashes
(XML). Which columns there are is configured, or seen in the first hundred records of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import BinaryIO, Final

from connector.errors import ConfigError, Finding, NoInputError
from connector.model.content import Content
from connector.model.record import Cell, Record
from connector.sources import file_codes
from connector.sources.base import Refused, RefusedFile
from connector.sources.embedded import RecordWithFiles
from connector.sources.table import MAX_COLUMNS, columns_of, refused, row_of
from connector.text.normalise import nfc

__all__ = [
    "Tree",
    "Trees",
    "columns_of_trees",
    "names_of",
    "record_of_tree",
    "records_of_trees",
]

_SAMPLE: Final = 100


@dataclass(frozen=True, slots=True)
class Tree:
    """A record as it was found: all values by column, in order, and the files inside it."""

    place: str
    values: Mapping[str, Sequence[Cell]]
    files: Mapping[str, Content] = field(default_factory=dict)


Trees = Generator[Tree | Refused, None, None]
"""The records of a file; what is wrong with the file itself is a `RefusedFile`."""


def columns_of_trees(
    stream: BinaryIO, name: str, declared: Sequence[str] | None, read: Callable[[], Trees]
) -> tuple[str, ...]:
    """Return the columns of a file; a look at its first record shows whether it can be read.

    Raises:
        ConfigError: the file is not of this kind.
        NoInputError: columns are not declared, and there is no record yet.
    """
    found = _sampled(stream, read)
    bad = [row for row in found if isinstance(row, RefusedFile)]
    if bad:
        raise ConfigError(*bad[0].findings)
    if declared is not None:
        return tuple(declared)
    if not any(isinstance(row, Tree) for row in found):
        raise NoInputError(file_codes.COLUMNS_UNKNOWN.at(name))
    return columns_of(names_of(found), name, 1)


def records_of_trees(
    stream: BinaryIO,
    declared: Sequence[str] | None,
    separator: str,
    read: Callable[[], Trees],
) -> Generator[Record | Refused, None, None]:
    """Yield a record or a refusal for every tree."""
    columns = names_of(_sampled(stream, read)) if declared is None else tuple(declared)
    with closing(read()) as trees:
        for tree in trees:
            if isinstance(tree, Refused):
                yield tree
                continue
            row = record_of_tree(tree, columns, declared is not None, separator)
            if row is not None:
                yield row


def _sampled(stream: BinaryIO, read: Callable[[], Trees]) -> list[Tree | Refused]:
    """Look at the first records without their values, which may be large; go back to the start."""
    with closing(read()) as trees:
        found = [
            Tree(row.place, dict.fromkeys(row.values, ())) if isinstance(row, Tree) else row
            for row in islice(trees, _SAMPLE)
        ]
    stream.seek(0)
    return found


def names_of(found: Sequence[Tree | Refused]) -> tuple[str, ...]:
    """Return every name of the sample in the order in which they come up."""
    names = dict.fromkeys(
        name for row in found if isinstance(row, Tree) for name in row.values if name
    )
    return tuple(islice(names, MAX_COLUMNS + 1))


def record_of_tree(
    tree: Tree, columns: Sequence[str], only_these: bool, separator: str
) -> Record | Refused | None:
    """Return a record with the columns, and with others of the tree unless `only_these`."""
    found = {nfc(name): values for name, values in tree.values.items()}
    others = [] if only_these else [name for name in found if name and name not in set(columns)]
    names = (*columns, *others)
    raw = repr([*sorted(tree.values.items()), *sorted(tree.files)]).encode()
    findings: list[Finding] = []
    cells = [
        _joined(name, found.get(nfc(name), ()), separator, tree.place, findings) for name in names
    ]
    row = row_of(names, cells, tree.place, charset="utf-8", raw=raw)
    if findings:
        return refused(tree.place, raw, *findings)
    if isinstance(row, Record) and tree.files:
        return RecordWithFiles(row.place, row.values, tree.files)
    return row


def _joined(
    column: str, values: Sequence[Cell], separator: str, place: str, findings: list[Finding]
) -> Cell:
    """Return the one value, or all that say something as one text."""
    told = [value for value in values if value is not None and value != ""]
    if len(told) <= 1:
        return told[0] if told else None
    texts = [_text(value) for value in told]
    if any(separator in text for text in texts):
        text = file_codes.SEPARATOR_IN_VALUE
        findings.append(text.at(place, column=column, separator=separator))
    return separator.join(texts)


def _text(value: Cell) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
