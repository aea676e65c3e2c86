"""A development PKI, sealed packets, and a second signer that signs whatever it is told to."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from lxml import etree

from connector.clock import VIETNAM, ManualClock
from connector.edxml.writer import write
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
    TraceHeader,
)
from connector.model.packet import Packet, Sealed
from connector.trust.keys import PrivateKey, SigningKey, load_key
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.registry import Registration, Registry, Trust, load_trust
from connector.trust.settings import PemKey
from connector.trust.sign import seal

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = DS + "enveloped-signature"
HEADER_END: Final = b"</edXML:edXMLHeader>"
ORGANS: Final = (
    ("G22", "Văn phòng Chính phủ"),
    ("H41", "Ủy ban nhân dân tỉnh Nghệ An"),
    ("H41.02", "Sở Nội vụ tỉnh Nghệ An"),
)
DIGESTS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    DS + "sha1": "sha1",
}


@pytest.fixture(scope="session")
def clock() -> ManualClock:
    """A clock that stands still for the whole session."""
    return ManualClock()


@pytest.fixture(scope="session")
def now(clock: ManualClock) -> dt.datetime:
    """The moment at which the clock stands."""
    return clock.now()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory, clock: ManualClock) -> DevPki:
    """A PKI over P-256 for three agencies."""
    directory = tmp_path_factory.mktemp("pki")
    return new_dev_pki(directory, ORGANS, clock=clock, key_type="p256")


@pytest.fixture(scope="session")
def keys(pki: DevPki, now: dt.datetime) -> dict[str, SigningKey]:
    """The loaded keys of the three agencies."""
    return {code: load_dev_key(pki, code, now) for code, _ in ORGANS}


@pytest.fixture(scope="session")
def loading(now: dt.datetime) -> Callable[[DevPki, str], SigningKey]:
    """A loader of an agency's key out of any development PKI."""
    return lambda pki, code: load_dev_key(pki, code, now)


@pytest.fixture(scope="session")
def trust(pki: DevPki) -> Trust:
    """Trust in the PKI and its registry."""
    return load_trust(pki.anchors_dir, pki.registry_file)


@pytest.fixture(scope="session")
def packet() -> Packet:
    """A packet of G22 to H41 with one attachment."""
    return make_packet("G22")


@pytest.fixture(scope="session")
def packet_from() -> Callable[[str], Packet]:
    """A maker of packets with any sender."""
    return make_packet


@pytest.fixture(scope="session")
def sealed(packet: Packet, keys: dict[str, SigningKey]) -> Sealed:
    """The packet of G22, sealed by G22."""
    return seal(packet, keys["G22"])


@pytest.fixture(scope="session")
def issue(pki: DevPki, now: dt.datetime) -> Callable[..., SigningKey]:
    """A maker of signing keys with certificates of any kind, issued by the PKI."""
    return lambda **options: issue_key(pki, now, **options)


@pytest.fixture(scope="session")
def registering(trust: Trust) -> Callable[..., Trust]:
    """A maker of a trust that registers one more certificate for an agency."""

    def register(key: SigningKey, code: str = "G22", **period: dt.date) -> Trust:
        entry = Registration(code=code, name=code, sha256=key.fingerprint, **period)
        return replace(trust, registry=Registry((*trust.registry.registrations, entry)))

    return register


@pytest.fixture(scope="session")
def sign_xml() -> Callable[..., bytes]:
    """A signer of XML bytes that obeys any option, sensible or not."""
    return sign_any


def load_dev_key(pki: DevPki, code: str, now: dt.datetime) -> SigningKey:
    """Return the key of an agency of a development PKI."""
    key_file, certificate_file = pki.key_file(code), pki.certificate_file(code)
    settings = PemKey(type="pem", key_file=key_file, certificate_file=certificate_file)
    return load_key(settings, now=now)


