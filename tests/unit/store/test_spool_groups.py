from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import resource
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from connector.errors import StorageError
from connector.model.content import BytesContent, read_all
from connector.store import codes
from connector.store.spool import Spool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A content that says of itself what need not be true."""

    data: bytes
    sha256: str
    size: int

    def open(self) -> BinaryIO:
        """Return its bytes."""
        return io.BytesIO(self.data)


class Broken(io.RawIOBase):
    """A stream that fails at once."""

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


def sha(data: bytes) -> str:
    """Return the digest of bytes."""
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("count", [0, 1, 2, 40, 300])
def test_a_group_comes_back_in_its_order(spool: Spool, count: int) -> None:
    """Bytes, contents and streams, the same ones among them, each come back at their place."""
    bodies = [b"%d" % (number % 250) * (number % 7) for number in range(count)]
    kinds = (lambda b: b, BytesContent, io.BytesIO, lambda b: Claimed(b, sha(b), len(b)))
    put = spool.put_many([kinds[index % 4](body) for index, body in enumerate(bodies)])
    assert [one.sha256 for one in put] == [sha(body) for body in bodies]
    assert [read_all(one) for one in put] == bodies
    assert set(spool.digests()) == {sha(body) for body in bodies}
    assert temporary_files(spool) == []


def test_what_a_content_says_is_not_believed(spool: Spool) -> None:
    """The digest that comes back is that of the bytes, not the one that was claimed."""
    (put,) = spool.put_many([Claimed(b"true", sha(b"false"), 4)])
    assert put.sha256 == sha(b"true")
    assert read_all(put) == b"true"
    assert not spool.exists(sha(b"false"))


def test_a_content_that_is_here_is_not_read_again(spool: Spool) -> None:
    """What the spool holds under digest and size is used as it is."""
    first = spool.put(b"here")
    (again,) = spool.put_many([Claimed(b"never opened", first.sha256, first.size)])
    assert again == first
    (other,) = spool.put_many([Claimed(b"opened", first.sha256, 9)])
    assert read_all(other) == b"opened"


@pytest.mark.usefixtures("threads_only")
def test_all_files_are_synced_before_any_has_a_name(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a group all bytes are on the disk before the first name, all names before the end."""
    steps: list[str] = []
    fsync, fdatasync, replace = os.fsync, os.fdatasync, os.replace

    def noting_fsync(descriptor: int) -> None:
        assert stat.S_ISDIR(os.fstat(descriptor).st_mode)
        fsync(descriptor)
        steps.append("directory")

    def noting_fdatasync(descriptor: int) -> None:
        fdatasync(descriptor)
        steps.append("file")

    def noting_replace(draft: str, target: Path) -> None:
        steps.append("name")
        replace(draft, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "fdatasync", noting_fdatasync)
    monkeypatch.setattr(os, "replace", noting_replace)
    bodies = [b"%d" % number for number in range(30)]
    directories = len({sha(body)[:2] for body in bodies})
    spool.put_many(bodies)
    assert steps == ["file"] * 30 + ["name"] * 30 + ["directory"] * directories
    spool.put_many(bodies)
    assert len(steps) == 60 + directories


def test_a_failing_member_leaves_nothing_of_the_group(spool: Spool) -> None:
    """If one stream fails, its error passes, and no other member has a name or a draft."""
    with pytest.raises(ConnectionError):
        spool.put_many([b"one", b"two", Broken(), b"three"])
    assert temporary_files(spool) == []
    assert list(spool.digests()) == []


def test_a_full_disk_leaves_nothing_of_the_group(spool: Spool) -> None:
    """A group for which there is no room is a storage error as a whole."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageError) as caught:
            spool.put_many([b"small", bytes(200_000), b"small too"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.code == codes.DISK_FULL.code
    assert temporary_files(spool) == []
    assert list(spool.digests()) == []


@pytest.mark.usefixtures("threads_only")
def test_a_failed_sync_is_reported_before_any_name(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that the disk did not take get no name."""

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    for bodies in ([b"one"], [b"one", b"two"]):
        with pytest.raises(StorageError) as caught:
            spool.put_many(bodies)
        assert caught.value.code == codes.FILE_FAILED.code
        assert list(spool.digests()) == []
        assert temporary_files(spool) == []


def test_putting_again_makes_young(spool: Spool) -> None:
    """A content in use again is as good as new, so it is not removed as a leftover."""
    old, other = spool.put_many([b"old", b"other"])
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC).timestamp()
    for one in (old, other):
        os.utime(one.path, (past, past))
    border = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    spool.put(b"old")
    assert not spool.remove_unless_put_since(old.sha256, border)
    assert spool.remove_unless_put_since(other.sha256, border)
    assert not spool.remove_unless_put_since(other.sha256, border)
    assert list(spool.digests()) == [old.sha256]
    assert spool.last_put(other.sha256) is None
