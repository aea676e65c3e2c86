"""Days counted as offices count them: without week-ends and public holidays.

Tết and compensatory days are announced every year, so they stand in a table of the adapter
(day → holiday, or working); a year of which the table has no day cannot be counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from pydantic import Field

from connector.config.settings import SettingProblem
from connector.mapping import value_codes
from connector.mapping.date_transforms import DAY_FIRST, Patterns, date_of
from connector.mapping.tables import CodeTable
from connector.mapping.transform import Example, Lookup, Parameters, Transform
from connector.mapping.values import Refusal, shown, whole_number

__all__ = ["WORKING_DAY_TRANSFORMS", "check_holidays"]

_OFF: Final = "holiday"
_WORK: Final = "working"
_SATURDAY: Final = 5
_MOST: Final = 365


class WorkingDays(Parameters):
    """How many working days are added, and which days are none."""

    days: int | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        title="Số ngày",
        description="Number of working days; else the second of two values: columns: [date, days].",
    )
    holidays: str = Field(
        title="Bảng ngày nghỉ",
        description="Table of days (yyyy-MM-dd): holiday, or working for a "
        "compensatory day; Saturdays and Sundays are off unless it says working.",
        min_length=1,
    )

    date: tuple[str, ...] = Field(
        default=DAY_FIRST,
        title="Các mẫu ngày",
        description="Forms of the first value where it is text, as in the transform date.",
        min_length=1,
    )

    @property
    def table_name(self) -> str:
        """The table of days."""
        return self.holidays


def check_holidays(table: CodeTable) -> Iterator[SettingProblem]:
    """Yield the entries that are no days."""
    for value, kind in table.entries.items():
        if kind not in {_OFF, _WORK} or not _is_day(value):
            yield SettingProblem(value_codes.HOLIDAY_BAD, value=value, kind=kind)


def _add(value: object, lookup: Lookup[WorkingDays]) -> dt.date | None:
    period = _period(value, lookup.parameters)
    if period is None:
        return None
    day, count = period
    days, years = lookup.table.entries, {key[:4] for key in lookup.table.entries}
    while count > 0:
        day += dt.timedelta(days=1)
        if f"{day.year:04d}" not in years:
            raise Refusal(value_codes.HOLIDAYS_UNKNOWN, table=lookup.table.name, year=day.year)
        kind = days.get(day.isoformat(), _OFF if day.weekday() >= _SATURDAY else _WORK)
        count -= kind == _WORK
    return day


def _period(value: object, parameters: WorkingDays) -> tuple[dt.date, int] | None:
    """Return the first day and the number of days; None if only the number is not there."""
    items = value if isinstance(value, tuple) else (value,)
    expected = 2 if parameters.days is None else 1
    if not 1 <= len(items) <= expected:
        raise Refusal(value_codes.NOT_A_PERIOD, value=shown(value))
    start = date_of(items[0], Patterns(patterns=parameters.date))
    if len(items) < expected:
        return None
    count = whole_number(items[1]) if parameters.days is None else parameters.days
    if not 0 <= count <= _MOST or start.year >= dt.MAXYEAR - 10:
        raise Refusal(value_codes.NOT_A_PERIOD, value=shown(value))
    return start, count


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


WORKING_DAY_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name="add_working_days",
        title="Cộng ngày làm việc",
        doc="Counts working days after a date; week-ends and the holidays of a table are none. A "
        "year of which the table has no day is refused.",
        apply=_add,
        parameters=WorkingDays,
        on_lists=True,
        examples=(
            Example(
                dt.date(2026, 4, 28),
                dt.date(2026, 5, 6),
                {"days": 4, "holidays": "ngay_nghi"},
            ),
            Example((dt.date(2026, 5, 4), 2), dt.date(2026, 5, 6), {"holidays": "ngay_nghi"}),
        ),
    ),
)