def make_packet(sender: str) -> Packet:
    """Return a small valid packet."""
    content = BytesContent(b"%PDF-1.7\n" + bytes(range(256)))
    document = Document(
        sender=Organization(organ_id=sender, organ_name="Cơ quan gửi"),
        receivers=(Organization(organ_id="H41", organ_name="Ủy ban nhân dân tỉnh Nghệ An"),),
        code=DocumentCode("05", "VPCP-KSTT"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject='Về việc "thử nghiệm" <ký số> & xác minh',
        signer=Signer(full_name="Nguyễn Văn A"),
        document_id=f"{sender},2026/01/05,05/VPCP-KSTT",
        traces=(TraceHeader(sender, dt.datetime(2026, 1, 5, 8, tzinfo=VIETNAM)),),
        attachments=(
            Attachment(
                content_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
                name="công văn.pdf",
                content_type="application/pdf",
                content=content,
            ),
        ),
    )
    return Packet((write(document),), document)


def issue_key(
    pki: DevPki,
    now: dt.datetime,
    *,
    private: PrivateKey | None = None,
    ca: bool = False,
    usage: bool | None = True,
    purposes: Sequence[x509.ObjectIdentifier] = (),
    first: int = -1,
    last: int = 365,
    self_signed: bool = False,
    subject: x509.Name | None = None,
) -> SigningKey:
    """Return a key whose certificate is as odd as asked; `usage` None leaves key usage out."""
    private = private or ec.generate_private_key(ec.SECP256R1())
    issuer = _read_certificate(pki.directory / "authority" / "issuing.crt")
    issuer_key = _read_key(pki.directory / "authority" / "issuing.key")
    if subject is None:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Thử nghiệm")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if self_signed else issuer.subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=first))
        .not_valid_after(now + dt.timedelta(days=last))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if usage is not None:
        builder = builder.add_extension(_usage(sign=usage), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    certificate = builder.sign(private if self_signed else issuer_key, hashes.SHA256())
    return SigningKey(private, certificate, (issuer,))


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=not sign,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read_certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def sign_any(
    data: bytes,
    key: SigningKey,
    *,
    prefix: str = "ds",
    c14n: str = EXCLUSIVE,
    transforms: Sequence[str] = (ENVELOPED, EXCLUSIVE),
    digest: str = "http://www.w3.org/2001/04/xmlenc#sha256",
    method: str | None = None,
    uri: str = "",
    certificates: Sequence[x509.Certificate] | None = None,
    in_data: str = "",
    in_key_info: str = "",
    in_signature: str = "",
    in_method: str = "",
    at: bytes = HEADER_END,
) -> bytes:
    """Return the bytes with a Signature before `at`; the element's name prefix is `prefix`."""
    signed = c14n_of(etree.fromstring(data), transforms[-1] if len(transforms) > 1 else "")
    value = base64.b64encode(hashlib.new(DIGESTS[digest], signed).digest()).decode()
    steps = "".join(f'<Transform Algorithm="{step}"/>' for step in transforms)
    method = method or _default_method(key)
    encoded = [
        base64.b64encode(each.public_bytes(Encoding.DER)).decode()
        for each in (key.chain if certificates is None else certificates)
    ]
    shown = "".join(f"<X509Certificate>{each}</X509Certificate>" for each in encoded)
    text = (
        f'<Signature><SignedInfo><CanonicalizationMethod Algorithm="{c14n}"/>'
        f'<SignatureMethod Algorithm="{method}">{in_method}</SignatureMethod>'
        f'<Reference URI="{uri}"><Transforms>{steps}</Transforms>'
        f'<DigestMethod Algorithm="{digest}"/><DigestValue>{value}</DigestValue></Reference>'
        f"</SignedInfo><SignatureValue>@</SignatureValue>"
        f"<KeyInfo><X509Data>{in_data}{shown}</X509Data>{in_key_info}</KeyInfo>"
        f"{in_signature}</Signature>"
    )
    unsigned = data.replace(at, _prefixed(text, prefix).encode() + at, 1)
    info = etree.fromstring(unsigned).findall(f".//{{{DS}}}SignedInfo")[-1]
    alone = c14n_of(etree.fromstring(etree.tostring(info, with_tail=False)), c14n)
    signature = base64.b64encode(raw_signature(key.private, alone, method))
    return unsigned.replace(b">@<", b">" + signature + b"<")


def _default_method(key: SigningKey) -> str:
    kind = "rsa" if isinstance(key.private, rsa.RSAPrivateKey) else "ecdsa"
    return f"http://www.w3.org/2001/04/xmldsig-more#{kind}-sha256"


def _prefixed(text: str, prefix: str) -> str:
    if not prefix:
        return text.replace("<Signature>", f'<Signature xmlns="{DS}">')
    opened = re.sub(r"<(/?)(\w+)(?=[ />])", rf"<\1{prefix}:\2", text)
    return opened.replace(f"<{prefix}:Signature>", f'<{prefix}:Signature xmlns:{prefix}="{DS}">')


def c14n_of(root: etree._Element, algorithm: str) -> bytes:
    """Return a root's canonical form, inclusive unless the algorithm is the exclusive one."""
    exclusive = algorithm.startswith(EXCLUSIVE)
    return etree.tostring(root, method="c14n", exclusive=exclusive, with_comments=False)


def raw_signature(private: PrivateKey, data: bytes, method: str) -> bytes:
    """Return a SignatureValue as XMLDSig writes it."""
    names: dict[str, Any] = {
        "sha1": hashes.SHA1(),  # noqa: S303 - the verifier has to refuse it
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    algorithm = names.get(method.rpartition("-")[2], hashes.SHA256())
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, PKCS1v15(), algorithm)
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(algorithm)))
    size = (private.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")
