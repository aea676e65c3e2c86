"""The catalogue: which codes exist, since when, until when, and what came after them.

Lookups are by catalogue, never by the shape of a code alone. A closed code is refused with the
name of its successor; nothing is redirected silently.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from connector.agencies import codes
from connector.agencies.agency import Agency, CodeStatus, Resolution
from connector.agencies.search import Entry, Match, entry_of, neighbours, query_of, score
from connector.errors import Finding
from connector.model.organ import above, is_routable, level_one_of_qcvn, scheme_of
from connector.model.packet import CodeScheme

__all__ = ["Catalogue"]

_FIRST_DAY: Final = dt.date.min


class Catalogue:
    """An immutable list of agencies, found by either spelling of their codes.

    A code has one row for each period of its validity. Where rows contradict each other (checked
    by `table.check`), the first one counts.
    """

    def __init__(self, agencies: Iterable[Agency]) -> None:
        rows: dict[str, list[Agency]] = {}
        for agency in agencies:
            rows.setdefault(agency.code, []).append(agency)
        self._rows: Final = {
            code: tuple(sorted(of_code, key=lambda row: row.valid_from or _FIRST_DAY))
            for code, of_code in rows.items()
        }
        self._by_code102: Final[dict[str, str]] = {}
        for agency in self:
            if agency.code102:
                self._by_code102.setdefault(agency.code102, agency.code)

    def __iter__(self) -> Iterator[Agency]:
        return (row for of_code in self._rows.values() for row in of_code)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, code: object) -> bool:
        return code in self._rows

    def get(self, code: str, on: dt.date | None = None) -> Agency | None:
        """Return the agency of a canonical code on a day, or the latest known without a day.

        On a day on which the code is closed or not yet valid, the nearest row is returned; ask
        `resolve` whether the code may be used.
        """
        rows = self._rows.get(code)
        if rows is None:
            return None
        if on is None:
            return rows[-1]
        begun = [row for row in rows if row.valid_from is None or row.valid_from <= on]
        return begun[-1] if begun else rows[0]

    def rows(self, code: str) -> tuple[Agency, ...]:
        """Return all rows of a canonical code, oldest first."""
        return self._rows.get(code, ())

    def canonical(self, code: str) -> str | None:
        """Return the QĐ 20/2020 spelling of a code in either scheme; None if there is none.

        Of a QCVN 102 code below level 1 only the catalogue knows it. The spelling says nothing
        about whether the agency exists.
        """
        if code in self._rows:
            return code
        if code in self._by_code102:
            return self._by_code102[code]
        if scheme_of(code) is CodeScheme.QD20:
            return code if is_routable(code) else None
        return level_one_of_qcvn(code)

    def code102(self, code: str) -> str | None:
        """Return the QCVN 102 spelling of a canonical code; None if it is not known."""
        known = next((row.code102 for row in reversed(self.rows(code)) if row.code102), None)
        if known is not None or "." in code or scheme_of(code) is not CodeScheme.QD20:
            return known
        return f"000.00.00.{code}"

    def resolve(self, code: str, on: dt.date) -> Resolution:
        """Say what a code in either scheme is on a day (policy: closed codes are refused)."""
        canonical = self.canonical(code)
        agency = None if canonical is None else self.get(canonical, on)
        if canonical is None or agency is None:
            return self._unresolved(code, canonical, on)
        if not agency.closed_on(on) and not agency.open_on(on):
            return Resolution(
                given=code,
                on=on,
                status=CodeStatus.NOT_YET,
                code=canonical,
                agency=agency,
                finding=codes.NOT_YET.at(
                    code=code,
                    name=agency.name,
                    since=_vietnamese(agency.valid_from),
                    on=_vietnamese(on),
                ),
            )
        closed = self._closed_at_or_above(agency, on)
        if closed is not None:
            return self._closed(code, agency, closed, on)
        return Resolution(given=code, on=on, status=CodeStatus.OPEN, code=canonical, agency=agency)

    def find(self, text: str, *, limit: int = 20) -> list[Match]:
        """Return the agencies that fit a code, a name or its initials, best first."""
        query = query_of(text)
        matches = ((score(query, entry), entry) for entry in self._entries)
        best = heapq.nsmallest(
            limit,
            (
                (-points, entry.agency.level, entry.agency.code, entry)
                for points, entry in matches
                if points > 0
            ),
            key=lambda match: match[:3],
        )
        return [Match(entry.agency, -points) for points, _, _, entry in best]

    def similar(self, text: str, *, limit: int = 3) -> list[str]:
        """Return known codes one slip away from a code, or of agencies named like a text."""
        near = dict.fromkeys(code for code in neighbours(text) if code in self._rows)
        near.update(
            dict.fromkeys(self._by_code102[c] for c in neighbours(text) if c in self._by_code102)
        )
        if not near and any(sign.islower() for sign in text):
            near = dict.fromkeys(match.agency.code for match in self.find(text, limit=limit))
        return list(near)[:limit]

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        return tuple(entry_of(agency) for agency in self)

    def _unresolved(self, given: str, canonical: str | None, on: dt.date) -> Resolution:
        parent = self._nearest_above(canonical, on)
        if parent is not None:
            closed = self._closed_at_or_above(parent, on)
            if closed is not None:
                return self._closed(given, parent, closed, on, unit=canonical)
        malformed = canonical is None and scheme_of(given) is not CodeScheme.QCVN102
        return Resolution(
            given=given,
            on=on,
            status=CodeStatus.MALFORMED if malformed else CodeStatus.UNKNOWN,
            code=canonical,
            finding=self._unresolved_finding(given, canonical, parent),
        )

    def _unresolved_finding(
        self, given: str, canonical: str | None, parent: Agency | None
    ) -> Finding:
        suggestion = self._suggestion(given)
        if parent is not None:
            return codes.UNKNOWN_BELOW.at(
                code=given, parent=parent.code, name=parent.name, **suggestion
            )
        if canonical is not None:
            return codes.UNKNOWN.at(code=given, **suggestion)
        if scheme_of(given) is CodeScheme.QCVN102:
            return codes.UNKNOWN_OLD.at(code=given)
        return codes.MALFORMED.at(code=given, **suggestion)

    def _closed(
        self, given: str, agency: Agency, closed: Agency, on: dt.date, *, unit: str | None = None
    ) -> Resolution:
        successors = self._open_successors(closed, on)
        named = ", ".join(f"{row.code} {row.name}" for row in successors)
        return Resolution(
            given=given,
            on=on,
            status=CodeStatus.CLOSED,
            code=unit or agency.code,
            agency=None if unit else agency,
            successors=successors,
            finding=codes.CLOSED.at(
                code=given,
                name=agency.name,
                since=_vietnamese(closed.valid_to),
                successors_en=f"; successor: {named}" if named else "",
                successors_vi=f"; cơ quan kế thừa: {named}" if named else "",
            ),
        )

    def _closed_at_or_above(self, agency: Agency, on: dt.date) -> Agency | None:
        code: str | None = agency.code
        while code is not None:
            row = self.get(code, on)
            if row is not None and row.closed_on(on):
                return row
            code = above(code)
        return None

    def _nearest_above(self, canonical: str | None, on: dt.date) -> Agency | None:
        code = None if canonical is None else above(canonical)
        while code is not None:
            row = self.get(code, on)
            if row is not None:
                return row
            code = above(code)
        return None

    def _open_successors(self, agency: Agency, on: dt.date) -> tuple[Agency, ...]:
        found: dict[str, Agency] = {}
        seen = {agency.code}
        waiting = list(agency.successors)
        while waiting:
            code = waiting.pop(0)
            row = self.get(code, on)
            if code in seen or row is None:
                continue
            seen.add(code)
            if row.closed_on(on):
                waiting.extend(row.successors)
            else:
                found[code] = row
        return tuple(found.values())

    def _suggestion(self, given: str) -> dict[str, str]:
        near = ", ".join(self.similar(given)) if len(given) <= 100 else ""
        return {
            "suggestion_en": f"; did you mean {near}?" if near else "",
            "suggestion_vi": f"; có phải ý bạn là {near}?" if near else "",
        }


def _vietnamese(day: dt.date | None) -> str:
    return "" if day is None else f"{day:%d/%m/%Y}"
