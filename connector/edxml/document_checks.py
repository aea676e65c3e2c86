"""Checks of what a document packet says about the document; one function a rule."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from connector.edxml import rule_codes
from connector.edxml.layout import texts
from connector.edxml.names import attachment_path, readable
from connector.edxml.secret_marks import bears_mark, bears_word
from connector.edxml.values import date_text
from connector.errors import Finding
from connector.model.envelope import Document, Envelope, OtherInfo

__all__ = [
    "common_limits",
    "document_id_agrees",
    "due_date",
    "is_sound",
    "notation_shape",
    "number_shape",
    "promulgation_date",
    "receivers_once",
    "secret_mark",
    "sender_not_receiver",
    "text_sound",
    "traced",
]

_FIRST_YEAR: Final = 1945
_NUMBER: Final = re.compile(r"[0-9]{2,}[A-Za-zĐđ]{0,2}")
_NOTATION: Final = re.compile(r"-?[^\W_][\w&.]*([/-][\w&.]+)*")
_COMMA_FORM: Final = re.compile(r"[^,]+,([0-9]{4}/[0-9]{2}/[0-9]{2}),(.+)")
_DAMAGED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
_TELEPHONE: Final = 20
_TYPER_NOTATION: Final = 10


def secret_mark(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find marks of secrecy; the finding names the place and never the text."""
    other = document.other_info
    places = {
        "MessageHeader/Code/CodeNotation": bears_word(document.code.notation),
        "MessageHeader/Subject": bears_mark(document.subject),
        "MessageHeader/Content": bears_mark(document.content or ""),
        "MessageHeader/OtherInfo/SphereOfPromulgation": bears_word(
            (other and other.sphere_of_promulgation) or ""
        ),
    }
    count = len(document.attachments)
    for number, attachment in enumerate(document.attachments, 1):
        stem = attachment.name.rpartition(".")[0] or attachment.name
        places[f"{attachment_path(number, count)}/AttachmentName"] = bears_mark(stem)
    return (rule_codes.SECRET_MARK.at(place) for place, marked in places.items() if marked)


def promulgation_date(document: Document, today: dt.date) -> Iterator[Finding]:
    """Find days of issue that cannot be."""
    place = "MessageHeader/PromulgationInfo/PromulgationDate"
    day = document.promulgation.date
    if day > today:
        yield rule_codes.DATE_IN_FUTURE.at(place, date=date_text(day))
    if day.year < _FIRST_YEAR:
        yield rule_codes.DATE_TOO_OLD.at(place, date=date_text(day))


def due_date(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find a due date before the day of issue."""
    if document.due_date and document.due_date < document.promulgation.date:
        yield rule_codes.DUE_BEFORE_PROMULGATION.at("MessageHeader/DueDate")


def receivers_once(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find receivers that are named twice."""
    seen: set[str] = set()
    for number, receiver in enumerate(document.receivers, 1):
        if receiver.organ_id in seen:
            place = readable("MessageHeader", "To", number) + "/OrganId"
            yield rule_codes.RECEIVER_TWICE.at(place, code=receiver.organ_id)
        seen.add(receiver.organ_id)


def sender_not_receiver(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find the sender among its receivers."""
    if document.sender.organ_id in {receiver.organ_id for receiver in document.receivers}:
        yield rule_codes.SENDER_IS_RECEIVER.at("MessageHeader/To")


def number_shape(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find numbers that are not written as NĐ 30/2020 PL I wants them."""
    number = document.code.number
    if not _NUMBER.fullmatch(number):
        yield rule_codes.NUMBER_SHAPE.at("MessageHeader/Code/CodeNumber", value=number)


def notation_shape(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find notations that are not written as NĐ 30/2020 PL I wants them."""
    notation = document.code.notation
    if not _NOTATION.fullmatch(notation):
        yield rule_codes.NOTATION_SHAPE.at("MessageHeader/Code/CodeNotation", value=notation)


def document_id_agrees(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Compare a DocumentId of the form ``agency,date,number/notation`` with the header."""
    said = _COMMA_FORM.fullmatch(document.document_id)
    if said is None:
        return
    for mine, theirs in (
        (said[1], date_text(document.promulgation.date)),
        (said[2], str(document.code)),
    ):
        if mine != theirs:
            yield rule_codes.ID_DIFFERS.at("MessageHeader/DocumentId", said=mine, found=theirs)


def traced(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find packets whose sender wrote no hop."""
    if not document.traces:
        yield rule_codes.NO_TRACE.at("TraceHeaderList")


def text_sound(envelope: Envelope, _today: dt.date) -> Iterator[Finding]:
    """Find text that is not composed Unicode, or that only a wrong charset leaves behind."""
    for place, text in texts(envelope):
        if text.isascii() and text.isprintable():
            continue
        if not unicodedata.is_normalized("NFC", text):
            yield rule_codes.NOT_NFC.at(place)
        found = _DAMAGED.search(text)
        if found:
            yield rule_codes.DAMAGED_TEXT.at(place, point=ord(found[0]))


def is_sound(text: str) -> bool:
    """Tell whether neither a text nor any piece of it has what `text_sound` looks for."""
    return unicodedata.is_normalized("NFC", text) and _DAMAGED.search(text) is None


def common_limits(document: Document, _today: dt.date) -> Iterator[Finding]:
    """Find values longer than systems in use accept, where no law sets the limit."""
    other = document.other_info or OtherInfo()
    values = {
        "From/Telephone": (document.sender.telephone, _TELEPHONE),
        "From/Fax": (document.sender.fax, _TELEPHONE),
        "OtherInfo/TyperNotation": (other.typer_notation, _TYPER_NOTATION),
    }
    for place, (value, limit) in values.items():
        if value is not None and len(value) > limit:
            facts = {"length": len(value), "limit": limit}
            yield rule_codes.OVER_COMMON_LIMIT.at(f"MessageHeader/{place}", **facts)
