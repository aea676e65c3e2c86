"""Every vector of the corpus gets the verdict that it states, at the stage that it states."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest

from connector.errors import ConnectorError, Severity
from connector.trust.verify import explain, verify
from tests.corpus.vector import Vector
from tests.corpus.vectors import all_vectors
from tests.corpus.world import NOW, World

VECTORS: Final = all_vectors()
ROWS: Final = range(1, 29)
AT_LEAST: Final = 3


@pytest.fixture(scope="module")
def world() -> World:
    """The authorities and agencies of the corpus."""
    return World()


@pytest.mark.parametrize(
    "vector", [pytest.param(each, id=each.name) for each in VECTORS if not each.large]
)
def test_vector(vector: Vector, world: World) -> None:
    """Verdict, stage, code, warnings and content are exactly those that are due."""
    data, trust = vector.build(world), vector.trust(world)
    at = NOW + dt.timedelta(days=vector.days)
    verdict = explain(data, trust, at=at)
    failed = next((stage.name for stage in verdict.stages if stage.outcome == "failed"), None)
    codes = tuple(finding.code for finding in verdict.findings)
    told = [each for each in strings(verdict.as_dict()) if not each.isprintable()]
    assert told == []  # nothing that moves a cursor, breaks a line or reverses text
    if vector.envelope is None:
        assert (verdict.verdict, failed, codes[:1]) == ("refused", vector.stage, (vector.code,))
        with pytest.raises(ConnectorError) as caught:
            verify(data, trust, at=at)
        assert caught.value.findings == verdict.findings
        return
    warnings = tuple(each.code for each in verdict.findings if each.severity is not Severity.INFO)
    assert (verdict.verdict, failed, warnings) == ("valid", None, vector.warnings)
    assert verify(data, trust, at=at).reading.envelope == vector.envelope()


def strings(value: Any) -> Iterator[str]:
    """Yield all texts in a value that is JSON-ready."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings([*value, *value.values()])
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def test_every_row_of_the_attack_table() -> None:
    """Each row has three vectors or more, and names are not used twice."""
    counts = Counter(row for vector in VECTORS for row in vector.rows)
    assert {row: counts[row] for row in ROWS if counts[row] < AT_LEAST} == {}
    names = Counter(vector.name for vector in VECTORS)
    assert [name for name, count in names.items() if count > 1] == []


def test_size_of_the_corpus() -> None:
    """The corpus is large, and holds genuine packets as well as forged ones."""
    genuine = sum(1 for vector in VECTORS if vector.envelope is not None)
    assert len(VECTORS) >= 400
    assert genuine >= 120


def test_the_corpus_is_the_same_in_every_run() -> None:
    """Two worlds that know nothing of each other give the same bytes."""
    one, other = World(), World()
    for vector in VECTORS[::10]:
        if not vector.large and "pss" not in vector.name:  # PSS is salted
            assert vector.build(one) == vector.build(other), vector.name
