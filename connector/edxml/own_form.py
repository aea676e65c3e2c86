"""Packets exactly as this project writes them: taken apart by patterns, without a tree.

What one connector sends to another nearly always has one form: `layout` with its usual elements,
each of which is a pattern here. A text that these match from its first to its last character has
no other reading. All markup is in the patterns; a value is printable, without outer spaces, with
``<``, ``>`` and ``&`` as the writer escapes them, and no placeholder. So the text is well-formed
and its own canonical form, holds no Signature, no attribute and no name but those known here, and
the writer makes the very same of what was read, a stand-in for each payload. Property tests
compare all that with the tree's way.

Whatever is not so, an act on an earlier document, another order or encoding, a value to be
normalised, anything at all to be reported, is left to the tree: there all is found, in its order
and with its place.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Final

from connector.edxml.attachment_list import Found, Payloads, unpacked
from connector.edxml.names import NS
from connector.edxml.payload import STAND_IN, Label, too_long
from connector.edxml.values import PLACEHOLDERS, read_date, read_moment
from connector.errors import Finding
from connector.model.envelope import (
    Attachment,
    Business,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    ResponseFor,
    Signer,
    TraceHeader,
)
from connector.model.packet import AttachmentEncoding

__all__ = ["OwnForm", "own_form", "read_own"]

_Values = dict[str, Any]
_VALUE: Final = "[^<>]+"
_NUMBER: Final = "0|[1-9][0-9]{0,8}"
_DAY: Final = "[0-9]{4}/[0-9]{2}/[0-9]{2}"
_PRIORITY: Final = "|".join(str(int(each)) for each in Priority)
_STAND_IN: Final = "[0-9A-Za-z+/]{32}"
_NO_ESCAPE: Final = re.compile("&(?!(?:amp|lt|gt);)")
_PLACEHOLDER: Final = re.compile(f">(?:{'|'.join(PLACEHOLDERS)})<", re.IGNORECASE)


def _one(name: str, field: str, value: str = _VALUE, prefix: str = "edXML:") -> str:
    """Return the pattern of an element with a value; `field` is its name in the model."""
    return f"<{prefix}{name}>(?P<{field}>{value})</{prefix}{name}>"


def _maybe(name: str, field: str, value: str = _VALUE, prefix: str = "edXML:") -> str:
    return f"(?:{_one(name, field, value, prefix)})?"


def _in(name: str, *parts: str) -> str:
    return f"<edXML:{name}>{''.join(parts)}</edXML:{name}>"


_PARTY: Final = (
    _one("OrganId", "organ_id"),
    _maybe("OrganizationInCharge", "organization_in_charge"),
    _one("OrganName", "organ_name"),
    _maybe("OrganAdd", "organ_add"),
    _maybe("Email", "email"),
    _maybe("Telephone", "telephone"),
    _maybe("Fax", "fax"),
    _maybe("Website", "website"),
)
_START: Final = re.compile(
    re.escape(
        f'<edXML xmlns="{NS}"><edXML:edXMLEnvelope xmlns:edXML="{NS}">'
        "<edXML:edXMLHeader><edXML:MessageHeader>"
    )
)
_FROM: Final = re.compile(_in("From", *_PARTY))
_TO: Final = re.compile(_in("To", *_PARTY))
_CODE: Final = re.compile(
    _in("Code", _one("CodeNumber", "number"), _one("CodeNotation", "notation"))
)
_ACT: Final = re.compile(
    _in("PromulgationInfo", _one("Place", "place"), _one("PromulgationDate", "date", _DAY))
    + _in(
        "DocumentType",
        _one("Type", "type", _NUMBER),
        _maybe("TypeDetail", "type_detail", _NUMBER),
        _one("TypeName", "type_name"),
    )
    + _one("Subject", "subject")
    + _maybe("Content", "content")
)
_SIGNER: Final = re.compile(
    _in(
        "SignerInfo",
        _maybe("Competence", "competence"),
        _maybe("Position", "position"),
        _one("FullName", "full_name"),
    )
)
_DUE: Final = re.compile(_maybe("DueDate", "due_date", _DAY))
_PLACES: Final = re.compile("<edXML:ToPlaces>")
_PLACE: Final = re.compile(_one("Place", "place"))
_PLACES_END: Final = re.compile("</edXML:ToPlaces>")
_OTHER: Final = re.compile(
    _in(
        "OtherInfo",
        _maybe("Priority", "priority", _PRIORITY),
        _maybe("SphereOfPromulgation", "sphere_of_promulgation"),
        _maybe("TyperNotation", "typer_notation"),
        _maybe("PromulgationAmount", "promulgation_amount", _NUMBER),
        _maybe("PageAmount", "page_amount", _NUMBER),
    )
)
_ANSWERED: Final = re.compile(
    _in(
        "ResponseFor",
        _one("OrganId", "organ_id", "[^<>/]+"),  # with a slash it may be swapped with Code
        _one("Code", "code"),
        _one("PromulgationDate", "promulgation_date", _DAY),
        _one("DocumentId", "document_id"),
    )
)
_DOCUMENT_ID: Final = re.compile(
    _one("DocumentId", "document_id") + "</edXML:MessageHeader><edXML:TraceHeaderList>"
)
_TRACE: Final = re.compile(
    _in(
        "TraceHeader",
        _maybe("OrganId", "organ_id"),
        _one("Timestamp", "timestamp", f"{_DAY} [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}"),
    )
)
_NEW: Final = re.compile(
    _in(
        "Bussiness",
        "<edXML:BussinessDocType>0</edXML:BussinessDocType>",
        _maybe("BussinessDocReason", "reason"),
    )
)
_MANIFEST: Final = re.compile(
    re.escape(
        "</edXML:TraceHeaderList></edXML:edXMLHeader><edXML:edXMLBody>"
        '<edXML:edXMLManifest version="1.0">'
    )
)
_REFERENCE: Final = re.compile(
    _in(
        "Reference",
        _one("ContentId", "content_id", f"cid:{_VALUE}"),
        _one("ContentType", "content_type"),
        _maybe("Description", "description"),
        _one("AttachmentName", "name"),
    )
)
_ATTACHED: Final = re.compile(
    "</edXML:edXMLManifest></edXML:edXMLBody></edXML:edXMLEnvelope><AttachmentEncoded>"
)
_ATTACHMENT: Final = re.compile(
    "<Attachment>"
    + _one("ContentId", "content_id", f"cid:{_VALUE}", prefix="")
    + _one("AttachmentName", "name", prefix="")
    + _maybe("Description", "description", prefix="")
    + "<ContentType>application/zip</ContentType>"
    + _one("ContentTransferEncoded", "token", _STAND_IN, prefix="")
    + "</Attachment>"
)
_END: Final = re.compile("</AttachmentEncoded></edXML>")


@dataclass(frozen=True, slots=True)
class OwnForm:
    """A packet that was taken apart: its text, and its values by their names in the model."""

    data: bytes
    sender: _Values
    receivers: list[_Values]
    act: _Values
    other_info: _Values | None
    response_for: list[_Values]
    traces: list[_Values]
    business: _Values | None
    references: list[_Values]
    tokens: list[str]

    def written(self) -> bytes:
        """Return what the writer makes of the envelope, with a stand-in for each payload."""
        data = self.data
        for token in self.tokens:
            data = data.replace(token.encode(), STAND_IN, 1)
        return data


class _OtherForm(Exception):
    """This text has another form."""


class _Text:
    """Takes a text apart from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self.at = 0
        self._escaped: Final = "&" in text

    def one(self, pattern: re.Pattern[str]) -> _Values:
        """Return the values of what has to come next."""
        values = self.maybe(pattern)
        if values is None:
            raise _OtherForm
        return values

    def maybe(self, pattern: re.Pattern[str]) -> _Values | None:
        """Return the values of what may come next, None if something else does."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        values = found.groupdict()
        if not self._escaped:
            return values
        return {name: value and _unescaped(value) for name, value in values.items()}

    def several(self, pattern: re.Pattern[str]) -> list[_Values]:
        """Return the values of all that come next in one form; there has to be one."""
        return [self.one(pattern), *self.any(pattern)]

    def any(self, pattern: re.Pattern[str]) -> list[_Values]:
        """Return the values of all that come next in one form, however few."""
        several = []
        while (found := self.maybe(pattern)) is not None:
            several.append(found)
        return several


def _unescaped(text: str) -> str:
    """Return a value as it was before the writer escaped it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def own_form(data: bytes) -> OwnForm | None:
    """Return a skeleton without Signature taken apart; None if it has another form."""
    try:
        text = data.decode()
        odd = _PLACEHOLDER.search(text) or _NO_ESCAPE.search(text)
        plain = text.isprintable() and "> " not in text and " <" not in text
        return _taken(data, text) if plain and not odd else None
    except (UnicodeDecodeError, _OtherForm):
        return None


