"""Small parts of the corridors: retry, our agencies, message properties, adapters."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.clock import ManualClock
from connector.errors import ConfigError
from connector.flow import codes
from connector.flow.adapters.adapter import load_adapter, stand_alone
from connector.flow.ours import Ours
from connector.flow.receive import _plain, _word, receiver_header
from connector.flow.retry import RetryPolicy

NOW = ManualClock().now()


@given(attempts=st.integers(min_value=0, max_value=10_000))
def test_waits_are_bounded(attempts: int) -> None:
    """However often something failed, the wait stays between its bounds."""
    policy = RetryPolicy(first_seconds=2, max_seconds=60)
    assert 1 <= policy.wait_seconds(attempts) <= 60


def test_due_time_lies_ahead() -> None:
    """A retry is never due at once."""
    assert RetryPolicy(first_seconds=2).due(NOW, 1) >= NOW + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "attempts", "expected"),
    [(99, 9, False), (101, 4, False), (101, 5, True)],
)
def test_giving_up_takes_age_and_attempts(age: int, attempts: int, *, expected: bool) -> None:
    """What is old because everything stood still gets its attempts all the same."""
    policy = RetryPolicy(park_after_seconds=100)
    since = NOW - dt.timedelta(seconds=age)
    assert policy.given_up(NOW, since, attempts=attempts) is expected


def test_agency_that_signs_for_a_code(ours: Ours) -> None:
    """The agency that serves a code signs for it, else the nearest one above."""
    found = {code: ours.agency_for(code) for code in ("H41", "H41.02", "H41.02.09", "H41.77")}
    assert {code: agency.code for code, agency in found.items() if agency} == {
        "H41": "H41",
        "H41.02": "H41.02",
        "H41.02.09": "H41.02",
        "H41.77": "H41",
    }
    assert ours.agency_for("H411") is None
    assert ours.organization("G22") is None


def test_unit_speaks_with_its_own_code(ours: Ours) -> None:
    """A unit without entry in the catalogue bears its code and the name of the agency above."""
    unit = ours.organization("H41.03")
    assert unit is not None
    assert (unit.organ_id, unit.organ_name) == ("H41.03", "UBND tỉnh Nghệ An")


def test_served_codes(ours: Ours) -> None:
    """Of the addressed codes those that are served, each once."""
    assert ours.served(["G22", "H41.03", "H41.02", "H41.03", "H41.09"]) == ("H41.03", "H41.02")


@pytest.mark.parametrize(
    ("value", "word"),
    [(None, None), ("một", "một"), (b"\xffa", "\\xffa"), (7, "7")],
)
def test_properties_become_text(value: object, word: str | None) -> None:
    """Whatever a client sent as id or type can be stored as text."""
    assert _word(value) == word


def test_headers_become_json() -> None:
    """Numbers that JSON does not know and nested values become text."""
    assert _plain(float("nan")) == "nan"
    assert _plain(float("-inf")) == "-inf"
    assert _plain(1.5) == 1.5
    assert _plain([1, b"\xff"]) == "[1, b'\\xff']"


@pytest.mark.parametrize("headers", [None, {}, {"edoc-receiver": 7}, []])
def test_receiver_that_is_not_stated(headers: object) -> None:
    """Without a text in the header nobody is addressed."""
    assert receiver_header(headers) is None


def test_adapter_of_a_foreign_agency_is_refused(adapter: Path, ours: Ours) -> None:
    """An adapter belongs to an agency of the node; the finding stands at its line."""
    with pytest.raises(ConfigError) as caught:
        load_adapter(adapter, ours, ManualClock())
    (finding,) = caught.value.findings
    assert finding.code == "EDX-4105"
    assert finding.place == f"{adapter / 'adapter.yaml'}:3:9"


def test_adapter_alone_takes_its_name_from_the_catalogue(adapter: Path, ours: Ours) -> None:
    """Outside of a node the sender's name is the catalogue's."""
    made = stand_alone(adapter, ours, ManualClock())
    assert made.mapper._sender.organ_name == "Văn phòng Chính phủ"
    assert (made.name, made.agency) == ("g22-van-ban-di", "G22")


def test_codes_are_told_once() -> None:
    """Every code of the room has one meaning."""
    found = [text.code for text in codes.CATALOGUE]
    assert len(found) == len(set(found))
    assert all(text.vi and text.en for text in codes.CATALOGUE)
