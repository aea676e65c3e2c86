"""States written back as lines of a CSV file: each once, whatever stands in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.config.yaml_source import parse_yaml
from connector.sinks.status_out import Reported, StatusSink, open_status_sink
from connector.sinks.status_settings import REPORTED

TAIL = 1 << 16


@pytest.fixture
def sink(tmp_path: Path) -> StatusSink:
    """A sink that writes `reported.csv`."""
    node = parse_yaml(b"{type: csv, path: reported.csv}", tmp_path / "connector.yaml")
    return open_status_sink(node, tmp_path)[0]


def change(number: int, packet: str = "p", reason: str = "") -> Reported:
    """Return one change."""
    return dict.fromkeys(REPORTED, "x") | {
        "event_id": number,
        "packet_id": packet,
        "reason": reason,
    }


def ids(path: Path) -> list[str]:
    """Return the ids in a file, in their order."""
    return [line.partition(";")[0] for line in path.read_text("utf-8").splitlines()[1:]]


def test_a_line_that_the_look_back_cuts_is_no_line(sink: StatusSink, tmp_path: Path) -> None:
    """Digits in the middle of a line are never taken for the id of a change."""
    path = tmp_path / "reported.csv"
    sink.write([change(1, "9" * 2000)])
    for number in range(2, 2 + 2 * TAIL // 100):
        sink.write([change(number, "9" * 60)])
    assert ids(path) == [str(number) for number in range(1, len(ids(path)) + 1)]
    assert path.stat().st_size > TAIL


def test_lines_longer_than_the_look_back(sink: StatusSink, tmp_path: Path) -> None:
    """A long line is kept whole, and what a crash left of one is taken away."""
    path = tmp_path / "reported.csv"
    sink.write([change(1), change(2, reason="r" * 3 * TAIL)])
    before = path.read_bytes()
    with path.open("ab") as stream:
        stream.write(b"3;" + b"r" * 2 * TAIL)
    sink.write([change(2), change(3)])
    assert path.read_bytes().startswith(before)
    assert ids(path) == ["1", "2", "3"]


def test_the_same_again_changes_nothing(sink: StatusSink, tmp_path: Path) -> None:
    """After a crash the same changes come again."""
    path = tmp_path / "reported.csv"
    sink.write([change(5), change(7)])
    before = path.read_bytes()
    sink.write([change(5), change(7)])
    assert path.read_bytes() == before
