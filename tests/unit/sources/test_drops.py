"""Drop folders: complete files only, and each where it belongs once it is durable."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from connector.errors import ConfigError, NoInputError, UnavailableError
from connector.sources import file_codes
from tests.unit.sources.conftest import Desk

DROP = "type: csv, path: 'in/*.csv', archive_directory: old, reject_directory: bad"
MARKED = f"{DROP}, done_marker: '{{name}}.done'"


def names(directory: Path) -> list[str]:
    """Return what is in a directory."""
    return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []


def collect(desk: Desk, settings: str, cursor: str | None = None) -> tuple[str | None, list[str]]:
    """Read and acknowledge as the corridor does; return the cursor and the values of column A."""
    source = desk.open(settings)
    if cursor is not None:
        source.acknowledge(cursor)
    found: list[str] = []
    for batch in source.read(cursor, batch_size=2):
        found += [str(record.values["A"]) for record in batch.records]
        cursor = batch.cursor
        source.acknowledge(cursor)
    source.close()
    return cursor, found


def test_a_file_counts_only_with_its_marker(desk: Desk) -> None:
    """The marker comes last, so the file is whole; it goes when the file goes."""
    desk.file("in/a.csv", "A\n1\n")
    cursor, found = collect(desk, MARKED)
    assert (found, names(desk.directory / "in")) == ([], ["a.csv"])

    desk.file("in/a.csv.done", "")
    _, found = collect(desk, MARKED, cursor)

    assert found == ["1"]
    assert names(desk.directory / "in") == []
    assert names(desk.directory / "old") == ["a.csv"]


def test_markers_are_no_exports(desk: Desk) -> None:
    """Also if the pattern matches them."""
    desk.file("in/a.csv", "A\n1\n")
    desk.file("in/a.ok", "")

    records, refusals = desk.results("type: csv, path: 'in/*', done_marker: '{stem}.ok'")

    assert len(records) == 1
    assert not refusals


LISTED = f"{DROP}, manifest: '{{stem}}.sha256'"


def listed(desk: Desk, *files: tuple[str, str]) -> None:
    """Write a.csv's manifest over some names and contents."""
    lines = (f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in files)
    desk.file("in/a.sha256", "".join(lines))


def test_a_file_is_read_when_its_manifest_agrees(desk: Desk) -> None:
    """Also with the files that the manifest names beside it; both go to the archive."""
    desk.file("in/a.csv", "A\n1\n")
    assert collect(desk, LISTED)[1] == []

    desk.file("in/scan.pdf", "%PDF")
    listed(desk, ("a.csv", "A\n1\n"), ("scan.pdf", "%PDF"))
    _, found = collect(desk, LISTED)

    assert found == ["1"]
    assert names(desk.directory / "in") == ["scan.pdf"]
    assert names(desk.directory / "old") == ["a.csv", "a.sha256"]


@pytest.mark.parametrize(
    "files",
    [
        [("a.csv", "A\n1")],
        [("a.csv", "A\n1\n"), ("scan.pdf", "%PDF")],
        [("a.csv", "A\n1\n"), ("../secret", "")],
        [("b.csv", "A\n2\n")],
        [],
    ],
    ids=["other bytes", "a file that is not there", "outside", "another file", "nothing"],
)
def test_a_manifest_that_disagrees_keeps_its_file_back(
    desk: Desk, files: list[tuple[str, str]]
) -> None:
    """What was copied in part is not read; the files beside it are."""
    desk.file("in/a.csv", "A\n1\n")
    desk.file("in/b.csv", "A\n2\n")
    listed(desk, *files)
    digest = hashlib.sha256(b"A\n2\n").hexdigest()
    desk.file("in/b.sha256", f"{digest} *b.csv\n")

    batches = desk.open(LISTED).read(None)
    found = [str(record.values["A"]) for record in next(batches).records]
    with pytest.raises(UnavailableError) as caught:
        list(batches)

    assert found == ["2"]
    assert [finding.code for finding in caught.value.findings] == [file_codes.MANIFEST.code]


GOOD = hashlib.sha256(b"A\n1\n").hexdigest()
OTHER = hashlib.sha256(b"A\n2\n").hexdigest()


