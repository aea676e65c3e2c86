from __future__ import annotations

from pathlib import Path

import pytest

from connector.config.load import Settings, parse
from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError
from connector.mapping.tables import CodeTable, TableSettings, load_tables


class Holder(Settings):
    """Something with tables."""

    tables: dict[str, TableSettings]


def load(directory: Path, text: str) -> dict[str, CodeTable]:
    """Read tables from a file in a directory."""
    node = parse_yaml(text.encode(), directory / "adapter.yaml", environ={})
    return load_tables(parse(Holder, node).tables, node.at(("tables",)))


def refused(directory: Path, text: str) -> list[tuple[str, str]]:
    """Return code and place of each finding."""
    with pytest.raises(ConfigError) as caught:
        load(directory, text)
    return [(one.code, one.place.removeprefix(f"{directory}/")) for one in caught.value.findings]


def test_inline_tables_keep_texts(tmp_path: Path) -> None:
    """Pairs stay text: 01 and no are codes, an empty value is the empty text."""
    table = load(tmp_path, 'tables: {t: {01: no, "": x, y: ~, file2: z}}')["t"]
    assert [table.get(key) for key in ("01", "", "y", "file2", "1")] == ["no", "x", "", "z", None]


def test_lookup_ignores_spaces_and_unicode_form(tmp_path: Path) -> None:
    """White space around and between, and decomposed letters, do not matter; case does."""
    table = load(tmp_path, "tables: {t: {Nghệ An: H41}}")["t"]
    assert table.get("  Nghe\u0323\u0302  An ") == "H41"
    assert table.get("nghệ an") is None


def test_file_tables(tmp_path: Path) -> None:
    """A CSV with from and to is read, with BOM, quotes, empty lines and further columns."""
    (tmp_path / "t.csv").write_text(
        '\ufefffrom,to,ghi chú\n"Sở, ban",H41.02,x\n\nBộ,G09\n', encoding="utf-8"
    )
    table = load(tmp_path, "tables: {t: {file: t.csv}}")["t"]
    assert dict(table.entries) == {"Sở, ban": "H41.02", "Bộ": "G09"}


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        ("a,b\nx,y\n", "EDX-1221", "t.csv:1:1"),
        ("from,to\nx\n", "EDX-1222", "t.csv:2:1"),
        ("from,to\nx,1\nx ,2\n", "EDX-1223", "t.csv:3:1"),
        ('from,to\n"x,1\n', "EDX-1220", "t.csv"),
    ],
)
def test_wrong_table_files_are_found_at_their_line(
    tmp_path: Path, content: str, code: str, place: str
) -> None:
    """A table file is checked line by line."""
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    assert refused(tmp_path, "tables: {t: {file: t.csv}}") == [(code, place)]


def test_absent_and_binary_table_files(tmp_path: Path) -> None:
    """A file that is absent is found where it is named, one in another charset in itself."""
    assert refused(tmp_path, "tables: {t: {file: t.csv}}") == [("EDX-1220", "adapter.yaml:1:20")]
    (tmp_path / "t.csv").write_bytes(b"from,to\n\xb5,x\n")
    assert refused(tmp_path, "tables: {t: {file: t.csv}}") == [("EDX-1220", "t.csv")]


def test_doubles_of_inline_tables(tmp_path: Path) -> None:
    """Two spellings of one key are found, not silently decided."""
    found = refused(tmp_path, 'tables:\n  t:\n    a b: "1"\n    "a  b": "2"\n')
    assert found == [("EDX-1223", "adapter.yaml:4:5")]
