"""JSON exports, hostile ones included."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.errors import ConfigError, NoInputError
from connector.sources import codes, file_codes
from connector.sources import json as json_source
from tests.unit.sources.conftest import Desk

LINES = "type: json, path: e.jsonl, lines: true"
WHOLE = "type: json, path: e.json"


def test_nested_values_have_dotted_names(desk: Desk) -> None:
    """Lists become one cell; numbers keep their digits; null is nothing."""
    desk.file(
        "e.json",
        '[{"so": {"k": "15", "n": 7}, "noi": [{"ma": "G22"}, {"ma": "H41"}],'
        ' "phi": 1.10, "mat": false, "x": null, "y": []}]',
    )

    records, refusals = desk.results(WHOLE)

    assert dict(records[0].values) == {
        "so.k": "15",
        "so.n": 7,
        "noi.ma": "G22;H41",
        "phi": Decimal("1.10"),
        "mat": False,
        "x": None,
        "y": None,
    }
    assert str(records[0].values["phi"]) == "1.10"
    assert not refusals


def test_columns_are_those_of_all_first_records(desk: Desk) -> None:
    """A name that only some records have is a column of all of them."""
    desk.file("e.jsonl", '{"a": 1}\n{"b": "x"}\n')

    records, _ = desk.results(LINES)

    assert desk.open(LINES).columns() == ("a", "b")
    assert [dict(record.values) for record in records] == [
        {"a": 1, "b": None},
        {"a": None, "b": "x"},
    ]


def test_configured_columns_are_all_there_are(desk: Desk) -> None:
    """Other names are not read, and a missing one is empty."""
    desk.file("e.jsonl", '{"a": 1, "z": 2}\n')

    records, _ = desk.results(f"{LINES}, columns: [a, b]")

    assert dict(records[0].values) == {"a": 1, "b": None}


def test_without_records_columns_are_not_known(desk: Desk) -> None:
    """Nobody can know them; declared ones are."""
    desk.file("e.json", "[]")

    with pytest.raises(NoInputError):
        desk.open(WHOLE).columns()
    assert desk.open(f"{WHOLE}, columns: [a]").columns() == ("a",)


def test_a_bad_line_refuses_itself_only(desk: Desk) -> None:
    """Broken, not an object, a name twice, NaN, nested without end: each at its line."""
    lines = ["{", "[1]", '{"a":1,"a":2}', '{"a":NaN}', '{"a":' * 90_000, '{"a":' + "9" * 5000 + "}"]
    desk.file("e.jsonl", "\n".join([*lines, '{"a":1}']))

    records, refusals = desk.results(f"{LINES}, columns: [a]")

    assert [record.place for record in records] == ["e.jsonl:7"]
    assert [refused.findings[0].code for refused in refusals] == [
        file_codes.BAD_JSON.code,
        file_codes.NOT_AN_OBJECT.code,
        file_codes.KEY_TWICE.code,
        file_codes.BAD_JSON.code,
        file_codes.BAD_JSON.code,
        file_codes.BAD_JSON.code,
    ]


def test_nesting_and_number_of_values_are_limited(desk: Desk) -> None:
    """What a parser still reads may be far more than any record."""
    deep = '{"a":' * 40 + "1" + "}" * 40
    wide = '{"a":[' + "1," * 30_000 + "1]}"
    desk.file("e.jsonl", f"{deep}\n{wide}\n")

    records, refusals = desk.results(f"{LINES}, columns: [a]")

    assert not records
    assert {r.findings[0].code for r in refusals} == {file_codes.RECORD_TOO_LARGE.code}


def test_a_value_with_the_separator_is_refused(desk: Desk) -> None:
    """Two receivers would become three; a single value may contain it."""
    desk.file("e.jsonl", '{"a": ["x;y", "z"]}\n{"a": "x;y"}\n')

    records, refusals = desk.results(LINES)

    assert [record.values["a"] for record in records] == ["x;y"]
    assert refusals[0].findings[0].code == file_codes.SEPARATOR_IN_VALUE.code
    assert desk.results(f"{LINES}, list_separator: '|'")[0][0].values["a"] == "x;y|z"


@pytest.mark.parametrize(
    ("content", "settings", "code"),
    [
        ("{", "", file_codes.BAD_JSON.code),
        ('{"a": 1}', "", file_codes.JSON_PATH.code),
        ('{"a": {"b": 1}}', ", records: a.b", file_codes.JSON_PATH.code),
        ("[" * 100_000, "", file_codes.BAD_JSON.code),
        ("", "", file_codes.BAD_JSON.code),
    ],
)
def test_a_file_without_records_is_refused_whole(
    desk: Desk, content: str, settings: str, code: str
) -> None:
    """Lint finds it as an error of the configuration, reading as a refusal."""
    desk.file("e.json", content)

    records, refusals = desk.results(WHOLE + settings)

    assert not records
    assert [refused.findings[0].code for refused in refusals] == [code]
    with pytest.raises(ConfigError) as caught:
        desk.open(WHOLE + settings).columns()
    assert caught.value.code == code


def test_one_value_is_limited_in_size(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must be in memory; the hint names the way out."""
    monkeypatch.setattr(json_source, "MAX_BYTES", 10)
    desk.file("e.json", '[{"a": "x"}]')

    _, refusals = desk.results(WHOLE)

    assert refusals[0].findings[0].code == file_codes.JSON_TOO_LARGE.code
    assert "lines: true" in refusals[0].findings[0].hint_en


def test_other_charsets_are_read(desk: Desk) -> None:
    """A byte order mark is accepted, a wrong charset found."""
    desk.file("e.json", b"\xef\xbb\xbf" + '[{"a": "Số"}]'.encode())
    assert desk.results(WHOLE)[0][0].values["a"] == "Số"
    desk.file("e.json", '[{"a": "Số"}]'.encode("utf-16"))
    assert desk.results(f"{WHOLE}, charset: utf-16")[0][0].values["a"] == "Số"

    _, refusals = desk.results(WHOLE)

    assert refusals[0].findings[0].code == codes.CHARSET_CONTRADICTED.code
