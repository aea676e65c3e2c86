"""One row of a legacy export, before anyone interprets it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Cell", "Record"]

Cell = str | int | float | Decimal | bool | bytes | dt.date | dt.datetime | dt.time | None


@dataclass(frozen=True, slots=True)
class Record:
    """Values by column, with the place they came from (``file:line``, ``file!sheet:row``)."""

    place: str
    values: Mapping[str, Cell]
