"""`python -m connector.broker`: which process is the keeper of a directory, and what it is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.broker import __main__ as broker

KEEPER = """
import fcntl, signal, sys, time
for number in map(int, sys.argv[2:]):
    signal.signal(number, signal.SIG_IGN)
held = open(sys.argv[1], "r+")
fcntl.lockf(held, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""
ASKING = """
import sys
from pathlib import Path
from connector.broker.__main__ import _holder, _opened
with _opened(Path(sys.argv[1])) as file:
    print(_holder(file))
"""
Hold = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """What starts a process that holds the directory as a keeper does that is just starting."""
    started: list[subprocess.Popen[str]] = []

    def start(*ignored: signal.Signals) -> subprocess.Popen[str]:
        path = tmp_path / "keeper.pid"
        path.touch()
        command = [sys.executable, "-c", KEEPER, str(path), *(str(int(each)) for each in ignored)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", ["", "of nobody", "{pid}"])
def test_stop_ends_the_keeper_and_nobody_else(tmp_path: Path, hold: Hold, number: str) -> None:
    """Whatever number an earlier keeper has left, the process is told that holds the directory."""
    with subprocess.Popen(["/bin/sleep", "600"]) as other:
        try:
            keeper = hold()
            left = number.format(pid=other.pid)
            (tmp_path / "keeper.pid").write_text(left, encoding="ascii")
            assert broker.main(["stop", str(tmp_path)]) == 0
            assert keeper.wait(60) == -signal.SIGTERM
            assert other.poll() is None
        finally:
            other.kill()


def test_stop_tells_nobody_where_nobody_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The number of a keeper that was killed may be anybody's by now."""
    with subprocess.Popen(["/bin/sleep", "600"]) as other:
        try:
            (tmp_path / "keeper.pid").write_text(str(other.pid), encoding="ascii")
            assert broker.main(["stop", str(tmp_path)]) == 0
            assert other.poll() is None
        finally:
            other.kill()
    assert "no broker runs" in capsys.readouterr().err


def test_stop_does_not_wait_for_ever(
    tmp_path: Path,
    hold: Hold,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A keeper that does not end is said to be there still."""
    keeper = hold(signal.SIGTERM)
    monkeypatch.setattr(broker, "_PATIENCE_SECONDS", 0.3)
    assert broker.main(["stop", str(tmp_path)]) == 75
    assert f"process {keeper.pid} has not ended yet" in capsys.readouterr().err
    assert keeper.poll() is None


def test_a_second_keeper_is_told_so(
    tmp_path: Path, hold: Hold, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who comes second neither starts anything nor overwrites what the first one wrote."""
    hold()
    (tmp_path / "keeper.pid").write_text("123", encoding="ascii")
    assert broker.main(["run", str(tmp_path)]) == 75
    assert "runs already" in capsys.readouterr().err
    assert (tmp_path / "keeper.pid").read_text("ascii") == "123"


def test_the_keeper_is_known_before_its_broker_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own number stands in the file while RabbitMQ starts, not that of an earlier keeper."""
    (tmp_path / "keeper.pid").write_text("99999999", encoding="ascii")
    seen: list[tuple[str, int | None]] = []

    def starting(*_arguments: object, **_named: object) -> None:
        command = [sys.executable, "-c", ASKING, str(tmp_path)]
        asked = subprocess.run(command, capture_output=True, text=True, check=True)
        seen.append(((tmp_path / "keeper.pid").read_text("ascii"), int(asked.stdout)))
        raise OSError(28, "No space left on device")

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        monkeypatch.setattr(broker, "PrivateNode", starting)
        assert broker.main(["run", str(tmp_path)]) == 73
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert seen == [(str(os.getpid()), os.getpid())]


@pytest.mark.parametrize("option", ["--port", "--management-port"])
@pytest.mark.parametrize("port", ["0", "65536", "70000", "-1", "http", "٣"])
@pytest.mark.parametrize("verb", ["start", "run"])
def test_ports_that_no_machine_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, option: str, port: str
) -> None:
    """They are refused at once, as a wrong option is, and nothing is made."""
    with pytest.raises(SystemExit) as ended:
        broker.main([verb, str(tmp_path / "broker"), f"{option}={port}"])
    assert ended.value.code == 2
    assert "1 to 65535" in capsys.readouterr().err
    assert not (tmp_path / "broker").exists()
