"""Record → Document: secrecy first, then every field, with all findings of the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from connector.clock import Clock, vietnam_date
from connector.errors import Finding, RecordError
from connector.mapping import codes
from connector.mapping.attachments import Attach, LoadedFile, attached, load_files
from connector.mapping.business import business, own_response, responses
from connector.mapping.provenance import Provenance, Step
from connector.mapping.reading import Reading, compile_rules
from connector.mapping.receivers import AgencyLookup, Receivers
from connector.mapping.secrecy import Secrecy, SecretRefused
from connector.mapping.settings import AdapterSettings
from connector.mapping.tables import CodeTable
from connector.mapping.text import checked
from connector.mapping.values import Refusal, SignerTitle, TypeChoice, is_empty, text_of
from connector.model.envelope import (
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    OtherInfo,
    Promulgation,
    Signer,
)
from connector.model.record import Cell, Record

__all__ = ["Mapped", "Mapper", "Provenance", "SecretRefused", "Step", "default_document_id"]

_OTHER_INFO = (
    "priority",
    "sphere_of_promulgation",
    "typer_notation",
    "promulgation_amount",
    "page_amount",
    "direction",
    "appendixes",
    "reply_fors",
    "reference_codes",
)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A record that became a document; `provenance` is empty unless it was asked for."""

    source_key: str
    document: Document
    provenance: tuple[Provenance, ...] = ()


@dataclass(frozen=True, slots=True)
class _Header:
    """What every document must have; made only of values that were read."""

    code: DocumentCode
    promulgation: Promulgation
    document_type: DocumentType
    subject: str
    signer: Signer


