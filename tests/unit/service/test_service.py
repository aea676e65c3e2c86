"""Workers, health, notification and logs."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import pytest
import structlog
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock, SystemClock
from connector.errors import Bug, StorageError, TransientError, UnavailableError
from connector.service import codes
from connector.service.health import HealthServer
from connector.service.logs import configure_logs
from connector.service.notify import notify, watchdog_interval_seconds
from connector.service.worker import Worker
from connector.store import codes as store_codes

Step = Callable[[Callable[[], bool]], int]


class Run:
    """A worker, and what it reported."""

    def __init__(self, step: Step, idle_seconds: float = 0.001) -> None:
        self.failures: list[BaseException] = []
        self.troubles: list[TransientError] = []
        self.over = threading.Event()
        self.worker = Worker(
            "w",
            step,
            idle_seconds=idle_seconds,
            clock=SystemClock(),
            on_failure=self._fail,
            on_trouble=lambda _name, error: self.troubles.append(error),
        )
        self.worker.start()

    def _fail(self, _name: str, error: BaseException) -> None:
        self.failures.append(error)
        self.over.set()

    def stop(self) -> None:
        """End it."""
        self.worker.stop()
        assert self.worker.join(10.0)


def test_worker_repeats_until_it_is_stopped() -> None:
    """A step runs again and again, with and without something to do."""
    enough = threading.Event()
    counts: list[int] = []

    def step(_go_on: Callable[[], bool]) -> int:
        counts.append(len(counts))
        if len(counts) == 5:
            enough.set()
        return len(counts) % 2

    run = Run(step)
    assert enough.wait(10.0)
    run.stop()
    assert run.failures == []


def test_who_is_woken_looks_again_at_once() -> None:
    """Neither a wake while nothing was done yet nor one during a step is lost; `stop` wakes too."""
    begun, go_on, again = threading.Event(), threading.Event(), threading.Event()
    steps: list[int] = []

    def step(_go_on: Callable[[], bool]) -> int:
        steps.append(len(steps))
        if len(steps) == 1:
            begun.set()
            assert go_on.wait(10.0)
        elif len(steps) == 3:
            again.set()
        return 0

    run = Run(step, idle_seconds=3600.0)
    assert begun.wait(10.0)
    run.worker.wake()
    go_on.set()
    while len(steps) < 3:  # idle after the second, or just about to be
        run.worker.wake()
    assert again.wait(10.0)
    run.stop()
    assert run.failures == []


def test_trouble_is_waited_out_whoever_wakes() -> None:
    """A full disk or a server that is away is not asked again for each message that comes."""
    tried = threading.Event()
    steps: list[int] = []

    def step(_go_on: Callable[[], bool]) -> int:
        steps.append(len(steps))
        tried.set()
        raise UnavailableError(codes.BROKER_AWAY.at(agency="G22"))

    run = Run(step, idle_seconds=0.0)
    assert tried.wait(10.0)
    for _ in range(1000):
        run.worker.wake()
    run.stop()
    assert len(steps) == len(run.troubles) < 10


def test_long_step_is_told_to_end() -> None:
    """A step that asks between its parts ends early, and each question is a sign of life."""
    begun = threading.Event()

    def step(go_on: Callable[[], bool]) -> int:
        begun.set()
        while go_on():
            pass
        return 0

    run = Run(step)
    assert begun.wait(10.0)
    assert run.worker.stalled_seconds() < 5.0
    run.stop()


@pytest.mark.parametrize(
    "error",
    [
        StorageError(store_codes.FILE_FAILED.at("spool", reason="Input/output error")),
        Bug(store_codes.MISUSE.at(reason="x")),
        ValueError("x"),
    ],
)
def test_failure_ends_the_daemon(error: Exception) -> None:
    """Disk failures and bugs are reported once and end the thread."""

    def step(_go_on: Callable[[], bool]) -> int:
        raise error

    run = Run(step)
    assert run.over.wait(10.0)
    assert run.worker.join(10.0)
    assert run.failures == [error]


def test_server_that_is_away_is_waited_for() -> None:
    """A transient error is trouble, not failure."""
    seen = threading.Event()

    def step(_go_on: Callable[[], bool]) -> int:
        seen.set()
        raise UnavailableError(codes.BROKER_AWAY.at(agency="G22"))

    run = Run(step)
    assert seen.wait(10.0)
    run.stop()
    assert run.failures == []
    assert run.troubles[0].code == "EDX-9001"


def test_a_full_disk_is_waited_for() -> None:
    """Nothing is lost by a full disk: the step is tried again until there is room."""
    tries: list[int] = []
    done = threading.Event()

    def step(_go_on: Callable[[], bool]) -> int:
        tries.append(1)
        if len(tries) < 2:
            raise StorageError(store_codes.DISK_FULL.at("spool", reason="No space left on device"))
        done.set()
        return 0

    run = Run(step)
    assert done.wait(10.0)
    run.stop()
    assert [error.code for error in run.troubles] == ["EDX-5010"]
    assert run.failures == []


def test_stalled_worker_is_seen() -> None:
    """Time since the last sign of life is what liveness is judged by."""
    clock = ManualClock()
    worker = Worker(
        "w",
        lambda _go_on: 0,
        idle_seconds=1,
        clock=clock,
        on_failure=lambda *_: None,
        on_trouble=lambda *_: None,
    )
    clock.sleep(42)
    assert worker.stalled_seconds() == 42
    assert worker.go_on()
    assert worker.stalled_seconds() == 0
    worker.stop()
    assert not worker.go_on()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_health(host: str) -> None:
    """Liveness and readiness are told with status codes, over IPv4 and IPv6."""
    facts = {"live": True, "ready": True}
    server = HealthServer(
        f"{host}:0",
        CollectorRegistry(),
        lambda: facts["live"],
        lambda: {"ready": facts["ready"], "broker_connected": False},
    )
    server.start()
    try:
        base = f"http://{host}:{server.port}"
        assert _get(base + "/livez") == (200, "ok\n")
        status, body = _get(base + "/readyz")
        assert (status, json.loads(body)["broker_connected"]) == (200, False)
        facts |= {"live": False, "ready": False}
        assert _get(base + "/livez")[0] == 503
        assert _get(base + "/readyz")[0] == 503
        assert _get(base + "/")[0] == 404
    finally:
        server.stop()


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_notify_reaches_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State lines arrive as one datagram; without a socket nothing happens."""
    address = str(tmp_path / "notify")
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(address)
        assert notify("READY=1", "STATUS=x")
        assert link.recv(100) == b"READY=1\nSTATUS=x"


@pytest.mark.parametrize(
    ("limit", "interval"), [("", None), ("0", None), ("x", None), ("30000000", 15.0)]
)
def test_watchdog_interval(
    limit: str, interval: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signs of life come twice as often as systemd wants them."""
    monkeypatch.setenv("WATCHDOG_USEC", limit)
    assert watchdog_interval_seconds() == interval


def test_log_lines_are_json_and_short(capsys: pytest.CaptureFixture[str]) -> None:
    """For journald each line is one JSON object, and no value of it is longer than a line."""
    try:
        configure_logs("info", "json")
        structlog.get_logger().info("document_sealed", reason="x" * 5000)
        structlog.get_logger().debug("not shown")
        (line,) = capsys.readouterr().err.splitlines()
    finally:
        structlog.reset_defaults()
    facts = json.loads(line)
    assert facts["event"] == "document_sealed"
    assert len(facts["reason"]) == 1001
