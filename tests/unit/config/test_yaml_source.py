from __future__ import annotations

from pathlib import Path

import pytest

from connector.config.yaml_source import Node, load_yaml, parse_yaml
from connector.errors import ConfigError, NoInputError

FILE = Path("a.yaml")


def read(text: str | bytes, **environ: str) -> Node:
    """Read YAML from memory."""
    data = text.encode() if isinstance(text, str) else text
    return parse_yaml(data, FILE, environ=environ)


def refused(text: str | bytes, **environ: str) -> list[tuple[str, str]]:
    """Return code and place of each finding of a YAML that is refused."""
    with pytest.raises(ConfigError) as caught:
        read(text, **environ)
    return [(finding.code, finding.place) for finding in caught.value.findings]


@pytest.mark.parametrize(
    "written", ["0012", "no", "12:30:45", "1_000", "0x1F", "2020-01-05", "1e3"]
)
def test_scalars_stay_as_written(written: str) -> None:
    """What YAML 1.1 would turn into numbers, booleans and dates stays the text it is."""
    assert read(f"code: {written}").value == {"code": written}


def test_empty_and_null_are_none_unless_quoted() -> None:
    """A plain empty value, ~ and null are None; quoted ones are texts."""
    value = read("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: \"~\"").value
    assert value == {"a": None, "b": None, "c": None, "d": "", "e": "null", "f": "~"}


def test_keys_are_texts() -> None:
    """Keys keep their spelling, the quoted empty key included."""
    assert read('no: x\n"": y\n01: z').value == {"no": "x", "": "y", "01": "z"}


def test_every_value_and_key_has_its_place() -> None:
    """Values, keys and list items are found by line and column, counted from 1."""
    node = read("a: 1\nb:\n  - x\n  - {c:  2}\n")
    assert node.place(("a",)) == "a.yaml:1:4"
    assert node.place(("b", 0)) == "a.yaml:3:5"
    assert node.place(("b", 1, "c")) == "a.yaml:4:10"
    assert node.place_of_key(("b", 1, "c")) == "a.yaml:4:6"
    assert node.place_of_key(("b",)) == "a.yaml:2:1"


def test_place_falls_back_to_the_nearest_ancestor() -> None:
    """A loc that is not in the file points to what encloses it."""
    node = read("a:\n  b: {c: 1}\n")
    assert node.place(("a", "b", "missing", 3)) == "a.yaml:2:6"
    assert node.place_of_key(("nowhere",)) == "a.yaml:1:1"


def test_parts_keep_the_places_of_the_file() -> None:
    """A part of a node, with or without some keys, still knows line and column."""
    part = read("sinks:\n  - {type: folder, serves: [G22]}\n").at(("sinks", 0))
    rest = part.without("serves")
    assert rest.value == {"type": "folder"}
    assert rest.place(("type",)) == "a.yaml:2:12"
    assert part.get(("serves", 0)) == "G22"
    assert part.get(("serves", 7), "none") == "none"


def test_empty_file_is_an_empty_mapping() -> None:
    """A file with nothing but comments reads as no settings at all."""
    assert read("").value == {}
    assert read("# nothing\n").value == {}


