"""`connector run` as a process: kills, outages, signals, systemd, health."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from connector.broker.private import PrivateNode
from connector.broker.sandbox import Sandbox
from connector.clock import SystemClock
from connector.errors import ConfigError, NoInputError
from connector.store import journal, outbox
from connector.store.store import Store
from connector.trust.pki import DevPki, new_dev_pki

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab

pytestmark = pytest.mark.broker

_PATIENCE_SECONDS = 60.0
NOW = SystemClock()
DOC = "G22,2026/01/05,05/VPCP-KSTT"


def command(directory: Path, *arguments: str) -> list[str]:
    """Return a command line of the program for a node."""
    config = str(directory / "connector.yaml")
    return [sys.executable, "-m", "connector", *arguments, "--config", config]


def call(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return subprocess.run(
        command(directory, *arguments), capture_output=True, text=True, check=False, timeout=120
    )


@contextmanager
def daemon(directory: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon; end it with SIGTERM, which must end it well."""
    log = (directory / "daemon.log").open("ab")
    process = subprocess.Popen(
        command(directory, "run"), stdout=log, stderr=log, env=os.environ | environ
    )
    log.close()
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        status = process.wait(_PATIENCE_SECONDS)
    assert status == 0, (directory / "daemon.log").read_text()


def until(condition: Callable[[], Any]) -> None:
    """Wait for something that a process does."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def states(directory: Path) -> list[str]:
    """Return the states of all deliveries of documents, read beside the daemon."""
    try:
        store = Store.open(directory / "state", clock=SystemClock(), read_only=True)
    except (NoInputError, ConfigError):
        return []  # just being made
    try:
        with store.read() as tx:
            rows = outbox.list_deliveries(tx, kind="document", limit=10_000)
        return [delivery.state.value for _, delivery in rows]
    finally:
        store.close()


def test_sigterm_ends_with_0_and_one_daemon_is_enough(lab: Lab) -> None:
    """A second daemon is refused, the first one drains and ends with 0."""
    directory = lab.configure("G22")
    with daemon(directory):
        until(lambda: b"node_started" in _log(directory))
        second = call(directory, "run")
        assert second.returncode == 75
        assert "EDX-5030" in second.stderr
    assert b"node_stopped" in _log(directory)


def test_once_drains_and_ends_with_0(lab: Lab) -> None:
    """`run --once` sends all that the export has, and takes all that is there."""
    h41 = lab.member("H41")
    g22 = lab.configure("G22")
    with (g22 / "adapter" / "export" / "di.csv").open("a") as stream:
        for number in range(3):
            stream.write(f"{number}/VPCP;05/01/2026;Công văn;V/v thử;Trần Văn A;H41;;;\n")
    done = call(g22, "run", "--once")
    assert done.returncode == 0, done.stderr
    lab.settle()
    assert len(h41.in_sink()) == 3
    assert call(g22, "run", "--once").returncode == 0
    assert states(g22) == ["accepted"] * 3


def test_once_without_broker_ends_with_69_and_keeps_everything(lab: Lab) -> None:
    """Without a broker what was collected is durable, and the exit status says why."""
    directory = lab.configure("G22", agencies=["G22"])
    config = directory / "connector.yaml"
    text = config.read_text()
    url = next(line for line in text.splitlines() if line.startswith("broker:"))
    config.write_text(
        text.replace(url, 'broker: {url: "amqp://127.0.0.1:1/x", connect_timeout_seconds: 1}')
    )
    with (directory / "adapter" / "export" / "di.csv").open("a") as stream:
        stream.write("1/VPCP;05/01/2026;Công văn;V/v thử;Trần Văn A;H41;;;\n")
    done = call(directory, "run", "--once")
    assert (done.returncode, "EDX-9001" in done.stderr) == (69, True)
    assert states(directory) == ["queued"]


def test_once_tells_of_a_source_that_cannot_be_read(lab: Lab) -> None:
    """An export that is not there ends with 69, after everything else was done."""
    directory = lab.configure("G22")
    export = directory / "adapter" / "export"
    (export / "di.csv").unlink()
    export.rmdir()
    assert call(directory, "run", "--once", "--only", "collect").returncode == 69


def test_wrong_configuration_ends_with_78(lab: Lab) -> None:
    """A misspelt key is told with its line, and nothing is started."""
    directory = lab.configure("G22", more="pol_seconds: 3")
    done = call(directory, "run")
    assert done.returncode == 78
    assert "connector.yaml:" in done.stderr
    assert not (directory / "state" / "store.db").exists()


def test_two_adapters_of_one_name_end_with_78(lab: Lab) -> None:
    """Two adapters that would share a cursor are refused."""
    directory = lab.configure("G22")
    other = directory / "other"
    other.mkdir()
    (other / "adapter.yaml").write_text((directory / "adapter" / "adapter.yaml").read_text())
    config = directory / "connector.yaml"
    text = config.read_text().replace("adapters: [adapter]", "adapters: [adapter, other]")
    config.write_text(text)
    done = call(directory, "run", "--once", "--only", "collect")
    assert (done.returncode, "EDX-4107" in done.stderr) == (78, True)


def test_sighup_reads_trust_and_keys_anew(lab: Lab, lab_pki: DevPki, tmp_path: Path) -> None:
    """On SIGHUP a renewed key and a new anchor are in force at once, and journalled."""
    directory = lab.configure("G22")
    own = tmp_path / "own"
    shutil.copytree(lab_pki.directory, own)
    config = directory / "connector.yaml"
    config.write_text(config.read_text().replace(str(lab_pki.directory), str(own)))
    with daemon(directory) as process:
        until(lambda: b"node_started" in _log(directory))
        process.send_signal(signal.SIGHUP)
        until(lambda: events_of(directory, "operator_acted"))
        assert not events_of(directory, "trust_changed", "keys_reloaded")
        other = new_dev_pki(tmp_path / "other", [("G22", "Văn phòng Chính phủ")], clock=NOW)
        (own / "anchors" / "root.crt").replace(tmp_path / "old.crt")
        shutil.copy(other.anchors_dir / "root.crt", own / "anchors" / "root.crt")
        pki = DevPki(own)
        shutil.copy(other.key_file("G22"), pki.key_file("G22"))
        shutil.copy(other.certificate_file("G22"), pki.certificate_file("G22"))
        process.send_signal(signal.SIGHUP)
        until(lambda: len(events_of(directory, "operator_acted")) == 2)
        until(lambda: len(events_of(directory, "trust_changed", "keys_reloaded")) == 2)
    first, _ = events_of(directory, "operator_acted")
    assert first == {"action": "reload", "actor": "SIGHUP", "target": "trust, keys"}
    (change,) = events_of(directory, "trust_changed")
    assert change["accepted"] is True
    assert (change["added"], change["removed"]) != (None, None)
    assert events_of(directory, "keys_reloaded") == [{"agency": "G22"}]


def events_of(directory: Path, *names: str) -> list[dict[str, Any]]:
    """Return the facts of all journalled events of some names, read beside the daemon."""
    store = Store.open(directory / "state", clock=SystemClock(), read_only=True)
    try:
        with store.read() as tx:
            entries = journal.entries(tx, limit=1000)
    finally:
        store.close()
    facts = [entry.facts for entry in entries if entry.event in names]
    return [{name: value for name, value in each.items() if value is not None} for each in facts]


def test_health_metrics_and_systemd(lab: Lab, tmp_path: Path) -> None:
    """READY and WATCHDOG go to systemd's socket; /livez, /readyz and /metrics answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    directory = lab.configure("G22", more=f'metrics: {{listen: "127.0.0.1:{port}"}}')
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(_PATIENCE_SECONDS)
        with daemon(directory, NOTIFY_SOCKET=str(address), WATCHDOG_USEC="400000"):
            assert b"READY=1" in systemd.recv(1000)
            assert systemd.recv(1000) == b"WATCHDOG=1"
            base = f"http://127.0.0.1:{port}"
            assert _get(f"{base}/livez") == (200, "ok\n")
            until(lambda: json.loads(_get(f"{base}/readyz")[1])["broker_connected"])
            assert json.loads(_get(f"{base}/readyz")[1])["ready"] is True
            metrics = _get(f"{base}/metrics")[1]
            assert 'connector_events_total{error_code="",event="node_started"} 1.0' in metrics
            assert _get(f"{base}/nothing")[0] == 404
        systemd.settimeout(0)
        last = b""
        while last != b"STOPPING=1":
            last = systemd.recv(1000)


