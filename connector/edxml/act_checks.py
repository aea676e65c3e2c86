"""Checks of what a packet does: recall, update, replace, status; one function a rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from connector.edxml import rule_codes
from connector.errors import Finding
from connector.model.envelope import Business, BusinessType, Document, StatusCode, StatusReport

__all__ = [
    "act_fits_type",
    "answers_other",
    "documents_named",
    "paper_follows",
    "reason_given",
    "recall_by_issuer",
    "recall_is_clear",
    "replacement_named",
    "update_keeps_content",
    "update_named",
]

_BUSINESS: Final = "TraceHeaderList/Bussiness"
_CHANGES: Final = f"{_BUSINESS}/BussinessDocumentInfo"
_REPLACEMENTS: Final = f"{_BUSINESS}/ReplacementInfoList"
_MUST_SAY_WHY: Final = frozenset({StatusCode.REFUSED, StatusCode.CHANGE_REFUSED})


def documents_named(document: Document) -> tuple[str, ...]:
    """Return the ids of the earlier documents on which a recall, update or replacement acts.

    A recall may name its document in three places; more than one id means that it is unclear
    and that a person has to decide.
    """
    business = document.business or Business()
    if business.type is BusinessType.REPLACE:
        return tuple(dict.fromkeys(each.document_id for each in business.replacements))
    if business.type is BusinessType.UPDATE:
        return (business.document_id,) if business.document_id else ()
    if business.type is BusinessType.RECALL:
        answered = (each.document_id for each in document.response_for)
        named = (business.document_id, *answered, document.document_id)
        return tuple(dict.fromkeys(each for each in named if each))
    return ()


def recall_is_clear(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find recalls that name several documents."""
    if document.business_type is BusinessType.RECALL and len(documents_named(document)) > 1:
        yield rule_codes.RECALL_UNCLEAR.at(f"{_BUSINESS}/DocumentId")


def recall_by_issuer(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find recalls of somebody else's document."""
    if document.business_type is not BusinessType.RECALL:
        return
    for answered in document.response_for:
        if answered.organ_id != document.sender.organ_id:
            place = "MessageHeader/ResponseFor/OrganId"
            yield rule_codes.RECALL_BY_OTHER.at(place, code=answered.organ_id)


def update_named(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find updates that do not say of what, or what."""
    business = document.business
    if business is None or business.type is not BusinessType.UPDATE:
        return
    if business.document_id is None:
        yield rule_codes.UPDATE_WITHOUT_ID.at(f"{_BUSINESS}/DocumentId")
    if not business.changes:
        yield rule_codes.UPDATE_OF_NOTHING.at(_CHANGES)


def update_keeps_content(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find updates that want to change what was issued."""
    business = document.business
    if business is None or business.type is not BusinessType.UPDATE:
        return
    if document.attachments:
        yield rule_codes.UPDATE_CHANGES_CONTENT.at("AttachmentEncoded")
    if any(change.document_info for change in business.changes):
        yield rule_codes.UPDATE_SAYS_CONTENT.at(f"{_CHANGES}/DocumentInfo")


def replacement_named(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find replacements that do not say what they replace, or for whom."""
    business = document.business
    if business is None or business.type is not BusinessType.REPLACE:
        return
    if not business.replacements:
        yield rule_codes.REPLACES_NOTHING.at(_REPLACEMENTS)
    receivers = {receiver.organ_id for receiver in document.receivers}
    for replacement in business.replacements:
        if replacement.document_id == document.document_id:
            yield rule_codes.REPLACES_ITSELF.at(f"{_REPLACEMENTS}/ReplacementInfo/DocumentId")
        for code in replacement.organ_ids:
            if code not in receivers:
                place = f"{_REPLACEMENTS}/ReplacementInfo/OrganIdList/OrganId"
                yield rule_codes.REPLACES_FOR_STRANGER.at(place, code=code)


def act_fits_type(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find parts of Bussiness that belong to another business type."""
    business = document.business or Business()
    kind = int(business.type)
    if business.changes and business.type is not BusinessType.UPDATE:
        facts = {"element": "BussinessDocumentInfo", "type": kind}
        yield rule_codes.ACT_OF_OTHER_TYPE.at(_CHANGES, **facts)
    if business.replacements and business.type is not BusinessType.REPLACE:
        facts = {"element": "ReplacementInfoList", "type": kind}
        yield rule_codes.ACT_OF_OTHER_TYPE.at(_REPLACEMENTS, **facts)


def paper_follows(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find packets that announce paper."""
    if document.business and document.business.paper:
        yield rule_codes.PAPER_FOLLOWS.at(f"{_BUSINESS}/Paper")


def reason_given(report: StatusReport, _today: dt.date) -> Iterator[Finding]:
    """Find refusals without a reason."""
    if report.status_code in _MUST_SAY_WHY and not report.description:
        yield rule_codes.NO_REASON.at("MessageHeader/Description", code=report.status_code.value)


def answers_other(report: StatusReport, _today: dt.date) -> Iterator[Finding]:
    """Find statuses that an agency sends to itself."""
    if report.sender.organ_id == report.response_for.organ_id:
        yield rule_codes.ANSWERS_ITSELF.at("MessageHeader/ResponseFor/OrganId")
