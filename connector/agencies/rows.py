"""Rows of a catalogue file: from text to agencies, with a finding for each row that cannot be.

Two shapes are read: the project's own (`COLUMNS`) and the axis' list of agencies
(``id,pid,code,name,mail,oldCode`` or with ``code102``, domain notes 3.1).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from connector.agencies import codes
from connector.agencies.agency import Agency
from connector.config.suggest import did_you_mean
from connector.errors import Finding, Severity, Text
from connector.model.organ import is_routable, level_one_of_qcvn, scheme_of
from connector.model.packet import CodeScheme

__all__ = ["COLUMNS", "VERSION", "Listing", "check", "has_errors", "read_rows"]

VERSION: Final = "1"
COLUMNS: Final = (
    "code",
    "name",
    "code102",
    "valid_from",
    "valid_to",
    "successors",
    "verified",
    "source",
)
_AXIS_COLUMNS: Final = frozenset(
    {"id", "pid", "mail", "oldCode", "version", "centerCode", "deleted", "modifyDate", "isAgency"}
)
_KNOWN: Final = frozenset(COLUMNS) | _AXIS_COLUMNS
_VERSION_LINE: Final = re.compile(r"#\s*catalogue_version:\s*(\S+)\s*")
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False, "": False}
_LIST: Final = re.compile(r"[\s,;|]+")
_FORMULA: Final = ("=", "+", "-", "@")
_MAX_NAME: Final = 200

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listing:
    """The agencies of a file in its order, and what was wrong with the others."""

    agencies: tuple[Agency, ...]
    findings: tuple[Finding, ...]


class _RowError(Exception):
    def __init__(self, text: Text, **facts: object) -> None:
        super().__init__(text.code)
        self.text = text
        self.facts = facts


def read_rows(text: str, name: str) -> Listing:
    """Return the agencies of a CSV text; `name` is its file's name in findings.

    Comma, semicolon and tab are recognised by the header. Rows with errors are left out.
    """
    whole = unicodedata.normalize("NFC", text.removeprefix("\ufeff"))
    lines = io.StringIO(whole, newline="").readlines()
    skipped = 0
    while skipped < len(lines) and lines[skipped].startswith("#"):
        declared = _VERSION_LINE.fullmatch(lines[skipped].strip())
        if declared and declared[1] != VERSION:
            place = f"{name}:{skipped + 1}"
            wrong = codes.WRONG_VERSION.at(place, version=declared[1], known=VERSION)
            return Listing((), (wrong,))
        skipped += 1
    return _read_table(lines[skipped:], name, skipped)


def check(agencies: Iterable[Agency], name: str = "") -> Listing:
    """Return the rows that do not contradict an earlier one, and what was wrong with the others.

    A period given twice is left out, an old code given to a second agency is taken from it; a
    successor that nobody knows is only a warning. The order stays.
    """
    kept: dict[str, list[Agency]] = {}
    owners: dict[str, str] = {}
    rows: list[Agency] = []
    findings: list[Finding] = []
    for agency in agencies:
        of_code = kept.setdefault(agency.code, [])
        if any(_overlap(row, agency) for row in of_code):
            findings.append(codes.OVERLAP.at(name, code=agency.code))
            continue
        owner = owners.setdefault(agency.code102 or agency.code, agency.code)
        row = agency
        if owner != agency.code:
            facts = {"code102": agency.code102, "first": owner, "second": agency.code}
            findings.append(codes.DUPLICATE_OLD_CODE.at(name, **facts))
            row = replace(agency, code102=None)
        of_code.append(row)
        rows.append(row)
    findings += _lost_successors(rows, name)
    return Listing(tuple(rows), tuple(findings))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether one of the findings is more than a warning."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def _lost_successors(rows: Iterable[Agency], name: str) -> list[Finding]:
    rows = list(rows)
    known = {row.code for row in rows}
    return [
        codes.UNKNOWN_SUCCESSOR.at(name, code=row.code, successor=successor)
        for row in rows
        for successor in row.successors
        if successor not in known
    ]


def _overlap(one: Agency, other: Agency) -> bool:
    return _ends_after(one, other) and _ends_after(other, one)


def _ends_after(one: Agency, other: Agency) -> bool:
    """Tell whether `one` still holds when `other` begins."""
    return one.valid_to is None or other.valid_from is None or one.valid_to > other.valid_from


def _read_table(lines: list[str], name: str, skipped: int) -> Listing:
    reader = csv.reader(lines, delimiter=_delimiter(lines[0] if lines else ""))
    header = [column.strip() for column in next(reader, [])]
    place = f"{name}:{skipped + 1}"
    missing = [column for column in ("code", "name") if column not in header]
    if missing:
        return Listing((), (codes.MISSING_COLUMNS.at(place, columns=", ".join(missing)),))
    findings = [
        codes.UNKNOWN_COLUMN.at(place, column=column, **did_you_mean(column, COLUMNS))
        for column in header
        if column and column not in _KNOWN
    ]
    agencies = []
    try:
        for line, row in _numbered(reader, header, skipped):
            try:
                agencies.append(_agency(row))
            except _RowError as error:
                findings.append(error.text.at(f"{name}:{line}", **error.facts))
    except csv.Error as error:
        place = f"{name}:{skipped + _line(reader)}"
        findings.append(codes.NOT_CSV.at(place, reason=error))
    if not agencies:
        findings.append(codes.EMPTY.at(name))
    return Listing(tuple(agencies), tuple(findings))


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _numbered(
    reader: Iterator[list[str]], header: list[str], skipped: int
) -> Iterator[tuple[int, Row]]:
    first = skipped + 1
    while True:
        first = skipped + _line(reader) + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        values = [cell.strip() for cell in cells]
        if any(values):
            yield first, dict(zip(header, values, strict=False))


def _line(reader: Iterator[list[str]]) -> int:
    return int(getattr(reader, "line_num", 0))


def _agency(row: Row) -> Agency:
    code, code102 = _codes(row)
    name = row.get("name", "")
    if not _is_name(name):
        raise _RowError(codes.BAD_NAME, code=code)
    if _flag(row, "deleted"):
        raise _RowError(codes.AXIS_DELETED, code=code)
    since, until = _date(row, "valid_from"), _date(row, "valid_to")
    if since and until and until <= since:
        raise _RowError(codes.BAD_PERIOD, code=code, since=since, until=until)
    successors = row.get("successors")
    return Agency(
        code=code,
        name=name,
        code102=code102,
        valid_from=since,
        valid_to=until,
        successors=tuple(filter(None, _LIST.split(successors))) if successors else (),
        verified=_flag(row, "verified"),
        source=row.get("source", ""),
    )


def _codes(row: Row) -> tuple[str, str | None]:
    """Return both spellings; the axis gives either one first, depending on the operation."""
    code, other = row.get("code", ""), row.get("code102", "") or row.get("oldCode", "")
    if scheme_of(code) is CodeScheme.QCVN102:
        code, other = other, code
        if scheme_of(code) is not CodeScheme.QD20:
            code = level_one_of_qcvn(other) or ""
        if not code:
            raise _RowError(codes.NOT_COMPUTABLE, code=other)
    if not is_routable(code):
        raise _RowError(codes.UNROUTABLE, code=code)
    return code, other if other and other != code else None


def _is_name(name: str) -> bool:
    if not 0 < len(name) <= _MAX_NAME or name.startswith(_FORMULA):
        return False
    if name.isprintable():
        return True
    return not any(unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} for sign in name)


def _date(row: Row, column: str) -> dt.date | None:
    value = row.get(column, "")
    if not value:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise _RowError(codes.BAD_DATE, column=column, value=value)
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise _RowError(codes.BAD_DATE, column=column, value=value) from None


def _flag(row: Row, column: str) -> bool:
    value = row.get(column, "").lower()
    if value not in _FLAGS:
        raise _RowError(codes.BAD_FLAG, column=column, value=value)
    return _FLAGS[value]
