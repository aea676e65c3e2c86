"""What the catalogue knows of an agency, and what it answers about a code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connector.errors import Finding
from connector.model.organ import above

__all__ = ["Agency", "CodeStatus", "Resolution"]


class CodeStatus(StrEnum):
    """What a code is on a given day."""

    OPEN = "open"
    CLOSED = "closed"
    NOT_YET = "not_yet"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One code under one name, for as long as both are valid.

    `valid_to` is the first day on which the code is closed or carries another name; `code102` is
    the spelling of QCVN 102:2016; `verified` tells that code and name were confirmed by more than
    a list of unknown origin.
    """

    code: str
    name: str
    code102: str | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    successors: tuple[str, ...] = ()
    verified: bool = False
    source: str = ""

    @property
    def parent(self) -> str | None:
        """The code one level up, None at level 1."""
        return above(self.code)

    @property
    def level(self) -> int:
        """1 for ministries and provinces, one more for each level below."""
        return self.code.count(".") + 1

    def open_on(self, day: dt.date) -> bool:
        """Tell whether code and name are valid on a day."""
        return (self.valid_from is None or self.valid_from <= day) and not self.closed_on(day)

    def closed_on(self, day: dt.date) -> bool:
        """Tell whether the validity has ended by a day."""
        return self.valid_to is not None and self.valid_to <= day

    def as_dict(self) -> dict[str, Any]:
        """Return the agency JSON-ready, dates as ``yyyy-MM-dd``."""
        return {
            "code": self.code,
            "name": self.name,
            "code102": self.code102,
            "parent": self.parent,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "successors": list(self.successors),
            "verified": self.verified,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The catalogue's answer about one code on one day.

    `code` is the canonical spelling (QĐ 20/2020) where there is one, also of an unknown unit;
    `successors` are the agencies that are open on that day in place of a closed one. Everything
    but ``open`` carries a finding.
    """

    given: str
    on: dt.date
    status: CodeStatus
    code: str | None = None
    agency: Agency | None = None
    successors: tuple[Agency, ...] = ()
    finding: Finding | None = None

    @property
    def is_open(self) -> bool:
        """Whether a document may be addressed to the code on that day."""
        return self.status is CodeStatus.OPEN

    def as_dict(self) -> dict[str, Any]:
        """Return the answer JSON-ready."""
        return {
            "given": self.given,
            "on": self.on.isoformat(),
            "status": self.status.value,
            "code": self.code,
            "agency": self.agency.as_dict() if self.agency else None,
            "successors": [agency.as_dict() for agency in self.successors],
            "finding": self.finding.as_dict() if self.finding else None,
        }
