"""The table of faults: nothing of the catalogue is passed over in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fault import run, version
from tests.fault.faults.table import ELSEWHERE, FAULTS, NOT_DONE
from tests.fault.kills import KINDS, ROLES, cases
from tests.fault.report import add_up, table


def test_every_fault_of_the_catalogue_stands_in_one_place() -> None:
    """F1 to F27 are done to daemons, have machinery of their own, or are named as not done."""
    named = [*FAULTS, *ELSEWHERE, *NOT_DONE]
    assert sorted(named) == sorted(f"F{number}" for number in range(1, 28))
    assert all(fault.ways for fault in FAULTS.values())


def test_cases_go_through_every_point_and_passage() -> None:
    """Each passage of the census comes up for each role, kind and direction, repeatably."""
    turns = ("straight", "turned")
    keys = [f"{kind} {role} {turn}" for kind in KINDS for role in ROLES for turn in turns]
    counts = {key: {"store.begun": 3, "store.committed": 1} for key in keys}
    first = [next(found) for found in [cases(counts, seed=4)] for _ in range(800)]
    again = cases(counts, seed=4)
    assert first == [next(again) for _ in range(800)]
    seen = {(case.kind, case.role, case.turned, case.point, case.passage) for case in first}
    assert len(seen) == len(keys) * 4


def test_slices_add_up(tmp_path: Path) -> None:
    """Kills, cuts and trials of several slices are counted together, and so is what is wrong."""
    case = {"kind": "document", "role": "sender", "point": "store.begun", "passage": 1}
    killed = {"case": case, "killed": True, "seconds": 0.2, "faults": []}
    missed = {"case": case, "killed": False, "seconds": 0.0, "faults": []}
    trial = {"name": "F9", "seconds": 3.0, "documents": 6, "faults": ["lost: G22 x: y"]}
    cut = {"cut": {}, "lying": False, "faults": []}
    lie = {"cut": {}, "lying": True, "faults": ["lost: z"]}
    for number in range(2):
        _write(tmp_path / f"kills-{number}.jsonl", "kills", number, killed, missed)
    _write(tmp_path / "power.jsonl", "power", 1, cut, lie)
    _write(tmp_path / "faults.jsonl", "faults", 1, trial, {"verdict": []})
    report = add_up(tmp_path.glob("*.jsonl"))
    assert (report["kills"], report["crash_points_killed_at"], report["power_cuts"]) == (2, 1, 1)
    assert (report["lost"], report["broker_faults"], report["documents"]) == (1, 1, 6)
    assert report["seeds"]["kills"] == [0, 1]
    assert report["faults"]["F9"]["recovery_seconds"]["longest"] == 3.0
    assert report["faults"]["F3"] == report["faults"]["F3"] | {"runs": 1, "harmed_and_noticed": 1}
    assert "| F9 |" in table(report)


def _write(path: Path, part: str, seed: int, *lines: dict[str, object]) -> None:
    spec = {"spec": {"part": part, "seed": seed}}
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (spec, *lines)), encoding="utf-8")


def test_results_of_another_program_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    """A slice counts as run for what was asked and the code that was tried; --keep takes any."""
    spec = {"part": "kills", "seed": 1, "count": 4}
    result = tmp_path / "kills-1-00.jsonl"
    assert not run._is_done(result, spec, keep=True)
    for first, done in (
        ({"spec": spec, "fingerprint": version.fingerprint()}, True),
        ({"spec": spec, "fingerprint": "another"}, False),
        ({"spec": spec}, False),
        ({"spec": {**spec, "count": 5}, "fingerprint": version.fingerprint()}, False),
    ):
        result.write_text(json.dumps(first) + "\n", encoding="utf-8")
        assert run._is_done(result, spec, keep=False) is done
        assert run._is_done(result, spec, keep=True)


def test_report_names_the_commit_of_every_slice(tmp_path: Path) -> None:
    """Figures of two versions are told apart, in the report and on the page."""
    for number, commit in enumerate(("aaaa", "bbbb", "aaaa")):
        first = {"spec": {"part": "kills", "seed": number}, "fingerprint": "f", "commit": commit}
        end = {"seconds_of_slice": 1.0}
        text = "".join(json.dumps(line) + "\n" for line in (first, end))
        (tmp_path / f"{number}.jsonl").write_text(text, encoding="utf-8")
    report = add_up(tmp_path.glob("*.jsonl"))
    assert report["commits"] == {"aaaa": 2, "bbbb": 1}
    assert "At commit `aaaa`, `bbbb`." in table(report)


def test_history_of_a_storm_is_repeated(tmp_path: Path) -> None:
    """The same faults in the same order with the same seeds."""
    result = tmp_path / "storm-1-0.jsonl"
    trials = [{"name": "F9", "variant": "reset", "seed": 7}, {"verdict": []}]
    lines = [{"spec": {"part": "storm", "seed": 3}}, *trials]
    result.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    name, spec = run._repeated(result)
    assert (name, spec["seed"], spec["history"]) == ("again-storm-1-0", 3, [["F9", "reset", 7]])


@pytest.mark.parametrize("name", ["F11", "F12", "F22"])
def test_faults_of_certificates_and_versions_have_several_ways(name: str) -> None:
    """Renewal, expiry and strangers; rotation and revocation; both old schemas and the way back."""
    assert len(FAULTS[name].ways) >= {"F11": 4, "F12": 2, "F22": 4}[name]
