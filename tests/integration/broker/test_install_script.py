"""The set-up script: silent when nothing is missing, plain words when it cannot install."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_SCRIPT = Path(__file__).resolve().parents[3] / "deploy/setup/install-system.sh"
_UNAVAILABLE = 69


def _run(path: str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": path, "HOME": os.environ.get("HOME", "/"), **more}
    return subprocess.run(
        ["/bin/sh", str(_SCRIPT)], env=environ, capture_output=True, text=True, check=False
    )


def _stub(directory: Path, name: str, text: str) -> None:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    program.chmod(0o755)


def test_with_everything_there_it_says_and_changes_nothing() -> None:
    """On a machine that is set up the script ends at once, without a word."""
    done = _run(os.environ["PATH"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_root_it_names_what_to_install(tmp_path: Path) -> None:
    """A user without sudo reads the exact command; nothing is installed."""
    _stub(tmp_path, "id", "echo 1000")
    _stub(tmp_path, "sudo", "exit 1")
    _stub(tmp_path, "python-without-venv", "exit 1")
    done = _run(f"{tmp_path}:/usr/bin:/bin", PYTHON="python-without-venv")
    assert done.returncode == _UNAVAILABLE
    assert "sudo apt-get install --no-install-recommends python3-venv" in done.stderr
    assert "rabbitmq-server" not in done.stderr


def test_with_sudo_it_runs_itself_again_as_root(tmp_path: Path) -> None:
    """Where sudo asks for no password, only the script itself runs as root."""
    _stub(tmp_path, "id", "echo 1000")
    _stub(tmp_path, "sudo", 'shift; [ "$1" = true ] || echo "$@" >&2')
    _stub(tmp_path, "python-without-venv", "exit 1")
    done = _run(f"{tmp_path}:/usr/bin:/bin", PYTHON="python-without-venv")
    assert done.returncode == 0
    assert f"/bin/sh {_SCRIPT}" in done.stderr
    assert "PYTHON=python-without-venv" in done.stderr


def test_the_script_is_plain_shell() -> None:
    """Debian's sh can read it."""
    shell = shutil.which("dash") or "/bin/sh"
    assert subprocess.run([shell, "-n", str(_SCRIPT)], check=False).returncode == 0
