"""A source of another package: built, installed, found by its entry point, held to the suite."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "examples" / "third-party-source"


def run(*command: str, path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python program that sees the installed package."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(path), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package as it stands into a directory of its own."""
    target = tmp_path_factory.mktemp("site")
    options: Sequence[str] = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    done = run(
        *("-m", "pip", "install", *options, "--target", str(target), str(PACKAGE)),
        path=target,
        cwd=target,
    )
    assert done.returncode == 0, done.stderr
    return target


def test_it_passes_the_suite(installed: Path, tmp_path: Path) -> None:
    """Its own tests are the kit's, and all of them run."""
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--import-mode=importlib")
    done = run("-m", "pytest", *options, str(PACKAGE / "tests"), path=installed, cwd=tmp_path)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "16 passed" in done.stdout


def test_an_adapter_uses_it_by_its_name(installed: Path, tmp_path: Path) -> None:
    """Lint reads its settings, finds what is wrong in them at its place, and its columns."""
    text = (ROOT / "examples" / "g22-csv-tcvn3" / "adapter.yaml").read_text(encoding="utf-8")
    start, end = text.index("source:"), text.index("key:")
    source = "source: {type: cards, path: p.txt, columns: [SoKyHieu], charset: utf-8%s}\n\n"
    (tmp_path / "p.txt").write_text("SoKyHieu: 1/A\n", encoding="utf-8")
    table = ROOT / "examples" / "g22-csv-tcvn3" / "tables" / "noi_nhan.csv"
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "noi_nhan.csv").write_bytes(table.read_bytes())
    for wrong, expected in (("", "EDX-1224"), (", colums: x", "EDX-1010")):
        (tmp_path / "adapter.yaml").write_text(text[:start] + source % wrong + text[end:])
        done = run("-m", "connector", "lint", str(tmp_path), path=installed, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert expected in done.stdout, done.stdout


def test_without_the_package_the_kind_is_unknown(tmp_path: Path) -> None:
    """The finding lists what there is."""
    program = "from connector.sources.registry import settings_model as s; s('cards')"
    done = run("-c", program, path=tmp_path, cwd=tmp_path)

    assert "EDX-4002" in done.stderr
