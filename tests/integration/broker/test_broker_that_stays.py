"""`python -m connector.broker`: a broker for one's own nodes that stays until it is stopped."""

from __future__ import annotations

import fcntl
import os
import signal
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


def test_a_broker_that_is_starting_can_be_stopped(directory: Path) -> None:
    """Stop finds its keeper from the first moment, and returns when nothing is left of it."""
    ports = free_ports()
    options = ["--port", str(ports.amqp), "--management-port", str(ports.management)]
    command = [sys.executable, "-m", "connector.broker", "run", str(directory), *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as keeper:
        while not (directory / "log").exists():  # made when the node is about to be started
            assert keeper.poll() is None
        stopped = broker("stop", directory)
        told, said = keeper.communicate(timeout=120)
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert (keeper.returncode, told) == (75, "")
    assert "stopped before it was ready" in said
    assert "no broker runs" in broker("stop", directory).stderr


def test_a_broker_that_died_is_noticed(directory: Path) -> None:
    """A service manager sees the end of its keeper, and why, on the streams that it gave."""
    ports = free_ports()
    options = ["--port", str(ports.amqp), "--management-port", str(ports.management)]
    command = [sys.executable, "-m", "connector.broker", "run", str(directory), *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as keeper:
        assert keeper.stdout is not None
        assert "broker:" in keeper.stdout.readline()
        kill_rabbitmq(directory)
        _, said = keeper.communicate(timeout=120)
    assert keeper.returncode == 69
    assert "EDX-6072" in said
    assert "] <0." in said.partition("EDX-6072")[0]  # lines of its log
    assert "no broker runs" in broker("stop", directory).stderr


def test_a_broker_that_died_unseen_is_on_file(directory: Path) -> None:
    """Where nobody reads the keeper any more, a file beside its broker says why it ended."""
    ports = free_ports()
    options = ["--port", ports.amqp, "--management-port", ports.management]
    assert broker("start", directory, *options).returncode == 0
    kill_rabbitmq(directory)
    with (directory / "keeper.pid").open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)  # the keeper has ended
    assert "EDX-6072" in (directory / "keeper.log").read_text(encoding="utf-8")


def kill_rabbitmq(directory: Path) -> None:
    """Let the node end as if the system had killed it."""
    os.kill(int((directory / "node.pid").read_text("ascii")), signal.SIGKILL)
