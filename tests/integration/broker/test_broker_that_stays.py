"""`python -m connector.broker`: a broker for one's own nodes that stays until it is stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from connector.broker.management import Management
from connector.broker.server import free_ports

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def broker(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "connector.broker", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Where the broker is; it is stopped at the end."""
    yield tmp_path / "broker"
    broker("stop", tmp_path / "broker")


def test_it_stays_until_it_is_stopped(directory: Path) -> None:
    """Start tells what connector.yaml needs; what was made is there again after a stop."""
    ports = free_ports()
    options = ["--port", ports.amqp, "--management-port", ports.management]
    started = broker("start", directory, *options)
    assert started.returncode == 0, started.stderr
    told = yaml.safe_load(started.stdout)["broker"]
    assert told["url"] == f"amqp://127.0.0.1:{ports.amqp}/"

    def management() -> Management:
        password = Path(told["management_password"]["file"])
        assert password.stat().st_mode & 0o077 == 0
        user, secret = told["management_user"], password.read_text("ascii")
        return Management(told["management_url"], user, secret, "/")

    management().put_queue("kept", {"durable": True, "arguments": {}})
    again = broker("start", directory, *options)
    assert (again.returncode, "runs already" in again.stderr) == (75, True)
    other = broker("start", directory.with_name("other"), *options)
    assert (other.returncode, "EDX-6073" in other.stderr) == (69, True)
    assert broker("stop", directory).returncode == 0
    assert "no broker runs" in broker("stop", directory).stderr
    assert broker("start", directory, *options).returncode == 0
    assert management().queue("kept") is not None


def test_stop_where_nothing_is(directory: Path) -> None:
    """Nothing is made by it."""
    assert broker("stop", directory).returncode == 0
    assert not directory.exists()
