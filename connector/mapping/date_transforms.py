"""The transform date: a day is read by stated patterns or refused, never guessed."""

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

__all__ = ["DATE_TRANSFORMS"]

_TOKENS: Final = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "MM": r"(?P<month>[0-9]{1,2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{1,2})",
    "d": r"(?P<day>[0-9]{1,2})",
    "HH": "[0-9]{1,2}",
    "mm": "[0-9]{2}",
    "ss": "[0-9]{2}",
    "fff": "[0-9]{1,9}",
}
_TOKEN: Final = re.compile("yyyy|MM|M|dd|d|HH|mm|ss|fff|[^A-Za-z0-9]+")
_WORDS: Final = re.compile(
    r"(?:[^,]{1,60}, ?)?ngày (?P<day>[0-9]{1,2}) tháng (?P<month>[0-9]{1,2}) "
    r"năm (?P<year>[0-9]{4})",
    re.IGNORECASE,
)
_TEXT: Final = "text"
_EXCEL: Final = "excel"
_EXCEL_EPOCH: Final = dt.date(1899, 12, 30)
_FIRST_TRUE_SERIAL: Final = 61
_LAST_SERIAL: Final = 2_958_465
_DAY_FIRST: Final = ("dd/MM/yyyy", "dd-MM-yyyy", "dd.MM.yyyy", "yyyy-MM-dd", _TEXT)


class Patterns(Parameters):
    """The patterns of date."""

    patterns: tuple[str, ...] = Field(
        default=_DAY_FIRST,
        title="Các mẫu ngày",
        description="Forms in which a day may stand: dd, MM, yyyy, HH, mm, ss, fff with "
        "separators; 'text' for 'ngày 05 tháng 01 năm 2020'; 'excel' for serial numbers.",
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
            if pattern not in {_TEXT, _EXCEL} and _expression(pattern) is None:
                raise SettingProblem(codes.BAD_PATTERN, pattern=pattern)
        return patterns


def _date(value: object, parameters: Patterns) -> dt.date:
    if isinstance(value, dt.datetime):
        return vietnam_date(value) if value.tzinfo else value.date()
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


def _readings(value: object, patterns: tuple[str, ...]) -> Iterator[dt.date | None]:
    """Yield a day for each pattern that fits; None if it fits but there is no such day."""
    text = collapse_spaces(nfc(value)) if isinstance(value, str) else None
    for pattern in patterns:
        if pattern == _EXCEL:
            serial = _serial(value if text is None else text)
            if serial is not None:
                yield serial
        elif text is not None:
            expression = _WORDS if pattern == _TEXT else _expression(pattern)
            match = expression.fullmatch(text) if expression else None
            if match:
                yield _day(match)


def _day(match: re.Match[str]) -> dt.date | None:
    try:
        return dt.date(int(match["year"]), int(match["month"]), int(match["day"]))
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
    kinds = sorted(part[0] for part in parts if part in {"yyyy", "MM", "M", "dd", "d"})
    if kinds != ["M", "d", "y"]:
        return None
    return re.compile("".join(_TOKENS.get(part) or re.escape(part) for part in parts))


DATE_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name="date",
        title="Ngày",
        doc="Reads a day by the given patterns, day first by default; what is impossible or "
        "ambiguous is refused. Date cells pass.",
        apply=_date,
        parameters=Patterns,
        examples=(
            Example("05/01/2020", dt.date(2020, 1, 5), "dd/MM/yyyy"),
            Example("5/1/2020", dt.date(2020, 1, 5)),
            Example("2020-01-05 17:30:00.000", dt.date(2020, 1, 5), "yyyy-MM-dd HH:mm:ss.fff"),
            Example("Hà Nội, ngày 05 tháng 01 năm 2020", dt.date(2020, 1, 5), "text"),
            Example(43835, dt.date(2020, 1, 5), ["dd/MM/yyyy", "excel"]),
            Example(dt.datetime(2020, 1, 5, 8, 30), dt.date(2020, 1, 5), "dd/MM/yyyy"),  # noqa: DTZ001
        ),
    ),
)