def test_byte_order_mark_is_ignored() -> None:
    """Files saved by Windows editors with a BOM are read."""
    assert read(b"\xef\xbb\xbfa: 1").value == {"a": "1"}


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\nb: 2\na: 3", "EDX-1004", "a.yaml:3:1"),
        ("a: &x 1", "EDX-1005", "a.yaml:1:4"),
        ("a: !!int 5", "EDX-1006", "a.yaml:1:4"),
        ("a: !python/object:os.system x", "EDX-1006", "a.yaml:1:4"),
        ("a: 1\n---\nb: 2", "EDX-1008", "a.yaml:2:1"),
        ("<<: {a: 1}", "EDX-1009", "a.yaml:1:1"),
        ("? [1, 2]\n: 5", "EDX-1018", "a.yaml:1:3"),
        ("just text", "EDX-1025", "a.yaml:1:1"),
        ("a: [1", "EDX-1003", "a.yaml:1:6"),
        ("a:\tb: c", "EDX-1003", "a.yaml:1:3"),
        ("a: x\n  \x07", "EDX-1003", "a.yaml:2:3"),
        ('a: "\\ud800"', "EDX-1003", "a.yaml:1:4"),
        ('a: "\\0"', "EDX-1003", "a.yaml:1:4"),
        ('a: "\\UFFFFFFFF"', "EDX-1003", "a.yaml"),
        ("a: " + "[" * 40, "EDX-1016", "a.yaml:1:36"),
    ],
)
def test_refuses_what_is_not_plain_yaml(text: str, code: str, place: str) -> None:
    """Everything that YAML could do beyond plain data is refused at its place."""
    assert refused(text) == [(code, place)]


def test_alias_and_anchor_are_both_found() -> None:
    """All findings of a file are told at once."""
    assert refused("a: &x 1\nb: *x\n*x : 2") == [
        ("EDX-1005", "a.yaml:1:4"),
        ("EDX-1005", "a.yaml:2:4"),
        ("EDX-1005", "a.yaml:3:1"),
    ]


def test_duplicate_key_names_the_first_line() -> None:
    """The finding says where the key stood first."""
    with pytest.raises(ConfigError) as caught:
        read("x: 1\na: 1\na: 2")
    assert "line 2" in caught.value.findings[0].en


def test_not_utf8_is_refused_with_the_place() -> None:
    """A legacy charset in a configuration is refused at the first wrong byte."""
    assert refused(b"a: 1\nb: \xb5") == [("EDX-1002", "a.yaml:2:4")]


def test_too_large_is_refused() -> None:
    """A file beyond the limit is refused before it is parsed."""
    assert refused(b"#" * (4 * 1024 * 1024 + 1)) == [("EDX-1017", "a.yaml")]


def test_variables_come_from_the_environment() -> None:
    """${NAME} is replaced, ${NAME:-default} has a default, $${ is the characters."""
    node = read("a: x${V}y\nb: '${W:-d e}'\nc: $${V}\nd: ${W:-}\ne: $V", V="1")
    assert node.value == {"a": "x1y", "b": "d e", "c": "${V}", "d": "", "e": "$V"}


def test_variables_are_read_from_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an explicit environment the process' own is used."""
    monkeypatch.setenv("CONNECTOR_TEST_VALUE", "H41")
    assert parse_yaml(b"a: ${CONNECTOR_TEST_VALUE}", FILE).value == {"a": "H41"}


def test_undefined_variable_is_refused() -> None:
    """An undefined variable is a finding that names it, not an empty text."""
    with pytest.raises(ConfigError) as caught:
        read("a: 1\nb: pre-${GONE}")
    finding = caught.value.findings[0]
    assert (finding.code, finding.place) == ("EDX-1007", "a.yaml:2:4")
    assert "GONE" in finding.en
    assert "${GONE:-default}" in finding.hint_en


def test_variables_cannot_smuggle_structure() -> None:
    """A value from the environment stays one text, whatever it holds."""
    assert read("a: ${V}", V="[1, 2]\nb: 3").value == {"a": "[1, 2]\nb: 3"}


def test_load_reads_a_file(tmp_path: Path) -> None:
    """A file is read and named in places as it was given."""
    path = tmp_path / "c.yaml"
    path.write_text("mã: Văn phòng", encoding="utf-8")
    node = load_yaml(path)
    assert node.value == {"mã": "Văn phòng"}
    assert node.place(("mã",)) == f"{path}:1:5"


def test_load_without_file_is_no_input(tmp_path: Path) -> None:
    """A file that is not there ends with 66."""
    with pytest.raises(NoInputError) as caught:
        load_yaml(tmp_path / "gone.yaml")
    assert caught.value.code == "EDX-1001"
    assert caught.value.exit_status == 66
