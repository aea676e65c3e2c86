"""The program as a person runs it, without a process of its own."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from connector import resources
from connector.cli.app import run_program


@dataclass(frozen=True)
class Said:
    """How a command line ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


class Terminal:
    """Runs command lines."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: object) -> Said:
        """Run one command line to its end."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_program([str(argument) for argument in arguments])
        out, err = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, out, err)


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    """A terminal without anybody at it and without settings in its environment."""
    for name in ("CONNECTOR_CONFIG", "CONNECTOR_CATALOGUE"):
        monkeypatch.delenv(name, raising=False)
    yield Terminal(capsys)
    structlog.reset_defaults()
    for handler in tuple(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)


@pytest.fixture(params=["g22-csv-tcvn3", "g09-excel", "h41-sql"])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of each example adapter."""
    return _copy(request.param, tmp_path)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """A copy of the adapter that reads CSV."""
    return _copy("g22-csv-tcvn3", tmp_path)


def _copy(name: str, directory: Path) -> Path:
    return Path(shutil.copytree(resources.examples_dir() / name, directory / name))


@dataclass(frozen=True)
class Previewed:
    """A signed packet and what verifies it."""

    packet: Path
    trust: Path


@pytest.fixture
def previewed(terminal: Terminal, adapter: Path, tmp_path: Path) -> Previewed:
    """The second record of the example as a signed packet."""
    out = tmp_path / "out"
    said = terminal.run("preview", adapter, "--limit", 2, "--out", out, "--json")
    return Previewed(Path(said.data[1]["file"]), out / "dev-pki")
