"""The nouns of a packet: QCVN 102:2016/BTTTT as the field uses it, one name per element.

Two kinds of packet exist: a `Document` (new, recall, update, replace) and a `StatusReport`.
Dates are calendar days in Vietnam; moments are aware. `None` means that the element is absent;
an empty string never occurs.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from connector.model.content import Content

__all__ = [
    "Attachment",
    "Business",
    "BusinessType",
    "Document",
    "DocumentCode",
    "DocumentType",
    "Envelope",
    "Evidence",
    "InformationChange",
    "Organization",
    "OtherInfo",
    "Priority",
    "Promulgation",
    "ReceiverChange",
    "Replacement",
    "ResponseFor",
    "Signer",
    "Staff",
    "StatusCode",
    "StatusReport",
    "TraceHeader",
]


class BusinessType(IntEnum):
    """What a document packet does (BussinessDocType)."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


class Priority(IntEnum):
    """Độ khẩn; 1 to 4 travel in the urgent lane (QĐ 28/2018 Đ6(2))."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    IMMEDIATE = 3
    IMMEDIATE_TIMED = 4


class StatusCode(StrEnum):
    """Processing states that receivers report (domain: status packet)."""

    ARRIVED = "01"
    REFUSED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    PROCESSING = "05"
    FINISHED = "06"
    TAKE_BACK = "13"
    CHANGE_AGREED = "15"
    CHANGE_REFUSED = "16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An agency as a party of the exchange."""

    organ_id: str
    organ_name: str
    organization_in_charge: str | None = None
    organ_add: str | None = None
    email: str | None = None
    telephone: str | None = None
    fax: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentCode:
    """Số và ký hiệu. A notation that begins with ``-`` (Party style) joins without a slash."""

    number: str
    notation: str

    def __str__(self) -> str:
        joint = "" if self.notation.startswith("-") else "/"
        return f"{self.number}{joint}{self.notation}"


@dataclass(frozen=True, slots=True)
class Promulgation:
    """Place and day of issue."""

    place: str
    date: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """Kind of document; receivers match on the name, the numbers differ between systems."""

    type: int
    type_name: str
    type_detail: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed, with which authority (TM., KT., TL., TUQ., Q.)."""

    full_name: str
    position: str | None = None
    competence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherInfo:
    """Urgency, circulation and counts; `direction`, `reply_fors`, `reference_codes` are VNPT's."""

    priority: Priority | None = None
    sphere_of_promulgation: str | None = None
    typer_notation: str | None = None
    promulgation_amount: int | None = None
    page_amount: int | None = None
    direction: bool | None = None
    appendixes: tuple[str, ...] = ()
    reply_fors: tuple[str, ...] = ()
    reference_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFor:
    """The document that this packet answers; `code` is the joined number and notation."""

    organ_id: str
    code: str
    promulgation_date: dt.date
    document_id: str


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """One hop of the packet; `organ_id` may be unknown on input."""

    organ_id: str | None
    timestamp: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The person who handles the packet."""

    department: str | None = None
    staff: str | None = None
    mobile: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiverChange:
    """An update's receiver: `added` True for newly added (1), False for taken off (0)."""

    organ_id: str
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationChange:
    """What an update packet changes (BussinessDocumentInfo)."""

    document_info: bool | None = None
    document_receiver: bool | None = None
    receivers: tuple[ReceiverChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Replacement:
    """A document that this one replaces, and the agencies for which it does."""

    document_id: str
    organ_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """What the packet does; a packet without it counts as new."""

    type: BusinessType = BusinessType.NEW
    reason: str | None = None
    paper: bool | None = None
    document_id: str | None = None
    changes: tuple[InformationChange, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    staff: tuple[Staff, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attached file; `content_id` without ``cid:``, `content_type` of the file itself."""

    content_id: str
    name: str
    content_type: str
    content: Content
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document packet's content."""

    sender: Organization
    receivers: tuple[Organization, ...]
    code: DocumentCode
    promulgation: Promulgation
    document_type: DocumentType
    subject: str
    signer: Signer
    document_id: str
    content: str | None = None
    due_date: dt.date | None = None
    to_places: tuple[str, ...] = ()
    other_info: OtherInfo | None = None
    response_for: tuple[ResponseFor, ...] = ()
    steering_type: int | None = None
    response_for_task: tuple[str, ...] = ()
    application_type: str | None = None
    traces: tuple[TraceHeader, ...] = ()
    business: Business | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def business_type(self) -> BusinessType:
        """What the packet does; absence means a new document."""
        return self.business.type if self.business else BusinessType.NEW

    @property
    def priority(self) -> Priority:
        """Độ khẩn; absence means normal."""
        given = self.other_info.priority if self.other_info else None
        return Priority.NORMAL if given is None else given


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a status answers: signed digest of that packet, and the head of our journal."""

    digest: str
    journal_head: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """A status packet's content."""

    sender: Organization
    response_for: ResponseFor
    status_code: StatusCode
    timestamp: dt.datetime
    description: str | None = None
    staff: Staff | None = None
    evidence: Evidence | None = None


Envelope = Document | StatusReport
