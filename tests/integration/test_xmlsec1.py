"""The xmlsec1 command as second opinion: it accepts what we sign, we accept what it signs."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from connector.clock import VIETNAM, ManualClock
from connector.edxml.writer import write_parts
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Evidence,
    Organization,
    Promulgation,
    ResponseFor,
    Signer,
    StatusCode,
    StatusReport,
    TraceHeader,
)
from connector.model.packet import AttachmentEncoding, Packet, WriteOptions
from connector.trust.keys import SigningKey, load_key
from connector.trust.pki import DevPki, KeyType, new_dev_pki
from connector.trust.registry import Trust, load_trust
from connector.trust.settings import PemKey
from connector.trust.sign import seal
from connector.trust.verify import explain, verify

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11: Final = "http://www.w3.org/2006/12/xml-c14n11"
ENVELOPED: Final = DS + "enveloped-signature"
HEADER_END: Final = b"</edXML:edXMLHeader>"
CLOCK: Final = ManualClock()
NOW: Final = CLOCK.now()


class Party:
    """An agency with its PKI, of one kind of key."""

    def __init__(self, directory: Path, key_type: KeyType) -> None:
        organs = [("G22", "Văn phòng Chính phủ")]
        self.pki: DevPki = new_dev_pki(directory, organs, clock=CLOCK, key_type=key_type)
        self.rsa = key_type.startswith("rsa")
        self.key_file = self.pki.key_file("G22")
        self.certificate_file = self.pki.certificate_file("G22")
        self.key: SigningKey = load_key(
            PemKey(type="pem", key_file=self.key_file, certificate_file=self.certificate_file),
            now=NOW,
        )
        self.trust: Trust = load_trust(self.pki.anchors_dir, self.pki.registry_file)
        self.chain_files: list[str] = []
        for number, certificate in enumerate(self.key.chain):
            path = directory / f"chain-{number}.pem"
            path.write_bytes(certificate.public_bytes(Encoding.PEM))
            self.chain_files.append(str(path))

    def accepted_by_xmlsec1(self, data: bytes, directory: Path) -> bool:
        """Tell whether xmlsec1 verifies the bytes with the PKI's root as only anchor."""
        path = directory / "packet.edxml"
        path.write_bytes(data)
        root = str(self.pki.anchors_dir / "root.crt")
        at = NOW.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        options = ["--enabled-key-data", "x509", "--enabled-reference-uris", "empty"]
        options += ["--trusted-pem", root, "--verification-time", at]
        run = subprocess.run(
            ["xmlsec1", "--verify", *options, str(path)],
            capture_output=True,
            timeout=60,
            check=False,
        )
        return run.returncode == 0

    def signed_by_xmlsec1(self, template: bytes, directory: Path) -> bytes:
        """Return the template as xmlsec1 signs it with the agency's key."""
        path, out = directory / "template.xml", directory / "signed.xml"
        path.write_bytes(template)
        files = ",".join([str(self.key_file), *self.chain_files])
        subprocess.run(
            ["xmlsec1", "--sign", "--privkey-pem", files, "--output", str(out), str(path)],
            capture_output=True,
            timeout=60,
            check=True,
        )
        return out.read_bytes().partition(b"\n")[2].rstrip(b"\n")  # without the XML declaration


RAW_OR_ZIP = (WriteOptions(), WriteOptions(attachment_encoding=AttachmentEncoding.RAW))


