"""The commands of docs/operator.md do what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "operator.md"


def commands(page: str) -> list[str]:
    """Return the lines behind a prompt in the page's console blocks."""
    blocks = re.findall(r"(?ms)^```console\n(.*?)^```", page)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_every_command_of_the_page_succeeds(tmp_path: Path) -> None:
    """In order, in an empty directory, each command ends with 0."""
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = "\n".join(("set -e", *commands(PAGE.read_text(encoding="utf-8"))))
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "G22" in (tmp_path / "definitions.json").read_text(encoding="utf-8")
    assert (tmp_path / "keys" / "g22.key").stat().st_mode & 0o077 == 0


def test_the_page_has_commands() -> None:
    """The test above runs something."""
    assert len(commands(PAGE.read_text(encoding="utf-8"))) > 5
