"""Getting the peers ready: an environment for python-xmlsec, npm packages, a compiled class.

A peer that cannot be had is named with the reason; nothing is left out in silence.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.perf.process import ROOT

__all__ = ["AbsentPeerError", "Commands", "set_up"]

_HERE: Final = ROOT / "tests" / "perf"
_JARS: Final = ("amqp-client.jar", "slf4j-api.jar", "slf4j-nop.jar")
_JAR_DIRECTORY: Final = Path("/usr/share/java")
_EATMYDATA: Final = ("/usr/lib/*/libeatmydata.so", "/usr/lib/libeatmydata.so")
_LAST: Final = 300

Commands = dict[str, list[str]]
"""How each tool is started, by its name."""


class AbsentPeerError(Exception):
    """A peer is not on this machine; says why."""


def set_up(directory: Path, tools: Sequence[str]) -> tuple[Commands, dict[str, str]]:
    """Return how the tools are started, and why others are absent."""
    commands: Commands = {}
    absent: dict[str, str] = {}
    for tool in tools:
        try:
            commands[tool] = _MAKERS[tool](directory)
        except (AbsentPeerError, OSError) as error:
            absent[tool] = str(error)
    return commands, absent


def without_fsync() -> dict[str, str]:
    """Return the environment in which fsync does nothing; raises AbsentPeerError."""
    for pattern in _EATMYDATA:
        for path in Path("/").glob(pattern.lstrip("/")):
            return {"LD_PRELOAD": str(path)}
    raise AbsentPeerError("libeatmydata is not installed (Debian: libeatmydata1)")


def _module(name: str) -> Callable[[Path], list[str]]:
    return lambda _directory: [sys.executable, "-m", name]


def _command(_directory: Path) -> list[str]:
    _need("xmlsec1", "xmlsec1")
    return [sys.executable, "-m", "tests.perf.peers.python_peer"]


def _xmlsec(directory: Path) -> list[str]:
    """Make the environment, unless the one that is there has these requirements."""
    place, wanted = directory / "xmlsec", _HERE / "requirements.txt"
    python = place / "bin" / "python"
    with _Once(place, wanted) as fresh:
        if fresh:
            _run([sys.executable, "-m", "venv", str(place)])
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "--requirement", str(wanted)])
            _run([str(python), "-c", "import lxml.etree, xmlsec, pika"])
    return [str(python), "-m", "tests.perf.peers.python_peer"]


def _node(directory: Path) -> list[str]:
    _need("node", "nodejs")
    _need("npm", "npm")
    place, source = directory / "node", _HERE / "node"
    with _Once(place, source / "package-lock.json") as fresh:
        if fresh:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, place / name)
            _run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=place)
    shutil.copy(source / "peer.mjs", place / "peer.mjs")
    return ["node", str(place / "peer.mjs")]


def _java(directory: Path) -> list[str]:
    _need("java", "default-jdk-headless")
    _need("javac", "default-jdk-headless")
    jars = [_JAR_DIRECTORY / name for name in _JARS]
    missing = [path.name for path in jars if not path.exists()]
    if missing:
        raise AbsentPeerError(f"{', '.join(missing)} missing (Debian: librabbitmq-client-java)")
    place, source = directory / "java", _HERE / "peers" / "JavaPeer.java"
    path = os.pathsep.join(map(str, [place, *jars]))
    with _Once(place, source) as fresh:
        if fresh:
            _run(["javac", "-cp", path, "-d", str(place), str(source)])
    return ["java", "-Xms256m", "-Xmx3g", "-cp", path, "JavaPeer"]


_MAKERS: Final[dict[str, Callable[[Path], list[str]]]] = {
    "connector": _module("tests.perf.ours"),
    "naive": _module("tests.perf.peers.python_peer"),
    "tuned": _module("tests.perf.peers.python_peer"),
    "durable": _module("tests.perf.peers.durable"),
    "xmlsec": _xmlsec,
    "command": _command,
    "node": _node,
    "java": _java,
    "signature": _module("tests.perf.peers.floors"),
    "broker": _module("tests.perf.peers.floors"),
    "reception": _module("tests.perf.peers.floors"),
}


class _Once:
    """A directory that is made anew when the file that describes it changes."""

    def __init__(self, place: Path, description: Path) -> None:
        self._place = place
        self._stamp = place / ".made-of"
        self._wanted = hashlib.sha256(description.read_bytes()).hexdigest()

    def __enter__(self) -> bool:
        if self._stamp.exists() and self._stamp.read_text(encoding="ascii") == self._wanted:
            return False
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)
        return True

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is None:
            self._stamp.write_text(self._wanted, encoding="ascii")


def _need(program: str, package: str) -> None:
    if shutil.which(program) is None:
        raise AbsentPeerError(f"{program} is not installed (Debian: {package})")


def _run(command: Sequence[str], cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip()[-_LAST:]
        raise AbsentPeerError(f"{command[0]} failed: {reason}")
