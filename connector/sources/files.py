"""Exports that are files: which there are, which of them are new, and how far each was read.

The cursor names each file with the digest of its content (and of the settings that read it) and
the number of rows taken. A file that was read to its end and is unchanged gives nothing; a
changed one is read from its first row again, because rows are known again by their key.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from connector.clock import Clock
from connector.errors import Finding, NoInputError, UnavailableError
from connector.model.content import Content
from connector.model.record import Record
from connector.sources import codes
from connector.sources.attachments import Attachments
from connector.sources.base import BATCH_SIZE, Batch, Refused, RefusedFile
from connector.sources.drops import NO_DROP, Drop
from connector.sources.embedded import Embedded, weight
from connector.sources.settings import FileSettings
from connector.sources.table import chunks

__all__ = ["FileSource", "Table", "Where", "file_source"]

Where = Callable[[str], str]
"""From the name of a setting to its place in the adapter's file."""

_CHUNK: Final = 256 << 10
_VERSION: Final = 1
_RACY_SECONDS: Final = 2
_FAR_FUTURE_SECONDS: Final = -86400
_Stamp = tuple[int, int]
_NO_STAMP: Final[_Stamp] = (-1, -1)


class Table(Protocol):
    """How one kind of file is read; `name` is the file's name in places."""

    @property
    def fingerprint(self) -> str:
        """Text that differs whenever the same bytes would give other rows."""
        ...

    def columns(self, stream: BinaryIO, name: str) -> tuple[str, ...]:
        """Return the names of the columns; ConfigError if header or settings are not usable."""
        ...

    def rows(self, stream: BinaryIO, name: str) -> Generator[Record | Refused, None, None]:
        """Yield every row; what is wrong with a file is a refusal, not an error."""
        ...


@dataclass(frozen=True, slots=True)
class _Progress:
    digest: str
    rows: int
    finished: bool
    stamp: _Stamp
    rejected: bool = False


def _alone(path: Path) -> Sequence[Path]:  # noqa: ARG001 - one of several ways to answer
    return ()


def file_source(
    settings: FileSettings,
    table: Table,
    *,
    base: Path,
    clock: Clock,
    companions: Callable[[Path], Sequence[Path]] = _alone,
) -> FileSource:
    """Return the source of an adapter whose export is files."""
    return FileSource(
        path=settings.path,
        base=base,
        settle_seconds=settings.settle_seconds,
        table=table,
        attachments=Embedded(Attachments(settings.attachments_directory)),
        clock=clock,
        drop=Drop(
            settings.done_marker,
            settings.manifest,
            settings.archive_directory,
            settings.reject_directory,
        ),
        companions=companions,
    )


