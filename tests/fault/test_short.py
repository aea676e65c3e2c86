"""The short form of the whole fault suite, exactly as `make fault` runs the long one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.fault.report import BEGIN, END, put_into, table
from tests.fault.run import COSTS, ROOT, estimate, full_plan, short_plan
from tests.fault.slices import PARTS

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.mark.timeout(600)
def test_short_form_finds_nothing_and_would_find_something(tmp_path: Path) -> None:
    """Kills, power cuts and faults lose, double and alter nothing; without a safeguard they do."""
    command = [sys.executable, "-m", "tests.fault.run", "--short", "--directory", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    logs = [path.read_text("utf-8", "replace")[-3000:] for path in tmp_path.rglob("*.log")]
    assert done.returncode == 0, "\n".join([done.stdout, done.stderr, *logs])
    report = json.loads((tmp_path / "short" / "report.json").read_text("utf-8"))
    assert report["kills"] >= 15
    assert report["fresh_interpreter_kills"] >= 1
    assert report["power_cuts"] == 30
    assert [each["documents"] for each in report["restarts"]] == [2_000]
    assert report["kills_by_kind"].keys() >= {"parts", "pause", "state"}
    assert report["broker_faults"] >= 3
    assert [report[kind] for kind in ("lost", "duplicated", "altered", "unanswered")] == [0] * 4
    assert report["safeguards_noticed"] == {
        "dedup": True,
        "fsync": True,
        "mandatory": True,
        "transaction around the cursor": True,
        "ack after commit": True,
    }
    _assert_page(report, tmp_path / "page.md")


def _assert_page(report: dict[str, object], page: Path) -> None:
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert put_into(page, table(report))
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "| F25 |" in text


def test_full_length_is_what_is_promised() -> None:
    """Ten thousand kills, two thousand cuts, every fault twenty times, half an hour of storm."""
    plan = dict(full_plan(1))
    assert {spec["part"] for spec in plan.values()} <= PARTS.keys()
    assert {spec["part"] for _, spec in short_plan(1)} <= PARTS.keys()
    counted: Counter[str] = Counter()
    for spec in plan.values():
        number = spec["seconds"] if spec["part"] == "storm" else spec.get("count", 0)
        counted.update(dict.fromkeys(spec.get("names", [spec["part"]]), int(number)))
    assert counted["kills"] >= 10_000
    assert counted["fresh"] >= 200
    assert counted["power"] >= 2_000
    assert counted["storm"] >= 1_800
    assert min(number for name, number in counted.items() if name.startswith("F")) >= 20
    assert counted["restart"] == 100_000


def test_full_length_takes_no_more_than_was_agreed() -> None:
    """By what its parts were measured to cost, 100 minutes on two cores are enough."""
    plan = list(full_plan(1))
    assert {spec["part"] for _, spec in plan} <= COSTS.keys()
    assert 30 < estimate(plan, 2) <= 100
    assert estimate(plan, 1) > estimate(plan, 2)