def _taken(data: bytes, text: str) -> OwnForm:
    rest = _Text(text)
    rest.one(_START)
    sender, receivers = rest.one(_FROM), rest.several(_TO)
    act = {"code": rest.one(_CODE), **rest.one(_ACT), "signer": rest.one(_SIGNER), **rest.one(_DUE)}
    act["to_places"] = _places(rest)
    other_info, response_for = rest.maybe(_OTHER), rest.any(_ANSWERED)
    act |= rest.one(_DOCUMENT_ID)
    traces, business = rest.several(_TRACE), rest.maybe(_NEW)
    rest.one(_MANIFEST)
    references = rest.several(_REFERENCE)
    rest.one(_ATTACHED)
    tokens = [_token(rest.one(_ATTACHMENT), reference) for reference in references]
    rest.one(_END)
    if rest.at != len(text) or len({each["content_id"] for each in references}) != len(tokens):
        raise _OtherForm
    return OwnForm(
        data, sender, receivers, act, other_info, response_for, traces, business, references, tokens
    )


def _places(rest: _Text) -> tuple[str, ...]:
    if rest.maybe(_PLACES) is None:
        return ()
    places = rest.several(_PLACE)
    rest.one(_PLACES_END)
    return tuple([each["place"] for each in places])


def _token(attachment: _Values, reference: _Values) -> str:
    """Return the token of an attachment of which the manifest says the same."""
    if any(attachment[name] != reference[name] for name in ("content_id", "name", "description")):
        raise _OtherForm
    return str(attachment["token"])


