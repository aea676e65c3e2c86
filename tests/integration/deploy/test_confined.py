"""The daemon works under the restrictions of its systemd unit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from connector.clock import SystemClock
from connector.model.states import DeliveryState
from connector.resources import examples_dir
from connector.store import outbox
from connector.store.store import Store
from connector.trust.pki import new_dev_pki

HERE = Path(__file__).resolve().parent
UNIT = HERE.parents[2] / "deploy" / "systemd" / "connector.service"
CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key: {{type: pem, key_file: pki/keys/g22.key, certificate_file: pki/keys/g22.crt}}
    broker_password: {{env: BROKER_PASSWORD}}
trust: {{anchors_dir: pki/anchors, registry_file: pki/registry.yaml}}
broker: {{url: "{url}"}}
adapters: [adapter]
sinks: [{{type: folder, directory: inbox, desk: true}}]
"""
WRITABLE_CODE = """
import mmap, sys
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError:
    sys.exit(0)
sys.exit(1)
"""
NETLINK = """
import errno, socket, sys
try:
    socket.socket(socket.AF_NETLINK)
except OSError as error:
    sys.exit(error.errno != errno.EPERM)
sys.exit(1)
"""


def allowed_calls() -> str:
    """Return the system calls that the unit's SystemCallFilter= lines leave."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.fail("systemd-analyze is missing: apt-get install --no-install-recommends systemd")
    listed = subprocess.run(
        [analyze, "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True
    ).stdout
    listed = re.sub(r"\x1b\[[0-9;]*m", "", listed)
    sets: dict[str, list[str]] = {}
    for line in listed.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = []
        elif line.strip() and not line.strip().startswith("#") and sets:
            sets[name].append(line.strip())

    def calls(of: str) -> set[str]:
        return set().union(*map(calls, sets[of])) if of in sets else {of}

    allowed: set[str] = set()
    for rule in re.findall(
        r"^SystemCallFilter=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE
    ):
        named = set().union(*map(calls, rule.removeprefix("~").split()))
        allowed = allowed - named if rule.startswith("~") else allowed | named
    return ",".join(sorted(allowed))


def confined(
    *arguments: str, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments under the unit's restrictions."""
    command = [sys.executable, str(HERE / "confine.py"), allowed_calls(), sys.executable]
    return subprocess.run(
        [*command, *arguments],
        cwd="/",
        env={"PATH": os.environ["PATH"], **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def sandbox(broker_node: BrokerSettings) -> Iterator[Sandbox]:
    """Give the test a virtual host in which G22 is connected."""
    with Sandbox(broker_node, f"test-{uuid.uuid4().hex[:12]}") as sandbox:
        sandbox.connect(["G22"])
        yield sandbox


def test_the_restrictions_are_in_force() -> None:
    """What systemd would forbid is forbidden here too, otherwise the tests below show nothing."""
    assert confined("-c", NETLINK).returncode == 0
    memory = confined("-c", WRITABLE_CODE)
    assert memory.returncode == 0 or "older than 6.3" in memory.stderr
    privileged = confined("-c", "import os; os.chown('/', 0, 0)")
    assert "Operation not permitted" in privileged.stderr


def test_the_program_starts_confined() -> None:
    """Every library that a verb needs loads without writable code or odd system calls."""
    result = confined("-m", "connector", "version")
    assert (result.returncode, result.stderr) == (0, "")
    assert "lxml" in result.stdout


@pytest.mark.broker
def test_a_confined_node_collects_signs_and_sends(tmp_path: Path, sandbox: Sandbox) -> None:
    """Store, spool, keys, XML and the broker's connections work under the restrictions."""
    new_dev_pki(tmp_path / "pki", [("G22", "Văn phòng Chính phủ")], clock=SystemClock())
    shutil.copytree(examples_dir() / "g22-csv-tcvn3", tmp_path / "adapter")
    endpoint = sandbox.settings("G22").endpoints()[0]
    config = tmp_path / "connector.yaml"
    url = f"amqp://{endpoint.host}:{endpoint.port}/{sandbox.vhost}"
    config.write_text(CONFIG.format(url=url), encoding="utf-8")

    result = confined(
        *("-m", "connector", "run", "--once", "--config", str(config)),
        environ={"BROKER_PASSWORD": endpoint.password},
    )

    assert result.returncode == 0, result.stderr
    with (
        closing(Store.open(tmp_path / "state", clock=SystemClock(), read_only=True)) as store,
        store.read() as tx,
    ):
        states = [delivery.state for _, delivery in outbox.list_deliveries(tx, limit=100)]
    assert states
    assert set(states) <= {DeliveryState.RETURNED, DeliveryState.SENT}
