"""Kinds are found by name, and everything wrong is said at its place."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Literal, get_args

import pytest

from connector.config.load import Settings
from connector.errors import ConfigError
from connector.sources import codes, file_codes, registry, remote_codes
from connector.sources.settings import CsvSettings, ExcelSettings, SqlSettings
from tests.unit.sources.conftest import Desk


class MailSettings(Settings):
    """Settings of a kind that comes from another package."""

    type: Literal["mail"]


OTHER = registry.Kind(
    "tests.unit.sources.test_registry:MailSettings", "no_such_package:opener", "mail"
)


def test_settings_models_are_found_by_kind() -> None:
    """Schema and lint take the model from here."""
    assert registry.settings_model("csv") is CsvSettings
    assert registry.settings_model("excel") is ExcelSettings
    assert registry.settings_model("sql") is SqlSettings


def test_settings_do_not_load_heavy_libraries() -> None:
    """Lint and schema start quickly: no library that reads exports is imported."""
    program = (
        "import sys; from connector.sources.registry import BUILT_IN, settings_model;"
        "[settings_model(kind) for kind in BUILT_IN];"
        "sys.exit(bool({'sqlalchemy', 'python_calamine', 'lxml', 'dbfread'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_unknown_kind_is_found_with_a_suggestion(desk: Desk) -> None:
    """The place is that of source.type."""
    with pytest.raises(ConfigError) as caught:
        desk.open("path: e.csv, type: exel")

    finding = caught.value.findings[0]
    assert finding.code == codes.KIND_UNKNOWN.code
    assert finding.place == f"{desk.directory}/adapter.yaml:2:29"
    assert "did you mean 'excel'?" in finding.en


def test_a_missing_kind_is_found(desk: Desk) -> None:
    """The known ones are listed."""
    with pytest.raises(ConfigError) as caught:
        desk.open("path: e.csv")

    assert caught.value.code == codes.KIND_MISSING.code
    assert "csv, excel, fixed" in caught.value.findings[0].hint_en


def test_every_wrong_setting_is_found(desk: Desk) -> None:
    """Settings are checked before anything is opened."""
    with pytest.raises(ConfigError) as caught:
        desk.open("type: csv, path: e.csv, delimeter: ';', header_row: 0")

    assert len(caught.value.findings) == 2


def test_packages_can_add_kinds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point adds a kind; one whose package is missing names its extra."""
    entry = EntryPoint("mail", "tests.unit.sources.test_registry:OTHER", "connector.sources")
    clash = EntryPoint("csv", "tests.unit.sources.test_registry:OTHER", "connector.sources")
    found = EntryPoints([entry, clash])
    monkeypatch.setattr(registry, "entry_points", found.select)

    assert list(registry.kinds()) == [*registry.BUILT_IN, "mail"]
    assert registry.kinds()["csv"] is registry.BUILT_IN["csv"]
    with pytest.raises(ConfigError) as caught:
        desk.open("type: mail")
    assert "connector[mail]" in caught.value.findings[0].hint_en


def test_paths_count_from_the_adapters_directory(tmp_path: Path) -> None:
    """The process may have been started anywhere."""
    desk = Desk(tmp_path / "adapter")
    desk.file("e.csv", "A\n1\n")

    records, _ = desk.results("type: csv, path: e.csv")

    assert [record.place for record in records] == ["e.csv:2"]


def test_the_catalogue_is_complete_and_in_order() -> None:
    """Every text of the room is listed once, with codes of the room's own range."""
    texts = [
        getattr(module, name)
        for module in (codes, file_codes, remote_codes)
        for name in module.__all__
        if name != "CATALOGUE"
    ]

    assert sorted(texts, key=lambda text: text.code) == list(codes.CATALOGUE)
    assert all(re.fullmatch("EDX-40[0-9]{2}", text.code) for text in texts)
    assert len({text.code for text in texts}) == len(texts)
    assert all(text.hint_en and text.hint_vi for text in texts)


@pytest.mark.parametrize("kind", registry.BUILT_IN)
def test_every_setting_is_described(kind: str) -> None:
    """Schema and reference are made from title and description of every field."""
    fields = registry.settings_model(kind).model_fields

    assert get_args(fields["type"].annotation) == (kind,)
    assert all(field.title and field.description for field in fields.values())
