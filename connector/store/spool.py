"""Packet bodies and attachments as files named by their digest; a file is whole or absent (G1, G8).

Written as temporary file, fdatasync, rename, fsync of the directory; of a group all take each of
these steps together, so that they wait for the disk together. Temporary files of a process that
died are removed when the spool is opened; those of a living one are held by a lock. What was found
to be changed is put aside into ``damaged``, where it is no content any more.
"""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import hashlib
import io
import os
import re
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from connector import crash
from connector.disk import Syncing
from connector.errors import Bug, StorageError
from connector.model.content import BytesContent, Content
from connector.store import codes
from connector.store.border import files, from_files
from connector.store.drafts import Draft, Drafts, Group, Readable
from connector.store.durable import opened, sync
from connector.store.scratch import Scratch

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = ["Readable", "Spool", "Spooled"]

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_GROUP: Final = 128
"""So many files are open at a time, and then as many directories at most."""
_SHARES: Final = 4
_REMEMBERED: Final = 16_384
_NO_SECOND_NAME: Final = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EEXIST}
)

_Wanted = TypeVar("_Wanted")


@dataclass(frozen=True, slots=True)
class Spooled:
    """Content in the spool, durable before anyone holds one of these."""

    sha256: str
    size: int
    place: str
    """Where the file stands; a text, for several are made a document, and a Path is dear."""

    @property
    def path(self) -> Path:
        """Where the file stands."""
        return Path(self.place)

    def open(self) -> io.BufferedReader:
        """Return a new stream at the first byte; StorageError if the file is gone."""
        try:
            return open(self.place, "rb")  # noqa: PTH123 - the caller closes it
        except FileNotFoundError as error:
            raise StorageError(codes.BODY_MISSING.at(self.place, sha256=self.sha256)) from error
        except OSError as error:
            raise from_files(error, self.place) from error


