"""Reads MessageHeader: who, to whom, which document. Both child orders, both dialects."""

from __future__ import annotations

from typing import Any, Final

from connector.edxml import codes
from connector.edxml.cursor import Cursor
from connector.edxml.names import qcvn
from connector.model.envelope import (
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ResponseFor,
    Signer,
    Staff,
)
from connector.model.organ import scheme_of
from connector.model.packet import ChildOrder

__all__ = [
    "JAVA_ORDER",
    "QCVN_ORDER",
    "read_message_header",
    "read_organization",
    "read_response_for",
    "read_staff",
]

_COMMON: Final = ("Code", "PromulgationInfo", "DocumentType", "Subject", "Content", "SignerInfo")
_TASKS: Final = ("ResponseFor", "SteeringType", "ResponseForTask", "ApplicationType")
QCVN_ORDER: Final = (
    *("From", "To", *_COMMON, "DueDate", "ToPlaces", "OtherInfo", *_TASKS, "DocumentId"),
)
"""Order of the clauses 1.1 to 1.14, which .NET systems write."""

JAVA_ORDER: Final = (
    *("From", "To", "DocumentId", *_COMMON, "DueDate", "OtherInfo", *_TASKS, "ToPlaces"),
)
"""Order of the axis operator's Java SDK."""

_QCVN_PLACES: Final = {qcvn(name): place for place, name in enumerate(QCVN_ORDER)}
_JAVA_PLACES: Final = {qcvn(name): place for place, name in enumerate(JAVA_ORDER)}


def read_message_header(header: Cursor) -> tuple[dict[str, Any], ChildOrder]:
    """Return the fields of a `Document` that stand in MessageHeader, and their order."""
    fields: dict[str, Any] = {
        "sender": read_organization(header.required("From")),
        "receivers": _receivers(header),
        "code": _code(header.required("Code")),
        "promulgation": _promulgation(header.required("PromulgationInfo")),
        "document_type": _document_type(header.required("DocumentType")),
        "subject": header.required_text("Subject"),
        "content": header.text("Content"),
        "signer": _signer(header.required("SignerInfo")),
        "due_date": header.date("DueDate"),
        "to_places": _list(header, "ToPlaces", "Place"),
        "other_info": _other_info(header.one("OtherInfo")),
        "response_for": tuple(map(read_response_for, header.many("ResponseFor"))),
        "steering_type": header.integer("SteeringType"),
        "response_for_task": _list(header, "ResponseForTask", "TaskCode"),
        "application_type": header.text("ApplicationType"),
        "document_id": header.required_token("DocumentId"),
    }
    header.finish()
    return fields, _order(header)


def read_organization(cursor: Cursor) -> Organization:
    """Return a party of the exchange."""
    organization = Organization(
        organ_id=cursor.required_token("OrganId"),
        organ_name=cursor.required_text("OrganName"),
        organization_in_charge=cursor.text("OrganizationInCharge"),
        organ_add=cursor.text("OrganAdd"),
        email=cursor.token("Email"),
        telephone=cursor.text("Telephone"),
        fax=cursor.text("Fax"),
        website=cursor.token("Website"),
    )
    cursor.finish()
    return organization


def read_response_for(cursor: Cursor) -> ResponseFor:
    """Return the document that a packet answers."""
    answered = ResponseFor(
        organ_id=cursor.required_token("OrganId"),
        code=cursor.required_token("Code"),
        promulgation_date=cursor.required_date("PromulgationDate"),
        document_id=cursor.required_token("DocumentId"),
    )
    if "/" in answered.organ_id and scheme_of(answered.code):
        cursor.note(codes.SWAPPED)
    cursor.finish()
    return answered


def read_staff(cursor: Cursor) -> Staff:
    """Return the person who handles a packet."""
    staff = Staff(
        department=cursor.text("Department"),
        staff=cursor.text("Staff"),
        mobile=cursor.text("Mobile"),
        email=cursor.token("Email"),
    )
    cursor.finish()
    return staff


def _receivers(header: Cursor) -> tuple[Organization, ...]:
    found = tuple(map(read_organization, header.many("To")))
    if not found:
        header.note(codes.MISSING, "To")
    return found


def _code(cursor: Cursor) -> DocumentCode:
    code = DocumentCode(
        number=cursor.required_token("CodeNumber"),
        notation=cursor.required_token("CodeNotation"),
    )
    cursor.finish()
    return code


def _promulgation(cursor: Cursor) -> Promulgation:
    promulgation = Promulgation(
        place=cursor.required_text("Place"),
        date=cursor.required_date("PromulgationDate"),
    )
    cursor.finish()
    return promulgation


def _document_type(cursor: Cursor) -> DocumentType:
    document_type = DocumentType(
        type=cursor.required_integer("Type"),
        type_detail=cursor.integer("TypeDetail"),
        type_name=cursor.required_text("TypeName"),
    )
    cursor.finish()
    return document_type


def _signer(cursor: Cursor) -> Signer:
    signer = Signer(
        full_name=cursor.required_text("FullName"),
        position=cursor.text("Position"),
        competence=cursor.text("Competence"),
    )
    cursor.finish()
    return signer


def _other_info(cursor: Cursor | None) -> OtherInfo | None:
    if cursor is None:
        return None
    other = OtherInfo(
        priority=cursor.choice("Priority", Priority),
        sphere_of_promulgation=cursor.text("SphereOfPromulgation"),
        typer_notation=cursor.text("TyperNotation"),
        promulgation_amount=cursor.integer("PromulgationAmount"),
        page_amount=cursor.integer("PageAmount"),
        direction=cursor.flag("Direction"),
        appendixes=_list(cursor, "Appendixes", "Appendix"),
        reply_fors=cursor.texts("ReplyFors"),
        reference_codes=cursor.texts("ReferenceCodes"),
    )
    cursor.finish()
    return other


def _list(cursor: Cursor, outer: str, inner: str) -> tuple[str, ...]:
    found = cursor.one(outer)
    if found is None:
        return ()
    values = found.texts(inner)
    found.finish()
    return values


def _order(header: Cursor) -> ChildOrder:
    if _is_sorted(header.places(_QCVN_PLACES)):
        return ChildOrder.QCVN
    if not _is_sorted(header.places(_JAVA_PLACES)):
        header.note(codes.ODD_ORDER)
    return ChildOrder.JAVA


def _is_sorted(places: list[int]) -> bool:
    return places == sorted(places)
