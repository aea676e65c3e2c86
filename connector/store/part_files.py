"""Packets that come in parts, each in one file: a part stands where the one before it ended.

Parts nearly always come in their order. Then the file is the packet once the last of them is there,
and gets its place in the spool by a second name: nothing is copied. What stands behind the recorded
parts, of a process that died before its commit, is overwritten by the next. A file that begins is
always a new one, for one by its name might have got that second name already.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from connector.disk import Syncing, write_all
from connector.errors import StorageError
from connector.store import codes
from connector.store.border import files
from connector.store.durable import sync
from connector.store.parts import Piece

__all__ = ["Fragment", "PartFiles", "end_of"]


class Fragment(NamedTuple):
    """Bytes of a part and where they belong in the file of its assembly."""

    assembly: str
    start: int
    data: bytes


class PartFiles:
    """A directory of such files, named by their assemblies as a spool names its contents."""

    def __init__(self, directory: Path) -> None:
        self._root: Final = str(directory)

    def write_many(self, fragments: Sequence[Fragment]) -> None:
        """Make fragments durable together.

        Raises StorageError if that fails, EDX-5023 if a file of which something is recorded is not
        here any more.
        """
        begun: set[str] = set()
        with ExitStack() as held, files(self._root):
            descriptors: dict[str, int] = {}
            for fragment in fragments:
                name = fragment.assembly
                if name not in descriptors:
                    descriptors[name] = self._opened(fragment)
                    held.callback(os.close, descriptors[name])
                    if not fragment.start:
                        begun.add(name[:2])
                write_all(descriptors[name], fragment.data, fragment.start)
            with Syncing() as syncing:
                syncing.begin(list(descriptors.values()), data_only=True)
            if begun:
                sync(*(f"{self._root}/{directory}" for directory in begun))

    def holds(self, fragment: Fragment) -> bool:
        """Tell whether these bytes stand there; StorageError if they cannot be read."""
        with files(self._root), self.open(fragment.assembly) as stream:
            stream.seek(fragment.start)
            return stream.read(len(fragment.data)) == fragment.data

    def open(self, assembly: str) -> BinaryIO:
        """Return a new stream of a file; StorageError if it is gone."""
        place = self.place(assembly)
        with files(place):
            try:
                return open(place, "rb")  # noqa: PTH123 - the caller closes it
            except FileNotFoundError as error:
                raise _gone(place) from error

    def size(self, assembly: str) -> int:
        """Return how many bytes a file has; 0 if it is not there."""
        place = self.place(assembly)
        with files(place):
            try:
                return os.stat(place).st_size  # noqa: PTH116
            except FileNotFoundError:
                return 0

    def has(self, assembly: str, pieces: Sequence[Piece]) -> bool:
        """Tell whether a file is as long as what is recorded of it says."""
        return self.size(assembly) >= end_of(pieces)

    def is_whole(self, assembly: str, pieces: Sequence[Piece]) -> bool:
        """Tell whether a file is these parts, one behind the other, and nothing else."""
        end = 0
        for piece in pieces:
            if piece.start != end:
                return False
            end += piece.size
        return self.size(assembly) == end

    def place(self, assembly: str) -> str:
        """Return where the file of an assembly stands."""
        return f"{self._root}/{assembly[:2]}/{assembly[2:]}"

    def _opened(self, fragment: Fragment) -> int:
        place = self.place(fragment.assembly)
        if not fragment.start:
            Path(place).unlink(missing_ok=True)
            return os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            return os.open(place, os.O_WRONLY)
        except FileNotFoundError as error:
            raise _gone(place) from error


def end_of(pieces: Sequence[Piece]) -> int:
    """Return where the next part belongs in the file of which these parts are recorded."""
    return max((each.start + each.size for each in pieces if each.start is not None), default=0)


def _gone(place: str) -> StorageError:
    return StorageError(codes.PARTS_GONE.at(place, path=place))