class Spool:
    """A directory of contents by digest: ``ab/cdef…``, readable by the daemon's user only."""

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory
        self._root: Final = str(directory)
        self._drafts: Final = Drafts(directory / "tmp")
        self._durable: Final = _Durable()
        with files(str(directory)):
            self._prepare()
            self._drafts.clear()

    def put(self, data: bytes) -> Spooled:
        """Make bytes durable; the same bytes are kept once. StorageError if that fails."""
        return self._put_group((data,))[0]

    def put_stream(self, stream: Readable) -> Spooled:
        """Make a stream's bytes durable without holding them in memory."""
        return self._put_group((stream,))[0]

    def put_many(self, contents: Sequence[bytes | Content | Readable]) -> list[Spooled]:
        """Make contents durable together, with few waits for the disk; StorageError if not all.

        What a Content says of itself is believed only where the spool holds it already, so
        compare the digest that comes back. All are read in the caller's thread, in their order.
        """
        spooled: list[Spooled] = []
        for start in range(0, len(contents), _GROUP):
            spooled += self._put_group(contents[start : start + _GROUP])
        return spooled

    def adopt(self, path: str) -> Spooled:
        """Keep a durable file, which nobody writes any more, as content by a second name.

        It is copied where it cannot have one, as on another file system. StorageError if that
        fails; the first name is the caller's to remove.
        """
        with files(path), open(path, "rb") as stream:  # noqa: PTH123
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
        with files(self._root), self._names(fcntl.LOCK_SH):
            found = self._found(_Claim(b"", sha256, size)) or self._linked(path, sha256, size)
        if found is None:
            with files(path), open(path, "rb") as stream:  # noqa: PTH123
                return self.put_stream(stream)
        with files(self._root):
            self._sync_names([found])
        return found

    def scratch(self) -> Scratch:
        """Return an empty content for bytes that nobody needs after this process."""
        return Scratch(self._drafts.nameless())

    def get(self, sha256: str) -> Spooled:
        """Return what was put under a digest; StorageError if it is not there."""
        place = self._place(sha256)
        try:
            return Spooled(sha256, os.stat(place).st_size, place)  # noqa: PTH116
        except FileNotFoundError as error:
            raise StorageError(codes.BODY_MISSING.at(place, sha256=sha256)) from error
        except OSError as error:
            raise from_files(error, place) from error

    def at(self, sha256: str, size: int) -> Spooled:
        """Return what stands under a digest without looking whether it is there."""
        return Spooled(sha256, size, self._place(sha256))

    def exists(self, sha256: str) -> bool:
        """Tell whether a content is there."""
        return Path(self._place(sha256)).is_file()

    def remove(self, sha256: str) -> None:
        """Remove a content that nothing refers to any more; its absence is no error."""
        path = Path(self._place(sha256))
        with files(str(path)):
            path.unlink(missing_ok=True)

    def remove_unless_put_since(self, sha256: str, moment: dt.datetime) -> bool:
        """Remove a content unless it was put, for the first time or again, since a moment.

        True if it was removed. Safe beside processes that put the same content just now.
        """
        place = self._place(sha256)
        with files(place), self._names(fcntl.LOCK_EX):
            status = _status(place)
            if status is None or status.st_mtime >= moment.timestamp():
                return False
            Path(place).unlink(missing_ok=True)
        return True

    def verify(self, sha256: str, *, put_aside: bool = False) -> Spooled:
        """Read a content again and compare; StorageError if it is gone or was changed.

        With `put_aside` a changed one leaves its place if that is possible, so that it is written
        anew when it is put.
        """
        spooled = self.get(sha256)
        with spooled.open() as stream, files(spooled.place):
            found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found == sha256:
                return spooled
            if put_aside:
                with suppress(OSError):  # whoever may only read tells of it all the same
                    self._put_aside(spooled, os.fstat(stream.fileno()), found)
        raise StorageError(codes.BODY_CHANGED.at(spooled.place, sha256=sha256, found=found))

    def digests(self) -> Iterator[str]:
        """Yield the digests of all contents; StorageError if one could not be seen.

        Files that have no digest for a name are none of ours.
        """
        with files(self._root):
            for first in (f"{number:02x}" for number in range(256)):
                found = (first + rest for rest in _names_in(f"{self._root}/{first}"))
                yield from filter(_DIGEST.fullmatch, found)

    def last_put(self, sha256: str) -> dt.datetime | None:
        """Return when a content was put last, None if it is not there."""
        place = self._place(sha256)
        with files(place):
            status = _status(place)
        return None if status is None else dt.datetime.fromtimestamp(status.st_mtime, dt.UTC)

    def _put_aside(self, spooled: Spooled, read: os.stat_result, found: str) -> None:
        """Keep a changed file as evidence, unless another one has got its name since it was read.

        Of several that were changed in the same way one is kept.
        """
        with self._names(fcntl.LOCK_EX):
            there = _status(spooled.place)
            if there is None or not os.path.samestat(there, read):
                return
            aside = f"{self._root}/damaged"
            with suppress(FileExistsError):
                os.mkdir(aside, 0o700)  # noqa: PTH102 - there is a str
            os.rename(spooled.place, f"{aside}/{spooled.sha256}-{found[:8]}")  # noqa: PTH104
            sync(aside, self._root, f"{self._root}/{spooled.sha256[:2]}")

    def _place(self, sha256: str) -> str:
        if _DIGEST.fullmatch(sha256) is None:
            raise Bug(codes.MISUSE.at(reason=f"not a digest: {sha256!r}"))
        return f"{self._root}/{sha256[:2]}/{sha256[2:]}"

    def _put_group(self, contents: Sequence[bytes | Content | Readable]) -> list[Spooled]:
        claims = [_claim(content) for content in contents]
        with files(str(self.directory)), self._names(fcntl.LOCK_SH):
            found = [self._found(claim) for claim in claims]
        there = [one for one in found if one is not None]
        missing = [claim for claim, one in zip(claims, found, strict=True) if one is None]
        written = iter(self._write(missing, there))
        return [next(written) if one is None else one for one in found]

    def _write(self, missing: Sequence[_Claim], there: Sequence[Spooled]) -> list[Spooled]:
        """Write and sync files, then name them and sync the names: nothing is named too early."""
        with self._drafts.group() as group:
            drafts = self._synced(group, missing)
            crash.point("spool.synced")
            with files(self._root):
                written = self._name(drafts)
                self._sync_names([*there, *written])
        return written

    def _synced(self, group: Group, missing: Sequence[_Claim]) -> list[Draft]:
        """Write files; those of a share go to the disk while the next ones are being written."""
        drafts: list[Draft] = []
        with Syncing() as syncing:
            for claims in _shares(missing):
                share = [_draft(group, claim) for claim in claims]
                drafts += share
                syncing.begin([draft.descriptor for draft in share], data_only=True)
            with files(self._root):
                syncing.wait()
        return drafts

    def _found(self, claim: _Claim) -> Spooled | None:
        """Return what is here and whole, dated anew: it is in use, whatever its age."""
        place = self._place(claim.sha256) if claim.sha256 else None
        status = _status(place) if place else None
        if place is None or status is None or not stat.S_ISREG(status.st_mode):
            return None
        if status.st_size != claim.size:
            return None
        known = self._durable.knows(claim.sha256, status)
        os.utime(place)
        if known:
            self._durable.note(claim.sha256, os.stat(place))  # noqa: PTH116
        return Spooled(claim.sha256, claim.size, place)

    def _linked(self, path: str, sha256: str, size: int) -> Spooled | None:
        """Give a file its name among the contents; None if it cannot have it."""
        place = self._place(sha256)
        try:
            os.link(path, place)
        except OSError as error:
            if error.errno in _NO_SECOND_NAME:
                return None
            raise
        os.utime(place)
        crash.point("spool.adopted")
        return Spooled(sha256, size, place)

    def _name(self, drafts: Sequence[Draft]) -> list[Spooled]:
        named = [Spooled(draft.sha256, draft.size, self._place(draft.sha256)) for draft in drafts]
        with self._names(fcntl.LOCK_SH):
            for draft, spooled in zip(drafts, named, strict=True):
                os.replace(draft.path, spooled.place)  # noqa: PTH105
                crash.point("spool.named")
        return named

    def _sync_names(self, named: Sequence[Spooled]) -> None:
        """Wait for the names on the disk; one that was found may not have been synced yet."""
        new = [
            (spooled.sha256, status)
            for spooled in named
            if (status := _status(spooled.place)) is not None
            and not self._durable.knows(spooled.sha256, status)
        ]
        if new:
            sync(*{f"{self._root}/{sha256[:2]}" for sha256, _ in new})
        for sha256, status in new:
            self._durable.note(sha256, status)

    @contextmanager
    def _names(self, operation: int) -> Iterator[None]:
        """Keep names as they are (LOCK_SH) or remove some (LOCK_EX), among all processes."""
        with opened(self._drafts.directory) as descriptor:
            fcntl.flock(descriptor, operation)
            yield

    def _prepare(self) -> None:
        """Make all directories at once, so that later only their content has to be synced."""
        for directory in (self.directory, self._drafts.directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        wanted = (self.directory / f"{first:02x}" for first in range(256))
        missing = [path for path in wanted if not path.is_dir()]
        for path in missing:
            path.mkdir(mode=0o700, exist_ok=True)
        if missing:
            sync(self.directory)
            sync(self.directory.parent)


class _Claim(NamedTuple):
    """What is to be put, with its digest where that is known; else the digest is empty."""

    content: bytes | Content | Readable
    sha256: str = ""
    size: int = 0


def _claim(content: bytes | Content | Readable) -> _Claim:
    if isinstance(content, bytes):
        return _Claim(content, hashlib.sha256(content).hexdigest(), len(content))
    if isinstance(content, BytesContent):
        return _Claim(content.data, content.sha256, content.size)
    if _is_stream(content):
        return _Claim(content)
    return _Claim(content, content.sha256, content.size)


def _is_stream(content: Content | Readable) -> TypeIs[Readable]:
    """Tell streams from contents; asking the Protocol itself would cost more than the file."""
    return hasattr(content, "read")


def _draft(group: Group, claim: _Claim) -> Draft:
    if isinstance(claim.content, bytes):
        return group.of_bytes(claim.content, claim.sha256)
    if _is_stream(claim.content):
        return group.of_stream(nullcontext(claim.content))
    return group.of_stream(claim.content.open())


def _shares(wanted: Sequence[_Wanted]) -> list[Sequence[_Wanted]]:
    """Return what is to be synced in shares."""
    size = -(-len(wanted) // _SHARES) or 1
    return [wanted[start : start + size] for start in range(0, len(wanted), size)]


class _Durable:
    """Which names this process has synced, bounded; a file by that name made anew is another."""

    def __init__(self) -> None:
        self._known: Final[dict[str, tuple[int, int]]] = {}
        self._lock: Final = threading.Lock()

    def knows(self, sha256: str, status: os.stat_result) -> bool:
        """Tell whether the name of exactly this file is on the disk."""
        with self._lock:
            return self._known.get(sha256) == (status.st_ino, status.st_mtime_ns)

    def note(self, sha256: str, status: os.stat_result) -> None:
        """Remember a file whose name is on the disk; the oldest is forgotten."""
        with self._lock:
            self._known.pop(sha256, None)
            self._known[sha256] = (status.st_ino, status.st_mtime_ns)
            if len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]


def _names_in(directory: str) -> list[str]:
    """Return what is in a directory, nothing if it is gone; OSError if it cannot be read."""
    with suppress(FileNotFoundError):
        return os.listdir(directory)  # noqa: PTH208
    return []


def _status(place: str) -> os.stat_result | None:
    try:
        return os.stat(place)  # noqa: PTH116
    except FileNotFoundError:
        return None
