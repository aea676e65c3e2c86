from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from connector.clock import VIETNAM, ManualClock
from connector.edxml.writer import write
from connector.errors import Bug
from connector.model.content import BytesContent
from connector.model.envelope import (
    Document,
    Evidence,
    Organization,
    ResponseFor,
    StatusCode,
    StatusReport,
)
from connector.model.identity import content_digest, packet_id
from connector.model.packet import Packet, Sealed
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki, KeyType, new_dev_pki
from connector.trust.registry import Trust, load_trust
from connector.trust.sign import seal
from connector.trust.verify import verify

DS = "{http://www.w3.org/2000/09/xmldsig#}"
SIGNATURE = re.compile(rb"<ds:Signature .*</ds:Signature>", re.DOTALL)


def test_only_the_signature_is_added(packet: Packet, sealed: Sealed) -> None:
    """Taking the Signature out of a sealed packet gives the packet back byte for byte."""
    assert SIGNATURE.sub(b"", sealed.data) == packet.data
    assert len(SIGNATURE.findall(sealed.data)) == 1


def test_the_signature_is_the_last_child_of_the_header(sealed: Sealed) -> None:
    """Readers find the Signature where the axis operator's samples have it."""
    assert b"</ds:Signature></edXML:edXMLHeader>" in sealed.data


def test_a_sealed_packet_is_its_own_canonical_form(sealed: Sealed) -> None:
    """Exclusive C14N changes nothing, so prefixes stay as .NET receivers insist on them."""
    root = etree.fromstring(sealed.data)
    assert etree.tostring(root, method="c14n", exclusive=True) == sealed.data


def test_facts_of_a_sealed_packet(packet: Packet, sealed: Sealed) -> None:
    """Digest and identities are those of the content, without the signature."""
    assert sealed.digest == hashlib.sha256(packet.data).hexdigest()
    assert sealed.packet_id == packet_id(packet.envelope)
    assert sealed.content_digest == content_digest(packet.envelope)
    assert sealed.envelope is packet.envelope


def test_algorithms_and_key_info(sealed: Sealed, keys: dict[str, SigningKey]) -> None:
    """The whole packet is covered by one Reference; leaf and issuer travel with it."""
    root = etree.fromstring(sealed.data)
    reference = root.findall(f".//{DS}Reference")
    assert [each.get("URI") for each in reference] == [""]
    algorithms = [str(each.get("Algorithm")) for each in root.iter() if each.get("Algorithm")]
    assert algorithms == [
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ]
    assert len(root.findall(f".//{DS}X509Certificate")) == len(keys["G22"].chain) == 2


@pytest.mark.parametrize("key_type", ["rsa2048", "rsa3072", "p256", "p384", "p521"])
def test_every_kind_of_key_signs_and_verifies(
    *,
    key_type: KeyType,
    packet: Packet,
    clock: ManualClock,
    loading: Callable[[DevPki, str], SigningKey],
    tmp_path: Path,
) -> None:
    """What is sealed with any accepted kind of key is verified as it was written."""
    pki = new_dev_pki(tmp_path / "pki", [("G22", "VPCP")], clock=clock, key_type=key_type)
    key = loading(pki, "G22")
    trust = load_trust(pki.anchors_dir, pki.registry_file)
    sealed = seal(packet, key)
    verified = verify(sealed.data, trust, at=clock.now())
    assert verified.data == packet.data
    assert verified.digest == sealed.digest


def test_a_status_is_signed_behind_its_evidence(
    keys: dict[str, SigningKey], trust: Trust, now: dt.datetime
) -> None:
    """Statuses carry Evidence before Signature and verify like documents."""
    report = StatusReport(
        sender=Organization(organ_id="H41", organ_name="Nghệ An"),
        response_for=ResponseFor(
            organ_id="G22",
            code="05/VPCP-KSTT",
            promulgation_date=dt.date(2026, 1, 5),
            document_id="G22,2026/01/05,05/VPCP-KSTT",
        ),
        status_code=StatusCode.ARRIVED,
        timestamp=now.astimezone(VIETNAM),
        evidence=Evidence(digest="ab" * 32),
    )
    sealed = seal(Packet((write(report),), report), keys["H41"])
    assert sealed.data.index(b"urn:connector:evidence:1") < sealed.data.index(b"<ds:Signature")
    assert verify(sealed.data, trust, at=now).reading.envelope == report


def test_an_attachment_beyond_ten_megabytes(
    packet: Packet, keys: dict[str, SigningKey], trust: Trust, now: dt.datetime
) -> None:
    """Texts longer than libxml2's default limit are signed and verified."""
    document = packet.envelope
    assert isinstance(document, Document)
    large = BytesContent(bytes(12_000_000))
    attachment = replace(document.attachments[0], content=large)
    document = replace(document, attachments=(attachment,))
    sealed = seal(Packet((write(document),), document), keys["G22"])
    verified = verify(sealed.data, trust, at=now)
    read = verified.reading.envelope
    assert isinstance(read, Document)
    assert read.attachments[0].content.sha256 == large.sha256


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"<AttachmentEncoded", b"<AttachmentEncoded  ", 1),
        lambda data: data.replace(b"<edXML ", b'<edXML Id="x" ', 1),
        lambda data: data.replace(b"edXMLHeader>", b"edXMLHeader >"),
    ],
)
def test_what_is_not_canonical_is_a_bug_of_ours(
    spoil: Callable[[bytes], bytes], packet: Packet, keys: dict[str, SigningKey]
) -> None:
    """Only canonical bytes are sealed, for only they can be sent as they are."""
    with pytest.raises(Bug) as caught:
        seal(Packet((spoil(packet.data),), packet.envelope), keys["G22"])
    assert caught.value.code == "EDX-3110"


def test_a_packet_is_sealed_once(sealed: Sealed, keys: dict[str, SigningKey]) -> None:
    """A signed packet cannot be signed again."""
    with pytest.raises(Bug) as caught:
        seal(Packet((sealed.data,), sealed.envelope), keys["G22"])
    assert caught.value.code == "EDX-3110"
