"""Where the folder of a sink is, whichever way the configuration was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.config.yaml_source import load_yaml
from connector.sinks.registry import open_sink


@pytest.mark.parametrize("named", ["relative", "absolute"])
def test_a_relative_folder_counts_from_the_file_once(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same folder, from whichever directory and by whichever path the file is given."""
    (tmp_path / "G09").mkdir()
    (tmp_path / "G09" / "sink.yaml").write_text("{type: folder, directory: den}", "utf-8")
    monkeypatch.chdir(tmp_path)
    path = Path("G09/sink.yaml") if named == "relative" else tmp_path / "G09" / "sink.yaml"
    node = load_yaml(path)
    sink = open_sink(node, (), path.parent)
    monkeypatch.chdir("/")
    assert getattr(sink, "_root") == tmp_path / "G09" / "den"  # noqa: B009
