"""States written back as lines of a CSV file: each once, whatever stands in the file."""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError, PermanentError, UnavailableError
from connector.sinks import codes, system_codes
from connector.sinks.status_out import Reported, StatusSink, open_status_sink
from connector.sinks.status_settings import REPORTED

TAIL = 1 << 16
Open = Callable[..., StatusSink]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the states go."""
    return tmp_path / "reported.csv"


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """What opens a sink that writes `reported.csv`, as a node does after each start."""

    def open_(more: str = "") -> StatusSink:
        text = f"{{type: csv, path: reported.csv{more}}}"
        return open_status_sink(parse_yaml(text.encode(), tmp_path / "connector.yaml"), tmp_path)[0]

    return open_


@pytest.fixture
def sink(opened: Open) -> StatusSink:
    """A sink that writes `reported.csv`."""
    return opened()


def change(number: int, packet: str = "p", reason: str = "", **more: str) -> Reported:
    """Return one change."""
    known: dict[str, str | int] = {"event_id": number, "packet_id": packet, "reason": reason}
    return {name: (known | more).get(name, "x") for name in REPORTED}


def rows(path: Path, charset: str = "utf-8") -> list[list[str]]:
    """Return what a legacy system reads, below the names of the columns."""
    text = path.read_bytes().decode(charset)
    first, *others = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    assert first == list(REPORTED)
    assert all(len(row) == len(REPORTED) for row in others)
    return others


def ids(path: Path) -> list[int]:
    """Return the ids in a file, in their order."""
    return [int(row[0]) for row in rows(path)]


def refused(sink: StatusSink, changes: Sequence[Reported], path: Path) -> str:
    """Return the code with which changes wait; the file stays as it is."""
    before = path.read_bytes()
    with pytest.raises(UnavailableError) as caught:
        sink.write(changes)
    assert path.read_bytes() == before
    (finding,) = caught.value.findings
    assert finding.place == str(path)
    assert finding.vi != finding.en
    return finding.code


def test_digits_within_a_line_are_no_id(sink: StatusSink, path: Path) -> None:
    """Digits in the middle of a line are never taken for the id of a change."""
    sink.write([change(1, "9" * 2000)])
    sink.write([change(number, "9" * 60) for number in range(2, 2 * TAIL // 100)])
    for number in range(2 * TAIL // 100, 2 * TAIL // 100 + 9):
        sink.write([change(number, "9" * 60)])
    assert ids(path) == list(range(1, len(ids(path)) + 1))
    assert path.stat().st_size > TAIL


def test_the_same_again_changes_nothing(opened: Open, path: Path) -> None:
    """After a crash the same changes come again, to the same process or to the next."""
    sink = opened()
    sink.write([change(5), change(7)])
    before = path.read_bytes()
    sink.write([change(5), change(7)])
    opened().write([change(5), change(7)])
    assert path.read_bytes() == before
    opened().write([change(5), change(7), change(8)])
    assert ids(path) == [5, 7, 8]


def test_more_changes_again_than_one_look_back(opened: Open, path: Path) -> None:
    """A whole batch that comes again is found, however long its lines are."""
    changes = [change(number, reason="r" * 900) for number in range(1, 500)]
    opened().write(changes)
    before = path.read_bytes()
    assert len(before) > 4 * TAIL
    opened().write(changes)
    assert path.read_bytes() == before


@pytest.mark.parametrize("more", ["", ", raw_values: true", ", charset: tcvn3", ", charset: viqr"])
def test_killed_after_every_byte(opened: Open, path: Path, more: str) -> None:
    """Whatever a crash has left of the lines is completed, and each of them stands there once."""
    first = [change(1, state="đã gửi"), change(2, reason='nói "thôi"; xong', at="2026-01-05")]
    opened(more).write(first)
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        opened(more).write(first)
        assert path.read_bytes() == whole, length
    opened(more).write([*first, change(3)])
    longer = path.read_bytes()
    for length in range(len(whole), len(longer)):
        path.write_bytes(longer[:length])
        opened(more).write([change(3)])
        assert path.read_bytes() == longer, length


def test_nothing_is_ever_cut(opened: Open, path: Path) -> None:
    """A line that was begun goes on where it ended: what stands there stays, byte by byte."""
    opened().write([change(1), change(2, reason="r" * 100_000)])
    torn = path.read_bytes()[:-TAIL]
    path.write_bytes(torn)
    opened().write([change(1), change(2, reason="r" * 100_000), change(3)])
    assert path.read_bytes().startswith(torn)
    assert ids(path) == [1, 2, 3]


def test_a_change_that_is_already_there_leaves_a_begun_line(opened: Open, path: Path) -> None:
    """Changes that come again one by one do not touch the line that a later one has begun."""
    opened().write([change(1), change(3)])
    torn = path.read_bytes()[:-9]
    path.write_bytes(torn)
    again = opened()
    again.write([change(1)])
    assert path.read_bytes() == torn
    again.write([change(3)])
    assert ids(path) == [1, 3]


@pytest.mark.parametrize("more", ["", ", raw_values: true"])
def test_an_editor_took_the_last_line_end(opened: Open, path: Path, more: str) -> None:
    """A whole line without its end is a line: its end is added, nothing is lost."""
    for end in (b"\n", b"\r\n"):
        path.unlink(missing_ok=True)
        opened(more).write([change(1), change(2)])
        path.write_bytes(path.read_bytes().removesuffix(end))
        opened(more).write([change(3)])
        assert ids(path) == [1, 2, 3]


def test_an_editor_left_the_names_of_the_columns(sink: StatusSink, path: Path) -> None:
    """Where all rows were taken out, the names are not repeated, with or without a line end."""
    sink.write([change(1)])
    header = path.read_bytes().partition(b"\n")[0] + b"\n"
    for left in (header, header.rstrip(b"\n"), header.rstrip()):
        path.write_bytes(left)
        sink.write([change(2)])
        assert ids(path) == [2]


def test_an_editor_wrote_the_lines_its_own_way(opened: Open, path: Path) -> None:
    """Other line ends, no quotes, a byte order mark, another order: the lines are known again."""
    changes = [change(number, reason="a b") for number in (1, 2, 3)]
    opened().write(changes)
    header, *lines = path.read_text("utf-8").replace('"', "").splitlines()
    text = "\n".join(("\ufeff" + header, *reversed(lines))) + "\n"
    path.write_text(text, "utf-8")
    opened().write(changes)
    assert path.read_text("utf-8") == text
    opened().write([*changes, change(4)])
    assert path.read_text("utf-8").startswith(text)
    assert path.read_text("utf-8").splitlines()[-1].startswith('"4";')


def test_an_edited_last_line_without_its_end(opened: Open, path: Path) -> None:
    """A line that comes again, but stands there in part and otherwise, is left to a person."""
    opened().write([change(1), change(2, reason="lý do", at="2026-01-05 10:00:00")])
    text = path.read_text("utf-8")
    again = [change(1), change(2, reason="lý do", at="2026-01-05 10:00:00")]
    path.write_text(text.replace("lý do", "ly do").rstrip(), "utf-8")
    assert refused(opened(), again, path) == system_codes.LINE_FOREIGN.code
    path.write_text(text.replace('"', "").rstrip(), "utf-8")
    opened().write(again)
    assert ids(path) == [1, 2]


@pytest.mark.parametrize(
    "content",
    [
        b"important line kept by legacy without newline",
        b"x" * 3_000_000,
        b"x" * 3_000_000 + b"\n",
        b"Ma;Ten\r\n1;a\r\n",
        b"event_id;packet_id\r\n",
        b"\r\n",
        b'"event_id;packet_id\r\n',
        b"\x00" * 40,
        "event_id;x\n".encode("utf-16"),
    ],
)
def test_a_file_of_somebody_else(sink: StatusSink, path: Path, content: bytes) -> None:
    """What does not begin with our columns is not ours: nothing is cut, nothing is added."""
    path.write_bytes(content)
    assert refused(sink, [change(1)], path) == system_codes.FILE_FOREIGN.code
    path.rename(path.with_suffix(".old"))
    sink.write([change(1)])
    assert ids(path) == [1]


@pytest.mark.parametrize(
    "rest",
    [b"T\xe1\xbb\x95ng: 1", b"\x1a", b"1;p;x", b'"9";"p', b"9" + b";x" * 9 + b";", b" ", b"\0\0"],
)
def test_a_last_line_of_somebody_else(sink: StatusSink, path: Path, rest: bytes) -> None:
    """What stands behind the last line end and is no line of ours is left to a person."""
    sink.write([change(1)])
    whole = path.read_bytes()
    path.write_bytes(whole + rest)
    assert refused(sink, [change(2)], path) == system_codes.LINE_FOREIGN.code
    path.write_bytes(whole + rest + b"\n")
    sink.write([change(2)])
    assert path.read_bytes().startswith(whole + rest + b"\n")


def test_other_settings_than_the_file_was_begun_with(opened: Open, path: Path) -> None:
    """Another delimiter would make a file that nobody can read."""
    opened().write([change(1)])
    sink = opened(', delimiter: ","')
    assert refused(sink, [change(2)], path) == system_codes.FILE_FOREIGN.code


def test_a_journal_that_was_set_back(opened: Open, path: Path) -> None:
    """Numbers that a restored node uses again hide no change that is another one."""
    opened().write([change(number, f"packet-{number}") for number in range(1, 9)])
    opened().write([change(3, "another"), change(4, "packet-4", state="returned")])
    assert [row[:2] for row in rows(path)[-2:]] == [["3", "another"], ["4", "packet-4"]]


def test_a_foreign_number_hides_nothing(opened: Open, path: Path) -> None:
    """A line that somebody else added under a high number is not taken for the last change."""
    opened().write([change(1)])
    with path.open("ab") as stream:
        stream.write(b"99999999;tong cong;;;;;;;;;\r\n")
    opened().write([change(1), change(2)])
    assert ids(path) == [1, 99999999, 2]


def test_an_emptied_or_renamed_file_is_begun_anew(sink: StatusSink, path: Path) -> None:
    """Whoever took the lines away gets those that follow under the names of the columns."""
    sink.write([change(1)])
    path.write_bytes(b"")
    sink.write([change(2)])
    assert ids(path) == [2]
    path.rename(path.with_suffix(".taken"))
    sink.write([change(3)])
    assert ids(path) == [3]
    assert ids(path.with_suffix(".taken")) == [2]


@pytest.mark.parametrize("taken", ["renamed", "removed", "emptied", "replaced"])
def test_taken_away_while_lines_are_written(
    opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    """Lines that went into a file which is not there any more are written again, into the next."""
    opened().write([change(1)])
    flush, moments = os.fsync, ["now"]

    def interfere(descriptor: int) -> None:
        flush(descriptor)
        if moments and os.path.samestat(os.fstat(descriptor), path.stat()):
            moments.pop()
            if taken == "renamed":
                path.rename(path.with_suffix(".old"))
            elif taken == "removed":
                path.unlink()
            elif taken == "emptied":
                path.write_bytes(b"")
            else:
                other = path.with_suffix(".new")
                other.write_bytes(path.read_bytes().replace(b'"2"', b'"0"'))
                other.rename(path)

    monkeypatch.setattr(os, "fsync", interfere)
    opened().write([change(2)])
    assert not moments
    assert ids(path)[-1] == 2
    assert ids(path).count(2) == 1


def test_a_file_that_never_stays(
    sink: StatusSink, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is called written that nobody can find; it is tried again later."""
    monkeypatch.setattr(os, "fsync", lambda _: path.unlink(missing_ok=True))
    with pytest.raises(UnavailableError) as caught:
        sink.write([change(1)])
    assert caught.value.findings[0].code == system_codes.FILE_DOWN.code


