"""SIGHUP at a real daemon: adapters are changed, refused, added and removed while it runs."""

from __future__ import annotations

import csv
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.flow.adapters.codes import FIRST_COLLECT_WAITS, RELOAD_REFUSED
from tests.integration.flow.test_daemon import call, daemon, events_of, until

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def row(directory: Path, number: int, adapter: str = "adapter") -> None:
    """Append one record to an export."""
    with (directory / adapter / "export" / "di.csv").open("a", encoding="utf-8") as stream:
        stream.write(f"{number}/VPCP;05/01/2026;Công văn;V/v thử;Trần Văn A;H41;;;\n")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a configuration."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def sealed(directory: Path) -> list[str]:
    """Return the hashes of the configurations that made the packets so far."""
    return [each["config_hash"] for each in events_of(directory, "document_sealed")]


def test_sighup_exchanges_adapters(lab: Lab) -> None:
    """A changed adapter maps the next record, a bad one changes nothing, a second one joins."""
    directory = lab.configure("G22", poll_seconds=0.2)
    adapter = directory / "adapter" / "adapter.yaml"
    good = adapter.read_text(encoding="utf-8")
    with daemon(directory) as process:
        row(directory, 1)
        until(lambda: b"node_started" in (directory / "daemon.log").read_bytes())
        until(lambda: len(sealed(directory)) == 1)
        edit(adapter, "value: Hà Nội", "value: Đà Nẵng")
        process.send_signal(signal.SIGHUP)
        until(lambda: events_of(directory, "adapters_reloaded"))
        row(directory, 2)
        until(lambda: len(sealed(directory)) == 2)

        edit(adapter, "column: TrichYeu", "column: KhongCo")
        process.send_signal(signal.SIGHUP)
        until(lambda: events_of(directory, "alarm_raised"))
        row(directory, 3)
        until(lambda: len(sealed(directory)) == 3)
        refused = call(directory, "status", "--check")
        assert (refused.returncode, "KhongCo" in refused.stdout) == (1, True)

        adapter.write_text(good, encoding="utf-8")
        (directory / "second" / "export").mkdir(parents=True)
        (directory / "second" / "files").mkdir()
        name = next(line for line in good.splitlines() if line.startswith("name:"))
        (directory / "second" / "adapter.yaml").write_text(good.replace(name, "name: second"))
        export = directory / "adapter" / "export" / "di.csv"
        header = export.read_text(encoding="utf-8").splitlines()[0]
        (directory / "second" / "export" / "di.csv").write_text(f"{header}\n", encoding="utf-8")
        row(directory, 4, "second")
        edit(directory / "connector.yaml", "adapters: [adapter]", "adapters: [second]")
        process.send_signal(signal.SIGHUP)
        until(lambda: len(sealed(directory)) == 4)
        row(directory, 5)
        row(directory, 6, "second")
        until(lambda: len(sealed(directory)) == 5)
    first, second, third, *_ = sealed(directory)
    assert first != second == third
    (alarm,) = events_of(directory, "alarm_raised")
    assert alarm["error_code"] == RELOAD_REFUSED.code
    *_, last = events_of(directory, "adapters_reloaded")
    assert (last["added"], "second" in last["added"]) == ("second", True)
    assert {each["adapter"] for each in events_of(directory, "document_sealed")[3:]} == {"second"}


def test_a_running_daemon_follows_pause_and_yes(lab: Lab) -> None:
    """What is said beside it holds at its next look at the export."""
    directory = lab.configure("G22", poll_seconds=0.2)
    adapter = directory / "adapter" / "adapter.yaml"
    text = adapter.read_text(encoding="utf-8")
    adapter.write_text(text + "first_collect_limit: 1\n", encoding="utf-8")
    name = next(line for line in text.splitlines() if line.startswith("name:")).split()[1]
    row(directory, 1)
    row(directory, 2)
    with daemon(directory):
        until(lambda: b"node_started" in (directory / "daemon.log").read_bytes())
        until(lambda: events_of(directory, "alarm_raised"))
        assert call(directory, "pause", name, "--yes").returncode == 0
        assert call(directory, "resume", name, "--yes").returncode == 0
        until(lambda: len(sealed(directory)) == 2)
    (alarm,) = events_of(directory, "alarm_raised")
    assert alarm["error_code"] == FIRST_COLLECT_WAITS.code


def test_once_exchanges_states_with_the_legacy_system(lab: Lab) -> None:
    """`run --once` sends what the receiver's table says, and writes back what the sender learnt."""
    feed = "{source: {type: csv, path: ra.csv}, id: Ma, status: Buoc, table: {xong: '06'}}"
    g22, h41 = lab.configure("G22"), lab.configure("H41")
    edit(
        g22 / "connector.yaml",
        "    serves:",
        "    status_sink: {type: csv, path: di.csv}\n    serves:",
    )
    edit(h41 / "connector.yaml", "    serves:", f"    status_source: {feed}\n    serves:")
    row(g22, 1)
    (h41 / "ra.csv").write_text("Ma,Buoc\n", encoding="utf-8")
    for directory in (g22, h41):
        done = call(directory, "run", "--once")
        assert done.returncode == 0, done.stderr
    (h41 / "ra.csv").write_text('Ma,Buoc\n"G22,2026/01/05,1/VPCP",xong\n', encoding="utf-8")
    for directory in (h41, g22):
        done = call(directory, "run", "--once")
        assert done.returncode == 0, done.stderr
    lines = (g22 / "di.csv").read_text(encoding="utf-8").splitlines()
    states = [line[7] for line in csv.reader(lines, delimiter=";")]
    assert states == ["state", "sent", "arrived", "accepted", "finished"]
