from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from connector.mapping.transforms import bind, call
from connector.mapping.values import Refusal

DAY = dt.date(2020, 1, 5)


def date(value: object, argument: Any = None) -> object:
    """Apply the transform date."""
    (bound,) = bind([call("date", argument)], {})
    return bound.function(value)


def refused(value: object, argument: Any = None) -> str:
    """Return the code with which a date is refused."""
    with pytest.raises(Refusal) as caught:
        date(value, argument)
    return caught.value.text.code


@pytest.mark.parametrize(
    "value",
    [
        "05/01/2020",
        "5/1/2020",
        "05-01-2020",
        "5.1.2020",
        "2020-01-05",
        " 05/01/2020 ",
        "ngày 05 tháng 01 năm 2020",
        "Hà Nội, ngày 5  tháng 1 năm 2020",
        "NGÀY 05 THÁNG 01 NĂM 2020",
        "Nga\u0300y 05 tha\u0301ng 01 na\u0306m 2020",
    ],
)
def test_default_is_day_first(value: str) -> None:
    """Without patterns the forms of Vietnamese exports are read, the day first."""
    assert date(value) == DAY


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("2020/01/05", "yyyy/MM/dd"),
        ("20200105", "yyyyMMdd"),
        ("01/05/2020", "MM/dd/yyyy"),
        ("05/01/2020 17:30", "dd/MM/yyyy HH:mm"),
        ("2020-01-05 17:30:00.123", "yyyy-MM-dd HH:mm:ss.fff"),
    ],
)
def test_patterns(value: str, pattern: str) -> None:
    """A pattern says where day, month and year stand; the time is dropped."""
    assert date(value, pattern) == DAY


@pytest.mark.parametrize("value", ["31/02/2020", "00/01/2020", "05/13/2020", "29/02/2021"])
def test_impossible_days_are_refused(value: str) -> None:
    """A day that is not in the calendar is told as such."""
    assert refused(value) == "EDX-1243"


@pytest.mark.parametrize(
    "value",
    ["05/01/20", "2020", "hôm qua", "05/01", "05/01/2020x", "20200105", "05/01/2020 17:30", 43835],
)
def test_other_forms_are_refused(value: object) -> None:
    """What fits no pattern is refused, two-digit years and bare numbers too."""
    assert refused(value) == "EDX-1242"


def test_contradicting_patterns_are_ambiguous() -> None:
    """A value that two patterns read differently is refused; the same day twice is fine."""
    patterns = ["dd/MM/yyyy", "MM/dd/yyyy"]
    assert refused("05/01/2020", patterns) == "EDX-1244"
    assert date("05/05/2020", patterns) == dt.date(2020, 5, 5)
    assert date("25/01/2020", patterns) == dt.date(2020, 1, 25)


@pytest.mark.parametrize("value", [43835, 43835.75, "43835"])
def test_excel_serials_only_where_declared(value: object) -> None:
    """Serial numbers are days only if the pattern excel is listed."""
    assert date(value, ["dd/MM/yyyy", "excel"]) == DAY
    assert refused(value, ["dd/MM/yyyy"]) == "EDX-1242"


@pytest.mark.parametrize("value", [0, 60, -5, 3_000_000, True, float("nan"), float("inf")])
def test_serials_out_of_range_are_refused(value: object) -> None:
    """Excel's false leap day and what lies before or beyond its calendar are refused."""
    assert refused(value, "excel") == "EDX-1242"


def test_date_cells_pass() -> None:
    """Cells that are dates already are days; an aware moment counts in Vietnam."""
    assert date(DAY) == DAY
    assert date(dt.datetime(2020, 1, 5, 23, 0)) == DAY  # noqa: DTZ001 - cells of Excel are naive
    assert date(dt.datetime(2020, 1, 4, 18, 0, tzinfo=dt.UTC)) == DAY
    with pytest.raises(Refusal):  # the day after the last one of the calendar
        date(dt.datetime(9999, 12, 31, 23, 0, tzinfo=dt.UTC))
