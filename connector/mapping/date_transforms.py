"""Dates of legacy systems: read by the adapter's own patterns or refused, never guessed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from pydantic import Field, field_validator

from connector.clock import vietnam_date
from connector.config.settings import SettingProblem
from connector.mapping import codes
from connector.mapping.transform import Example, Parameters, Transform
from connector.mapping.values import Refusal, is_ordinary, shown
from connector.text.normalise import collapse_spaces, nfc

__all__ = ["DATE_TRANSFORMS", "DAY_FIRST", "Patterns", "date_of"]

_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_TOKENS: Final = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "MMM": rf"(?P<word>(?i:{'|'.join(_MONTHS)}))",
    "MM": r"(?P<month>[0-9]{1,2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{1,2})",
    "d": r"(?P<day>[0-9]{1,2})",
    "HH": "[0-9]{1,2}",
    "hh": "[0-9]{1,2}",
    "mm": "[0-9]{2}",
    "ss": "[0-9]{2}",
    "fff": "[0-9]{1,9}",
    "tt": "(?i:am|pm|sa|ch)",
}
_FIXED: Final = {"MM": r"(?P<month>[0-9]{2})", "dd": r"(?P<day>[0-9]{2})", "HH": "[0-9]{2}"}
_TOKEN: Final = re.compile("yyyy|MMM|MM|M|dd|d|HH|hh|mm|ss|fff|tt|T|[^A-Za-z0-9]+")
_ADJACENT: Final = re.compile("yyyyMM|MMdd|ddMM|MMyyyy|ddHH|yyyyHH")
_WORDS: Final = re.compile(
    r"(?:[^,]{1,60}, ?)?ngày (?P<day>[0-9]{1,2}) tháng (?P<month>[0-9]{1,2}) "
    r"năm (?P<year>[0-9]{4})",
    re.IGNORECASE,
)
_TEXT: Final = "text"
_EXCEL: Final = "excel"
_ISO: Final = "iso"
_WORDED: Final = frozenset({_TEXT, _EXCEL, _ISO})
_EXCEL_EPOCH: Final = dt.date(1899, 12, 30)
_FIRST_TRUE_SERIAL: Final = 61
_LAST_SERIAL: Final = 2_958_465
DAY_FIRST: Final = (
    "dd/MM/yyyy",
    "dd-MM-yyyy",
    "dd.MM.yyyy",
    "yyyy-MM-dd",
    "yyyy/MM/dd",
    _ISO,
    _TEXT,
)
"""The patterns without an argument: the day comes first, or the year does."""


class Patterns(Parameters):
    """The patterns of date."""

    patterns: tuple[str, ...] = Field(
        default=DAY_FIRST,
        title="Các mẫu ngày",
        description="Forms in which a day may stand: dd, MM, yyyy, MMM (Jan), HH, hh, mm, ss, fff, "
        "tt with separators; 'text' for 'ngày 05 tháng 01 năm 2020'; 'iso' for ISO 8601 with time "
        "and zone; 'excel' for serial numbers.",
        min_length=1,
    )

    @field_validator("patterns", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("patterns")
    @classmethod
    def _readable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if pattern not in _WORDED and _expression(pattern) is None:
                raise SettingProblem(codes.BAD_PATTERN, pattern=pattern)
        return patterns


def date_of(value: object, parameters: Patterns) -> dt.date:
    """Return the day; raises Refusal where no pattern fits, or two fit with different days.

    A moment with a zone is the day that it is in Vietnam (QĐ 28/2018 Đ14(4)).
    """
    if isinstance(value, dt.datetime):
        try:
            return _local(value)
        except OverflowError:
            raise Refusal(codes.IMPOSSIBLE_DATE, value=shown(value)) from None
    if isinstance(value, dt.date):
        return value
    found = dict.fromkeys(_readings(value, parameters.patterns))
    if not found:
        raise Refusal(
            codes.NOT_A_DATE, value=shown(value), patterns=" | ".join(parameters.patterns)
        )
    days = [day for day in found if day is not None]
    if not days:
        raise Refusal(codes.IMPOSSIBLE_DATE, value=shown(value))
    if len(days) > 1:
        first, second = (f"{day:%Y-%m-%d}" for day in days[:2])
        raise Refusal(codes.AMBIGUOUS_DATE, value=shown(value), first=first, second=second)
    return days[0]


def _local(moment: dt.datetime) -> dt.date:
    """Return the day in Vietnam; OverflowError at the very ends of the calendar."""
    return vietnam_date(moment) if moment.tzinfo else moment.date()


def _readings(value: object, patterns: tuple[str, ...]) -> Iterator[dt.date | None]:
    """Yield a day for each pattern that fits; None if it fits but there is no such day."""
    text = collapse_spaces(nfc(value)) if isinstance(value, str) else None
    for pattern in patterns:
        if pattern == _EXCEL:
            serial = _serial(value if text is None else text)
            if serial is not None:
                yield serial
        elif text is not None:
            yield from _reading(text, pattern)


def _reading(text: str, pattern: str) -> Iterator[dt.date | None]:
    if pattern == _ISO:
        yield from _iso(text)
        return
    expression = _WORDS if pattern == _TEXT else _expression(pattern)
    match = expression.fullmatch(text) if expression else None
    if match:
        yield _day(match)


def _iso(text: str) -> Iterator[dt.date | None]:
    if not text[:4].isdecimal() or not text.isascii() or "-" not in text[4:5]:
        return
    try:
        yield _local(dt.datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return


def _day(match: re.Match[str]) -> dt.date | None:
    found = match.groupdict()
    word = found.get("word")
    month = _MONTHS.index(word.lower()) + 1 if word else int(found["month"])
    try:
        return dt.date(int(found["year"]), month, int(found["day"]))
    except ValueError:
        return None


def _serial(value: object) -> dt.date | None:
    if isinstance(value, str):
        value = int(value) if re.fullmatch("[0-9]{2,7}", value, re.ASCII) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if not is_ordinary(value) or not _FIRST_TRUE_SERIAL <= value < _LAST_SERIAL + 1:
        return None
    return _EXCEL_EPOCH + dt.timedelta(days=int(value))


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str] | None:
    parts = _TOKEN.findall(pattern)
    if "".join(parts) != pattern:
        return None
    dates = {"yyyy", "MMM", "MM", "M", "dd", "d"}
    kinds = sorted(part[0] for part in parts if part in dates)
    if kinds != ["M", "d", "y"]:
        return None
    # without a separator the digits must be counted: 2020105 would have two readings
    tokens = _TOKENS | _FIXED if _ADJACENT.search(pattern) else _TOKENS
    return re.compile("".join(tokens.get(part) or re.escape(part) for part in parts))


DATE_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name="date",
        title="Ngày",
        doc="Reads a day by the given patterns, day first by default; what is impossible or "
        "ambiguous is refused. Date cells pass.",
        apply=date_of,
        parameters=Patterns,
        examples=(
            Example("05/01/2020", dt.date(2020, 1, 5), "dd/MM/yyyy"),
            Example("5/1/2020", dt.date(2020, 1, 5)),
            Example("2020-01-05 17:30:00.000", dt.date(2020, 1, 5), "yyyy-MM-dd HH:mm:ss.fff"),
            Example("Jan  5 2020 12:00AM", dt.date(2020, 1, 5), "MMM d yyyy hh:mmtt"),
            Example("20200105", dt.date(2020, 1, 5), "yyyyMMdd"),
            Example("2020-01-04T20:00:00Z", dt.date(2020, 1, 5), "iso"),
            Example("Hà Nội, ngày 05 tháng 01 năm 2020", dt.date(2020, 1, 5), "text"),
            Example(43835, dt.date(2020, 1, 5), ["dd/MM/yyyy", "excel"]),
            Example(dt.datetime(2020, 1, 5, 8, 30), dt.date(2020, 1, 5), "dd/MM/yyyy"),  # noqa: DTZ001
        ),
    ),
)