@pytest.fixture(scope="session", params=["rsa2048", "p256"])
def party(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Party:
    """An agency with an RSA key, and one with a P-256 key."""
    return Party(tmp_path_factory.mktemp("xmlsec1") / "pki", request.param)


def packet(content: bytes = b"%PDF-1.7", options: WriteOptions = RAW_OR_ZIP[0]) -> Packet:
    """Return a document packet with one attachment."""
    document = Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(Organization(organ_id="H41", organ_name="Ủy ban nhân dân tỉnh Nghệ An"),),
        code=DocumentCode("05", "VPCP-KSTT"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject='Về việc "thử nghiệm" <ký số> & xác minh',
        signer=Signer(full_name="Nguyễn Văn A"),
        document_id="G22,2026/01/05,05/VPCP-KSTT",
        traces=(TraceHeader("G22", NOW.astimezone(VIETNAM)),),
        attachments=(
            Attachment(
                content_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
                name="công văn.pdf",
                content_type="application/pdf",
                content=BytesContent(content),
            ),
        ),
    )
    return Packet(write_parts(document, options), document)


def status() -> Packet:
    """Return a status packet with evidence."""
    report = StatusReport(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        response_for=ResponseFor(
            organ_id="H41",
            code="05/VPCP-KSTT",
            promulgation_date=dt.date(2026, 1, 5),
            document_id="G22,2026/01/05,05/VPCP-KSTT",
        ),
        status_code=StatusCode.ARRIVED,
        timestamp=NOW.astimezone(VIETNAM),
        evidence=Evidence(digest="ab" * 32, journal_head="cd" * 32),
    )
    return Packet(write_parts(report), report)


def template(
    data: bytes, *, rsa: bool, prefix: str, c14n: str, transforms: Sequence[str], space: str
) -> bytes:
    """Return a packet with an empty Signature for xmlsec1 to fill."""
    name = f"{prefix}:" if prefix else ""
    declared = f"xmlns:{prefix}" if prefix else "xmlns"
    steps = "".join(f'<{name}Transform Algorithm="{step}"/>{space}' for step in transforms)
    method = MORE + ("rsa-sha256" if rsa else "ecdsa-sha256")
    text = (
        f'{space}<{name}Signature {declared}="{DS}">{space}<{name}SignedInfo>{space}'
        f'<{name}CanonicalizationMethod Algorithm="{c14n}"/>'
        f'<{name}SignatureMethod Algorithm="{method}"/>{space}'
        f'<{name}Reference URI=""><{name}Transforms>{space}{steps}</{name}Transforms>'
        f'<{name}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f"<{name}DigestValue/></{name}Reference></{name}SignedInfo>{space}"
        f"<{name}SignatureValue/>{space}<{name}KeyInfo><{name}X509Data>"
        f"<{name}X509SubjectName/><{name}X509Certificate/>"
        f"</{name}X509Data></{name}KeyInfo></{name}Signature>{space}"
    )
    return data.replace(HEADER_END, text.encode() + HEADER_END)


@pytest.mark.parametrize("options", RAW_OR_ZIP)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 49_151, 49_153])
def test_xmlsec1_accepts_our_documents(
    party: Party, tmp_path: Path, options: WriteOptions, size: int
) -> None:
    """A sealed document verifies with nothing but the root certificate, whatever is attached."""
    made = packet(bytes(size), options)
    assert party.accepted_by_xmlsec1(seal(made, party.key).data, tmp_path)


def test_xmlsec1_accepts_our_statuses(party: Party, tmp_path: Path) -> None:
    """A sealed status with evidence verifies too."""
    assert party.accepted_by_xmlsec1(seal(status(), party.key).data, tmp_path)


def test_xmlsec1_accepts_large_attachments(party: Party, tmp_path: Path) -> None:
    """A packet with 12 MB of attachment verifies."""
    assert party.accepted_by_xmlsec1(seal(packet(bytes(12_000_000)), party.key).data, tmp_path)


def test_xmlsec1_refuses_what_we_refuse(party: Party, tmp_path: Path) -> None:
    """The second opinion is one: changed content and an unknown authority are refused."""
    data = seal(packet(), party.key).data
    changed = data.replace(b"05</edXML:CodeNumber>", b"06</edXML:CodeNumber>")
    assert not party.accepted_by_xmlsec1(changed, tmp_path)
    other = Party(tmp_path / "other", "p256")
    assert not other.accepted_by_xmlsec1(data, tmp_path)
    assert not explain(data, other.trust, at=NOW).valid


@pytest.mark.parametrize("prefix", ["", "ds"])
@pytest.mark.parametrize("c14n", [EXCLUSIVE, INCLUSIVE, INCLUSIVE_11])
@pytest.mark.parametrize("space", ["", "\n  "])
@pytest.mark.parametrize("language", [b"", b'xml:lang="vi" '])
def test_we_accept_what_xmlsec1_signs(
    *, prefix: str, c14n: str, space: str, language: bytes, party: Party, tmp_path: Path
) -> None:
    """Signatures in every style, by another implementation, are real to us."""
    data = packet().data.replace(b"<edXML ", b"<edXML " + language, 1)
    for transforms in ((ENVELOPED,), (ENVELOPED, c14n)):
        empty = template(
            data, rsa=party.rsa, prefix=prefix, c14n=c14n, transforms=transforms, space=space
        )
        signed = party.signed_by_xmlsec1(empty, tmp_path)
        assert party.accepted_by_xmlsec1(signed, tmp_path)
        verified = verify(signed, party.trust, at=NOW)
        assert verified.reading.envelope == packet().envelope
        changed = signed.replace(b"05</edXML:CodeNumber>", b"06</edXML:CodeNumber>")
        assert not explain(changed, party.trust, at=NOW).valid


def test_foreign_namespaces_around_the_signature(party: Party, tmp_path: Path) -> None:
    """Namespaces that are declared above and unused are part of inclusive C14N on both sides."""
    data = packet().data.replace(b"<edXML ", b'<edXML xmlns:xlink="http://www.w3.org/1999/xlink" ')
    empty = template(
        data, rsa=party.rsa, prefix="", c14n=INCLUSIVE, transforms=[ENVELOPED], space="\n"
    )
    signed = party.signed_by_xmlsec1(empty, tmp_path)
    assert verify(signed, party.trust, at=NOW).reading.envelope == packet().envelope


def test_xmlsec1_signs_without_a_chain(party: Party, tmp_path: Path) -> None:
    """A signature whose issuer is not enclosed ends at the hole in its chain."""
    alone = replace(party.key, intermediates=())
    data = seal(packet(), alone).data
    assert not party.accepted_by_xmlsec1(data, tmp_path)
    assert explain(data, party.trust, at=NOW).findings[0].code == "EDX-3207"