def test_a_part_of_a_write(opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full after some bytes, the next attempt goes on behind them."""
    opened().write([change(1)])
    write = os.write

    def full(descriptor: int, data: Any) -> int:
        write(descriptor, bytes(data)[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    sink = opened()
    with pytest.raises(UnavailableError) as caught:
        sink.write([change(2), change(3)])
    assert caught.value.findings[0].code == system_codes.FILE_DOWN.code
    monkeypatch.undo()
    sink.write([change(2), change(3)])
    assert ids(path) == [1, 2, 3]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_place_that_is_no_file(
    sink: StatusSink, path: Path, make: Callable[[Path], None]
) -> None:
    """A directory or a pipe is named as what it is not; the changes wait for a file."""
    make(path)
    with pytest.raises(UnavailableError) as caught:
        sink.write([change(1)])
    (finding,) = caught.value.findings
    assert (finding.code, finding.place) == (system_codes.NO_FILE.code, str(path))


def test_a_place_that_cannot_be_opened(sink: StatusSink, path: Path) -> None:
    """What cannot be opened is told with the system's reason; the changes wait."""
    path.symlink_to(path)
    with pytest.raises(UnavailableError) as caught:
        sink.write([change(1)])
    assert caught.value.findings[0].code == system_codes.FILE_DOWN.code


FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
)


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_from_the_network(sink: StatusSink, path: Path, formula: str) -> None:
    """No cell that a peer may have written is a formula for a spreadsheet; all cells are quoted."""
    sink.write([change(1, reason=formula, code=formula, source_key=formula, receiver=formula)])
    (row,) = rows(path)
    assert [cell for cell in row if cell.startswith("'")] == ["'" + formula.strip()] * 4
    header, line, end = path.read_bytes().decode().split("\r\n")
    assert header == ";".join(f'"{name}"' for name in REPORTED)
    assert line.startswith('"1";"p";')
    assert not end


