from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import get_args

import pytest

from connector.agencies import codes as agency_codes
from connector.config.yaml_source import Node, parse_yaml
from connector.errors import ConfigError
from connector.model.inbound import Inbound
from connector.sinks import codes
from connector.sinks.cells import Cells
from connector.sinks.common_settings import DateFormat
from connector.sinks.folder import FolderSink
from connector.sinks.registry import kinds, open_sink, settings_model
from connector.sinks.sql import SqlSink

SQL = """
sinks:
  - type: sql
    url: sqlite:///qlvb.db
    table: VanBanDen
    key_column: MaGoiTin
    columns: {TrichYeu: subject}
    status: {column: TrangThai, cancelled: "9", replaced: "8"}
"""


def node(text: str, directory: Path) -> Node:
    """Return a configuration as it is read from a file."""
    return parse_yaml(text.encode(), directory / "connector.yaml")


def test_every_kind_opens_as_named(tmp_path: Path) -> None:
    """Each registered name leads to its settings and to its sink, and nothing is written."""
    folder = open_sink(node("type: folder\ndirectory: den\n", tmp_path))
    assert isinstance(folder, FolderSink)
    assert isinstance(open_sink(node(SQL, tmp_path), ("sinks", 0)), SqlSink)
    assert list(tmp_path.iterdir()) == []


def test_folders_count_from_the_file(tmp_path: Path, item: Inbound) -> None:
    """A relative folder lies beside the configuration."""
    open_sink(node("type: folder\ndirectory: den\n", tmp_path)).deliver(item)
    assert (tmp_path / "den" / "2018").is_dir()


@pytest.mark.parametrize("kind", kinds())
def test_every_setting_is_described(kind: str) -> None:
    """Each setting has its Vietnamese title and an English sentence."""
    for field in settings_model(kind).model_fields.values():
        assert field.title
        assert field.description
        assert field.description.endswith(".")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("type: sql", "type: sqll", codes.UNKNOWN_KIND.code),
        ("type: sql", "kind: sql", codes.UNKNOWN_KIND.code),
        ("TrichYeu: subject", "TrichYeu: subjct", codes.UNKNOWN_PATH.code),
        ("TrichYeu: subject", "TrangThai: subject", codes.COLUMN_TWICE.code),
        ("TrichYeu: subject", "TRANGTHAI: subject", codes.COLUMN_TWICE.code),
        ("table: VanBanDen", "table: VanBanDen\n    charset: tcvn", codes.UNKNOWN_CHARSET.code),
        ("table: VanBanDen", "table: VanBanDen\n    charset: idna", codes.UNKNOWN_CHARSET.code),
        ("sqlite:///qlvb.db", "khong phai url", codes.BAD_URL.code),
        ("sqlite:///qlvb.db", "sqlite://host/qlvb.db", codes.BAD_URL.code),
        ("sqlite:///qlvb.db", "mssql+pytds://sa:abc@host/qlvb", codes.PASSWORD_IN_URL.code),
        ("sqlite:///qlvb.db", "mssql+pytds://host/qlvb", codes.DRIVER_MISSING.code),
        ("sqlite:///qlvb.db", "khongco://host/db", codes.DRIVER_MISSING.code),
    ],
)
def test_wrong_settings(tmp_path: Path, old: str, new: str, code: str) -> None:
    """Wrong settings are refused before anything is opened."""
    with pytest.raises(ConfigError) as caught:
        open_sink(node(SQL.replace(old, new), tmp_path), ("sinks", 0))
    assert caught.value.code == code


def test_a_misspelled_field_has_its_place(tmp_path: Path) -> None:
    """The finding points at the value and suggests the field."""
    text = SQL.replace("TrichYeu: subject", "TrichYeu: subjct")
    with pytest.raises(ConfigError) as caught:
        open_sink(node(text, tmp_path), ("sinks", 0))
    (finding,) = caught.value.findings
    assert finding.place == f"{tmp_path / 'connector.yaml'}:7:25"
    assert "subject" in finding.en


def test_every_format_of_dates_is_written_alike() -> None:
    """Each format that may be configured can be written."""
    day = dt.date(2018, 7, 2)
    assert {name: Cells(date_format=name).text(day) for name in get_args(DateFormat)} == {
        "yyyy-MM-dd": "2018-07-02",
        "dd/MM/yyyy": "02/07/2018",
        "yyyy/MM/dd": "2018/07/02",
    }


@pytest.mark.parametrize("catalogue", [codes.CATALOGUE, agency_codes.CATALOGUE])
def test_codes_are_unique_and_complete(catalogue: tuple[object, ...]) -> None:
    """Every text of the room is listed once, in both languages, under its own code."""
    module = codes if catalogue is codes.CATALOGUE else agency_codes
    texts = [getattr(module, name) for name in module.__all__ if name != "CATALOGUE"]
    assert set(texts) == set(catalogue)
    assert len({text.code for text in texts}) == len(texts) == len(catalogue)
    assert all(text.en and text.vi and bool(text.hint_en) == bool(text.hint_vi) for text in texts)


@pytest.mark.parametrize(
    "names",
    [
        "fields: {trich_yeu: subject, trich_yeu.ngan: code}",
        "fields: {don_vi.ma: code}\nconstants: {don_vi: G22}",
        "fields: {so: code}\nconstants: {so: '1'}",
    ],
)
def test_names_that_stand_in_each_others_place(tmp_path: Path, names: str) -> None:
    """A value that would take the place of another is refused, not dropped in silence."""
    text = f"type: command\nprogram: /bin/true\n{names}\n"
    with pytest.raises(ConfigError) as caught:
        open_sink(node(text, tmp_path))
    assert [finding.code for finding in caught.value.findings] == ["EDX-8042"]