@pytest.mark.parametrize(
    "lines",
    [
        f"{GOOD}  a.csv\n{GOOD}  a\0b.csv\n",
        f"{GOOD}  a.csv\n{GOOD}  loop\n",
        f"{GOOD}  a.csv\n{GOOD}  loop/x.pdf\n",
        f"{'0' * 64}  a.csv\n{GOOD}  a.csv\n",
        f"{GOOD}  a.csv\n{GOOD}  a.csv\n",
        f"{GOOD}  a.csv\n{GOOD}  ./a.csv\n",
        f"{GOOD}  a.csv\n{GOOD}  {'n' * 300}\n",
    ],
    ids=["NUL", "loop", "below a loop", "twice", "the same twice", "two spellings", "long"],
)
def test_a_bad_manifest_keeps_back_only_its_own_export(desk: Desk, lines: str) -> None:
    """Whatever stands in it, the exports beside it are read and the finding names it."""
    desk.file("in/a.csv", "A\n1\n")
    desk.file("in/b.csv", "A\n2\n")
    (desk.directory / "in" / "loop").symlink_to("loop")
    desk.file("in/a.sha256", lines)
    desk.file("in/b.sha256", f"{OTHER}  b.csv\n")

    batches = desk.open(LISTED).read(None)
    found = [str(record.values["A"]) for record in next(batches).records]
    with pytest.raises(UnavailableError) as caught:
        list(batches)

    assert found == ["2"]
    (finding,) = caught.value.findings
    assert finding.code == file_codes.MANIFEST.code
    assert finding.place.endswith("a.sha256")


@pytest.mark.parametrize("marker", ["done", "x/{name}", "{other}", ""])
def test_a_marker_must_name_its_file(desk: Desk, marker: str) -> None:
    """One marker for all files would vouch for the next one too."""
    with pytest.raises(ConfigError):
        desk.open(f"type: csv, path: 'in/*', done_marker: '{marker}'")


def test_columns_need_a_complete_file(desk: Desk) -> None:
    """Nobody looks into a file that is still being written."""
    desk.file("in/a.csv", "A\n1\n")

    with pytest.raises(NoInputError):
        desk.open(MARKED).columns()


def test_files_are_moved_only_when_they_are_read_to_their_end(desk: Desk) -> None:
    """And only after their last batch is acknowledged."""
    desk.file("in/a.csv", "A\n1\n2\n3\n")
    source = desk.open(DROP)
    batches = source.read(None, batch_size=2)

    source.acknowledge(next(batches).cursor)
    assert names(desk.directory / "in") == ["a.csv"]
    last = next(batches)
    assert names(desk.directory / "in") == ["a.csv"]
    source.acknowledge(last.cursor)
    source.acknowledge(last.cursor)

    assert names(desk.directory / "in") == []
    assert names(desk.directory / "old") == ["a.csv"]
    assert list(batches) == []


def test_a_crash_before_the_move_is_made_good(desk: Desk) -> None:
    """What was durable is not read again; the start-up's acknowledgement moves the file."""
    desk.file("in/a.csv", "A\n1\n")
    cursor = desk.read(DROP)[-1].cursor

    again, found = collect(desk, DROP, cursor)

    assert (again, found) == (cursor, [])
    assert names(desk.directory / "old") == ["a.csv"]


def test_a_crash_between_marker_and_file_is_made_good(desk: Desk) -> None:
    """The marker goes first; the file follows at the next start."""
    desk.file("in/a.csv", "A\n1\n")
    desk.file("in/a.csv.done", "")
    cursor = desk.read(MARKED)[-1].cursor
    (desk.directory / "in" / "a.csv.done").unlink()

    _, found = collect(desk, MARKED, cursor)

    assert found == []
    assert names(desk.directory / "old") == ["a.csv"]


def test_a_file_that_changed_meanwhile_is_not_moved(desk: Desk) -> None:
    """It is another export, which was not read yet."""
    desk.file("in/a.csv", "A\n1\n")
    cursor = desk.read(DROP)[-1].cursor
    desk.file("in/a.csv", "A\n2\n")

    _, found = collect(desk, DROP, cursor)

    assert found == ["2"]
    assert (desk.directory / "old" / "a.csv").read_text() == "A\n2\n"


