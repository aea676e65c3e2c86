"""The packets of the peers, built with lxml as one would by hand: no rules, no packet ids."""

from __future__ import annotations

import base64
import datetime as dt
import io
import uuid
import zipfile
from pathlib import Path
from typing import Final

from lxml import etree

from tests.perf.peers.wire import Row, Task

__all__ = ["DS", "build_document", "build_receipt", "header_of", "unpack"]

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_NS: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_Q: Final = f"{{{_NS}}}"
_MESSAGE: Final = f"{_Q}edXMLEnvelope/{_Q}edXMLHeader/{_Q}MessageHeader/"


def build_document(row: Row, data: bytes, task: Task) -> etree._Element:
    """Return the unsigned packet of one document with its attachment."""
    content_id = str(uuid.uuid4())
    root = etree.Element(f"{_Q}edXML", nsmap={None: _NS})
    envelope = etree.SubElement(root, f"{_Q}edXMLEnvelope", nsmap={"edXML": _NS})
    header = etree.SubElement(envelope, f"{_Q}edXMLHeader")
    _message(_add(header, "MessageHeader"), row, task)
    trace = _add(_add(header, "TraceHeaderList"), "TraceHeader")
    _add(trace, "OrganId", task.code)
    _add(trace, "Timestamp", _now())
    manifest = _add(_add(envelope, "edXMLBody"), "edXMLManifest")
    manifest.set("version", "1.0")
    reference = _add(manifest, "Reference")
    labels = _labels(content_id, row.path.name)
    for name in ("ContentId", "ContentType", "Description", "AttachmentName"):
        _add(reference, name, labels[name])
    attachment = _add(_add(root, "AttachmentEncoded"), "Attachment")
    labels["ContentType"] = "application/zip"
    for name in ("ContentId", "AttachmentName", "Description", "ContentType"):
        _add(attachment, name, labels[name])
    _add(attachment, "ContentTransferEncoded", _zipped(f"{content_id}.pdf", data))
    return root


def build_receipt(document: etree._Element, task: Task) -> etree._Element:
    """Return the unsigned packet of status 01, which answers a document."""
    root = etree.Element(f"{_Q}edXML", nsmap={None: _NS})
    envelope = etree.SubElement(root, f"{_Q}edXMLEnvelope", nsmap={"edXML": _NS})
    message = _add(_add(envelope, "edXMLHeader"), "MessageHeader")
    _organ(_add(message, "From"), task.code, task.name)
    answered = _add(message, "ResponseFor")
    _add(answered, "OrganId", task.peer_code)
    number = document.findtext(f"{_MESSAGE}{_Q}Code/{_Q}CodeNumber")
    _add(answered, "Code", f"{number}/VPCP-KSTT")
    date = document.findtext(f"{_MESSAGE}{_Q}PromulgationInfo/{_Q}PromulgationDate")
    _add(answered, "PromulgationDate", date or "")
    _add(answered, "DocumentId", document.findtext(f"{_MESSAGE}{_Q}DocumentId") or "")
    _add(message, "StatusCode", "01")
    _add(message, "Timestamp", _now())
    return root


def header_of(root: etree._Element) -> etree._Element:
    """Return edXMLHeader, where the signature belongs."""
    return root[0][0]


def unpack(root: etree._Element, directory: Path) -> None:
    """Write the attachments into a new directory."""
    directory.mkdir()
    for content in root.iter(f"{_Q}ContentTransferEncoded"):
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(content.text or ""))) as archive:
            name = archive.namelist()[0]
            (directory / name).write_bytes(archive.read(name))


def _message(message: etree._Element, row: Row, task: Task) -> None:
    _organ(_add(message, "From"), task.code, task.name)
    _organ(_add(message, "To"), task.peer_code, task.peer_name)
    code = _add(message, "Code")
    _add(code, "CodeNumber", row.number)
    _add(code, "CodeNotation", "VPCP-KSTT")
    promulgation = _add(message, "PromulgationInfo")
    _add(promulgation, "Place", "Hà Nội")
    _add(promulgation, "PromulgationDate", row.date)
    kind = _add(message, "DocumentType")
    _add(kind, "Type", "2")
    _add(kind, "TypeName", "Công văn")
    _add(message, "Subject", row.subject)
    _add(_add(message, "SignerInfo"), "FullName", "Trần Văn Mẫu")
    _add(message, "DocumentId", f"{task.code},{row.date},{row.number}/VPCP-KSTT")


def _labels(content_id: str, name: str) -> dict[str, str]:
    return {
        "ContentId": f"cid:{content_id}",
        "ContentType": "application/pdf",
        "Description": f"Tệp {name}",
        "AttachmentName": name,
    }


def _zipped(name: str, data: bytes) -> str:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(name, data)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _organ(parent: etree._Element, code: str, name: str) -> None:
    _add(parent, "OrganId", code)
    _add(parent, "OrganName", name)


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{_Q}{name}")
    child.text = text
    return child


def _now() -> str:
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=7))).strftime("%Y/%m/%d %H:%M:%S")
