"""What a disk holds after a power cut: replayed from a trace of writes and syncs.

The model is stricter than any file system in use: bytes that were not synced are gone, or kept
page by page at random; a name that was not synced in its directory is gone, even if the file
itself was synced; a rename counts as two changes in two directories.
"""

from __future__ import annotations

import ctypes
import os
import random
import struct
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["Change", "Disk", "Kept", "Op", "build_shim", "read_trace", "shim", "shim_environ"]

_HEAD: Final = struct.Struct("<IIIIQQQ")
_PAGE: Final = 4096
_SOURCE: Final = Path(__file__).with_name("shim") / "shim.c"
_FORGOTTEN: Final = ("-shm", ".log", ".trace")
_FOREIGN: Final = "adapter"


class Op(IntEnum):
    """What the shim records; the numbers are those of shim.c."""

    OPEN = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    SYNC_DIR = 5
    RENAME = 6
    UNLINK = 7
    MKDIR = 8
    RMDIR = 9
    MARK = 10
    CREATE = 11
    LINK = 12


class Kept(StrEnum):
    """What of the un-synced survives a cut."""

    NOTHING = "nothing"
    SOME = "some"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Change:
    """One record of a trace."""

    op: Op
    path: str
    target: str
    inode: int
    offset: int
    data: bytes


def build_shim(directory: Path) -> Path:
    """Compile the library; the error of the compiler if it cannot be."""
    library = directory / "shim.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(library)]
    subprocess.run([*command, str(_SOURCE), "-ldl", "-lpthread"], check=True)
    return library


def shim_environ(library: Path, directory: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a program whose disk below `directory` is ours."""
    named = {f"SHIM_{name.upper()}": value for name, value in settings.items()}
    return {**os.environ, "LD_PRELOAD": str(library), "SHIM_DIR": str(directory), **named}


@cache
def shim() -> ctypes.CDLL:
    """Return the library under which this very process runs."""
    library = ctypes.CDLL(None)
    library.shim_fail.argtypes = [ctypes.c_char_p, ctypes.c_longlong, ctypes.c_int]
    library.shim_space.argtypes = [ctypes.c_longlong]
    library.shim_mark.argtypes = [ctypes.c_char_p]
    return library


def read_trace(path: Path) -> list[Change]:
    """Return all records of a trace, in order."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        op, first, second, _, inode, offset, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        name = data[at : at + first].decode()
        target = data[at + first : at + first + second].decode()
        at += first + second
        content = data[at : at + size] if op == Op.WRITE else b""
        at += len(content)
        found.append(Change(Op(op), name, target, inode, offset, content))
    return found


@dataclass(slots=True)
class _File:
    """A file's bytes as the disk has them, and what was written since."""

    synced: bytearray = field(default_factory=bytearray)
    written: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, offset: int, data: bytes | None) -> None:
        _apply(self.written, offset, data)
        self.pending.append((offset, data))

    def sync(self) -> None:
        for offset, data in self.pending:
            _apply(self.synced, offset, data)
        self.pending.clear()

    def content(self, kept: Kept, rolls: random.Random) -> bytes:
        if kept is Kept.EVERYTHING:
            return bytes(self.written)
        if kept is Kept.NOTHING or not self.pending:
            return bytes(self.synced)
        found = bytearray(self.synced)
        for offset, data in self.pending:
            if data is None:
                if rolls.random() < 0.5:
                    _apply(found, offset, None)
                continue
            for start in range(0, len(data), _PAGE):
                if rolls.random() < 0.5:
                    _apply(found, offset + start, data[start : start + _PAGE])
        return bytes(found)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write at an offset; without data, cut or fill up to it."""
    if data is None:
        del content[offset:]
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if data is not None:
        content[offset : offset + len(data)] = data


@dataclass(slots=True)
class _Directory:
    """A directory's names as the disk has them, and what was changed since."""

    synced: dict[str, _Node] = field(default_factory=dict)
    names: dict[str, _Node] = field(default_factory=dict)
    pending: list[tuple[str, _Node | None]] = field(default_factory=list)

    def put(self, name: str, node: _Node | None) -> None:
        _name(self.names, name, node)
        self.pending.append((name, node))

    def sync(self) -> None:
        for name, node in self.pending:
            _name(self.synced, name, node)
        self.pending.clear()

    def content(self, kept: Kept, rolls: random.Random) -> Mapping[str, _Node]:
        if kept is Kept.EVERYTHING:
            return self.names
        if kept is Kept.NOTHING or not self.pending:
            return self.synced
        found = dict(self.synced)
        for name, node in self.pending[: rolls.randint(0, len(self.pending))]:
            _name(found, name, node)
        return found


