"""Statuses of a known form: the general way once for all that differ in some texts only.

The statuses of an agency differ in whom and what they answer, their time, reason and evidence; all
else is their form (see `connector.edxml.form`). The rules are asked for every status.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from connector.clock import VIETNAM
from connector.edxml.form import Form, form_of, sign
from connector.edxml.rules import check_rules
from connector.edxml.values import date_text, moment_text
from connector.edxml.writer import DEFAULT_OPTIONS, escaped
from connector.errors import Severity
from connector.model.envelope import (
    Evidence,
    Organization,
    ResponseFor,
    Staff,
    StatusCode,
    StatusReport,
)
from connector.model.packet import Packet, Woven

__all__ = ["LONGEST", "pack_status"]

LONGEST: Final = {
    "organ_id": 60,
    "code": 50,
    "date": 10,
    "document_id": 200,
    "description": 2000,
    "moment": 19,
    "digest": 200,
    "journal_head": 200,
}
"""Texts that differ, in the order in which they stand, and how many characters they may have.

The schema says nothing of the evidence: it has a bound here so that a packet stays small.
"""

_SIGNS: Final = {name: sign(number) for number, name in enumerate(LONGEST)}
_DAY: Final = dt.date(1111, 11, 11)
_MOMENT: Final = dt.datetime(1111, 11, 11, 11, 11, 11, tzinfo=VIETNAM)


class _Shape(NamedTuple):
    """What statuses of one form have in common."""

    sender: Organization
    status_code: StatusCode
    staff: Staff | None
    described: bool
    evidenced: bool
    headed: bool


def pack_status(report: StatusReport, *, today: dt.date) -> Packet | None:
    """Return the packet of a status as `pack` would, None if the general way has to look at it."""
    evidence = report.evidence
    shape = _Shape(
        report.sender,
        report.status_code,
        report.staff,
        report.description is not None,
        evidence is not None,
        evidence is not None and evidence.journal_head is not None,
    )
    form = _form(shape)
    texts = tuple(_texts(report).values())
    if form is None or not form.takes(texts):
        return None
    findings = check_rules(report, today=today, written=form.characters(texts))
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None
    woven = Woven(form.literals, tuple(map(escaped, texts)))
    return Packet(woven.parts(), report, woven)


def _texts(report: StatusReport) -> dict[str, str]:
    """Return the texts in which statuses differ, in their order."""
    answered, evidence, moment = report.response_for, report.evidence, report.timestamp
    texts = {
        "organ_id": answered.organ_id,
        "code": answered.code,
        "date": date_text(answered.promulgation_date),
        "document_id": answered.document_id,
    }
    if report.description is not None:
        texts["description"] = report.description
    texts["moment"] = moment_text(moment) if moment.tzinfo else ""
    if evidence is not None:
        texts["digest"] = evidence.digest
        if evidence.journal_head is not None:
            texts["journal_head"] = evidence.journal_head
    return texts


@lru_cache(maxsize=64)
def _form(shape: _Shape) -> Form | None:
    """Return the form of all statuses of a shape; None if it is refused."""
    sample = _sample(shape)
    names = tuple(_texts(sample))
    return form_of(
        sample,
        DEFAULT_OPTIONS,
        signs=[_SIGNS[name] for name in names],
        stands={date_text(_DAY): _SIGNS["date"], moment_text(_MOMENT): _SIGNS["moment"]},
        longest=tuple(LONGEST[name] for name in names),
    )


def _sample(shape: _Shape) -> StatusReport:
    """Return a status of a form with a sign in the place of each text, but for date and moment."""
    evidence = Evidence(digest=_SIGNS["digest"])
    if shape.headed:
        evidence = replace(evidence, journal_head=_SIGNS["journal_head"])
    return StatusReport(
        sender=shape.sender,
        response_for=ResponseFor(
            organ_id=_SIGNS["organ_id"],
            code=_SIGNS["code"],
            promulgation_date=_DAY,
            document_id=_SIGNS["document_id"],
        ),
        staff=shape.staff,
        status_code=shape.status_code,
        description=_SIGNS["description"] if shape.described else None,
        timestamp=_MOMENT,
        evidence=evidence if shape.evidenced else None,
    )
