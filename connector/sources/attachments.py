"""Files that records name: under one directory, never outside it, known by digest.

Small files are read once and held; larger ones are streamed whenever they are needed.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from connector.errors import RecordError, Text, UnavailableError
from connector.model.content import BytesContent
from connector.model.record import Record
from connector.sources import codes

__all__ = ["HELD_BYTES", "Attachments", "HeldFile", "SourceFile"]

HELD_BYTES: Final = 1 << 18
"""Files up to this size are held in memory until their document is on its way."""

_CHUNK: Final = 1 << 20
_DRIVE: Final = re.compile("[A-Za-z]:")
_FORMS: Final[tuple[Literal["NFC", "NFD"], ...]] = ("NFC", "NFD")
_Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file beside the export, read once for its digest and streamed when it is needed."""

    path: Path
    sha256: str
    size: int
    _stamp: _Stamp
    _place: str
    _reference: str

    def open(self) -> BinaryIO:
        """Return a new stream; RecordError if the file is no longer the one that was read."""
        try:
            stream = os.fdopen(_open(self.path), "rb")
        except OSError as error:
            raise self._changed() from error
        if _stamp(os.fstat(stream.fileno())) != self._stamp:
            stream.close()
            raise self._changed()
        return stream

    def held(self) -> HeldFile:
        """Return the file with its bytes, read now; RecordError if it is another by now."""
        with self.open() as stream:
            data = stream.read(self.size + 1)
        if len(data) != self.size:
            raise self._changed()
        return HeldFile(data, self)

    def _changed(self) -> RecordError:
        return _refuse(codes.ATTACHMENT_CHANGED, self._place, self._reference)


@dataclass(frozen=True)
class HeldFile(BytesContent):
    """A small file whose bytes are kept since its digest was taken; elsewhere it is read again."""

    file: SourceFile

    @property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of the bytes."""
        return self.file.sha256

    def __reduce__(self) -> tuple[Callable[[SourceFile], SourceFile], tuple[SourceFile]]:
        """Let another process open the file, instead of sending its bytes there."""
        return _itself, (self.file,)


@dataclass(frozen=True, slots=True)
class Attachments:
    """The directory of a source's attachments; None if the source has none."""

    directory: Path | None

    def content(self, record: Record, reference: str) -> SourceFile | HeldFile:
        """Return the file of a reference; a backslash is a slash, as Windows systems export it.

        Raises:
            RecordError: absent, empty, not an ordinary file, or outside the directory.
            UnavailableError: the directory is not there.
        """
        if self.directory is None:
            raise _refuse(codes.ATTACHMENTS_NOT_SET, record.place, reference)
        root = _root(self.directory)
        try:
            return _read(_inside(root, reference, record.place), record.place, reference)
        except RecordError:
            _root(self.directory, listed=True)
            raise


def _read(path: Path, place: str, reference: str) -> SourceFile | HeldFile:
    try:
        return _known(_open(path), path, place, reference)
    except _NotAFile as error:
        raise _refuse(codes.ATTACHMENT_NOT_A_FILE, place, reference) from error
    except OSError as error:
        raise _refuse(codes.ATTACHMENT_ABSENT, place, reference) from error


def _root(directory: Path, *, listed: bool = False) -> str:
    """Return the real path of the directory; before a file is refused, it must be listed too."""
    try:
        status = os.stat(directory)  # noqa: PTH116 - once a file, and Path takes thrice as long
        root = _resolved(directory, status.st_dev, status.st_ino)
        if listed:
            os.scandir(root).close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnavailableError(codes.ATTACHMENTS_GONE.at(str(directory), reason=reason)) from error
    return root


@functools.lru_cache(maxsize=64)
def _resolved(directory: Path, _device: int, _inode: int) -> str:
    """Return the real path of a directory; another one in its place is looked at anew."""
    return str(directory.resolve(strict=True))


def _inside(root: str, reference: str, place: str) -> Path:
    """Follow the reference, links too, and refuse it if it ends outside."""
    written = reference.strip().replace("\\", "/")
    parts = written.split("/")
    if not written or "\0" in written:
        raise _refuse(codes.ATTACHMENT_ABSENT, place, reference)
    if written.startswith("/") or ".." in parts or _DRIVE.match(written):
        raise _refuse(codes.ATTACHMENT_OUTSIDE, place, reference)
    for form in (None, *_FORMS):
        spelled = written if form is None else unicodedata.normalize(form, written)
        try:
            path = _followed(root, spelled)
        except (OSError, RuntimeError, UnicodeEncodeError):  # RuntimeError: links in a circle
            continue
        if not f"{path}/".startswith(f"{root.rstrip('/')}/"):
            raise _refuse(codes.ATTACHMENT_OUTSIDE, place, reference)
        return Path(path)
    raise _refuse(codes.ATTACHMENT_ABSENT, place, reference)


def _followed(root: str, spelled: str) -> str:
    """Return the real path of a file; the root is real already, so only what is below may link."""
    at = root.rstrip("/")
    for step in spelled.split("/"):
        if step not in {"", "."}:
            at = f"{at}/{step}"
            if stat.S_ISLNK(os.lstat(at).st_mode):
                return str(Path(root, spelled).resolve(strict=True))
    return at


class _NotAFile(OSError):
    """A directory, pipe or device stands where a file should be."""


def _open(path: Path) -> int:
    """Open without waiting for the other end of a pipe and without following a link."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _NotAFile(path)
    return descriptor


def _known(descriptor: int, path: Path, place: str, reference: str) -> SourceFile | HeldFile:
    """Read an open file once, and close it; a small one is read in one piece.

    One that grows meanwhile is read one byte beyond its end, which is enough to refuse it.
    """
    try:
        before = os.fstat(descriptor)
        digest, size, last, left = hashlib.sha256(), 0, b"", before.st_size
        while left >= 0 and (chunk := os.read(descriptor, min(left + 1, _CHUNK))):
            digest.update(chunk)
            size, last, left = size + len(chunk), chunk, left - len(chunk)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not size:
        raise _refuse(codes.ATTACHMENT_EMPTY, place, reference)
    if left or _stamp(before) != _stamp(after):
        raise _refuse(codes.ATTACHMENT_CHANGED, place, reference)
    file = SourceFile(path, digest.hexdigest(), size, _stamp(before), place, reference)
    return HeldFile(last, file) if size == len(last) and size <= HELD_BYTES else file


def _itself(file: SourceFile) -> SourceFile:
    return file


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _refuse(text: Text, place: str, reference: str) -> RecordError:
    """Refuse a reference, in which what no eye sees or what turns letters round is spelled out."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in reference)
    return RecordError(text.at(place, reference=shown))