class Mapper:
    """Maps the records of one adapter; holds no state between records."""

    def __init__(
        self,
        settings: AdapterSettings,
        catalogue: AgencyLookup,
        tables: Mapping[str, CodeTable],
        sender: Organization,
        *,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._receivers = Receivers(catalogue)
        self._sender = sender
        self._clock = clock
        self._secrecy = Secrecy(settings.secrecy, tables)
        self._rules = compile_rules(settings.fields, tables, settings.load_functions())

    def map(self, record: Record, attach: Attach, *, explain: bool = False) -> Mapped:
        """Return the record's document; `attach` opens the files that it names.

        Raises SecretRefused if the record is or may be secret (nothing else was read then), and
        RecordError with all findings if it cannot become a document.
        """
        self._secrecy.check(record)
        reading = Reading(record, explain)
        key = self._key(record, reading.findings)
        reading.read(self._rules)
        for rule in self._rules:
            if rule.settings.required:
                reading.require(rule.field.path)
        files = [
            file
            for entry in self._settings.attachments
            for file in load_files(entry, record, attach, reading.findings)
        ]
        document = self._document(reading, files)
        if document is None or key is None or reading.findings:
            raise RecordError(*dict.fromkeys(reading.findings))
        return Mapped(key, document, tuple(reading.provenance))

    def source_key(self, record: Record) -> str | None:
        """Return what tells this record from all others of its export, None if it does not."""
        return self._key(record, [])

    def promulgation_date(self, record: Record) -> dt.date | None:
        """Return when a record's document was promulgated, None if the record does not tell."""
        reading = Reading(record)
        reading.read([rule for rule in self._rules if rule.field.path == "promulgation.date"])
        day: dt.date | None = reading.get("promulgation.date")
        return day

    def _key(self, record: Record, findings: list[Finding]) -> str | None:
        parts: list[str] = []
        for column in self._settings.key:
            place = f"{record.place} [{column}]"
            if column not in record.values:
                findings.append(codes.KEY_COLUMN_ABSENT.at(place, column=column))
            elif is_empty(record.values[column]):
                findings.append(codes.EMPTY_KEY.at(place, column=column))
            else:
                try:
                    parts.append(_key_part(record.values[column]))
                except Refusal as refusal:
                    findings.append(refusal.at(place))
        return "|".join(parts) if len(parts) == len(self._settings.key) else None

    def _document(self, reading: Reading, files: list[LoadedFile]) -> Document | None:
        today = vietnam_date(self._clock.now())
        header = _header(reading)
        found = self._receivers.of(reading, self._sender, today)
        changes = self._receivers.changed(reading, today)
        if header is None:
            return None
        document_id = reading.get("document_id")
        if document_id is None:
            document_id = default_document_id(
                self._sender.organ_id, header.promulgation.date, header.code
            )
            reading.derived("document_id", "OrganId,date,code", document_id)
        what = business(reading, document_id, found, changes)
        own = own_response(self._sender, header.code, header.promulgation.date, document_id)
        return Document(
            sender=self._sender,
            receivers=found,
            code=header.code,
            promulgation=header.promulgation,
            document_type=header.document_type,
            subject=header.subject,
            signer=header.signer,
            document_id=document_id,
            content=reading.get("content"),
            due_date=reading.get("due_date"),
            to_places=reading.get("to_places"),
            other_info=_other_info(reading),
            response_for=responses(reading, what.type, own),
            steering_type=reading.get("steering_type"),
            response_for_task=reading.get("response_for_task"),
            application_type=reading.get("application_type"),
            business=what,
            attachments=attached(files, document_id),
        )


def default_document_id(organ_id: str, day: dt.date, code: DocumentCode) -> str:
    """Return ``{OrganId},{yyyy/MM/dd},{number}/{notation}`` (architecture section 4)."""
    return f"{organ_id},{day.year:04d}/{day.month:02d}/{day.day:02d},{code}"


def _header(reading: Reading) -> _Header | None:
    code = _code(reading)
    place = reading.require("promulgation.place")
    day = reading.require("promulgation.date")
    document_type = _document_type(reading, code)
    subject = reading.require("subject")
    signer = _signer(reading)
    if code is None or document_type is None or signer is None:
        return None
    if place is None or day is None or subject is None:
        return None
    return _Header(code, Promulgation(place, day), document_type, subject, signer)


def _code(reading: Reading) -> DocumentCode | None:
    if "code.number" not in reading.places:
        code: DocumentCode | None = reading.require("code")
        return code
    number, notation = reading.require("code.number"), reading.require("code.notation")
    return None if number is None or notation is None else DocumentCode(number, notation)


def _document_type(reading: Reading, code: DocumentCode | None) -> DocumentType | None:
    if "document_type.type" in reading.places:
        kind, name = (
            reading.require("document_type.type"),
            reading.require("document_type.type_name"),
        )
        if kind is None or name is None:
            return None
        detail = reading.get("document_type.type_detail")
        return DocumentType(type=kind, type_name=name, type_detail=detail)
    choice: TypeChoice | None = reading.require("document_type")
    if choice is None:
        return None
    chosen = choice.chosen_for(code)
    if choice.administrative is not None and choice.normative is not None:
        reading.derived("document_type", "year in the code", chosen, before=code)
    return chosen


def _signer(reading: Reading) -> Signer | None:
    name = reading.require("signer.full_name")
    title: SignerTitle | None = reading.get("signer")
    if name is None:
        return None
    if title is not None:
        return Signer(full_name=name, position=title.position, competence=title.competence)
    return Signer(
        full_name=name,
        position=reading.get("signer.position"),
        competence=reading.get("signer.competence"),
    )


def _other_info(reading: Reading) -> OtherInfo | None:
    values = {name: reading.get(f"other_info.{name}") for name in _OTHER_INFO}
    given = {name: value for name, value in values.items() if value is not None and value != ()}
    return OtherInfo(**given) if given else None


def _key_part(value: Cell) -> str:
    text = value.isoformat() if isinstance(value, dt.date | dt.time) else text_of(value)
    return checked(text).strip().replace("\\", "\\\\").replace("|", "\\|")