def read_own(own: OwnForm, payloads: Payloads) -> tuple[Document, Found] | None:
    """Return what a packet says; None if there is anything to report."""
    report: list[Finding] = []
    found = _attachments(own, payloads, report)
    if found is None:
        return None
    act = own.act
    document = Document(
        sender=Organization(**own.sender),
        receivers=tuple([Organization(**each) for each in own.receivers]),
        code=DocumentCode(**act["code"]),
        promulgation=Promulgation(act["place"], _day(act["date"], report)),
        document_type=DocumentType(
            type=int(act["type"]),
            type_name=act["type_name"],
            type_detail=_number(act["type_detail"]),
        ),
        subject=act["subject"],
        content=act["content"],
        signer=Signer(**act["signer"]),
        due_date=_day(act["due_date"], report) if act["due_date"] else None,
        to_places=act["to_places"],
        other_info=_other_info(own.other_info),
        response_for=tuple([_answered(each, report) for each in own.response_for]),
        document_id=act["document_id"],
        traces=tuple([_trace(each, report) for each in own.traces]),
        business=None if own.business is None else Business(reason=own.business["reason"]),
        attachments=found.attachments,
    )
    return None if report else (document, found)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _day(text: str, report: list[Finding]) -> dt.date:
    return read_date(text, "", report) or dt.date.min


def _other_info(values: _Values | None) -> OtherInfo | None:
    if values is None:
        return None
    priority = values["priority"]
    return OtherInfo(
        priority=None if priority is None else Priority(int(priority)),
        sphere_of_promulgation=values["sphere_of_promulgation"],
        typer_notation=values["typer_notation"],
        promulgation_amount=_number(values["promulgation_amount"]),
        page_amount=_number(values["page_amount"]),
    )


def _answered(values: _Values, report: list[Finding]) -> ResponseFor:
    day = _day(values["promulgation_date"], report)
    return ResponseFor(**values | {"promulgation_date": day})


def _trace(values: _Values, report: list[Finding]) -> TraceHeader:
    moment = read_moment(values["timestamp"], "", report)
    return TraceHeader(values["organ_id"], moment or dt.datetime.min.replace(tzinfo=dt.UTC))


def _attachments(own: OwnForm, payloads: Payloads, report: list[Finding]) -> Found | None:
    """Return the attachments; None if anything about them has to be looked at closer."""
    attachments: list[Attachment] = []
    encodings: set[AttachmentEncoding] = set()
    for token, listed in zip(own.tokens, own.references, strict=True):
        run = payloads.runs.get(token)
        if run is None or too_long(run.length, "", payloads.limits, report):
            return None
        content_id = listed["content_id"].removeprefix("cid:")
        label = Label(content_id, listed["name"], "")
        taken = unpacked(run.content, label, (listed["content_type"], None), payloads, report)
        if taken is None or report or taken.content.size > run.content.size:
            return None
        attachments.append(
            Attachment(
                content_id=content_id,
                name=label.name,
                content_type=taken.content_type,
                content=taken.content,
                description=listed["description"],
            )
        )
        encodings.add(taken.encoding)
    return Found(tuple(attachments), frozenset(encodings), prefixed_ids=bool(attachments))
