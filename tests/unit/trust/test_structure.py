from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from connector.errors import ConnectorError
from connector.model.packet import Packet, Sealed
from connector.trust.keys import SigningKey
from connector.trust.registry import Trust
from connector.trust.verify import explain, verify

SignXml = Callable[..., bytes]

DS = "http://www.w3.org/2000/09/xmldsig#"
NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
ENVELOPED = DS + "enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ISSUER_SERIAL = (
    "<X509IssuerSerial><X509IssuerName>CN=x</X509IssuerName>"
    "<X509SerialNumber>1</X509SerialNumber></X509IssuerSerial>"
)
HEADER = f"{{{NS}}}edXMLEnvelope/{{{NS}}}edXMLHeader"


@pytest.fixture
def code_of(trust: Trust, now: dt.datetime) -> Callable[[bytes], str]:
    """Return the code of a packet's refusal, "valid" if it is accepted."""

    def judge(data: bytes) -> str:
        verdict = explain(data, trust, at=now)
        return "valid" if verdict.valid else verdict.findings[0].code

    return judge


@pytest.fixture
def signed(packet: Packet, keys: dict[str, SigningKey], sign_xml: SignXml) -> Callable[..., bytes]:
    """Return the packet of G22, signed by G22 with any options."""
    return lambda **options: sign_xml(options.pop("data", packet.data), keys["G22"], **options)


@pytest.mark.parametrize("prefix", ["ds", "dsig", ""])
@pytest.mark.parametrize("c14n", [EXCLUSIVE, C14N, C14N_11])
@pytest.mark.parametrize("transforms", [(ENVELOPED,), (ENVELOPED, EXCLUSIVE), (ENVELOPED, C14N)])
def test_styles_of_other_systems(
    *,
    prefix: str,
    c14n: str,
    transforms: tuple[str, ...],
    signed: Callable[..., bytes],
    trust: Trust,
    now: dt.datetime,
) -> None:
    """Any prefix, any C14N, with or without a C14N transform: all are real signatures."""
    data = signed(prefix=prefix, c14n=c14n, transforms=transforms)
    assert verify(data, trust, at=now).reading.envelope.sender.organ_id == "G22"


@pytest.mark.parametrize("size", ["sha384", "sha512"])
def test_longer_digests(
    size: str, signed: Callable[..., bytes], trust: Trust, now: dt.datetime
) -> None:
    """SHA-384 and SHA-512 are accepted for digest and signature."""
    digest = {"sha384": MORE + "sha384", "sha512": "http://www.w3.org/2001/04/xmlenc#sha512"}
    data = signed(method=f"{MORE}ecdsa-{size}", digest=digest[size])
    assert len(verify(data, trust, at=now).digest) == int(size[3:]) // 4


