"""Documents of a known form: the general way once for all that differ in some texts only.

The documents of an adapter have the same elements nearly always, as many receivers and files now
and then; so their form is found by its shape (see `connector.edxml.form`). Answers, updates and
replacements, and what only some vendors write, go the general way. The rules are asked for every
document, and its files are looked at as ever.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from connector.clock import VIETNAM
from connector.edxml.encode import payload_of
from connector.edxml.form import Form, form_of, sign
from connector.edxml.names import attachment_path
from connector.edxml.payload import STAND_IN
from connector.edxml.rules import check_rules
from connector.edxml.values import date_text, moment_text
from connector.edxml.writer import escaped, is_content_id
from connector.errors import Severity
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    Signer,
    Staff,
    TraceHeader,
)
from connector.model.packet import (
    AttachmentEncoding,
    ChildOrder,
    Packet,
    Payload,
    Woven,
    WriteOptions,
)

__all__ = ["LONGEST", "follows_schema", "pack_document"]

LONGEST: Final = {
    "organ_id": 60,
    "organ_name": 200,
    "document_id": 200,
    "number": 11,
    "notation": 30,
    "place": 50,
    "date": 10,
    "type": 3,
    "type_detail": 3,
    "type_name": 100,
    "subject": 500,
    "content": 500,
    "competence": 100,
    "position": 100,
    "full_name": 50,
    "due_date": 10,
    "to_place": 500,
    "sphere": 100,
    "typer_notation": 50,
    "promulgation_amount": 3,
    "page_amount": 3,
    "moment": 19,
    "reason": 500,
    "content_id": 200,
    "content_type": 150,
    "file_name": 255,
}
"""Texts that differ, and how many characters the schema allows them."""

_ACT: Final = (
    *("number", "notation", "place", "date", "type", "type_detail", "type_name", "subject"),
    *("content", "competence", "position", "full_name", "due_date"),
)
_OTHER: Final = ("sphere", "typer_notation", "promulgation_amount", "page_amount")
_TRACE: Final = ("organ_id", "moment", "document_id", "reason")
_FILE: Final = ("content_id", "content_type", "file_name")
_STANDS: Final[dict[str, tuple[Any, str]]] = {
    "date": (dt.date(1111, 11, 11), "1111/11/11"),
    "due_date": (dt.date(1111, 11, 12), "1111/11/12"),
    "type": (111, "111"),
    "type_detail": (112, "112"),
    "promulgation_amount": (113, "113"),
    "page_amount": (114, "114"),
    "moment": (dt.datetime(1111, 11, 11, 11, 11, 11, tzinfo=VIETNAM), "1111/11/11 11:11:11"),
}
"""What a sample holds, and has written, where a sign can be neither."""

_PAYLOAD: Final = sign(0)
_MOST_TEXTS: Final = 400
_GREATEST: Final = 999
_NO_OTHER: Final = OtherInfo()
_NO_BUSINESS: Final = Business()


class _Shape(NamedTuple):
    """What documents of one form have in common; `absent` tells which texts are not there."""

    options: WriteOptions
    sender: Organization | None
    """If it says more of itself than its code and name, which are texts else."""
    receivers: int
    places: int
    files: int
    other: bool
    priority: Priority | None
    steering_type: int | None
    business: BusinessType | None
    paper: bool | None
    staff: tuple[Staff, ...]
    absent: tuple[bool, ...]


def pack_document(document: Document, options: WriteOptions, *, today: dt.date) -> Packet | None:
    """Return the packet of a document as `pack` would, None if the general way has to look at it.

    Raises:
        PermanentError: a file cannot be sent, as in `connector.edxml.encode`.
    """
    found = _found(document, options)
    if found is None:
        return None
    form, texts = found
    findings = check_rules(document, today=today, written=form.characters(texts))
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None
    woven = Woven(form.literals, (*map(escaped, texts), *_encoded(document, options)))
    return Packet(woven.parts(), document, woven)


def follows_schema(document: Document, options: WriteOptions) -> bool:
    """Tell whether the schema accepts a document as these options write it.

    False if it has to be asked, as it has for senders who say much of themselves: there may be
    very many, each with a form of its own.
    """
    return _is_plain_party(document.sender) and _found(document, options) is not None


def _found(document: Document, options: WriteOptions) -> tuple[Form, list[str]] | None:
    """Return the form of a document and its texts, which the form takes; None for all others."""
    if not _is_common(document):
        return None
    given = _texts(document, options)
    if len(given) > _MOST_TEXTS:
        return None
    form = _form(_shape(document, options, given))
    texts = [text for text in given if text is not None]
    return None if form is None or not form.takes(texts) else (form, texts)


def _is_common(document: Document) -> bool:
    """Tell whether a document has nothing but what forms are made for."""
    other, business = document.other_info or _NO_OTHER, document.business or _NO_BUSINESS
    return (
        len(document.traces) == 1
        and not document.response_for
        and not document.response_for_task
        and document.application_type is None
        and other.direction is None
        and not (other.appendixes or other.reply_fors or other.reference_codes)
        and not (business.changes or business.replacements)
        and all(map(_is_plain_party, document.receivers))
        and all(map(_is_plain_file, document.attachments))
    )


def _is_plain_party(party: Organization) -> bool:
    charge, address, email = party.organization_in_charge, party.organ_add, party.email
    telephone, fax, website = party.telephone, party.fax, party.website
    return charge is address is email is telephone is fax is website is None


def _is_plain_file(file: Attachment) -> bool:
    return file.description is None and is_content_id(file.content_id)


def _shape(document: Document, options: WriteOptions, given: Iterable[str | None]) -> _Shape:
    other, business = document.other_info, document.business
    said = business or _NO_BUSINESS
    return _Shape(
        options,
        None if _is_plain_party(document.sender) else document.sender,
        len(document.receivers),
        len(document.to_places),
        len(document.attachments),
        other is not None,
        None if other is None else other.priority,
        document.steering_type,
        None if business is None else business.type,
        said.paper,
        said.staff,
        tuple([text is None for text in given]),
    )


def _texts(document: Document, options: WriteOptions) -> list[str | None]:
    """Return the texts in which documents differ, in their order, None for each that is absent."""
    kind, signer, (hop,) = document.document_type, document.signer, document.traces
    other, business = document.other_info or _NO_OTHER, document.business or _NO_BUSINESS
    own: tuple[str, ...] = (document.document_id,)
    is_java = options.order is ChildOrder.JAVA
    texts: list[str | None] = []
    sender = (document.sender,) if _is_plain_party(document.sender) else ()
    for each in (*sender, *document.receivers):
        texts += (each.organ_id, each.organ_name)
    texts += own if is_java else ()
    texts += (document.code.number, document.code.notation)
    texts += (document.promulgation.place, date_text(document.promulgation.date))
    texts += (_number(kind.type), _number(kind.type_detail), kind.type_name)
    texts += (document.subject, document.content)
    texts += (signer.competence, signer.position, signer.full_name)
    texts.append(None if document.due_date is None else date_text(document.due_date))
    texts += () if is_java else document.to_places
    texts += (other.sphere_of_promulgation, other.typer_notation)
    texts += (_number(other.promulgation_amount), _number(other.page_amount))
    texts += document.to_places if is_java else own
    texts += (hop.organ_id, moment_text(hop.timestamp) if hop.timestamp.tzinfo else "")
    texts += (business.document_id, business.reason)
    for file in document.attachments:
        texts += (f"cid:{file.content_id}", file.content_type, file.name)
    return texts


def _names(shape: _Shape) -> list[str]:
    """Return what `_texts` returns, by name."""
    own, places = ("document_id",), ("to_place",) * shape.places
    before, behind = (own, places) if shape.options.order is ChildOrder.JAVA else ((), own)
    between = () if shape.options.order is ChildOrder.JAVA else places
    parties = ("organ_id", "organ_name") * (shape.receivers + (shape.sender is None))
    act = (*parties, *before, *_ACT, *between, *_OTHER, *behind)
    return [*act, *_TRACE, *_FILE * shape.files]


def _number(value: int | None) -> str | None:
    """Return a number as packets write it; one that the schema refuses is left to it."""
    if value is None:
        return None
    return str(int(value)) if 0 <= value <= _GREATEST else ""


def _encoded(document: Document, options: WriteOptions) -> Iterator[str | Payload]:
    """Yield what differs in AttachmentEncoded."""
    encoding, count = options.attachment_encoding, len(document.attachments)
    for number, file in enumerate(document.attachments, 1):
        yield f"cid:{file.content_id}"
        yield escaped(file.name)
        if encoding is AttachmentEncoding.RAW:
            yield escaped(file.content_type)
        place = f"{attachment_path(number, count)}/ContentTransferEncoded"
        yield payload_of(file, encoding, place)


@lru_cache(maxsize=256)
def _form(shape: _Shape) -> Form | None:
    """Return the form of all documents of a shape; None if it is refused."""
    options, names = shape.options, _names(shape)
    signs = [None if absent else sign(number) for number, absent in enumerate(shape.absent, 1)]
    there = [(name, mark) for name, mark in zip(names, signs, strict=True) if mark is not None]
    stands = {_STANDS[name][1]: mark for name, mark in there if name in _STANDS}
    sample = _sample(shape, zip(names, signs, strict=True))
    texts = [stands.get(text, text) for text in _texts(sample, options) if text is not None]
    encoded = [
        _PAYLOAD if isinstance(each, Payload) else each for each in _encoded(sample, options)
    ]
    return form_of(
        sample,
        options,
        signs=(*texts, *encoded),
        stands={**stands, STAND_IN.decode(): _PAYLOAD},
        longest=tuple(LONGEST[name] for name, _ in there),
    )


def _sample(shape: _Shape, signs: Iterable[tuple[str, str | None]]) -> Document:
    """Return a document of a shape with signs for texts, and what stands for a sign elsewhere."""
    all_of: defaultdict[str, list[Any]] = defaultdict(list)
    for name, mark in signs:
        all_of[name].append(None if mark is None else _STANDS.get(name, (mark,))[0])
    one = {name: values[0] for name, values in all_of.items()}
    named = zip(all_of["organ_id"][:-1], all_of["organ_name"], strict=True)
    parties = [Organization(organ_id=code, organ_name=name) for code, name in named]
    return Document(
        sender=shape.sender or parties.pop(0),
        receivers=tuple(parties),
        code=DocumentCode(one["number"], one["notation"]),
        promulgation=Promulgation(one["place"], one["date"]),
        document_type=DocumentType(
            type=one["type"], type_name=one["type_name"], type_detail=one["type_detail"]
        ),
        subject=one["subject"],
        signer=Signer(
            full_name=one["full_name"], position=one["position"], competence=one["competence"]
        ),
        document_id=one["document_id"],
        content=one["content"],
        due_date=one["due_date"],
        to_places=tuple(all_of["to_place"]),
        other_info=_sample_info(shape, one) if shape.other else None,
        steering_type=shape.steering_type,
        traces=(TraceHeader(all_of["organ_id"][-1], one["moment"]),),
        business=_sample_business(shape, all_of["document_id"][-1], one["reason"]),
        attachments=_sample_files(all_of),
    )


def _sample_info(shape: _Shape, one: Mapping[str, Any]) -> OtherInfo:
    return OtherInfo(
        priority=shape.priority,
        sphere_of_promulgation=one["sphere"],
        typer_notation=one["typer_notation"],
        promulgation_amount=one["promulgation_amount"],
        page_amount=one["page_amount"],
    )


def _sample_business(shape: _Shape, document_id: str | None, reason: str | None) -> Business | None:
    if shape.business is None:
        return None
    return Business(
        type=shape.business,
        reason=reason,
        paper=shape.paper,
        document_id=document_id,
        staff=shape.staff,
    )


def _sample_files(all_of: Mapping[str, Sequence[str]]) -> tuple[Attachment, ...]:
    described = zip(*(all_of.get(name, ()) for name in _FILE), strict=True)
    return tuple(
        Attachment(content_id=content_id, name=name, content_type=kind, content=BytesContent(b""))
        for content_id, kind, name in described
    )