@dataclass(frozen=True, slots=True)
class FileSource:
    """A `Source` over one file or a pattern of files."""

    path: Path
    base: Path
    settle_seconds: float
    table: Table
    attachments: Embedded
    clock: Clock
    drop: Drop = NO_DROP
    companions: Callable[[Path], Sequence[Path]] = _alone
    """Files beside an export without which it is not whole, memo files for example."""

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the first file; NoInputError if a pattern matches none."""
        for path in self._files():
            with _opened(path) as stream:
                return self.table.columns(stream, self._name(path))
        raise NoInputError(codes.NO_FILE_MATCHES.at(str(self.path)))

    def read(self, cursor: str | None, *, batch_size: int = BATCH_SIZE) -> Iterator[Batch]:
        """Yield the rows that `cursor` does not cover, file by file in the order of names."""
        files = {self._name(path): path for path in self._files()}
        covered = {name: done for name, done in _parsed(cursor).items() if name in files}
        faults: list[Finding] = []
        for name, path in files.items():
            if self._is_settled(path):
                yield from self._read_file(path, name, covered, faults, batch_size)
        if faults:
            raise UnavailableError(*faults)

    def attachment(self, record: Record, reference: str) -> Content:
        """Return the file that a record holds or names; see `Attachments.content`."""
        return self.attachments.content(record, reference)

    def acknowledge(self, cursor: str) -> None:
        """Move the files that were read to their end, if they are to be moved.

        Their progress is in the cursor. Raises UnavailableError if one cannot be moved.
        """
        if not self.drop.moves:
            return
        done = {name: one for name, one in _parsed(cursor).items() if one.finished}
        for path in self._present() if done else ():
            progress = done.get(self._name(path))
            if progress is not None and self._is_unchanged(path, progress):
                companions = self.companions(path)
                self.drop.take_away(path, companions, rejected=progress.rejected)

    def close(self) -> None:
        """Nothing stays open between batches."""

    def _read_file(
        self,
        path: Path,
        name: str,
        covered: dict[str, _Progress],
        faults: list[Finding],
        batch_size: int,
    ) -> Iterator[Batch]:
        with _opened(path) as stream, closing(self.table.rows(stream, name)) as rows:
            stamp = self._stamp(stream, path)
            progress = self._progress(covered.get(name), stream, stamp, path)
            if progress.finished:
                return
            objection = self.drop.objection(path)
            if objection is not None:
                faults.append(objection)
                return
            left = islice(rows, progress.rows, None)
            for chunk, following in chunks(left, batch_size, weight):
                if self._stamp(stream, path) != stamp:
                    faults.append(codes.CHANGED_WHILE_READING.at(name))
                    return
                progress = _further(progress, chunk, finished=following is None)
                covered[name] = progress
                yield _batch(chunk, covered)
            if not progress.finished and self.drop.moves:
                covered[name] = replace(progress, finished=True)
                yield _batch([], covered)

    def _progress(
        self, before: _Progress | None, stream: BinaryIO, stamp: _Stamp, path: Path
    ) -> _Progress:
        """Return how far a file was read: not at all if it is not the file that was read."""
        if before is not None and before.finished and before.stamp == stamp:
            return before
        digest = self._digest(stream, path)
        if before is not None and before.digest == digest:
            return before
        return _Progress(digest, 0, finished=False, stamp=self._kept(stamp))

    def _is_unchanged(self, path: Path, progress: _Progress) -> bool:
        with _opened(path) as stream:
            return self._digest(stream, path) == progress.digest

    def _files(self) -> list[Path]:
        """Return what there is to read; UnavailableError if the place of it is not there."""
        return self.drop.ready(self._present())

    def _present(self) -> list[Path]:
        try:
            return [self.path] if self.path.exists() else self._matching()
        except OSError as error:
            raise _gone(self.path, error.strerror or type(error).__name__) from error

    def _matching(self) -> list[Path]:
        pattern, root = self._pattern()
        if not glob.has_magic(pattern):
            if self.drop.may_be_empty and self.path.parent.is_dir():
                return []
            raise _gone(self.path, "no such file")
        fixed = root / _fixed_part(pattern)
        if not fixed.is_dir():
            raise _gone(fixed, "no such directory")
        found = glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207 - patterns may have ..
        return [path for name in sorted(found) if (path := root / name).is_file()]

    def _pattern(self) -> tuple[str, Path]:
        """Split off the base directory, whose name may have characters of patterns in it."""
        if self.path.is_relative_to(self.base):
            return str(self.path.relative_to(self.base)), self.base
        return str(self.path), Path("/")

    def _name(self, path: Path) -> str:
        inside = path.is_relative_to(self.base)
        return (path.relative_to(self.base) if inside else path).as_posix()

    def _is_settled(self, path: Path) -> bool:
        if not self.settle_seconds:
            return True
        try:
            age = self.clock.now().timestamp() - path.stat().st_mtime
        except OSError:
            return False
        return age >= self.settle_seconds or age < _FAR_FUTURE_SECONDS

    def _kept(self, stamp: _Stamp) -> _Stamp:
        """Return what later tells the file as unchanged; a very young file must be read for that.

        A second write within the clock tick of the first would leave the stamp as it is.
        """
        age = self.clock.now().timestamp() - stamp[1] / 1e9
        return stamp if age > _RACY_SECONDS else _NO_STAMP

    def _digest(self, stream: BinaryIO, path: Path) -> str:
        digest = hashlib.sha256(self.table.fingerprint.encode())
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
        stream.seek(0)
        for companion in self.companions(path):
            with _opened(companion) as beside:
                while chunk := beside.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()[:32]

    def _stamp(self, stream: BinaryIO, path: Path) -> _Stamp:
        found = [os.fstat(stream.fileno()), *(one.stat() for one in self.companions(path))]
        return sum(one.st_size for one in found), max(one.st_mtime_ns for one in found)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise _gone(path, error.strerror or type(error).__name__) from error


def _gone(path: Path, reason: str) -> UnavailableError:
    return UnavailableError(codes.SOURCE_GONE.at(str(path), reason=reason))


def _fixed_part(pattern: str) -> Path:
    """Return the directories before the first one with a pattern in its name."""
    fixed = Path()
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed


def _further(progress: _Progress, chunk: list[Record | Refused], *, finished: bool) -> _Progress:
    rejected = progress.rejected or any(isinstance(row, RefusedFile) for row in chunk)
    rows = progress.rows + len(chunk)
    return replace(progress, rows=rows, finished=finished, rejected=rejected)


def _batch(chunk: list[Record | Refused], covered: dict[str, _Progress]) -> Batch:
    files = {
        name: [done.digest, done.rows, done.finished, *done.stamp, done.rejected]
        for name, done in covered.items()
    }
    cursor = {"v": _VERSION, "files": files}
    return Batch(
        records=tuple(row for row in chunk if isinstance(row, Record)),
        refusals=tuple(row for row in chunk if isinstance(row, Refused)),
        cursor=json.dumps(cursor, ensure_ascii=False, separators=(",", ":")),
    )


def _parsed(cursor: str | None) -> dict[str, _Progress]:
    """Return what a cursor covers; one that another kind of source wrote covers nothing here."""
    try:
        written = json.loads(cursor or "{}")
        return {
            name: _Progress(
                str(digest), int(rows), finished is True, (size, time), True in rejected
            )
            for name, (digest, rows, finished, size, time, *rejected) in written["files"].items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