def test_language_of_the_packet_is_inherited(
    packet: Packet, signed: Callable[..., bytes], code_of: Callable[[bytes], str]
) -> None:
    """With xml:lang above, exclusive signatures verify; other xml: attributes are refused."""
    data = packet.data.replace(b"<edXML ", b'<edXML xml:lang="vi" ', 1)
    assert code_of(signed(data=data)) == "valid"
    data = packet.data.replace(b"<edXML ", b'<edXML xml:base="http://x/" ', 1)
    assert code_of(signed(data=data)) == "EDX-3103"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"method": DS + "rsa-sha1"}, "EDX-3104"),
        ({"method": MORE + "ecdsa-sha1"}, "EDX-3104"),
        ({"method": DS + "hmac-sha1"}, "EDX-3104"),
        ({"method": MORE + "hmac-sha256"}, "EDX-3104"),
        ({"method": "urn:unknown"}, "EDX-3104"),
        ({"digest": DS + "sha1"}, "EDX-3104"),
        ({"c14n": EXCLUSIVE + "WithComments"}, "EDX-3104"),
        ({"c14n": C14N + "#WithComments"}, "EDX-3104"),
        ({"transforms": (EXCLUSIVE,)}, "EDX-3105"),
        ({"transforms": ()}, "EDX-3105"),
        ({"transforms": (EXCLUSIVE, ENVELOPED)}, "EDX-3105"),
        ({"transforms": (ENVELOPED, ENVELOPED)}, "EDX-3105"),
        ({"transforms": (ENVELOPED, EXCLUSIVE, EXCLUSIVE)}, "EDX-3105"),
        ({"transforms": (ENVELOPED, DS + "base64")}, "EDX-3104"),
        ({"transforms": (ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116")}, "EDX-3104"),
        ({"transforms": (ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116")}, "EDX-3104"),
        ({"transforms": (ENVELOPED, "urn:unknown")}, "EDX-3104"),
        ({"uri": "#x"}, "EDX-3105"),
        ({"uri": "http://127.0.0.1/x"}, "EDX-3105"),
        ({"uri": "file:///etc/passwd"}, "EDX-3105"),
        ({"uri": "#xpointer(/)"}, "EDX-3105"),
        ({"in_signature": "<Object/>"}, "EDX-3103"),
        ({"in_signature": "<KeyInfo/>"}, "EDX-3103"),
        ({"in_method": "<HMACOutputLength>8</HMACOutputLength>"}, "EDX-3103"),
        ({"in_key_info": "<KeyName>x</KeyName>"}, "EDX-3107"),
        ({"in_key_info": '<RetrievalMethod URI="http://127.0.0.1/x"/>'}, "EDX-3107"),
        ({"in_key_info": "<X509Data/>"}, "EDX-3107"),
        ({"in_key_info": "<KeyValue/><KeyValue/>"}, "EDX-3107"),
        ({"in_data": "<X509CRL>AAAA</X509CRL>"}, "EDX-3107"),
        ({"in_data": f"<X509SubjectName>{'x' * 5000}</X509SubjectName>"}, "EDX-3107"),
        ({"in_data": "<X509Certificate>AAAA</X509Certificate>"}, "EDX-3201"),
        ({"in_data": "<X509Certificate>AAA*</X509Certificate>"}, "EDX-3106"),
        ({"in_data": f"<X509Certificate>{'A' * 30000}</X509Certificate>"}, "EDX-3106"),
        ({"certificates": ()}, "EDX-3107"),
        ({"at": b"<edXML:edXMLHeader>"}, "EDX-3102"),
        ({"at": b"</edXML:edXMLEnvelope>"}, "EDX-3102"),
        ({"at": b"</edXML>"}, "EDX-3102"),
        ({"at": b"</edXML:MessageHeader>"}, "EDX-3102"),
        ({"at": b"<edXML:TraceHeaderList>"}, "EDX-3102"),
    ],
)
def test_what_no_signature_may_look_like(
    options: dict[str, object],
    code: str,
    signed: Callable[..., bytes],
    code_of: Callable[[bytes], str],
) -> None:
    """Weak algorithms, foreign transforms, odd references, key hints and places are refused."""
    assert code_of(signed(**options)) == code


@pytest.mark.parametrize(
    "in_data",
    [
        "<X509SubjectName>CN=G22</X509SubjectName>",
        ISSUER_SERIAL,
        "<X509SKI>AAAA</X509SKI>",
    ],
)
def test_hints_beside_the_certificates(
    in_data: str, signed: Callable[..., bytes], code_of: Callable[[bytes], str]
) -> None:
    """What .NET and Java write beside the certificates is allowed and believed by nobody."""
    assert code_of(signed(in_data=in_data)) == "valid"


def test_certificates_in_any_order(
    signed: Callable[..., bytes],
    keys: dict[str, SigningKey],
    code_of: Callable[[bytes], str],
) -> None:
    """XMLDSig implies no order of certificates; doubled or foreign leaves are refused."""
    own, issuer = keys["G22"].chain
    other = keys["H41"].certificate
    assert code_of(signed(certificates=(issuer, own))) == "valid"
    assert code_of(signed(certificates=(own, own, issuer))) == "EDX-3202"
    assert code_of(signed(certificates=(own, other, issuer))) == "EDX-3202"
    assert code_of(signed(certificates=(issuer,))) == "EDX-3202"
    assert code_of(signed(certificates=(own, *[issuer] * 5))) == "EDX-3107"
    assert code_of(signed(certificates=(other, issuer))) == "EDX-3108"


def test_the_key_beside_the_certificate(
    signed: Callable[..., bytes], keys: dict[str, SigningKey], code_of: Callable[[bytes], str]
) -> None:
    """A KeyValue must be that of the certificate; one alone proves nothing."""
    assert code_of(signed(in_key_info=_key_value(keys["G22"]))) == "valid"
    assert code_of(signed(in_key_info=_key_value(keys["H41"]))) == "EDX-3108"
    alone = signed(in_key_info=_key_value(keys["G22"])).replace(b"ds:X509Data", b"ds:PGPData")
    assert code_of(alone) == "EDX-3107"


def _key_value(key: SigningKey) -> str:
    point = key.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return (
        '<KeyValue><d:ECKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">'
        '<d:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
        f"<d:PublicKey>{base64.b64encode(point).decode()}</d:PublicKey>"
        "</d:ECKeyValue></KeyValue>"
    )


def test_an_id_on_the_root(
    packet: Packet, signed: Callable[..., bytes], code_of: Callable[[bytes], str]
) -> None:
    """A reference by the root's Id is accepted if the Id is there once in any spelling."""
    data = packet.data.replace(b"<edXML ", b'<edXML Id="doc" ', 1)
    assert code_of(signed(data=data, uri="#doc")) == "valid"
    assert code_of(signed(data=data, uri="#other")) == "EDX-3105"
    assert code_of(signed(data=data, uri="##doc")) == "EDX-3105"
    for spelling in (b"id", b"ID", b"Id", b"edXML:id"):
        twice = data.replace(b"<edXML:Subject>", b"<edXML:Subject " + spelling + b'="doc">')
        assert code_of(signed(data=twice, uri="#doc")) == "EDX-3105"


def test_comments_and_other_markup(sealed: Sealed, code_of: Callable[[bytes], str]) -> None:
    """Comments, CDATA, processing instructions and DOCTYPE never reach the signature."""
    for place, markup in (
        (b"05</edXML:CodeNumber>", b"05<!-- x --></edXML:CodeNumber>"),
        (b"05</edXML:CodeNumber>", b"<![CDATA[05]]></edXML:CodeNumber>"),
        (b"05</edXML:CodeNumber>", b"05<?x y?></edXML:CodeNumber>"),
        (b"<edXML ", b"<!DOCTYPE edXML><edXML "),
        (b"</edXML>", b"</edXML><!-- x -->"),
    ):
        assert code_of(sealed.data.replace(place, markup, 1)).startswith("EDX-20")


def test_two_signatures(
    sealed: Sealed,
    keys: dict[str, SigningKey],
    sign_xml: SignXml,
    code_of: Callable[[bytes], str],
) -> None:
    """A second Signature, even a valid one, makes the packet ambiguous."""
    assert code_of(sign_xml(sealed.data, keys["G22"])) == "EDX-3102"
    assert code_of(sign_xml(sealed.data, keys["H41"], at=b"</edXML>")) == "EDX-3102"


def test_signature_elements_elsewhere(
    packet: Packet, signed: Callable[..., bytes], code_of: Callable[[bytes], str]
) -> None:
    """No element of the signature namespace stands outside of the Signature."""
    stray = f'<x:Object xmlns:x="{DS}"/></edXML:MessageHeader>'.encode()
    data = packet.data.replace(b"</edXML:MessageHeader>", stray)
    assert code_of(signed(data=data)) == "EDX-3102"


def test_several_signed_infos(sealed: Sealed, code_of: Callable[[bytes], str]) -> None:
    """Only the one SignedInfo counts: a second one, or a second Reference, is refused."""
    root = etree.fromstring(sealed.data)
    info = root.findall(f".//{{{DS}}}SignedInfo")[0]
    text = etree.tostring(info, with_tail=False)
    start = sealed.data.index(b"<ds:SignedInfo>")
    doubled = sealed.data[:start] + text + sealed.data[start:]
    assert code_of(doubled) == "EDX-3103"
    start = sealed.data.index(b"<ds:Reference")
    end = sealed.data.index(b"</ds:SignedInfo>")
    reference = sealed.data[start:end]
    assert code_of(sealed.data[:end] + reference + sealed.data[end:]) == "EDX-3103"


def _wrapped(data: bytes, build: Callable[[etree._Element, etree._Element], None]) -> bytes:
    """Return a packet built from a forged copy (first) and the genuine tree (second)."""
    genuine = etree.fromstring(data)
    forged = etree.fromstring(data.replace(b"05</edXML:CodeNumber>", b"66</edXML:CodeNumber>"))
    build(forged, genuine)
    return etree.tostring(forged)


def _signature(root: etree._Element) -> etree._Element:
    return root.findall(f"{HEADER}/{{{DS}}}Signature")[0]


def _remove_signature(root: etree._Element) -> None:
    root.findall(HEADER)[0].remove(_signature(root))


def _hide_in_object(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(genuine)
    hidden = etree.SubElement(_signature(forged), f"{{{DS}}}Object")
    hidden.append(genuine)


def _hide_in_root(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(forged)
    forged.append(genuine)


def _hide_in_header(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(forged)
    forged.findall(HEADER)[0].append(genuine)


def _envelope_before(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(forged)
    forged.append(genuine[0])


def _envelope_behind(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(forged)
    forged.insert(0, genuine[0])


def _header_before(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(forged)
    forged[0].append(genuine.findall(HEADER)[0])


def _second_message_header(forged: etree._Element, genuine: etree._Element) -> None:
    header = genuine.findall(HEADER)[0][0]
    forged.findall(HEADER)[0].insert(1, header)


def _transplant(forged: etree._Element, genuine: etree._Element) -> None:
    header = forged.findall(HEADER)[0]
    header.replace(_signature(forged), _signature(genuine))


def _genuine_in_signature_value(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(genuine)
    forged.findall(f".//{{{DS}}}SignatureValue")[0].append(genuine)


def _genuine_in_key_info(forged: etree._Element, genuine: etree._Element) -> None:
    _remove_signature(genuine)
    forged.findall(f".//{{{DS}}}X509Data")[0].append(genuine)


@pytest.mark.parametrize(
    "build",
    [
        _hide_in_object,
        _hide_in_root,
        _hide_in_header,
        _envelope_before,
        _envelope_behind,
        _header_before,
        _second_message_header,
        _transplant,
        _genuine_in_signature_value,
        _genuine_in_key_info,
    ],
)
def test_signature_wrapping(
    build: Callable[[etree._Element, etree._Element], None],
    sealed: Sealed,
    trust: Trust,
    now: dt.datetime,
) -> None:
    """A genuine signed tree hidden anywhere in a forged packet never makes the forgery pass."""
    data = _wrapped(sealed.data, build)
    assert b"66</edXML:CodeNumber>" in data
    assert not explain(data, trust, at=now).valid
    with pytest.raises(ConnectorError):
        verify(data, trust, at=now)


def test_namespace_games(sealed: Sealed, code_of: Callable[[bytes], str]) -> None:
    """An element moved out of its namespace, or text that undeclares one, is a change."""
    moved = sealed.data.replace(b"<AttachmentEncoded>", b'<AttachmentEncoded xmlns="">', 1)
    assert code_of(moved) == "EDX-3108"
    text = sealed.data.replace(b"<ds:SignedInfo>", b'<ds:SignedInfo xmlns="">', 1)
    assert code_of(text) == "valid"  # exclusive C14N: nothing there uses the default namespace
    relative = sealed.data.replace(b"<edXML ", b'<edXML xmlns:r="relative/uri" ', 1)
    assert code_of(relative) != "valid"


def test_a_foreign_signer_of_a_genuine_packet(
    packet: Packet,
    keys: dict[str, SigningKey],
    sign_xml: SignXml,
    code_of: Callable[[bytes], str],
) -> None:
    """Showing G22's certificate does not help whoever has not got its key."""
    other = replace(keys["H41"], certificate=keys["G22"].certificate)
    assert code_of(sign_xml(packet.data, other)) == "EDX-3108"


def test_one_spelling_of_base64(sealed: Sealed, code_of: Callable[[bytes], str]) -> None:
    """A value that decodes to the same bytes but was spelled by somebody else is refused."""
    end = sealed.data.index(b"==</ds:SignatureValue>")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(chr(sealed.data[end - 1])) + 1].encode()
    respelled = sealed.data[: end - 1] + other + sealed.data[end:]
    assert code_of(respelled) == "EDX-3106"


def test_a_signed_packet_of_two_envelopes(
    packet: Packet, signed: Callable[..., bytes], code_of: Callable[[bytes], str]
) -> None:
    """Even its own agency cannot sign a packet that says two things."""
    start = packet.data.index(b"<edXML:edXMLEnvelope")
    end = packet.data.index(b"</edXML:edXMLEnvelope>") + len(b"</edXML:edXMLEnvelope>")
    data = packet.data[:end] + packet.data[start:end] + packet.data[end:]
    assert code_of(signed(data=data)) == "EDX-3102"
