"""Statuses of a known form: the general way once for all that differ in some texts only.

The statuses of an agency differ in whom and what they answer, their time, reason and evidence. All
else of a packet is its *form*: written as `connector.edxml.writer` writes it, with a sign in the
place of each text, and checked by the schema. A status of the same form is the form with its own
texts escaped into it, and follows the schema exactly if each text does; of these the schema asks
for a length only (dates and moments are made here). The rules are asked for every status.

What is not plain, too long, or in any way refused is left to the general way, which says why.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from connector.clock import VIETNAM
from connector.edxml.rules import check_rules
from connector.edxml.schema import check_schema, read_back
from connector.edxml.values import date_text, moment_text
from connector.edxml.writer import DEFAULT_OPTIONS, draft, escaped, is_sound_value
from connector.errors import PermanentError, Severity
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

_SIGNS: Final = {name: chr(0xE000 + number) for number, name in enumerate(LONGEST)}
_SIGN: Final = re.compile(f"[{''.join(_SIGNS.values())}]")
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
    literals = _form(shape)
    if literals is None:
        return None
    texts = _texts(report)
    if not all(_fits(text, LONGEST[name]) for name, text in texts.items()):
        return None
    woven = Woven(literals, tuple(map(escaped, texts.values())))
    written = woven.text()
    findings = check_rules(report, today=today, written=written)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None
    return Packet((written.encode(),), report, woven)


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


def _fits(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and is_sound_value(text)


@lru_cache(maxsize=64)
def _form(shape: _Shape) -> tuple[str, ...] | None:
    """Return what stands around the texts of a form; None if the schema refuses it."""
    report = _sample(shape)
    try:
        skeleton = draft(report, DEFAULT_OPTIONS).skeleton()
        sound = not check_schema(read_back(skeleton))
    except PermanentError:
        return None
    day, moment = f">{date_text(_DAY)}</edXML:Prom", f">{moment_text(_MOMENT)}</edXML:Time"
    written = skeleton.decode().replace(day, f">{_SIGNS['date']}</edXML:Prom")
    written = written.replace(moment, f">{_SIGNS['moment']}</edXML:Time")
    expected = [_SIGNS[name] for name in _texts(report)]
    return tuple(_SIGN.split(written)) if sound and _SIGN.findall(written) == expected else None


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