_Node = _File | _Directory


def _name(names: dict[str, _Node], name: str, node: _Node | None) -> None:
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node


class Disk:
    """Everything below one directory, replayed change by change."""

    def __init__(self, root: Path, baseline: Path) -> None:
        self._root: Final = str(root)
        self._top: Final = _Directory()
        self._files: Final[dict[int, _File]] = {}
        self.marks: Final[list[str]] = []
        self._load(baseline, self._top)

    def _load(self, source: Path, into: _Directory) -> None:
        """Take what was there before the trace as durable."""
        for path in source.iterdir():
            node: _Node
            if path.is_dir():
                node = _Directory()
                self._load(path, node)
            else:
                node = _File(bytearray(path.read_bytes()), bytearray(path.read_bytes()))
            into.names[path.name] = into.synced[path.name] = node

    def apply(self, change: Change) -> None:
        """Replay one record."""
        if change.op is Op.MARK:
            self.marks.append(change.path)
        elif change.op in {Op.WRITE, Op.TRUNCATE}:
            data = change.data if change.op is Op.WRITE else None
            if change.inode in self._files:
                self._files[change.inode].write(change.offset, data)
        elif change.op is Op.SYNC:
            if change.inode in self._files:
                self._files[change.inode].sync()
        elif change.op is Op.SYNC_DIR:
            found = self._find(change.path)
            if isinstance(found, _Directory):
                found.sync()
        else:
            self._rename(change)

    def _rename(self, change: Change) -> None:
        parent, name = self._parent(change.path)
        if change.op is Op.CREATE:
            self._files[change.inode] = _File()
            parent.put(name, self._files[change.inode])
        elif change.op is Op.OPEN:
            node = parent.names.get(name)
            if isinstance(node, _File):
                self._files[change.inode] = node
        elif change.op is Op.MKDIR:
            parent.put(name, _Directory())
        elif change.op in {Op.UNLINK, Op.RMDIR}:
            parent.put(name, None)
        else:
            goal, new_name = self._parent(change.target)
            goal.put(new_name, parent.names[name])
            if change.op is Op.RENAME:
                parent.put(name, None)

    def _parent(self, path: str) -> tuple[_Directory, str]:
        head, _, name = path.rpartition("/")
        found = self._find(head)
        if not isinstance(found, _Directory):
            raise NotADirectoryError(path)
        return found, name

    def _find(self, path: str) -> _Node | None:
        node: _Node | None = self._top
        for part in path[len(self._root) :].split("/"):
            if part and isinstance(node, _Directory):
                node = node.names.get(part)
        return node

    def materialise(self, goal: Path, kept: Kept, rolls: random.Random) -> None:
        """Write what the disk holds after a cut at this moment."""
        for path, node, how in self._walk(self._top, goal, kept, rolls):
            if isinstance(node, _Directory):
                path.mkdir(mode=0o700, exist_ok=True)
            elif not path.name.endswith(_FORGOTTEN):
                path.touch(mode=0o600)
                path.write_bytes(node.content(how, rolls))

    def _walk(
        self, directory: _Directory, path: Path, kept: Kept, rolls: random.Random
    ) -> Iterator[tuple[Path, _Node, Kept]]:
        """Yield what survives; the export belongs to another system, whose disk is not cut."""
        yield path, directory, kept
        for name, node in directory.content(kept, rolls).items():
            if isinstance(node, _Directory):
                how = Kept.EVERYTHING if name == _FOREIGN else kept
                yield from self._walk(node, path / name, how, rolls)
            else:
                yield path / name, node, kept
