"""Text of single elements ⇄ dates, moments, numbers; nothing is guessed.

A variant that can only be meant one way is normalised with a warning, all else is an error.
"""

from __future__ import annotations

import datetime as dt
import re
from enum import IntEnum
from typing import Final, TypeVar

from connector.clock import VIETNAM
from connector.edxml import codes
from connector.errors import Finding

__all__ = [
    "PLACEHOLDERS",
    "SPACE",
    "date_text",
    "is_placeholder",
    "moment_text",
    "read_choice",
    "read_date",
    "read_flag",
    "read_integer",
    "read_moment",
]

SPACE: Final = " \t\r\n"
"""White space of XML; other Unicode spaces are text."""

PLACEHOLDERS: Final = frozenset({"n/a", "null"})
"""What other systems write for "no value", folded."""

_LONGEST_PLACEHOLDER: Final = max(map(len, PLACEHOLDERS))
_DATE: Final = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})")
_LOOSE_DATE: Final = re.compile(r"([0-9]{4})([/.-])([0-9]{1,2})\2([0-9]{1,2})")
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_MOMENT: Final = re.compile(rf"{_DATE.pattern} {_TIME}")
_ISO_MOMENT: Final = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_TIME}(\.[0-9]{{1,6}})?(Z|[+-][0-9]{{2}}:[0-9]{{2}})?"
)
_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")
_FLAGS: Final = {"0": False, "1": True, "false": False, "true": True}
_SHOWN: Final = 60
_E = TypeVar("_E", bound=IntEnum)


def is_placeholder(text: str) -> bool:
    """Tell whether a text only pretends to be a value."""
    bare = text.strip(SPACE)
    return len(bare) <= _LONGEST_PLACEHOLDER and bare.casefold() in PLACEHOLDERS


def date_text(day: dt.date) -> str:
    """Return a day as packets write it."""
    return f"{day.year:04d}/{day.month:02d}/{day.day:02d}"


def moment_text(moment: dt.datetime) -> str:
    """Return an aware moment in Vietnam time, cut to the second (QĐ 28/2018 Đ14(4))."""
    local = moment.astimezone(VIETNAM)
    return f"{date_text(local)} {local.hour:02d}:{local.minute:02d}:{local.second:02d}"


def read_date(text: str, place: str, report: list[Finding]) -> dt.date | None:
    """Return the day that a text means; None after an error was reported."""
    exact = _DATE.fullmatch(text)
    loose = exact or _LOOSE_DATE.fullmatch(text)
    if loose is None:
        report.append(codes.BAD_DATE.at(place, value=_shown(text)))
        return None
    year, month, day = (loose[1], loose[2], loose[3]) if exact else (loose[1], loose[3], loose[4])
    try:
        value = dt.date(int(year), int(month), int(day))
    except ValueError:
        report.append(codes.IMPOSSIBLE_DATE.at(place, value=text))
        return None
    if not exact:
        report.append(codes.NORMALISED.at(place, value=text, read=date_text(value)))
    return value


def read_moment(text: str, place: str, report: list[Finding]) -> dt.datetime | None:
    """Return the aware moment that a text means; None after an error was reported."""
    exact = _MOMENT.fullmatch(text)
    if exact is None and _ISO_MOMENT.fullmatch(text) is None:
        report.append(codes.BAD_MOMENT.at(place, value=_shown(text)))
        return None
    try:
        value = dt.datetime.fromisoformat(text.replace("/", "-"))
        value = value.replace(tzinfo=VIETNAM) if value.tzinfo is None else value
        written = moment_text(value)
    except (ValueError, OverflowError):
        report.append(codes.IMPOSSIBLE_DATE.at(place, value=text))
        return None
    if not exact:
        report.append(codes.NORMALISED.at(place, value=text, read=written))
    return value


def read_integer(text: str, place: str, report: list[Finding]) -> int | None:
    """Return a whole number; None after an error was reported."""
    if _INTEGER.fullmatch(text) is None:
        report.append(codes.BAD_NUMBER.at(place, value=_shown(text)))
        return None
    return int(text)


def read_flag(text: str, place: str, report: list[Finding]) -> bool | None:
    """Return 0/1 or false/true as a bool; None after an error was reported."""
    value = _FLAGS.get(text.lower())
    if value is None:
        report.append(codes.BAD_CHOICE.at(place, value=_shown(text), allowed="0, 1"))
    return value


def read_choice(text: str, kind: type[_E], place: str, report: list[Finding]) -> _E | None:
    """Return a member of a numeric code list; None after an error was reported."""
    value = read_integer(text, place, report)
    if value is None:
        return None
    if value not in set(kind):
        allowed = ", ".join(str(int(member)) for member in kind)
        report.append(codes.BAD_CHOICE.at(place, value=value, allowed=allowed))
        return None
    return kind(value)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
