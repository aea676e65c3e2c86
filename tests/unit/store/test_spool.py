from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import resource
import stat
import threading
import tracemalloc
from pathlib import Path

import pytest

from connector.errors import Bug, StorageError
from connector.model.content import Content, read_all
from connector.store import codes
from connector.store.spool import Spool

BODY = "Nội dung gói tin".encode()
DIGEST = hashlib.sha256(BODY).hexdigest()


class Zeros:
    """A stream of zeros that holds no memory of its own size."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        """Return at most one piece."""
        piece = min(size, self.left)
        self.left -= piece
        return bytes(piece)


class Broken(io.RawIOBase):
    """A stream that fails in the middle."""

    def read(self, size: int = -1, /) -> bytes:
        """Fail."""
        raise ConnectionError(size)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool")


def temporary_files(spool: Spool) -> list[Path]:
    """Return what lies in the directory of unfinished files."""
    return list((spool.directory / "tmp").iterdir())


def test_a_body_comes_back_by_its_digest(spool: Spool) -> None:
    """What was put is found under its digest and reads as often as needed."""
    put: Content = spool.put(BODY)
    assert (put.sha256, put.size) == (DIGEST, len(BODY))
    assert spool.get(DIGEST) == put
    assert read_all(put) == read_all(put) == BODY
    assert spool.exists(DIGEST)
    assert spool.get(DIGEST).path == spool.directory / DIGEST[:2] / DIGEST[2:]
    assert temporary_files(spool) == []


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_a_stream_is_the_same_as_its_bytes(spool: Spool, size: int) -> None:
    """A stream of any size ends under the digest of its bytes."""
    data = os.urandom(size)
    streamed = spool.put_stream(io.BytesIO(data))
    assert streamed == spool.put(data)
    assert read_all(streamed) == data


def test_the_same_body_is_kept_once(spool: Spool) -> None:
    """Putting bytes again leaves one file, and a file that was cut short is written again."""
    path = spool.put(BODY).path
    before = path.stat().st_ino
    assert spool.put(BODY).path.stat().st_ino == before
    path.write_bytes(BODY[:3])
    assert read_all(spool.put(BODY)) == BODY
    assert list(spool.digests()) == [DIGEST]


def test_memory_does_not_grow_with_a_stream(spool: Spool) -> None:
    """A stream of 64 MiB passes through a few buffers."""
    tracemalloc.start()
    try:
        put = spool.put_stream(Zeros(64 << 20))
        spool.verify(put.sha256)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert put.size == 64 << 20
    assert peak < 8 << 20


def test_bodies_belong_to_their_owner(spool: Spool) -> None:
    """Files and directories cannot be read by other users."""
    path = spool.put(BODY).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for directory in (path.parent, spool.directory, spool.directory / "tmp"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.usefixtures("threads_only")
def test_file_and_name_are_synced_before_the_body_is_reported(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are on the disk before the name, the name before anyone hears of it."""
    steps: list[str] = []
    fsync, fdatasync, replace = os.fsync, os.fdatasync, os.replace

    def noting_fsync(descriptor: int) -> None:
        assert stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("directory")
        fsync(descriptor)

    def noting_fdatasync(descriptor: int) -> None:
        steps.append("file")
        fdatasync(descriptor)

    def noting_replace(draft: str, target: Path) -> None:
        steps.append("rename")
        replace(draft, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "fdatasync", noting_fdatasync)
    monkeypatch.setattr(os, "replace", noting_replace)
    put = spool.put(BODY)
    assert steps == ["file", "rename", "directory"]
    spool.put(BODY)
    assert steps[3:] == []
    Spool(spool.directory).put(BODY)  # another process cannot know whether the name is durable
    assert steps[3:] == ["directory"]
    put.path.unlink()
    put.path.write_bytes(BODY)
    spool.put(BODY)
    assert steps[4:] == ["directory"]


def test_a_failing_stream_leaves_nothing(spool: Spool) -> None:
    """If the source of the bytes fails, its error passes and no file stays."""
    with pytest.raises(ConnectionError):
        spool.put_stream(Broken())
    assert temporary_files(spool) == []
    assert list(spool.digests()) == []


