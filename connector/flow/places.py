"""Where on the disk a node reads and writes, and which of these places come into each other's way.

Paths are compared as the system resolves them; nothing is opened.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from connector.config.load import parse
from connector.config.node import NodeConfig
from connector.config.yaml_source import Node
from connector.errors import ConfigError, ConnectorError, Finding
from connector.flow import lint_codes
from connector.flow.adapters.adapter import Adapter
from connector.mapping.settings import ADAPTER_FILE
from connector.sinks.settings import FolderSettings
from connector.sources.registry import settings_model
from connector.sources.settings import FileSettings, WithAttachments
from connector.store.engine import FILE_NAME as DATABASE
from connector.store.lock import FILE_NAME as LOCK
from connector.trust.settings import parse_key_list

__all__ = [
    "Export",
    "clashes",
    "exports_of",
    "exports_twice",
    "own_place",
    "refuse_clashes",
    "same",
]

_ANY_DEPTH: Final = "**"
_STATE_DIRECTORIES: Final = ("spool", "parts", "ocsp", "backups")
_STATE_FILES: Final = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, "registry-version")
"""What a node has in `state_dir`; a sink may have a directory of its own beside it."""

_CHOOSING: Final = frozenset({"sheet", "table", "records", "record"})
"""Settings of a source of files that choose other records of the same file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an adapter or a status source reads: files of a pattern below a directory."""

    what: str
    place: str
    directory: Path | None
    """Before the first name with a pattern; of a single file its directory, None without files."""
    pattern: tuple[str, ...]
    beside: tuple[Path, ...]
    """Attachments, and where files are moved that were read."""
    chosen: frozenset[tuple[str, str]]

    @property
    def directories(self) -> tuple[Path, ...]:
        """Directories that are the export's as a whole; that of a single file is not."""
        if self.directory is None or not glob.has_magic("/".join(self.pattern)):
            return self.beside
        return (self.directory, *self.beside)

    @property
    def reads(self) -> tuple[Path, ...]:
        """Where it reads: its directories, or its file."""
        if self.directory is None or self.directory in self.directories:
            return self.directories
        return (self.directory.joinpath(*self.pattern), *self.beside)

    def takes(self, path: Path) -> bool:
        """Tell whether a file would be read, one that is not there yet too."""
        if self.directory is None:
            return False
        spelled = Path(os.path.realpath(path.parent), path.name)
        if any(_matches(one, self.directory, self.pattern) for one in (spelled, _real(path))):
            return True
        return any(same(path, one) for one in self.present())

    def present(self) -> Iterator[Path]:
        """Yield the files that are there."""
        if self.directory is not None:
            pattern = "/".join(self.pattern)
            names = glob.iglob(pattern, root_dir=self.directory, recursive=True)  # noqa: PTH207 - patterns may have ..
            yield from (self.directory / name for name in names)


def exports_of(config: NodeConfig, adapters: Iterable[Adapter]) -> list[Export]:
    """Return what the adapters and the status sources of a node read from files."""
    found = [
        _export(f"adapter {adapter.name}", adapter.settings.node, adapter.directory)
        for adapter in adapters
    ]
    for index, agency in enumerate(config.agencies):
        if agency.status_source is not None:
            node = config.section("agencies", index, "status_source")
            found.append(_export(f"status_source {agency.code}", node, node.path.parent))
    return [export for export in found if export is not None]


def clashes(config: NodeConfig, exports: Sequence[Export]) -> Iterator[Finding]:
    """Yield places that two things of a node would share; with any of them it is not opened."""
    sinks = [_folder(config, index) for index in range(len(config.sinks))]
    folders = [folder for folder in sinks if folder is not None]
    for index, (path, place) in enumerate(folders):
        other = next((at for earlier, at in folders[:index] if same(earlier, path)), None)
        if other is not None:
            yield lint_codes.SINKS_SHARE.at(place, path=path, other=other)
        what = _owner(config, exports, path)
        if what is not None:
            yield lint_codes.SINK_INSIDE.at(place, path=path, what=what)
    state, place = config.state_dir, config.section("state_dir").place()
    for export in exports:
        above = any(_inside(state, each) for each in export.directories)
        if above or any(_inside(each, state) for each in export.reads):
            yield lint_codes.STATE_AND_EXPORT.at(place, path=state, what=export.what)


def refuse_clashes(config: NodeConfig, adapters: Iterable[Adapter]) -> None:
    """Raise ConfigError if two things of a node would share a place."""
    if found := tuple(clashes(config, exports_of(config, adapters))):
        raise ConfigError(*found)


def exports_twice(exports: Sequence[Export]) -> Iterator[Finding]:
    """Yield exports that an earlier one reads as well, as a warning."""
    told: set[str] = set()
    for first, second in combinations(exports, 2):
        if second.place not in told and first.chosen == second.chosen and _overlap(first, second):
            told.add(second.place)
            yield lint_codes.EXPORT_TWICE.at(second.place, other=first.what)


def own_place(config: NodeConfig, path: Path) -> str | None:
    """Return the name of the node's own directory or file that a path is, or lies in."""
    for name, directory in _own_directories(config):
        if _inside(path, directory):
            return name
    return next((str(file) for file in _own_files(config) if same(file, path)), None)


