"""Text of fixed widths."""

from __future__ import annotations

import pytest

from connector.errors import ConfigError
from connector.sources import codes, file_codes
from connector.text.codecs import register
from tests.unit.sources.conftest import Desk

FIXED = (
    "type: fixed, path: e.txt, columns: [{name: A, width: 4}, {name: B, width: 6},"
    " {name: C, start: 13, width: 3}]"
)


def test_columns_are_cut_by_characters(desk: Desk) -> None:
    """A letter of several bytes is one character, and blanks around a value are padding."""
    desk.file("e.txt", "0012 đườngxx  7\n\n13  Số 5\n")

    records, refusals = desk.results(FIXED)

    assert [dict(record.values) for record in records] == [
        {"A": "0012", "B": "đường", "C": "7"},
        {"A": "13", "B": "Số 5", "C": ""},
    ]
    assert [record.place for record in records] == ["e.txt:1", "e.txt:3"]
    assert not refusals


@pytest.mark.parametrize(("charset", "word"), [("vni", "đường"), ("tcvn3", "đường")])
def test_legacy_charsets_are_decoded_first(desk: Desk, charset: str, word: str) -> None:
    """In VNI a letter has two bytes, and still counts once."""
    register()
    desk.file("e.txt", f"0012{word} xxabc".encode(charset))

    records, _ = desk.results(f"{FIXED}, charset: {charset}")

    assert dict(records[0].values) == {"A": "0012", "B": word, "C": "abc"}


def test_lines_of_another_length_can_be_refused(desk: Desk) -> None:
    """Where every line has its full length, a shorter one was cut."""
    desk.file("e.txt", "001 so 1    abc\n002 so\n003 so 3    abcd\n")

    records, refusals = desk.results(f"{FIXED}, line_width: 15")

    assert [record.values["A"] for record in records] == ["001"]
    assert {refused.findings[0].code for refused in refusals} == {file_codes.LINE_WIDTH.code}
    assert [refused.place for refused in refusals] == ["e.txt:2", "e.txt:3"]


def test_bad_bytes_refuse_their_line_only(desk: Desk) -> None:
    """The next line is read."""
    desk.file("e.txt", b"001 s\xff 1\n002 so 2\n")

    records, refusals = desk.results(FIXED)

    assert [record.values["A"] for record in records] == ["002"]
    assert refusals[0].findings[0].code == codes.CELL_UNDECODABLE.code


def test_a_line_without_end_refuses_the_rest(desk: Desk) -> None:
    """Memory is bounded by the longest line that is one."""
    desk.file("e.txt", "001 so 1\n" + "x" * (5 << 20))

    records, refusals = desk.results(FIXED)

    assert len(records) == 1
    assert refusals[0].findings[0].code == codes.ROW_TOO_LONG.code


@pytest.mark.parametrize(
    "columns", ["[]", "[{name: A, width: 0}]", "[{name: A, width: 1}, {name: A, width: 2}]"]
)
def test_columns_must_make_sense(desk: Desk, columns: str) -> None:
    """None at all, an empty one and the same name twice are found before anything is read."""
    with pytest.raises(ConfigError):
        desk.open(f"type: fixed, path: e.txt, columns: {columns}")


def test_a_wrong_charset_is_found_by_columns(desk: Desk) -> None:
    """Lint says so before thousands of lines are refused."""
    desk.file("e.txt", b"001 C\xabng v\xa8n s\xe8 1\n" * 20)

    with pytest.raises(ConfigError) as caught:
        desk.open(FIXED).columns()

    assert caught.value.code == codes.CHARSET_UNSUITABLE.code
