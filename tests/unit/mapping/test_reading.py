"""Fields that do not look at the record are worked out once, the others for each record."""

from __future__ import annotations

import itertools

import pytest

from connector.mapping.python_functions import OWN_FUNCTION
from connector.mapping.reading import Reading, compile_rules
from connector.mapping.settings import FieldSettings
from connector.model.envelope import DocumentType
from connector.model.record import Record

RECORD = Record("a.csv:2", {"A": "1"})


def _read(path: str, settings: dict[str, object], *, explain: bool = False) -> Reading:
    field = FieldSettings.model_validate(settings)
    counter = itertools.count(1)
    rules = compile_rules({path: field}, {}, {"count": lambda _value: str(next(counter))})
    reading = Reading(RECORD, explain=explain)
    reading.read(rules)
    reading.read(rules)
    return reading


def test_a_constant_is_the_same_with_and_without_explanation() -> None:
    """What was worked out beforehand is what the steps lead to."""
    settings: dict[str, object] = {"value": "Công văn", "transforms": ["document_type"]}
    plain = _read("document_type", settings).get("document_type")
    explained = _read("document_type", settings, explain=True)
    assert explained.get("document_type") == plain
    assert [step.transform for step in explained.provenance[0].steps] == ["document_type"]
    assert isinstance(plain.administrative, DocumentType)


def test_an_own_function_is_called_for_each_record() -> None:
    """Nobody can know that it gives the same every time."""
    settings: dict[str, object] = {"value": "x", "transforms": [{OWN_FUNCTION: "count"}]}
    assert _read("subject", settings).get("subject") == "2"


@pytest.mark.parametrize("explain", [False, True])
def test_a_constant_that_does_not_fit_refuses_each_record(explain: bool) -> None:
    """The finding stands at the record's place, not at the start of the adapter."""
    settings: dict[str, object] = {"value": "Thư tình", "transforms": ["document_type"]}
    reading = _read("document_type", settings, explain=explain)
    assert [finding.place for finding in reading.findings] == ["a.csv:2", "a.csv:2"]
