"""What the command line loads before it can answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.perf.material import Site, Urls
from tests.perf.startup import HEAVY, heavy_imports


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a sending node with an adapter and an export."""
    url = "amqp://nobody:nothing@127.0.0.1:1/none"
    site = Site(tmp_path_factory.mktemp("startup") / "site", Urls(url, url), 1000)
    place = site.place()
    site.task("connector", "out", place)
    header = "number,date,subject,file\n"
    (place / "adapter" / "export" / "0.csv").write_text(header, encoding="utf-8")
    return place


@pytest.mark.parametrize("verb", [[], ["lint"], ["run"], ["outbox"], ["keys"]])
def test_help_loads_nothing_heavy(tmp_path: Path, verb: list[str]) -> None:
    """Help is text: no database, no broker, no cryptography, no schema library."""
    assert heavy_imports([*verb, "--help"], tmp_path / "found.json") == {"exit": 0}


def test_lint_loads_nothing_heavy(node: Path, tmp_path: Path) -> None:
    """Adapters are checked without what only a running node needs."""
    assert heavy_imports(["lint", str(node / "adapter")], tmp_path / "found.json") == {"exit": 0}


def test_a_heavy_library_is_noticed_with_the_place_that_loads_it(
    node: Path, tmp_path: Path
) -> None:
    """A verb that reads keys needs cryptography, and the measurement says from where."""
    config = str(node / "connector.yaml")
    found = heavy_imports(["keys", "check", "--config", config], tmp_path / "found.json")
    assert "cryptography" in HEAVY
    assert any(place.startswith("trust/") for place in found["cryptography"])
