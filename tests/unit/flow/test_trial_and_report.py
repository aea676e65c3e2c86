"""Dry runs, adapters' own tests, the node's state and a document's timeline."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.clock import ManualClock
from connector.errors import ConfigError, NoInputError, PermanentError
from connector.flow.adapters.adapter import Adapter, stand_alone
from connector.flow.adapters.dry_run import dry_run
from connector.flow.adapters.trial import run_tests
from connector.flow.ours import Ours
from connector.flow.report import node_state, timeline
from connector.store.lock import node_lock

if TYPE_CHECKING:
    from tests.unit.flow.conftest import Office

Row = Callable[..., str]
NOW = ManualClock().now()


@pytest.fixture
def trial(adapter: Path, ours: Ours, row: Row) -> Adapter:
    """An adapter whose export holds a good, a broken, a secret and a good record."""
    export = adapter / "export" / "di.csv"
    rows = [row("01/VP"), "chỉ một ô", row("03/VP", DoMat="Mật"), row("04/VP")]
    export.write_text(export.read_text() + "\n".join(rows) + "\n", encoding="utf-8")
    return stand_alone(adapter, ours, ManualClock())


def write_tests(adapter: Adapter, *cases: str) -> None:
    """Write tests.yaml."""
    text = "tests:\n" + "".join(f"  - {{{case}}}\n" for case in cases)
    (adapter.directory / "tests.yaml").write_text(text, encoding="utf-8")


def test_dry_run_follows_the_order_of_the_export(trial: Adapter) -> None:
    """Rows that are no record stand where they stand in the export, and count for the limit."""
    runs = list(dry_run(trial, now=NOW))
    assert [run.place.rpartition(":")[2] for run in runs] == ["2", "3", "4", "5"]
    assert [run.packet is not None for run in runs] == [True, False, False, True]
    assert len(list(dry_run(trial, now=NOW, limit=2))) == 2


def test_dry_run_of_a_secret_record_shows_nothing_of_it(trial: Adapter) -> None:
    """Only the findings of a secret record are given away (G7)."""
    secret = list(dry_run(trial, now=NOW, explain=True))[2]
    assert (secret.packet, secret.mapped) == (None, None)
    assert "03/VP" not in str(secret)


def test_golden_packets_are_written_and_compared(trial: Adapter) -> None:
    """`--update` writes what the records become; a change of the mapping then shows."""
    write_tests(trial, "name: a, row: 1, expect: expected/a.edxml")
    (first,) = run_tests(trial)
    assert not first.passed
    (written,) = run_tests(trial, update=True)
    (again,) = run_tests(trial)
    assert written.passed
    assert again.passed
    golden = trial.directory / "expected" / "a.edxml"
    golden.write_bytes(golden.read_bytes().replace("V/v thử".encode(), "V/v khác".encode()))
    (changed,) = run_tests(trial)
    assert "V/v khác" in changed.difference
    assert "V/v thử" in changed.difference


def test_refusals_are_expected_by_code(trial: Adapter) -> None:
    """A refused record passes with its codes and fails with others; an accepted one fails."""
    write_tests(
        trial,
        "name: a, row: 3, refused: [EDX-1201]",
        "name: b, row: 3, refused: [EDX-9999]",
        "name: c, row: 4, refused: [EDX-1201]",
        "name: d, row: 2, expect: expected/d.edxml",
    )
    outcomes = {outcome.name: outcome for outcome in run_tests(trial)}
    assert [outcomes[name].passed for name in "abcd"] == [True, False, False, False]
    assert "EDX-1201" in outcomes["b"].difference
    assert "accepted" in outcomes["c"].difference
    assert outcomes["b"].as_dict()["passed"] is False


@pytest.mark.parametrize("update", [True, False])
@pytest.mark.parametrize(
    "expect", ["../outside.edxml", "{tmp}/outside.edxml", "link/outside.edxml", "."]
)
def test_golden_packets_lie_in_the_adapter(
    trial: Adapter, tmp_path: Path, expect: str, *, update: bool
) -> None:
    """A path that leads out of the adapter, by a link too, is refused and never written."""
    (trial.directory / "link").symlink_to(trial.directory.parent)
    before = sorted(trial.directory.parent.iterdir())
    file = expect.format(tmp=tmp_path)
    write_tests(
        trial, "name: b, row: 1, expect: expected/b.edxml", f"name: a, row: 1, expect: {file}"
    )
    with pytest.raises(ConfigError) as caught:
        list(run_tests(trial, update=update))
    (finding,) = caught.value.findings
    assert (finding.code, finding.place.rpartition("tests.yaml:")[2][:2]) == ("EDX-1110", "3:")
    assert sorted(trial.directory.parent.iterdir()) == before
    assert not (trial.directory / "expected").exists()


def test_mistakes_in_tests_yaml_have_places(trial: Adapter) -> None:
    """A test without expectation, or about a record that is not there, is told at its line."""
    write_tests(trial, "name: a, row: 1")
    with pytest.raises(ConfigError, match="EDX-1101"):
        list(run_tests(trial))
    write_tests(trial, "name: a, row: 9, refused: [X]")
    with pytest.raises(ConfigError) as caught:
        list(run_tests(trial))
    (finding,) = caught.value.findings
    assert (finding.code, finding.place.rpartition("tests.yaml:")[2]) == ("EDX-1102", "2:20")


def test_the_tests_have_a_moment_of_their_own(trial: Adapter, row: Row) -> None:
    """A later document needs a later `now`, which is the stamp of its packet; the hint says so."""
    export = trial.directory / "export" / "di.csv"
    head, _, _ = export.read_text(encoding="utf-8").partition("\n")
    late = row("09/VP", Ngay="23/11/2026")
    export.write_text(f"{head}\n{late}\n", encoding="utf-8")
    write_tests(trial, "name: a, row: 1, expect: expected/a.edxml")
    (early,) = run_tests(trial, update=True)
    assert "EDX-2202" in early.difference
    assert "now: 2026-11-23" in early.difference
    tests = trial.directory / "tests.yaml"
    text = tests.read_text(encoding="utf-8")
    for moment, stamp in [
        ("2026-11-23", b"2026/11/23 08:00:00"),
        ("2026-11-23T23:30:00Z", b"2026/11/24 06:30:00"),
        ("2026-11-24T09:00+09:00", b"2026/11/24 07:00:00"),
    ]:
        tests.write_text(f"now: {moment}\n{text}", encoding="utf-8")
        (passed,) = run_tests(trial, update=True)
        assert passed.passed, passed.difference
        assert stamp in (trial.directory / "expected" / "a.edxml").read_bytes()


@pytest.mark.parametrize(
    "moment", ["2026-11-23T08:00:00", "2026-02-30", "tomorrow", "9999-12-31", "[2026-11-23]", "''"]
)
def test_a_moment_without_zone_is_told_at_its_place(trial: Adapter, moment: str) -> None:
    """What is no moment with its zone, and no date, is refused at its place."""
    write_tests(trial, "name: a, row: 3, refused: [EDX-1201]")
    tests = trial.directory / "tests.yaml"
    tests.write_text(f"now: {moment}\n{tests.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        list(run_tests(trial))
    (finding,) = caught.value.findings
    assert (finding.code, finding.place.rpartition("tests.yaml:")[2]) == ("EDX-1103", "1:6")


def test_without_tests_yaml_there_is_no_input(trial: Adapter) -> None:
    """An adapter without tests says so."""
    with pytest.raises(NoInputError):
        list(run_tests(trial))


def test_state_of_a_node_without_broker(office: Office, row: Row) -> None:
    """Counts and ages are told; a broker that does not answer and no daemon are concerns."""
    office.export(row(), row("06/VPCP", NoiNhan="Sao Hỏa"))
    office.collect()
    state = node_state(office.node.store, office.node.config, now=NOW)
    assert state.outbox_documents == {"queued": 1}
    assert (state.refused_records, state.oldest_unsent) == (1, NOW)
    assert state.brokers["G22"] != "connected"
    assert (state.lately_refused, state.conflicts) == (1, 0)
    assert (state.daemon, len(state.concerns)) == (None, 3)
    assert "no daemon is running" in state.concerns[0]
    by_cron = node_state(office.node.store, office.node.config, now=NOW, without_daemon=True)
    assert by_cron.concerns == state.concerns[1:]
    later = node_state(office.node.store, office.node.config, now=NOW + dt.timedelta(minutes=16))
    waits = "documents wait unsent for more than 15 minutes"
    assert len([each for each in later.concerns if waits in each]) == 1
    forgotten = node_state(office.node.store, office.node.config, now=NOW + dt.timedelta(days=8))
    assert (forgotten.refused_records, forgotten.lately_refused) == (1, 0)
    assert later.as_dict()["journal_head"] == state.journal_head


def test_a_running_daemon_is_no_concern(office: Office) -> None:
    """Whoever holds the state directory is the daemon."""
    with node_lock(office.node.config.state_dir):
        state = node_state(office.node.store, office.node.config, now=NOW)
    assert state.daemon == os.getpid()
    assert not any("no daemon is running" in each for each in state.concerns)


def test_timeline_of_a_document(office: Office, row: Row) -> None:
    """A document is found by its packet, its beginning, its DocumentId or its code."""
    office.export(row())
    office.collect()
    (packet,) = office.packets()
    for text in (packet.packet_id, packet.packet_id[:8], packet.document_id, packet.code or ""):
        (found,) = timeline(office.node.store, text)
        assert [event.event for event in found.events] == ["document_sealed"]
        assert found.states == {"H41": "queued"}
    with pytest.raises(PermanentError, match="EDX-7030"):
        timeline(office.node.store, "không có")