def test_the_legacy_systems_own_values_stay(opened: Open, path: Path) -> None:
    """The value of a state is the integrator's, who knows what the legacy system reads."""
    opened().write([change(1, state="-1")])
    assert rows(path)[0][REPORTED.index("state")] == "-1"


def test_raw_values_on_request(opened: Open, path: Path) -> None:
    """An import that reads the file as it is gets values without signs that are not theirs."""
    opened(", raw_values: true").write([change(1, reason="-1", code="a;b\r\n c")])
    assert rows(path)[0][REPORTED.index("reason")] == "-1"
    header, line, _ = path.read_bytes().decode().split("\r\n")
    assert header == ";".join(REPORTED)
    assert line == '1;p;x;"a;b c";x;x;x;x;x;-1;x'


def test_a_text_that_the_charset_lacks(opened: Open, path: Path) -> None:
    """The finding names the column; nothing of the call is written."""
    with pytest.raises(PermanentError) as caught:
        opened(", charset: tcvn3").write([change(1), change(2, state="漢")])
    (finding,) = caught.value.findings
    assert finding.code == codes.CHARSET.code
    assert "state" in finding.en
    assert "漢" in finding.en
    assert not path.exists()


@pytest.mark.parametrize("charset", ["utf-8", "tcvn3", "vni", "viscii", "vps", "viqr", "cp1252"])
def test_charsets_in_which_lines_are_appended(opened: Open, path: Path, charset: str) -> None:
    """Lines of several days read back as one text."""
    for number in (1, 2, 3):
        opened(f", charset: {charset}").write([change(number, reason="là")])
    read = rows(path, charset)
    assert [row[0] for row in read] == ["1", "2", "3"]
    assert {row[REPORTED.index("reason")] for row in read} == {"là"}


