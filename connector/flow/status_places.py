"""What is wrong with the files that are to tell legacy systems the states of their documents."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from connector.config.load import parse
from connector.config.node import NodeConfig
from connector.errors import ConnectorError, Finding
from connector.flow import lint_codes
from connector.flow.places import Export, own_place, same
from connector.sinks.status_settings import CsvStatusSettings

__all__ = ["check_status_files"]


def check_status_files(config: NodeConfig, exports: Sequence[Export]) -> Iterator[Finding]:
    """Yield what keeps a status file from being written, and from being a file of its own."""
    seen: list[tuple[Path, str]] = []
    for index, agency in enumerate(config.agencies):
        node = config.section("agencies", index, "status_sink")
        if agency.status_sink is None or node.get(("type",)) != "csv":
            continue
        try:
            path = parse(CsvStatusSettings, node).path.absolute()
        except ConnectorError:
            continue  # told where the settings are read
        place = node.place(("path",))
        yield from _unusable(path, place)
        yield from _taken(config, exports, path, place)
        other = next((code for earlier, code in seen if same(earlier, path)), None)
        if other is not None:
            yield lint_codes.STATUS_TWICE.at(place, path=path, other=other)
        seen.append((path, agency.code))


def _unusable(path: Path, place: str) -> Iterator[Finding]:
    """Yield why no line could be appended to a file; it is not opened, it may be a pipe."""
    there = os.path.exists(path)  # noqa: PTH110 - says no where the directory may not be searched
    target = path if there else path.parent
    if not os.path.isdir(path.parent):  # noqa: PTH112
        yield lint_codes.STATUS_DIRECTORY.at(place, path=path, directory=path.parent)
    elif there and not path.is_file():
        yield lint_codes.STATUS_NO_FILE.at(place, path=path)
    elif not os.access(target, os.W_OK, effective_ids=True):
        yield lint_codes.STATUS_READ_ONLY.at(place, path=path)


def _taken(
    config: NodeConfig, exports: Sequence[Export], path: Path, place: str
) -> Iterator[Finding]:
    """Yield who else reads or writes a file."""
    what = own_place(config, path)
    if what is not None:
        yield lint_codes.STATUS_TAKEN.at(place, path=path, what=what)
    for export in exports:
        if export.takes(path):
            yield lint_codes.STATUS_EXPORTED.at(place, path=path, what=export.what)