def test_a_full_disk_leaves_nothing(spool: Spool) -> None:
    """A body for which there is no room is a storage error, and no piece of it stays."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageError) as caught:
            spool.put(bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.code == codes.DISK_FULL.code
    assert temporary_files(spool) == []
    assert list(spool.digests()) == []


def test_a_missing_body_is_a_storage_error(spool: Spool) -> None:
    """A body that is not there is reported with its digest."""
    put = spool.put(BODY)
    spool.remove(DIGEST)
    spool.remove(DIGEST)
    assert not spool.exists(DIGEST)
    for look in (spool.get, spool.verify, lambda _: put.open()):
        with pytest.raises(StorageError) as caught:
            look(DIGEST)
        assert caught.value.code == codes.BODY_MISSING.code


def test_a_changed_body_is_found(spool: Spool) -> None:
    """Reading a body again finds a single changed byte."""
    put = spool.put(BODY)
    assert spool.verify(DIGEST) == put
    put.path.write_bytes(b"n" + BODY[1:])
    with pytest.raises(StorageError) as caught:
        spool.verify(DIGEST)
    assert caught.value.code == codes.BODY_CHANGED.code
    assert put.path.is_file()  # who only looks takes nothing away


def changed(spool: Spool, body: bytes = b"n" + BODY[1:]) -> None:
    """Let a content be another of the same size, and somebody find that."""
    spool.put(BODY).path.write_bytes(body)
    with pytest.raises(StorageError) as caught:
        spool.verify(DIGEST, put_aside=True)
    assert caught.value.code == codes.BODY_CHANGED.code


def kept(spool: Spool) -> list[bytes]:
    """Return what was put aside."""
    return sorted(path.read_bytes() for path in (spool.directory / "damaged").iterdir())


def test_a_changed_body_is_kept_aside_and_can_be_put_again(spool: Spool) -> None:
    """What comes again is whole; the damaged file stays as evidence, and counts as no content."""
    changed(spool)
    (aside,) = (spool.directory / "damaged").iterdir()
    assert aside.name.startswith(DIGEST)
    assert stat.S_IMODE(aside.parent.stat().st_mode) == 0o700
    assert list(spool.digests()) == []
    assert spool.last_put(DIGEST) is None
    assert read_all(spool.put(BODY)) == BODY
    assert spool.verify(DIGEST).size == len(BODY)
    assert list(Spool(spool.directory).digests()) == [DIGEST]
    changed(spool)
    assert kept(spool) == [b"n" + BODY[1:]]
    spool.put(BODY)
    changed(spool, b"m" + BODY[1:])
    assert kept(spool) == [b"m" + BODY[1:], b"n" + BODY[1:]]
    assert temporary_files(spool) == []


@pytest.mark.usefixtures("threads_only")
def test_what_is_put_aside_is_durable(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both directories, and the one that was made, are on the disk."""
    synced: list[str] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    spool.put(BODY)
    monkeypatch.setattr(os, "fsync", noting)
    changed(spool)
    assert sorted(synced[-3:]) == sorted([DIGEST[:2], "damaged", spool.directory.name])


@pytest.mark.parametrize("operation", ["mkdir", "rename", "flock"])
def test_who_cannot_put_it_aside_still_tells(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Somebody who may only read finds the change all the same, and changes nothing."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    place = spool.put(BODY).path
    owner = {"mkdir": os, "rename": os, "flock": fcntl}[operation]
    place.write_bytes(b"n" + BODY[1:])
    with monkeypatch.context() as patch:
        patch.setattr(owner, operation, refused)
        with pytest.raises(StorageError) as caught:
            spool.verify(DIGEST, put_aside=True)
    assert caught.value.code == codes.BODY_CHANGED.code
    assert place.read_bytes() == b"n" + BODY[1:]


def test_a_body_put_anew_meanwhile_stays(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the move somebody else has mended it: that file is not taken away."""
    path = spool.put(BODY).path
    path.write_bytes(b"n" + BODY[1:])
    real = hashlib.file_digest

    def mended(stream: io.BufferedReader, name: str) -> object:
        found = real(stream, name)
        other = path.with_name("new")
        other.write_bytes(BODY)
        other.replace(path)
        return found

    monkeypatch.setattr(hashlib, "file_digest", mended)
    with pytest.raises(StorageError):
        spool.verify(DIGEST, put_aside=True)
    monkeypatch.undo()
    assert spool.verify(DIGEST).size == len(BODY)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65])
def test_only_digests_are_names(spool: Spool, name: str) -> None:
    """Nothing that is not a digest reaches the file system."""
    with pytest.raises(Bug):
        spool.get(name)


def test_leftovers_of_the_dead_are_removed_those_of_the_living_are_not(spool: Spool) -> None:
    """Opening a spool clears unfinished files unless their writer still lives."""
    leftover = spool.directory / "tmp" / "dead"
    leftover.write_bytes(b"half")
    with spool._drafts.group() as group:
        descriptor, path = group.new()
        os.write(descriptor, b"half")
        Spool(spool.directory)
        assert temporary_files(spool) == [Path(path)]
    assert not leftover.exists()


def test_many_threads_can_put_the_same_bodies(spool: Spool) -> None:
    """Threads that write and open the spool at once leave each body whole."""
    bodies = [bytes([number]) * 10_000 for number in range(5)]
    failures: list[Exception] = []

    def put_all() -> None:
        try:
            for body in bodies:
                assert read_all(Spool(spool.directory).put_stream(io.BytesIO(body))) == body
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=put_all) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(spool.digests())) == 5
    assert temporary_files(spool) == []


def test_a_spool_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    """A path that is no directory is a storage error with the place."""
    (tmp_path / "spool").write_text("")
    with pytest.raises(StorageError) as caught:
        Spool(tmp_path / "spool")
    assert "spool" in caught.value.findings[0].place


def test_a_body_that_cannot_be_looked_up_is_reported(spool: Spool) -> None:
    """A damaged directory of the spool is a storage error, not a missing body."""
    (spool.directory / DIGEST[:2]).rmdir()
    (spool.directory / DIGEST[:2]).write_text("")
    with pytest.raises(StorageError) as caught:
        spool.get(DIGEST)
    assert caught.value.code == codes.FILE_FAILED.code


def test_a_body_that_cannot_be_read_is_reported(spool: Spool) -> None:
    """What the file system refuses is a storage error."""
    put = spool.put(BODY)
    put.path.unlink()
    put.path.mkdir()
    with pytest.raises(StorageError) as caught:
        put.open()
    assert caught.value.code == codes.FILE_FAILED.code
