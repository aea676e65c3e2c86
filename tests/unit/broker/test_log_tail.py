"""What a private node said last is found in the log that it wrote, not in its greeting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connector.broker.private import PrivateNode

GREETING = "Starting broker... completed with 3 plugins."
BOOTED = "2026-01-05 08:00:00 [info] <0.222.0> Server startup complete"
BEGUN = 1_000


@pytest.fixture
def node(tmp_path: Path) -> PrivateNode:
    """A node that was begun at some moment and has greeted since."""
    made = PrivateNode(tmp_path / "broker")
    (tmp_path / "broker" / "log").mkdir(parents=True, exist_ok=True)
    _write(tmp_path / "broker" / "rabbitmq.conf", "", BEGUN)
    _write(tmp_path / "broker" / "log" / "epmd.log", "", BEGUN)
    _write(tmp_path / "broker" / "log" / "server.log", GREETING, BEGUN + 9)
    return made


def _write(path: Path, text: str, second: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (second, second))


def test_the_log_says_more_than_a_greeting_that_came_later(node: PrivateNode) -> None:
    """Also where the greeting was the last that was written."""
    _write(node.directory / "log" / "node.log", BOOTED, BEGUN + 5)
    assert node.log_tail() == BOOTED


def test_a_log_of_an_earlier_run_says_nothing_of_this_one(node: PrivateNode) -> None:
    """A node that fails before it has a log says so on its streams."""
    _write(node.directory / "log" / "node.log", BOOTED, BEGUN - 5)
    assert node.log_tail() == GREETING


def test_errors_come_first(node: PrivateNode) -> None:
    """Of a log with errors these are told."""
    error = "2026-01-05 08:00:01 [error] <0.9.0> no room"
    _write(node.directory / "log" / "node.log", f"{BOOTED}\n{error}\n{BOOTED}", BEGUN + 5)
    assert node.log_tail() == error


def test_nothing_was_written(tmp_path: Path) -> None:
    """A node that was never started has no last word."""
    assert PrivateNode(tmp_path / "broker").log_tail() == ""
