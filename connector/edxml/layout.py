"""Envelope → the elements of its packet, in the order that a route wants.

Nothing is checked here and nothing is bytes yet; `writer` does both.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connector.edxml.names import EVIDENCE_NS, NS, readable
from connector.edxml.values import date_text, moment_text
from connector.model.envelope import (
    Attachment,
    Business,
    Document,
    Envelope,
    Evidence,
    InformationChange,
    Organization,
    OtherInfo,
    Replacement,
    ResponseFor,
    Staff,
    StatusReport,
    TraceHeader,
)
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions

__all__ = ["Node", "lay_out", "texts", "with_paths"]


@dataclass(slots=True)
class Node:
    """One element: its name as printed and text, children or a payload; nobody changes it.

    A `token` is an identifier that must not begin or end with white space. It is not frozen,
    for there are dozens in a packet and frozen ones take three times as long to make.
    """

    name: str
    content: str | tuple[Node, ...] | Attachment
    attributes: str = ""
    token: bool = False

    @property
    def local(self) -> str:
        """The name without prefix."""
        return self.name.rpartition(":")[2]


def lay_out(envelope: Envelope, options: WriteOptions) -> Node:
    """Return the root element of a packet."""
    if isinstance(envelope, StatusReport):
        header = _branch("edXMLHeader", _status_header(envelope), _evidence(envelope.evidence))
        return _root(_envelope(header))
    header = _branch("edXMLHeader", _message_header(envelope, options.order), _traces(envelope))
    references = _children(map(_reference, envelope.attachments))
    manifest = Node("edXML:edXMLManifest", references, ' version="1.0"')
    body = _branch("edXMLBody", manifest)
    return _root(_envelope(header, body), _attachments(envelope.attachments, options))


def with_paths(nodes: tuple[Node, ...], path: str) -> Iterator[tuple[Node, str]]:
    """Yield the children of one element with their readable paths, in linear time."""
    names = [node.name for node in nodes]
    once = len(set(names)) == len(names)
    repeated = set() if once else {name for name, count in Counter(names).items() if count > 1}
    seen: Counter[str] = Counter()
    for node in nodes:
        index = 0
        if node.name in repeated:
            seen[node.name] += 1
            index = seen[node.name]
        yield node, readable(path, node.local, index)


def texts(envelope: Envelope) -> Iterator[tuple[str, str]]:
    """Yield the readable path and the text of every element that a packet would have."""
    waiting = [(lay_out(envelope, WriteOptions()), "")]
    while waiting:
        node, path = waiting.pop()
        if isinstance(node.content, str):
            yield path, node.content
        elif isinstance(node.content, tuple):
            waiting += reversed(tuple(with_paths(node.content, path)))


def _children(nodes: Iterable[Node | None]) -> tuple[Node, ...]:
    return tuple([node for node in nodes if node is not None])


def _branch(name: str, *nodes: Node | None) -> Node:
    return Node(f"edXML:{name}", _children(nodes))


def _text(name: str, value: str | None) -> Node | None:
    return None if value is None else Node(f"edXML:{name}", value)


def _token(name: str, value: str | None) -> Node | None:
    return None if value is None else Node(f"edXML:{name}", value, token=True)


def _number(name: str, value: int | None) -> Node | None:
    return None if value is None else Node(f"edXML:{name}", str(int(value)))


def _date(name: str, value: dt.date | None) -> Node | None:
    return None if value is None else Node(f"edXML:{name}", date_text(value))


def _list(outer: str, inner: str, values: tuple[str, ...]) -> Node | None:
    return _branch(outer, *(_text(inner, value) for value in values)) if values else None


def _root(*nodes: Node | None) -> Node:
    return Node("edXML", _children(nodes), f' xmlns="{NS}"')


def _envelope(*nodes: Node) -> Node:
    return Node("edXML:edXMLEnvelope", nodes, f' xmlns:edXML="{NS}"')


def _message_header(document: Document, order: ChildOrder) -> Node:
    places = _list("ToPlaces", "Place", document.to_places)
    document_id = _token("DocumentId", document.document_id)
    is_java = order is ChildOrder.JAVA
    return _branch(
        "MessageHeader",
        _organization("From", document.sender),
        *(_organization("To", receiver) for receiver in document.receivers),
        document_id if is_java else None,
        *_act(document),
        None if is_java else places,
        _other_info(document.other_info),
        *(_response_for(each, order) for each in document.response_for),
        _number("SteeringType", document.steering_type),
        _list("ResponseForTask", "TaskCode", document.response_for_task),
        _text("ApplicationType", document.application_type),
        places if is_java else document_id,
    )


def _act(document: Document) -> tuple[Node | None, ...]:
    """Return what stands alike in both orders, from Code to DueDate."""
    kind, signer = document.document_type, document.signer
    return (
        _branch(
            "Code",
            _token("CodeNumber", document.code.number),
            _token("CodeNotation", document.code.notation),
        ),
        _branch(
            "PromulgationInfo",
            _text("Place", document.promulgation.place),
            _date("PromulgationDate", document.promulgation.date),
        ),
        _branch(
            "DocumentType",
            _number("Type", kind.type),
            _number("TypeDetail", kind.type_detail),
            _text("TypeName", kind.type_name),
        ),
        _text("Subject", document.subject),
        _text("Content", document.content),
        _branch(
            "SignerInfo",
            _text("Competence", signer.competence),
            _text("Position", signer.position),
            _text("FullName", signer.full_name),
        ),
        _date("DueDate", document.due_date),
    )


def _organization(name: str, party: Organization) -> Node:
    return _branch(
        name,
        _token("OrganId", party.organ_id),
        _text("OrganizationInCharge", party.organization_in_charge),
        _text("OrganName", party.organ_name),
        _text("OrganAdd", party.organ_add),
        _token("Email", party.email),
        _text("Telephone", party.telephone),
        _text("Fax", party.fax),
        _token("Website", party.website),
    )


def _other_info(other: OtherInfo | None) -> Node | None:
    if other is None:
        return None
    direction = None if other.direction is None else str(other.direction).lower()
    return _branch(
        "OtherInfo",
        _number("Priority", other.priority),
        _text("SphereOfPromulgation", other.sphere_of_promulgation),
        _text("TyperNotation", other.typer_notation),
        _number("PromulgationAmount", other.promulgation_amount),
        _number("PageAmount", other.page_amount),
        *(_text("ReplyFors", each) for each in other.reply_fors),
        _text("Direction", direction),
        *(_text("ReferenceCodes", each) for each in other.reference_codes),
        _list("Appendixes", "Appendix", other.appendixes),
    )


def _response_for(answered: ResponseFor, order: ChildOrder) -> Node:
    day = _date("PromulgationDate", answered.promulgation_date)
    document_id = _token("DocumentId", answered.document_id)
    last = (document_id, day) if order is ChildOrder.JAVA else (day, document_id)
    return _branch(
        "ResponseFor", _token("OrganId", answered.organ_id), _token("Code", answered.code), *last
    )


def _traces(document: Document) -> Node | None:
    if not document.traces and document.business is None:
        return None
    return _branch("TraceHeaderList", *map(_trace, document.traces), _business(document.business))


def _trace(hop: TraceHeader) -> Node:
    return _branch(
        "TraceHeader", _token("OrganId", hop.organ_id), _text("Timestamp", _moment(hop.timestamp))
    )


def _moment(moment: dt.datetime) -> str:
    return moment_text(moment) if moment.tzinfo else ""


def _business(business: Business | None) -> Node | None:
    if business is None:
        return None
    replaced = map(_replacement, business.replacements)
    return _branch(
        "Bussiness",
        _token("DocumentId", business.document_id),
        _number("BussinessDocType", business.type),
        _text("BussinessDocReason", business.reason),
        _number("Paper", business.paper),
        *map(_change, business.changes),
        _branch("ReplacementInfoList", *replaced) if business.replacements else None,
        *map(_staff, business.staff),
    )


def _change(change: InformationChange) -> Node:
    receivers = (
        _branch(
            "Receiver",
            _token("OrganId", receiver.organ_id),
            _number("ReceiverType", receiver.added),
        )
        for receiver in change.receivers
    )
    return _branch(
        "BussinessDocumentInfo",
        _number("DocumentInfo", change.document_info),
        _number("DocumentReceiver", change.document_receiver),
        _branch("ReceiverList", *receivers) if change.receivers else None,
    )


def _replacement(replacement: Replacement) -> Node:
    organs = (_token("OrganId", organ_id) for organ_id in replacement.organ_ids)
    return _branch(
        "ReplacementInfo",
        _token("DocumentId", replacement.document_id),
        _branch("OrganIdList", *organs) if replacement.organ_ids else None,
    )


def _staff(staff: Staff) -> Node:
    return _branch(
        "StaffInfo",
        _text("Department", staff.department),
        _text("Staff", staff.staff),
        _text("Mobile", staff.mobile),
        _token("Email", staff.email),
    )


def _reference(attachment: Attachment) -> Node:
    return _branch(
        "Reference",
        _token("ContentId", f"cid:{attachment.content_id}"),
        _token("ContentType", attachment.content_type),
        _text("Description", attachment.description),
        _text("AttachmentName", attachment.name),
    )


def _attachments(attachments: tuple[Attachment, ...], options: WriteOptions) -> Node | None:
    if not attachments:
        return None
    return Node("AttachmentEncoded", tuple(_attachment(each, options) for each in attachments))


def _attachment(attachment: Attachment, options: WriteOptions) -> Node:
    zipped = options.attachment_encoding is AttachmentEncoding.ZIP
    content_type = "application/zip" if zipped else attachment.content_type
    nodes = [
        Node("ContentId", f"cid:{attachment.content_id}", token=True),
        Node("AttachmentName", attachment.name),
        Node("ContentType", content_type, token=True),
        Node("ContentTransferEncoded", attachment),
    ]
    if attachment.description is not None:
        nodes.insert(2, Node("Description", attachment.description))
    return Node("Attachment", tuple(nodes))


def _status_header(report: StatusReport) -> Node:
    return _branch(
        "MessageHeader",
        _organization("From", report.sender),
        _response_for(report.response_for, ChildOrder.QCVN),
        None if report.staff is None else _staff(report.staff),
        _text("StatusCode", report.status_code.value),
        _text("Description", report.description),
        _text("Timestamp", _moment(report.timestamp)),
    )


def _evidence(evidence: Evidence | None) -> Node | None:
    if evidence is None:
        return None
    nodes = [Node("c:Digest", evidence.digest, token=True)]
    if evidence.journal_head is not None:
        nodes.append(Node("c:JournalHead", evidence.journal_head, token=True))
    return Node("c:Evidence", tuple(nodes), f' xmlns:c="{EVIDENCE_NS}"')
