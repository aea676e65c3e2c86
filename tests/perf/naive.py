"""The peers: the script that one writes on the first day, and the same after tuning.

naive: lxml builds, xmlschema validates, signxml signs with the key as PEM text, pika confirms one
by one. tuned: the same libraries with libxml2's XSD and a key object. Neither keeps anything
durable of its own, checks who may sign for whom, nor survives a crash; both do one message at a
time.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import itertools
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pika
import xmlschema
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner
from signxml.verifier import XMLVerifier

from connector.resources import schemas_dir
from tests.perf.material import RECEIVER, SENDER, Bench, Row

__all__ = ["PeerIn", "PeerOut"]

_NS: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_Q: Final = f"{{{_NS}}}"


class _Peer:
    def __init__(self, bench: Bench, url: str, agency: tuple[str, str], *, tuned: bool) -> None:
        self.bench = bench
        self.agency = agency
        keys = bench.pki / "keys"
        pem = (keys / f"{agency[0].lower()}.key").read_bytes()
        self._key: Any = load_pem_private_key(pem, None) if tuned else pem
        self._certificate = (keys / f"{agency[0].lower()}.crt").read_text(encoding="ascii")
        self._checks = {
            name: _validator(schemas_dir() / f"edxml-{name}.xsd", tuned=tuned)
            for name in ("document", "status")
        }
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self._connection.channel()
        self.channel.confirm_delivery()
        self.channel.basic_qos(prefetch_count=16)

    def seal(self, root: etree._Element, kind: str) -> bytes:
        self._checks[kind](root)
        header = root[0][0]
        etree.SubElement(header, f"{{{_DS}}}Signature", {"Id": "placeholder"}, {"ds": _DS})
        signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
        signed = signer.sign(root, key=self._key, cert=self._certificate)
        return etree.tostring(signed)

    def check(self, root: etree._Element, kind: str) -> None:
        self._checks[kind](root)

    def publish(self, body: bytes, kind: str, receiver: str) -> None:
        properties = pika.BasicProperties(  # type: ignore[no-untyped-call]
            content_type="application/edxml+xml",
            delivery_mode=2,
            message_id=str(uuid.uuid4()),
            type=kind,
            user_id=self.agency[0],
            headers={"edoc-sender": self.agency[0], "edoc-receiver": receiver},
        )
        self.channel.basic_publish("edoc", receiver, body, properties, mandatory=True)


class PeerOut(_Peer):
    """Builds, validates, signs and sends, one by one."""

    def __init__(self, bench: Bench, *, tuned: bool) -> None:
        super().__init__(bench, bench.sender_url, SENDER, tuned=tuned)
        self._rows: list[Row] = []

    def prepare(self, rows: list[Row]) -> None:
        """Take the rows of this round."""
        self._rows = rows

    def run(self, count: int) -> float:
        """Send `count` documents; return the seconds until the last confirm."""
        begun = time.perf_counter()
        for row in self._rows[:count]:
            data = (self.bench.adapter / "files" / row.file).read_bytes()
            self.publish(self.seal(_document(row, data), "document"), "document", RECEIVER[0])
        return time.perf_counter() - begun


class PeerIn(_Peer):
    """Verifies, validates, writes the files and answers 01, one by one."""

    def __init__(self, bench: Bench, *, tuned: bool) -> None:
        super().__init__(bench, bench.receiver_url, RECEIVER, tuned=tuned)
        self._sender = (bench.pki / "keys" / "g22.crt").read_text(encoding="ascii")
        self._sender = self._sender.partition("-----END CERTIFICATE-----")[0]
        self._sender += "-----END CERTIFICATE-----\n"
        self._inbox = bench.directory / f"inbox-{uuid.uuid4().hex}"
        self._inbox.mkdir()

    def prepare(self, rows: list[Row]) -> None:
        """Nothing: the packets wait in the queue."""

    def run(self, count: int) -> float:
        """Take `count` packets; return the seconds until the last one is acknowledged."""
        begun = time.perf_counter()
        waiting = self.channel.consume(f"edoc.{RECEIVER[0]}.inbox")
        for method, _, body in itertools.islice(waiting, count):
            root = self._verified(body)
            self.check(root, "document")
            self._unpack(root)
            self.publish(self.seal(_receipt(root), "status"), "status", SENDER[0])
            self.channel.basic_ack(method.delivery_tag if method else 0)
        seconds = time.perf_counter() - begun
        self.channel.cancel()
        return seconds

    def _verified(self, body: bytes | None) -> etree._Element:
        result = XMLVerifier().verify(body or b"", x509_cert=self._sender)
        root: Any = result[0].signed_xml if isinstance(result, list) else result.signed_xml
        if not isinstance(root, etree._Element):
            raise TypeError(root)
        return root

    def _unpack(self, root: etree._Element) -> None:
        directory = self._inbox / uuid.uuid4().hex
        directory.mkdir()
        for content in root.iter(f"{_Q}ContentTransferEncoded"):
            with zipfile.ZipFile(io.BytesIO(base64.b64decode(content.text or ""))) as archive:
                name = archive.namelist()[0]
                (directory / name).write_bytes(archive.read(name))


def _validator(schema: Path, *, tuned: bool) -> Callable[[etree._Element], Any]:
    if tuned:
        return etree.XMLSchema(etree.parse(schema)).assertValid
    check: Callable[[Any], Any] = xmlschema.XMLSchema(schema).validate
    return check


def _document(row: Row, data: bytes) -> etree._Element:
    content_id = str(uuid.uuid4())
    number = f"{row.number}/VPCP-KSTT"
    root = etree.Element(f"{_Q}edXML", nsmap={None: _NS})
    envelope = etree.SubElement(root, f"{_Q}edXMLEnvelope", nsmap={"edXML": _NS})
    header = etree.SubElement(envelope, f"{_Q}edXMLHeader")
    message = _add(header, "MessageHeader")
    _organ(_add(message, "From"), SENDER)
    _organ(_add(message, "To"), RECEIVER)
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
    _add(message, "DocumentId", f"{SENDER[0]},{row.date},{number}")
    trace = _add(_add(header, "TraceHeaderList"), "TraceHeader")
    _add(trace, "OrganId", SENDER[0])
    _add(trace, "Timestamp", _now())
    manifest = _add(_add(envelope, "edXMLBody"), "edXMLManifest")
    manifest.set("version", "1.0")
    reference = _add(manifest, "Reference")
    for name, value in _labels(content_id, row.file, "application/pdf"):
        _add(reference, name, value)
    attachment = _add(_add(root, "AttachmentEncoded"), "Attachment")
    for name, value in _labels(content_id, row.file, "application/zip"):
        _add(attachment, name, value)
    _add(attachment, "ContentTransferEncoded", _zipped(f"{content_id}.pdf", data))
    return root


def _labels(content_id: str, name: str, kind: str) -> list[tuple[str, str]]:
    labels = [
        ("ContentId", f"cid:{content_id}"),
        ("ContentType", kind),
        ("Description", f"Tệp {name}"),
        ("AttachmentName", name),
    ]
    order = ("ContentId", "AttachmentName", "Description", "ContentType")
    return labels if kind.endswith("pdf") else sorted(labels, key=lambda pair: order.index(pair[0]))


def _zipped(name: str, data: bytes) -> str:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(name, data)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _receipt(document: etree._Element) -> etree._Element:
    path = f"{_Q}edXMLEnvelope/{_Q}edXMLHeader/{_Q}MessageHeader/"
    root = etree.Element(f"{_Q}edXML", nsmap={None: _NS})
    envelope = etree.SubElement(root, f"{_Q}edXMLEnvelope", nsmap={"edXML": _NS})
    message = _add(_add(envelope, "edXMLHeader"), "MessageHeader")
    _organ(_add(message, "From"), RECEIVER)
    answered = _add(message, "ResponseFor")
    _add(answered, "OrganId", SENDER[0])
    number = document.findtext(f"{path}{_Q}Code/{_Q}CodeNumber")
    _add(answered, "Code", f"{number}/VPCP-KSTT")
    date = document.findtext(f"{path}{_Q}PromulgationInfo/{_Q}PromulgationDate")
    _add(answered, "PromulgationDate", date or "")
    _add(answered, "DocumentId", document.findtext(f"{path}{_Q}DocumentId") or "")
    _add(message, "StatusCode", "01")
    _add(message, "Timestamp", _now())
    return root


def _organ(parent: etree._Element, organ: tuple[str, str]) -> None:
    _add(parent, "OrganId", organ[0])
    _add(parent, "OrganName", organ[1])


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{_Q}{name}")
    child.text = text
    return child


def _now() -> str:
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=7))).strftime("%Y/%m/%d %H:%M:%S")
