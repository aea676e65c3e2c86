"""The systemd files hold what they promise; judged by systemd's own programs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[3] / "deploy" / "systemd"
UNIT = SYSTEMD / "connector.service"
MOST_EXPOSED = 2.0


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of systemd, which need not be the machine's init."""
    path = shutil.which(program)
    if path is None:
        pytest.fail(f"{program} is missing: apt-get install --no-install-recommends systemd")
    environ = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "", "LANG": "C.UTF-8"}
    return subprocess.run(
        [path, *arguments], env=environ, capture_output=True, text=True, check=False
    )


def test_the_unit_is_valid(tmp_path: Path) -> None:
    """Every line of the unit is read by systemd without a complaint."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    assert "ExecStart=/opt/connector/bin/connector run" in text
    copy.write_text(text.replace("/opt/connector/bin/connector", sys.executable), encoding="utf-8")
    result = run("systemd-analyze", "verify", "--man=no", str(copy))
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_a_wrong_unit_is_noticed(tmp_path: Path) -> None:
    """The check above can fail: a misspelt directive is reported."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace("/opt/connector/bin/connector", sys.executable)
    copy.write_text(text.replace("NoNewPrivileges=", "NoNewPriviliges="), encoding="utf-8")
    result = run("systemd-analyze", "verify", "--man=no", str(copy))
    assert "NoNewPriviliges" in result.stderr


def test_the_daemon_is_little_exposed() -> None:
    """The measure that systemd has for what the daemon may still do stays low."""
    result = run("systemd-analyze", "security", "--offline=yes", "--no-pager", str(UNIT))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout)
    assert found, result.stderr
    assert float(found[1]) <= MOST_EXPOSED


def test_statuses_that_no_restart_cures() -> None:
    """A wrong configuration or a refused key does not make systemd try for ever."""
    line = next(
        line
        for line in UNIT.read_text(encoding="utf-8").splitlines()
        if line.startswith("RestartPreventExitStatus=")
    )
    assert {"65", "66", "77", "78"} <= set(line.partition("=")[2].split())


def test_the_user_can_be_made() -> None:
    """The user that the unit names would be made by systemd-sysusers."""
    result = run("systemd-sysusers", "--dry-run", str(SYSTEMD / "connector.sysusers"))
    assert result.returncode == 0, result.stderr
    assert "connector" in result.stdout + result.stderr


def test_keys_and_secrets_are_the_daemons_alone(tmp_path: Path) -> None:
    """Only the daemon enters the directories of keys and secrets that systemd-tmpfiles makes."""
    text = (SYSTEMD / "connector.tmpfiles").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line.startswith("d ")]
    modes = {path: (mode, user) for _, path, mode, user, _, _ in rows}
    assert modes["/etc/connector/keys"] == ("0700", "connector")
    assert modes["/etc/connector/secrets"] == ("0700", "connector")
    me = str(os.getuid())
    mine = re.sub(r"\b(root|connector) +(root|connector)\b", f"{me} {os.getgid()}", text)
    config = tmp_path / "connector.conf"
    config.write_text(mine, encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    result = run("systemd-tmpfiles", "--create", f"--root={root}", str(config))
    assert result.returncode == 0, result.stderr
    for path, (mode, _) in modes.items():
        assert f"{(root / path[1:]).stat().st_mode & 0o777:04o}" == mode