def same(one: Path, other: Path) -> bool:
    """Tell whether two paths are one file or directory."""
    if _real(one) == _real(other):
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False


def _owner(config: NodeConfig, exports: Iterable[Export], path: Path) -> str | None:
    """Return to whom a directory belongs where no document may be put."""
    own = own_place(config, path)
    if own is not None:
        return own
    file = next((file for file in _own_files(config) if same(file.parent, path)), None)
    if file is not None:
        return str(file)
    owners = (each for each in exports if any(_inside(path, one) for one in each.directories))
    return next((export.what for export in owners), None)


def _own_directories(config: NodeConfig) -> Iterator[tuple[str, Path]]:
    for name in _STATE_DIRECTORIES:
        yield "state_dir", config.state_dir / name
    yield "trust.anchors_dir", config.trust.anchors_dir
    if config.trust.crls_dir is not None:
        yield "trust.crls_dir", config.trust.crls_dir


def _own_files(config: NodeConfig) -> Iterator[Path]:
    """Yield the files that a configuration names for the node's own use, itself first."""
    yield config.section().path
    yield from (adapter / ADAPTER_FILE for adapter in config.adapters)
    yield from (config.state_dir / name for name in _STATE_FILES)
    parts: list[BaseModel] = [config.trust, config.catalogue, config.broker, config.store]
    for index, agency in enumerate(config.agencies):
        if agency.key is not None:
            with suppress(ConnectorError):  # told where the keys are loaded
                parts += parse_key_list(config.key_section(index))
        if agency.broker_password is not None:
            parts.append(agency.broker_password)
    for part in parts:
        yield from _paths_in(part)
    scheme, _, database = (config.store.url or "").partition(":///")
    if scheme.startswith("sqlite") and database:
        yield Path(database)


def _paths_in(settings: BaseModel) -> Iterator[Path]:
    for name, value in settings:
        if isinstance(value, BaseModel):
            yield from _paths_in(value)
        elif isinstance(value, Path) and not name.endswith("_dir"):
            yield value


def _folder(config: NodeConfig, index: int) -> tuple[Path, str] | None:
    """Return directory and place of a folder sink; what its settings lack is told elsewhere."""
    node = config.sink_section(index)
    if config.sinks[index].type != "folder":
        return None
    try:
        settings = parse(FolderSettings, node)
    except ConnectorError:
        return None
    return settings.directory.absolute(), node.place(("directory",))


def _export(what: str, node: Node, base: Path) -> Export | None:
    """Return what a source reads; None if its settings do not fit, which is told elsewhere."""
    try:
        settings = parse(settings_model(str(node.get(("source", "type")))), node, ("source",))
    except ConnectorError:
        return None
    beside: list[Path | None] = []
    directory: Path | None = None
    pattern: tuple[str, ...] = ()
    if isinstance(settings, WithAttachments):
        beside.append(settings.attachments_directory)
    if isinstance(settings, FileSettings):
        beside += [settings.archive_directory, settings.reject_directory]
        directory, pattern = _split(settings.path, base)
    return Export(
        what=what,
        place=node.place(("source", "path")),
        directory=directory,
        pattern=pattern,
        beside=tuple(path for path in beside if path is not None),
        chosen=_chosen(settings),
    )


def _chosen(settings: BaseModel) -> frozenset[tuple[str, str]]:
    """Return what says which records are read, apart from the files."""
    of_files = isinstance(settings, FileSettings)
    return frozenset(
        (name, str(value))
        for name, value in settings
        if (name in _CHOOSING if of_files else name != "attachments_directory")
    )


def _split(path: Path, base: Path) -> tuple[Path, tuple[str, ...]]:
    """Return the directory before the first pattern, as the system resolves it, and the rest."""
    top, steps = Path("/"), path.absolute().parts[1:]
    if path.is_relative_to(base):  # its name may have characters of patterns in it
        top, steps = base.absolute(), path.relative_to(base).parts
    fixed = next((at for at, step in enumerate(steps[:-1]) if glob.has_magic(step)), -1)
    fixed = len(steps) - 1 if fixed < 0 else fixed
    if glob.has_magic("/".join(steps)) and not os.path.lexists(path):
        return _real(top.joinpath(*steps[:fixed])), steps[fixed:]
    file = _real(top.joinpath(*steps))
    return file.parent, (file.name,)


def _overlap(first: Export, second: Export) -> bool:
    if first.directory is None or second.directory is None:
        return first.directory is second.directory
    if (first.directory, first.pattern) == (second.directory, second.pattern):
        return True
    files = {_real(path) for path in first.present()}
    return any(_real(path) in files for path in second.present())


def _matches(path: Path, directory: Path, pattern: Sequence[str]) -> bool:
    return path.is_relative_to(directory) and _fits(path.relative_to(directory).parts, pattern)


def _fits(steps: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not steps
    if pattern[0] == _ANY_DEPTH:
        return _fits(steps, pattern[1:]) or (bool(steps) and _fits(steps[1:], pattern))
    return bool(steps) and fnmatchcase(steps[0], pattern[0]) and _fits(steps[1:], pattern[1:])


def _inside(path: Path, directory: Path) -> bool:
    """Tell whether a path is a directory, or lies somewhere in it."""
    return _real(path).is_relative_to(_real(directory))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