@pytest.mark.parametrize(
    "charset", ["utf-8-sig", "utf-16", "UTF-16LE", "utf-16-be", "utf-32", "cp500", "cp037"]
)
def test_charsets_in_which_nothing_can_be_appended(opened: Open, charset: str) -> None:
    """A mark at each beginning, or line ends of another kind: the configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        opened(f", charset: {charset}")
    assert caught.value.code == system_codes.NOT_APPENDED.code
    assert charset in caught.value.findings[0].vi


@pytest.mark.parametrize("charset", ["rot13", "base64", "idna", "punycode", "utf-7", "tcvn"])
def test_what_is_no_charset(opened: Open, charset: str) -> None:
    """What Python codes, but no file of a legacy system has, is refused before anything runs."""
    with pytest.raises(ConfigError) as caught:
        opened(f", charset: {charset}")
    assert caught.value.code == codes.UNKNOWN_CHARSET.code


@pytest.mark.parametrize("mode", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_a_file_that_somebody_holds_is_not_waited_for(
    sink: StatusSink, path: Path, mode: int
) -> None:
    """The states wait, and nobody with them; once the file is let go of they are written."""
    sink.write([change(1)])
    with path.open("rb") as reader:
        fcntl.flock(reader, mode)
        assert refused(sink, [change(2)], path) == system_codes.FILE_HELD.code
    sink.write([change(2)])
    assert ids(path) == [1, 2]
