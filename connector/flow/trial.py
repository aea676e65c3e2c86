"""Adapters' own tests: records of a sample export against golden packets or refusals.

Golden packets are unsigned and made with a clock that stands still, so they never change by
themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, model_validator

from connector.clock import ManualClock
from connector.config.load import parse
from connector.config.schema import draft07
from connector.config.settings import SettingProblem, Settings
from connector.config.yaml_source import load_yaml
from connector.errors import ConfigError
from connector.flow import codes
from connector.flow.adapter import Adapter
from connector.flow.difference import difference
from connector.flow.dry_run import DryRun, dry_run

__all__ = ["TESTS_FILE", "Case", "Outcome", "run_tests", "tests_json_schema"]

TESTS_FILE: Final = "tests.yaml"


class Case(Settings):
    """One test: a record of the sample export and what it must become."""

    name: str = Field(title="Tên ca kiểm thử", description="One sentence.", min_length=1)
    row: int = Field(title="Bản ghi", description="Record of the export, from 1.", ge=1)
    expect: str | None = Field(
        default=None,
        title="Gói tin mẫu",
        description="File with the unsigned packet, relative to the adapter.",
    )
    refused: tuple[str, ...] = Field(
        default=(), title="Mã từ chối", description="Codes of the findings that refuse it."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.expect is None) == (not self.refused):
            raise SettingProblem(codes.TEST_WITHOUT_EXPECTATION)
        return self


class Suite(Settings):
    """tests.yaml."""

    tests: tuple[Case, ...] = Field(
        title="Các ca kiểm thử", description="In any order.", min_length=1
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test ended; `difference` is empty if it passed."""

    name: str
    passed: bool
    difference: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome JSON-ready."""
        return {"name": self.name, "passed": self.passed, "difference": self.difference}


def tests_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft-07) of tests.yaml."""
    return draft07(Suite, TESTS_FILE)


def run_tests(adapter: Adapter, *, update: bool = False) -> Iterator[Outcome]:
    """Run an adapter's tests offline; with `update` golden packets are rewritten.

    Raises:
        NoInputError: there is no tests.yaml.
        ConfigError: it is wrong, or names a record that the export does not have.
    """
    path = adapter.directory / TESTS_FILE
    node = load_yaml(path)
    suite = parse(Suite, node)
    last = max(case.row for case in suite.tests)
    runs = list(dry_run(adapter, now=ManualClock().now(), limit=last))
    for index, case in enumerate(suite.tests):
        if case.row > len(runs):
            place = node.place(("tests", index, "row"))
            raise ConfigError(codes.TEST_ROW_ABSENT.at(place, row=case.row, count=len(runs)))
        run = runs[case.row - 1]
        if case.expect is None:
            yield _check_refusal(case, run)
        else:
            yield _check_packet(case, run, adapter.directory / case.expect, update=update)


def _check_refusal(case: Case, run: DryRun) -> Outcome:
    found = tuple(finding.code for finding in run.findings)
    missing = [code for code in case.refused if code not in found]
    if not missing and run.packet is None:
        return Outcome(case.name, passed=True)
    what = "; ".join(str(finding) for finding in run.findings) or "the record was accepted"
    return Outcome(
        case.name, passed=False, difference=f"expected {', '.join(case.refused)}, found: {what}"
    )


def _check_packet(case: Case, run: DryRun, golden: Path, *, update: bool) -> Outcome:
    if run.packet is None:
        what = "; ".join(str(finding) for finding in run.findings)
        return Outcome(case.name, passed=False, difference=f"the record was refused: {what}")
    if update:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(run.packet.data)
        return Outcome(case.name, passed=True)
    if not golden.is_file():
        what = f"there is no golden packet {golden} yet: read what --update writes, then keep it"
        return Outcome(case.name, passed=False, difference=what)
    expected = golden.read_bytes()
    if expected == run.packet.data:
        return Outcome(case.name, passed=True)
    what = f"{golden}:\n{difference(expected, run.packet.data)}"
    return Outcome(case.name, passed=False, difference=what)
