"""Adapters' own tests: records of a sample export against golden packets or refusals.

Golden packets are unsigned and made with a clock that stands still, at `now` of tests.yaml, so
they never change by themselves.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from connector.clock import VIETNAM, ManualClock
from connector.config.load import parse
from connector.config.schema import draft07
from connector.config.settings import SettingProblem, Settings
from connector.config.yaml_source import Node, load_yaml
from connector.edxml.rule_codes import DATE_IN_FUTURE
from connector.errors import ConfigError, Severity
from connector.flow import codes
from connector.flow.adapters.adapter import Adapter, stand_alone
from connector.flow.adapters.codes import TEST_OUTSIDE
from connector.flow.adapters.difference import difference
from connector.flow.adapters.dry_run import DryRun, dry_run

__all__ = ["TESTS_FILE", "Case", "Outcome", "run_tests", "tests_json_schema"]

TESTS_FILE: Final = "tests.yaml"
_MOMENT: Final = (
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2}))?"
)
_OF_OTHERS: Final = re.compile(r"(?!EDX-)[A-Z][A-Z0-9]*-[0-9]+")
_MORNING: Final = dt.time(8, tzinfo=VIETNAM)


def _moment(value: object) -> dt.datetime:
    """Return a moment in Vietnam's time; a date alone is that day at 08:00."""
    text = str(value)
    try:
        if re.fullmatch(_MOMENT, text):
            if len(text) == len("2026-11-23"):
                return dt.datetime.combine(dt.date.fromisoformat(text), _MORNING)
            return dt.datetime.fromisoformat(text).astimezone(VIETNAM)
    except ValueError:
        pass
    raise SettingProblem(codes.TEST_MOMENT, found=text[:60])


_Moment = Annotated[
    dt.datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "pattern": f"^{_MOMENT}$"}),
]


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

    now: _Moment = Field(
        default=ManualClock().now().astimezone(VIETNAM),
        title="Thời điểm kiểm thử",
        description="Where the clock of all tests stands: a moment with its zone, or a date "
        "(08:00 in Vietnam). No document may lie after it.",
    )
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


def run_tests(
    adapter: Adapter, *, update: bool = False, known: Callable[[], Collection[str]] = tuple
) -> Iterator[Outcome]:
    """Run an adapter's tests offline; with `update` golden packets are rewritten.

    `known` returns the codes of all findings; what it does not name is refused if it looks like
    one of ours. Without it none is.

    Raises:
        NoInputError: there is no tests.yaml.
        ConfigError: it is wrong, names a record that the export does not have, a code that does
            not exist, or a golden packet outside of the adapter.
    """
    path = adapter.directory / TESTS_FILE
    node = load_yaml(path)
    suite = parse(Suite, node)
    if adapter.clock.now() != suite.now:
        adapter = stand_alone(adapter.directory, adapter.ours, ManualClock(suite.now))
    _insist_on_inside(adapter.directory, suite, node)
    last = max(case.row for case in suite.tests)
    runs = list(dry_run(adapter, now=suite.now, limit=last))
    for index, case in enumerate(suite.tests):
        if case.row > len(runs):
            place = node.place(("tests", index, "row"))
            raise ConfigError(codes.TEST_ROW_ABSENT.at(place, row=case.row, count=len(runs)))
        run = runs[case.row - 1]
        if case.expect is None:
            outcome = _check_refusal(case, run, suite.now)
            if not outcome.passed:
                _insist_on_known(case, known(), node.place(("tests", index, "refused")))
            yield outcome
        else:
            golden = adapter.directory / case.expect
            yield _check_packet(case, run, golden, suite.now, update=update)


def _insist_on_inside(directory: Path, suite: Suite, node: Node) -> None:
    """Insist that golden packets lie below the adapter: `--update` writes there, nowhere else."""
    outside = [
        TEST_OUTSIDE.at(node.place(("tests", index, "expect")), file=repr(case.expect)[1:-1])
        for index, case in enumerate(suite.tests)
        if case.expect is not None and not _lies_below(directory, case.expect)
    ]
    if outside:
        raise ConfigError(*outside)


def _lies_below(directory: Path, file: str) -> bool:
    try:
        root, path = directory.resolve(), (directory / file).resolve()
    except (OSError, RuntimeError):  # links in a circle
        return False
    return path != root and path.is_relative_to(root)


def _check_refusal(case: Case, run: DryRun, now: dt.datetime) -> Outcome:
    found = tuple(finding.code for finding in run.findings)
    missing = [code for code in case.refused if code not in found]
    if not missing and run.packet is None:
        return Outcome(case.name, passed=True)
    what = _refusal(run, now) or "the record was accepted"
    return Outcome(
        case.name, passed=False, difference=f"expected {', '.join(case.refused)}, found: {what}"
    )


def _insist_on_known(case: Case, known: Collection[str], place: str) -> None:
    """Insist that the codes of a case exist; sources of others have codes of their own."""
    ours = [code for code in case.refused if not _OF_OTHERS.fullmatch(code)]
    unknown = [code for code in ours if code not in known] if known else []
    if unknown:
        raise ConfigError(*(codes.TEST_CODE_UNKNOWN.at(place, code=one[:60]) for one in unknown))


def _refusal(run: DryRun, now: dt.datetime) -> str:
    """Return why a record was refused; with the way out if only the clock of the tests did it."""
    what = "; ".join(str(finding) for finding in run.findings)
    refusing = {one.code for one in run.findings if one.severity is Severity.ERROR}
    if run.mapped is None or refusing != {DATE_IN_FUTURE.code}:
        return what
    example = run.mapped.document.promulgation.date
    early = codes.TEST_BEFORE_DOCUMENT.at(TESTS_FILE, now=now.isoformat(), example=example)
    return f"{what}\n{early}\n  → {early.hint_vi} / {early.hint_en}"


def _check_packet(
    case: Case, run: DryRun, golden: Path, now: dt.datetime, *, update: bool
) -> Outcome:
    if run.packet is None:
        what = _refusal(run, now)
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
