"""`start_from` of an adapter: which records of an old export are too old to be sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, Self

from pydantic import ConfigDict, Field, model_validator

from connector.config.settings import SettingProblem, Settings
from connector.errors import RecordError
from connector.mapping import value_codes
from connector.mapping.undecided import UNDECIDED
from connector.model.record import Record

__all__ = ["EVERYTHING", "StartSettings", "comes_before"]

EVERYTHING: Final = "everything"


def _written(schema: dict[str, Any]) -> None:
    """Describe the setting as it is written: a word, a day, or column and number."""
    numbered = {
        "type": "object",
        "properties": {name: schema["properties"][name] for name in ("column", "number")},
        "required": ["column", "number"],
        "additionalProperties": False,
    }
    day = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
    schema["anyOf"] = [{"const": EVERYTHING}, day, numbered]
    for name in ("type", "properties", "additionalProperties"):
        schema.pop(name, None)


class StartSettings(Settings):
    """From where records are taken: `everything`, a day as 2026-01-05, or column and number."""

    model_config = ConfigDict(json_schema_extra=_written)

    day: dt.date | None = Field(
        default=None,
        title="Từ ngày ban hành",
        description="Written alone as 2026-01-05: documents promulgated before it are skipped.",
    )
    column: str | None = Field(
        default=None,
        title="Cột số thứ tự",
        description="Column of the export with a number that grows from record to record.",
        min_length=1,
    )
    number: int | None = Field(
        default=None,
        title="Từ số thứ tự",
        description="Records with a smaller number in that column are skipped.",
    )

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        """Read a word or a day that is written alone."""
        if not isinstance(value, str):
            return value
        if value == UNDECIDED:
            raise SettingProblem(value_codes.UNDECIDED)
        return {} if value == EVERYTHING else {"day": value}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.column is None) != (self.number is None) or (self.day and self.column):
            raise SettingProblem(value_codes.START_INCOMPLETE)
        return self

    @property
    def is_everything(self) -> bool:
        """Whether nothing lies before the start."""
        return self.day is None and self.column is None

    def __str__(self) -> str:
        """Return the setting as people write it."""
        if self.day is not None:
            return self.day.isoformat()
        return EVERYTHING if self.column is None else f"{self.column} {self.number}"


def comes_before(
    start: StartSettings, record: Record, day_of: Callable[[Record], dt.date | None]
) -> bool:
    """Tell whether a record lies before the start.

    A record without a readable day is not before it: it is refused on the ordinary way. Raises
    RecordError where a number decides and the record has none.
    """
    if start.day is not None:
        day = day_of(record)
        return day is not None and day < start.day
    if start.column is None or start.number is None:
        return False
    number = _whole(record.values.get(start.column))
    if number is None:
        place = f"{record.place} [{start.column}]"
        finding = value_codes.START_UNREADABLE.at(place, column=start.column, start=start)
        raise RecordError(finding)
    return number < start.number


def _whole(value: object) -> int | None:
    try:
        return int(str(value).strip())
    except ValueError:
        return None