def test_health_port_that_is_taken_stops_nothing(lab: Lab) -> None:
    """Monitoring that cannot listen raises an alarm; documents go on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        directory = lab.configure("G22", more=f'metrics: {{listen: "127.0.0.1:{port}"}}')
        with daemon(directory):
            until(lambda: b"node_started" in _log(directory))
    assert b"EDX-9002" in _log(directory)


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, ""


def test_recall_by_another_process_beside_the_daemon(lab: Lab) -> None:
    """`connector recall` shares the store with a running daemon, which sends the recall."""
    h41 = lab.member("H41")
    directory = lab.configure("G22")
    with daemon(directory):
        _append(directory, ["05/VPCP-KSTT"])
        lab.until(lambda: states(directory) == ["accepted"])
        assert call(directory, "recall", "--reason", "gửi nhầm", DOC).returncode == 0
        lab.until(lambda: "recalled" in states(directory))
    assert h41.cancelled() == [DOC]


@pytest.mark.slow
def test_kills_at_any_moment_lose_and_double_nothing(lab: Lab) -> None:
    """A dozen kill -9 while 60 documents leave: each is delivered once and answered (G1 to G3)."""
    h41 = lab.member("H41")
    directory = lab.configure("G22")
    numbers = [f"{number:02}/VPCP-KSTT" for number in range(60)]
    rolls = random.Random(20260105)  # noqa: S311 - moments of kills
    for kill in range(12):
        _append(directory, numbers[kill * 5 : kill * 5 + 5])
        with (directory / "daemon.log").open("ab") as log:
            process = subprocess.Popen(command(directory, "run"), stdout=log, stderr=log)
        if kill % 2:  # every other one dies while it starts
            started = kill // 2 + 1
            lab.until(partial(_has_started, directory, started))
        end = time.monotonic() + rolls.random() * 0.8
        while time.monotonic() < end:
            h41.pump()
        process.kill()
        process.wait()
    begun = _log(directory).count(b"node_started")
    with daemon(directory):
        lab.until(lambda: states(directory) == ["accepted"] * 60)
        lab.until(partial(_has_started, directory, begun + 1))  # else there is nobody to end well
    assert h41.in_sink() == [f"G22,2026/01/05,{number}" for number in numbers]
    _assert_journal_holds(directory)


def _has_started(directory: Path, times: int) -> bool:
    return _log(directory).count(b"node_started") >= times


def _log(directory: Path) -> bytes:
    return (directory / "daemon.log").read_bytes()


def _append(directory: Path, numbers: list[str]) -> None:
    path = directory / "adapter" / "export" / "di.csv"
    rows = [f"{n};05/01/2026;Công văn;V/v thử;Trần Văn A;H41;;;\n" for n in numbers]
    whole = path.with_suffix(".tmp")
    whole.write_text(path.read_text("utf-8") + "".join(rows), encoding="utf-8")
    whole.replace(path)


def _assert_journal_holds(directory: Path) -> None:
    store = Store.open(directory / "state", clock=SystemClock(), read_only=True)
    try:
        with store.read() as tx:
            assert journal.verify(tx) == []
    finally:
        store.close()


def test_stuck_adapters_and_exchanges_are_concerns(lab: Lab) -> None:
    """What cannot be read or written back is told with code and remedy until it goes on."""
    directory = lab.configure("G22")
    lab.configure("H41")
    lab.sandbox.connect(["G22", "H41"], settle_seconds=20.0)
    config = directory / "connector.yaml"
    password = "    broker_password: {file: G22.password}\n"
    more = password + "    status_sink: {type: csv, path: ra.csv}\n"
    config.write_text(config.read_text("utf-8").replace(password, more), encoding="utf-8")
    states_file, export = directory / "ra.csv", directory / "adapter" / "export"
    states_file.write_text("ghi chú của người khác\n", encoding="utf-8")
    _append(directory, ["01/VPCP-KSTT"])
    assert call(directory, "run", "--once").returncode == 69
    assert _concerns(directory, "--without-daemon") == {"EDX-8039"}
    with daemon(directory):
        export.rename(export.with_name("weg"))
        until(lambda: _concerns(directory) == {"EDX-4008", "EDX-8039"})
        export.with_name("weg").rename(export)
        until(lambda: _concerns(directory) == {"EDX-8039"})
        states_file.unlink()
        until(lambda: _concerns(directory) == set())
    assert "sent" in states_file.read_text("utf-8")


def _concerns(directory: Path, *options: str) -> set[str]:
    """Return the codes of all concerns, if `--check` ends as it should with them."""
    found = call(directory, "status", "--check", "--json", *options)
    concerns = json.loads(found.stdout)["concerns"]
    assert found.returncode == (1 if concerns else 0)
    assert all(" → " in each for each in concerns if each.startswith("EDX-"))
    return {each.partition(":")[0] for each in concerns}


@pytest.fixture
def outage(
    tmp_path: Path, lab_pki: DevPki, make_lab: Callable[[Path, DevPki, Sandbox], Lab]
) -> Iterator[tuple[PrivateNode, Lab]]:
    """Give a test a broker of its own that it may stop, with a lab on it."""
    with (
        PrivateNode(tmp_path / "rabbitmq", disposable=True) as node,
        Sandbox(node.settings(), "outage") as sandbox,
    ):
        made = make_lab(tmp_path / "lab", lab_pki, sandbox)
        yield node, made
        made.close()


@pytest.mark.slow
def test_outage_of_the_broker(outage: tuple[PrivateNode, Lab]) -> None:
    """Without RabbitMQ documents are still collected and sealed; once it is back all leave."""
    node, lab = outage
    directory, receiver = lab.configure("G22"), lab.configure("H41")
    lab.sandbox.connect(["G22", "H41"], settle_seconds=20.0)
    with daemon(directory), daemon(receiver):
        _append(directory, ["01/VPCP-KSTT"])
        until(lambda: states(directory) == ["accepted"])
        node.kill()
        _append(directory, ["02/VPCP-KSTT", "03/VPCP-KSTT"])
        until(lambda: len(states(directory)) == 3)
        status = json.loads(call(directory, "status", "--json").stdout)
        assert status["brokers"]["G22"] != "connected"
        assert status["outbox_documents"] == {"accepted": 1, "queued": 2}
        assert any("broker of G22" in concern for concern in status["concerns"])
        node.restart()
        until(lambda: states(directory) == ["accepted"] * 3)
