from __future__ import annotations

import hashlib
import os
import resource
import zipfile
from pathlib import Path

import pytest

from connector.errors import Bug, StorageError
from connector.model.content import Content, read_all
from connector.store import codes
from connector.store.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool")


def files_in(spool: Spool) -> list[Path]:
    """Return all files below the spool."""
    return [path for path in spool.directory.rglob("*") if path.is_file()]


def test_what_was_written_reads_as_content(spool: Spool) -> None:
    """Bytes written in pieces read as often as needed, with their digest and size."""
    data = os.urandom(300_000)
    with spool.scratch() as scratch:
        for start in range(0, len(data), 70_000):
            scratch.write(data[start : start + 70_000])
        scratch.write(memoryview(b"end"))
        content: Content = scratch
        assert content.size == len(data) + 3
        assert content.sha256 == hashlib.sha256(data + b"end").hexdigest()
        assert read_all(content) == read_all(content) == data + b"end"


def test_streams_do_not_move_each_other(spool: Spool) -> None:
    """Every stream has a place of its own and seeks like a file."""
    with spool.scratch() as scratch:
        scratch.write(b"0123456789")
        with scratch.open() as one, scratch.open() as other:
            assert one.read(4) == b"0123"
            assert other.read(2) == b"01"
            scratch.write(b"abc")
            assert one.read() == b"456789abc"
            assert one.seek(-2, os.SEEK_END) == 11
            assert one.read() == b"bc"
            one.seek(1)
            one.seek(2, os.SEEK_CUR)
            assert one.read(1) == b"3"


def test_a_zip_in_it_can_be_opened(spool: Spool) -> None:
    """What needs to jump in a file can work on a scratch content."""
    path = spool.directory / "one.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("văn bản.txt", "nội dung")
    with spool.scratch() as scratch:
        scratch.write(path.read_bytes())
        with scratch.open() as stream, zipfile.ZipFile(stream) as archive:
            assert archive.read("văn bản.txt").decode() == "nội dung"


def test_no_file_can_be_found_at_any_time(spool: Spool) -> None:
    """A scratch content has no name, so nothing of it is left however the process ends."""
    with spool.scratch() as scratch:
        scratch.write(b"x" * 100_000)
        assert files_in(spool) == []
    assert files_in(spool) == []


def test_its_room_is_free_with_its_last_stream(spool: Spool) -> None:
    """Descriptors are closed with the content and its streams, also when they are dropped."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    scratch = spool.scratch()
    scratch.write(b"still here")
    stream = scratch.open()
    scratch.close()
    scratch.close()
    assert stream.read() == b"still here"
    stream.close()
    dropped = spool.scratch()
    del dropped
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(Bug):
        scratch.open()


def test_a_full_disk_is_reported(spool: Spool) -> None:
    """Bytes for which there is no room are a storage error."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with spool.scratch() as scratch, pytest.raises(StorageError) as caught:
            scratch.write(bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.code == codes.DISK_FULL.code


def test_a_scratch_content_can_be_put(spool: Spool) -> None:
    """What turns out to be needed for longer becomes a spooled content by its bytes."""
    with spool.scratch() as scratch:
        scratch.write(b"kept")
        (put,) = spool.put_many([scratch])
    assert read_all(put) == b"kept"