def test_files_of_the_same_name_are_all_kept(desk: Desk) -> None:
    """Nothing in the archive is written over; the same content is kept once."""
    cursor = None
    for content in ("A\n1\n", "A\n2\n", "A\n1\n"):
        desk.file("in/a.csv", content)
        cursor, _ = collect(desk, DROP, cursor)

    kept = sorted(path.read_text() for path in (desk.directory / "old").iterdir())
    assert kept == ["A\n1\n", "A\n2\n"]
    assert names(desk.directory / "in") == []


def test_files_that_cannot_be_read_go_aside(desk: Desk) -> None:
    """One bad row is no reason; a header that names no columns is."""
    desk.file("in/a.csv", "A;A\n1;2\n".replace(";", ","))
    desk.file("in/b.csv", "A\n1\n2,3\n")
    desk.file("in/c.csv", "")

    collect(desk, DROP)

    assert names(desk.directory / "bad") == ["a.csv"]
    assert names(desk.directory / "old") == ["b.csv", "c.csv"]


def test_without_a_reject_directory_they_stay(desk: Desk) -> None:
    """They are refused once, and lie where somebody looks for them."""
    desk.file("in/a.csv", "A,A\n1,2\n")
    settings = "type: csv, path: 'in/*.csv', archive_directory: old"

    cursor, _ = collect(desk, settings)

    assert names(desk.directory / "in") == ["a.csv"]
    assert desk.read(settings, cursor) == []


def test_a_single_file_may_be_gone(desk: Desk) -> None:
    """It was moved; the next one of that name is new."""
    settings = "type: csv, path: in/a.csv, archive_directory: in/old"
    desk.file("in/a.csv", "A\n1\n")
    cursor, _ = collect(desk, settings)

    assert collect(desk, settings, cursor)[1] == []
    desk.file("in/a.csv", "A\n2\n")
    assert collect(desk, settings, cursor)[1] == ["2"]
    assert names(desk.directory / "in") == ["old"]


def test_the_archive_is_no_export(desk: Desk) -> None:
    """Also if it lies where the pattern looks."""
    settings = "type: csv, path: 'in/**/*.csv', archive_directory: in/old"
    desk.file("in/x/a.csv", "A\n1\n")
    cursor, found = collect(desk, settings)

    assert found == ["1"]
    assert collect(desk, settings, cursor)[1] == []
    assert names(desk.directory / "in" / "old") == ["a.csv"]


def test_a_move_that_fails_is_tried_again(desk: Desk) -> None:
    """A file stands where the archive should be; then it does not."""
    desk.file("in/a.csv", "A\n1\n")
    blocked = desk.file("old", "")
    cursor = desk.read(DROP)[-1].cursor
    with pytest.raises(UnavailableError) as caught:
        desk.open(DROP).acknowledge(cursor)
    assert caught.value.code == file_codes.ARCHIVE_FAILED.code
    assert names(desk.directory / "in") == ["a.csv"]

    blocked.unlink()
    desk.open(DROP).acknowledge(cursor)

    assert names(desk.directory / "old") == ["a.csv"]


def test_an_archive_on_another_disk_gets_a_copy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename cannot cross file systems; then the copy is whole before the file goes."""
    desk.file("in/a.csv", "A\n1\n")
    rename = Path.rename

    def across(path: Path, target: Path) -> Path:
        if path.parent.name == "in":
            raise OSError(18, os.strerror(18))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", across)

    collect(desk, DROP)

    assert names(desk.directory / "in") == []
    assert names(desk.directory / "old") == ["a.csv"]
    assert (desk.directory / "old" / "a.csv").read_text() == "A\n1\n"


def test_memo_files_go_with_their_table(desk: Desk) -> None:
    """A table without its memos is worth nothing in the archive."""
    settings = "type: dbf, path: 'in/*.dbf', charset: tcvn3, reject_directory: bad"
    desk.file("in/a.dbf", b"nothing")
    desk.file("in/a.fpt", b"nothing")
    source = desk.open(settings)

    source.acknowledge(list(source.read(None))[-1].cursor)

    assert names(desk.directory / "bad") == ["a.dbf", "a.fpt"]
