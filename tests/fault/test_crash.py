"""Crash points: all placed, armed only on purpose, deadly when armed."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import connector
from connector import crash
from connector.errors import ConfigError

ROOT = Path(connector.__file__).parent


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    """Leave no point armed behind."""
    yield
    crash.disarm()


def placed() -> Counter[str]:
    """Return the names that stand in the code, and how often."""
    found: Counter[str] = Counter()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "crash.point":
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{path}: a name must stand there as text"
                found[str(name.value)] += 1
    return found


def test_each_point_stands_once_in_the_code() -> None:
    """No point of the list is missing, none is placed twice, none is unlisted."""
    assert placed() == Counter(crash.POINTS)


def test_point_that_is_not_armed_does_nothing() -> None:
    """A running node passes its points."""
    passed = [name for name in crash.POINTS if crash.point(name) is None]  # type: ignore[func-returns-value]
    assert passed == list(crash.POINTS)


def test_watcher_sees_every_passage() -> None:
    """A census counts what is passed, and ends with `disarm`."""
    seen: list[str] = []
    crash.watch(seen.append)
    crash.point("store.begun")
    crash.point("store.committed")
    crash.disarm()
    crash.point("store.begun")
    assert seen == ["store.begun", "store.committed"]


@pytest.mark.parametrize(
    ("environ", "production", "code"),
    [
        ({"CONNECTOR_CRASH_AT": "store.begun:1"}, False, "EDX-9004"),
        ({"CONNECTOR_CRASH_AT": "store.begun:1", "CONNECTOR_FAULTS": "yes"}, False, "EDX-9004"),
        ({"CONNECTOR_CRASH_AT": "store.begun:1", "CONNECTOR_FAULTS": "1"}, True, "EDX-9004"),
        ({"CONNECTOR_CRASH_AT": "nowhere:1", "CONNECTOR_FAULTS": "1"}, False, "EDX-9005"),
        ({"CONNECTOR_CRASH_AT": "store.begun", "CONNECTOR_FAULTS": "1"}, False, "EDX-9005"),
        ({"CONNECTOR_CRASH_AT": "store.begun:0", "CONNECTOR_FAULTS": "1"}, False, "EDX-9005"),
        ({"CONNECTOR_CRASH_AT": "store.begun:-1", "CONNECTOR_FAULTS": "1"}, False, "EDX-9005"),
        ({"CONNECTOR_CRASH_AT": "", "CONNECTOR_FAULTS": "1"}, False, "EDX-9005"),
    ],
)
def test_variable_is_refused(environ: dict[str, str], production: bool, code: str) -> None:
    """Nobody arms a node by accident, and never a production node."""
    with pytest.raises(ConfigError, match=code):
        crash.arm_from(environ, production=production)


def test_nothing_set_arms_nothing() -> None:
    """Leave to make faults is no fault."""
    crash.arm_from({"CONNECTOR_FAULTS": "1"}, production=True)
    assert crash._on_point is None


def test_armed_process_dies_at_the_passage_that_was_named() -> None:
    """SIGKILL at the second passage: no handler runs, nothing is flushed."""
    script = (
        "import atexit, os\n"
        "from connector import crash\n"
        "atexit.register(print, 'handler')\n"
        "crash.arm_from(os.environ, production=False)\n"
        "for number in range(3):\n"
        "    crash.point('store.committed')\n"
        "    os.write(1, str(number).encode())\n"
        "    crash.point('store.begun')\n"
    )
    environ = os.environ | {"CONNECTOR_CRASH_AT": "store.committed:2", "CONNECTOR_FAULTS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"0")


def test_node_refuses_the_variable_before_it_opens_anything(tmp_path: Path) -> None:
    """`connector run` with the variable alone ends with 78 and opens no store."""
    config = tmp_path / "connector.yaml"
    config.write_text(
        "config_version: 1\nenvironment: test\nstate_dir: state\nagencies:\n"
        "  - {code: G22, name: Văn phòng Chính phủ}\n"
        "trust: {anchors_dir: anchors, registry_file: registry.yaml}\n"
        'broker: {url: "amqp://guest@127.0.0.1:1/"}\nsinks: [{type: folder, directory: in}]\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "connector", "run", "--once", "--config", str(config)],
        env=os.environ | {"CONNECTOR_CRASH_AT": "store.begun:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "EDX-9004" in done.stderr) == (78, True), done.stderr
    assert not (tmp_path / "state" / "store.db").exists()
