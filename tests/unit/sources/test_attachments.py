"""Files that records name: inside the directory, whole, and the same when they are opened."""

from __future__ import annotations

import hashlib
import os
import pickle
import unicodedata
from pathlib import Path

import pytest

from connector.errors import ConnectorError, RecordError, UnavailableError
from connector.model.content import read_all
from connector.model.record import Record
from connector.sources import codes
from connector.sources.attachments import HELD_BYTES, Attachments, SourceFile

RECORD = Record("e.csv:2", {})


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Give a directory with a file beside it that nobody may reach."""
    (tmp_path / "secret.key").write_bytes(b"key")
    (tmp_path / "files-of-others").mkdir()
    (tmp_path / "files-of-others" / "a.pdf").write_bytes(b"pdf")
    directory = tmp_path / "files"
    directory.mkdir()
    return directory


def refusal(files: Path | None, reference: str) -> str:
    """Return the code with which a reference is refused."""
    with pytest.raises(RecordError) as caught:
        Attachments(files).content(RECORD, reference)
    assert caught.value.findings[0].place == "e.csv:2"
    return caught.value.code


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.key",
        "x/../../secret.key",
        "..\\secret.key",
        "/etc/passwd",
        "\\\\server\\share\\a.pdf",
        "C:\\scan\\a.pdf",
        "c:a.pdf",
        "../files-of-others/a.pdf",
        "..",
    ],
)
def test_references_do_not_leave_the_directory(files: Path, reference: str) -> None:
    """Neither upwards nor absolute, in the way of either system."""
    assert refusal(files, reference) == codes.ATTACHMENT_OUTSIDE.code


def test_links_do_not_lead_outside(files: Path) -> None:
    """A link to a file, and one to a directory, end outside; one within is good."""
    (files / "link.pdf").symlink_to(files.parent / "secret.key")
    (files / "deep").symlink_to(files.parent / "files-of-others")
    (files / "real.pdf").write_bytes(b"x")
    (files / "inner.pdf").symlink_to("real.pdf")

    assert refusal(files, "link.pdf") == codes.ATTACHMENT_OUTSIDE.code
    assert refusal(files, "deep/a.pdf") == codes.ATTACHMENT_OUTSIDE.code
    assert read_all(Attachments(files).content(RECORD, "inner.pdf")) == b"x"


@pytest.mark.parametrize(
    "reference", ["", "  ", "none.pdf", "a\0.pdf", "x" * 5000, "loop", "a\ud800.pdf"]
)
def test_absent_files_refuse_the_record(files: Path, reference: str) -> None:
    """Also names that no file can have, and links in a circle."""
    (files / "loop").symlink_to("loop")

    assert refusal(files, reference) == codes.ATTACHMENT_ABSENT.code


def test_names_that_deceive_the_eye_are_spelled_out(files: Path) -> None:
    """What turns the letters of a name round stands in the finding as an escape."""
    with pytest.raises(RecordError) as caught:
        Attachments(files).content(RECORD, "công văn\u202efdp.exe")
    (finding,) = caught.value.findings
    assert "công văn\\u202efdp.exe" in finding.en
    assert finding.vi.isprintable()


def test_empty_files_refuse_the_record(files: Path) -> None:
    """An empty scan is a failed scan."""
    (files / "a.pdf").touch()

    assert refusal(files, "a.pdf") == codes.ATTACHMENT_EMPTY.code


def test_only_ordinary_files_are_read(files: Path) -> None:
    """A directory is none, and a pipe does not keep the corridor waiting."""
    os.mkfifo(files / "pipe.pdf")
    (files / "sub").mkdir()

    assert refusal(files, "pipe.pdf") == codes.ATTACHMENT_NOT_A_FILE.code
    assert refusal(files, "sub") == codes.ATTACHMENT_NOT_A_FILE.code
    assert refusal(files, ".") == codes.ATTACHMENT_NOT_A_FILE.code


def test_a_source_without_directory_says_so(tmp_path: Path) -> None:
    """The finding names the setting."""
    assert refusal(None, "a.pdf") == codes.ATTACHMENTS_NOT_SET.code


def test_a_directory_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    """A share that is not mounted must not refuse thousands of records."""
    with pytest.raises(UnavailableError):
        Attachments(tmp_path / "share").content(RECORD, "a.pdf")


def test_names_are_found_in_either_form(files: Path) -> None:
    """Files unpacked on a Mac have decomposed names."""
    (files / unicodedata.normalize("NFD", "quyết định.pdf")).write_bytes(b"x")

    assert Attachments(files).content(RECORD, "quyết định.pdf").size == 1


@pytest.mark.parametrize("size", [1000, HELD_BYTES * 8])
def test_a_file_that_grows_while_it_is_read(
    files: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A copy that is still going on is not followed to its end: one piece too much is enough."""
    path, reads = files / "a.pdf", list[int]()
    path.write_bytes(bytes(size))
    read = os.read

    def while_it_is_copied(descriptor: int, most: int) -> bytes:
        with path.open("ab") as stream:
            stream.write(bytes(100_000))
        reads.append(most)
        return read(descriptor, most)

    monkeypatch.setattr(os, "read", while_it_is_copied)
    assert refusal(files, "a.pdf") == codes.ATTACHMENT_CHANGED.code
    assert sum(reads) < size + 10
    assert len(reads) < 10


def _change(path: Path, change: str) -> None:
    """Let another file, or none, stand where one was read."""
    if change == "write":
        path.write_bytes(b"after!")
        os.utime(path, ns=(1, 1))
    elif change == "replace":
        (path.parent / "b.pdf").write_bytes(path.read_bytes())
        (path.parent / "b.pdf").replace(path)
    else:
        path.unlink()


_CHANGES = pytest.mark.parametrize("change", ["write", "replace", "remove"])


@_CHANGES
def test_large_content_is_always_the_same(files: Path, change: str) -> None:
    """A file that is read anew, and changed after its digest was taken, is not handed out."""
    path = files / "a.pdf"
    path.write_bytes(bytes(HELD_BYTES + 1))
    content = Attachments(files).content(RECORD, "a.pdf")
    assert read_all(content) == path.read_bytes()
    _change(path, change)

    with pytest.raises(ConnectorError) as caught:
        content.open()

    assert caught.value.code == codes.ATTACHMENT_CHANGED.code


@_CHANGES
def test_small_content_is_what_was_read(files: Path, change: str) -> None:
    """Whatever becomes of the file later, its bytes and its digest are those of one moment."""
    path = files / "a.pdf"
    path.write_bytes(b"before" * 1000)
    content = Attachments(files).content(RECORD, "a.pdf")
    _change(path, change)

    assert read_all(content) == b"before" * 1000
    assert (content.sha256, content.size) == (hashlib.sha256(b"before" * 1000).hexdigest(), 6000)


@_CHANGES
def test_held_content_travels_as_its_file(files: Path, change: str) -> None:
    """Another process gets no bytes but reads the file again, or is told that it changed."""
    path = files / "a.pdf"
    path.write_bytes(b"before" * 1000)
    sent = pickle.dumps(Attachments(files).content(RECORD, "a.pdf"))
    assert len(sent) < 1000
    there = pickle.loads(sent)  # noqa: S301 - made right here
    assert isinstance(there, SourceFile)
    assert there.held().data == b"before" * 1000
    _change(path, change)

    with pytest.raises(ConnectorError) as caught:
        there.held()

    assert caught.value.code == codes.ATTACHMENT_CHANGED.code
