"""All shapes of genuine packets: they must be accepted, and say what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from lxml import etree

from connector.model.envelope import Organization
from connector.model.packet import AttachmentEncoding, ChildOrder, WriteOptions
from connector.trust.anchors import Anchors
from tests.corpus.signing import (
    C14N,
    C14N_11,
    DIGESTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    MORE,
    PSS_METHOD,
    encoded,
    sign,
)
from tests.corpus.vector import (
    Build,
    Trusting,
    Vector,
    accepted,
    document,
    edited,
    g22,
    packet,
    refused,
    signed,
    status,
)
from tests.corpus.world import World

__all__ = ["shapes"]

_DOCUMENT: Final = document()
_PLAIN: Final = packet(_DOCUMENT)
_C14NS: Final = {"exclusive": EXCLUSIVE, "c14n10": C14N, "c14n11": C14N_11}
_PURPOSES: Final = {
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "mail": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "documents": ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
    "documents-microsoft": ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
    "documents-adobe": ObjectIdentifier("1.2.840.113583.1.1.5"),
}


def _good(name: str, data: bytes = _PLAIN, kind: str = "p256", **options: Any) -> Vector:
    return accepted(name, (), _DOCUMENT, lambda w: sign(data, g22(w, kind), **options))


def shapes() -> Iterator[Vector]:
    """Yield what other systems write and this one must accept."""
    yield from _canonical_forms()
    yield from _algorithms()
    yield from _layouts()
    yield from _beside_the_key()
    yield from _roots()
    yield from _packets()
    yield from _certificates()
    yield from _legacy()


def _canonical_forms() -> Iterator[Vector]:
    for prefix in ("ds", "dsig", ""):
        for info, c14n in _C14NS.items():
            for transform, steps in (
                ("none", (ENVELOPED,)),
                *((name, (ENVELOPED, uri)) for name, uri in _C14NS.items()),
            ):
                name = f"shape-{prefix or 'default'}-{info}-{transform}"
                yield _good(name, prefix=prefix, c14n=c14n, transforms=steps)


def _algorithms() -> Iterator[Vector]:
    for size in ("sha256", "sha384", "sha512"):
        for kind in ("p256", "p384", "p521"):
            yield _good(f"ecdsa-{kind}-{size}", kind=kind, method=f"{MORE}ecdsa-{size}")
        rsa = f"{MORE}rsa-{size}"
        yield _good(f"rsa-{size}", kind="rsa2048", method=rsa)
        pss = f"{PSS_METHOD}{size}-rsa-MGF1"
        yield _good(f"pss-{size}", kind="rsa2048", method=pss, digest=DIGESTS[size])
        yield _good(f"digest-{size}", digest=DIGESTS[size])


def _layouts() -> Iterator[Vector]:
    for part in ("Signature", "SignatureValue", "KeyInfo"):
        old = f"<ds:{part}".encode()
        end = b" " if part == "Signature" else b">"
        yield accepted(
            f"id-on-{part}",
            (),
            _DOCUMENT,
            signed(_PLAIN, edits=[(old + end, old + b' Id="a"' + end)]),
        )
    yield _good("id-on-SignedInfo", in_info=' Id="a"')
    yield _good("id-on-Reference", uri='" Id="a')
    yield accepted("signature-of-greatest-length", (19,), _DOCUMENT, lambda w: _padded(w, 0))
    yield refused("signature-too-long", 19, "structure", 3103, lambda w: _padded(w, 1))
    yield _good("base64-wrapped-lf", wrap="\n")
    yield _good("base64-wrapped-by-java", wrap="&#13;\n")
    yield _good("base64-wrapped-crlf", wrap="\r\n")
    yield _good("signature-indented", space="\n    ")
    yield _good("signature-indented-inclusive", space="\r\n\t", prefix="", c14n=C14N)


def _beside_the_key() -> Iterator[Vector]:
    """Yield what may stand in KeyInfo beside the certificate, and other orders of the chain."""
    hints = (
        ("subject", "<X509SubjectName>CN=G22</X509SubjectName>"),
        ("ski", "<X509SKI>AAAA</X509SKI>"),
        (
            "serial",
            (
                "<X509IssuerSerial><X509IssuerName>CN=x</X509IssuerName>"
                "<X509SerialNumber>1</X509SerialNumber></X509IssuerSerial>"
            ),
        ),
    )
    for name, hint in hints:
        yield _good(f"hint-{name}", data_info=hint)
    yield accepted(
        "key-value-beside-certificate",
        (),
        _DOCUMENT,
        lambda w: sign(_PLAIN, g22(w, "rsa2048"), key_info=_rsa_key_value(w)),
    )
    yield accepted(
        "key-value-beside-certificate-pss",
        (),
        _DOCUMENT,
        lambda w: sign(
            _PLAIN,
            g22(w, "rsa2048"),
            key_info=_rsa_key_value(w),
            method=f"{PSS_METHOD}sha256-rsa-MGF1",
        ),
    )
    yield accepted(
        "certificates-reversed",
        (),
        _DOCUMENT,
        lambda w: sign(_PLAIN, g22(w), certificates=g22(w).chain[::-1]),
    )
    yield accepted(
        "root-enclosed",
        (),
        _DOCUMENT,
        lambda w: sign(_PLAIN, g22(w), certificates=(*g22(w).chain, w.root.certificate)),
    )


def _padded(world: World, more: int) -> bytes:
    """Return a packet whose Signature holds the greatest number of characters, or `more`."""
    data = sign(_PLAIN, g22(world))
    (signature,) = etree.fromstring(data).iter(f"{{{DS}}}Signature")
    held = sum(len(text) for text in signature.itertext())
    end = b"</ds:SignatureValue>"
    return edited(data, (end, b" " * (160_000 - held + more) + end))


def _rsa_key_value(world: World) -> str:
    numbers = g22(world, "rsa2048").private.public_key().public_numbers()
    modulus = encoded(getattr(numbers, "n").to_bytes(256, "big"))  # noqa: B009 - of either kind
    return (
        f"<KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus>"
        f"<Exponent>AQAB</Exponent></RSAKeyValue></KeyValue>"
    )


def _roots() -> Iterator[Vector]:
    for name, attribute in (
        ("id", b'Id="doc" '),
        ("unused-namespace", b'xmlns:x="http://www.w3.org/1999/xlink" '),
        ("language", b'xml:lang="vi" '),
        ("space", b'xml:space="preserve" '),
    ):
        data = edited(_PLAIN, (b"<edXML ", b"<edXML " + attribute))
        yield _good(f"root-{name}", data)
    for place in (b"<edXML ", b"<edXML:edXMLEnvelope ", b"<edXML:edXMLHeader"):
        data = edited(_PLAIN, (place, place.rstrip() + b' xml:lang="vi" '))
        if place != b"<edXML ":
            data = edited(data, (b"<edXML ", b'<edXML xml:lang="en" xml:space="preserve" '))
        for name, c14n in _C14NS.items():
            label = place.decode().strip("< ").replace(":", "-")
            again = "redeclared-" if place != b"<edXML " else ""
            yield _good(f"language-{again}on-{label}-{name}", data, c14n=c14n)
    data = edited(_PLAIN, (b"<edXML ", b'<edXML xmlns:x="http://www.w3.org/1999/xlink" '))
    yield _good("root-unused-namespace-inclusive", data, prefix="", c14n=C14N)
    data = edited(_PLAIN, (b"<edXML ", b'<edXML Id="doc" '))
    yield _good("root-referenced-by-id", data, uri="#doc")
    others = (
        (b"<edXML:Subject>", b'<edXML:Subject a="doc">'),
        (b"<edXML:To>", b'<edXML:To Id="x">'),
    )
    yield _good("root-referenced-beside-other-ids", edited(data, *others), uri="#doc")
    for name, declaration in (
        ("utf8", b'<?xml version="1.0" encoding="UTF-8"?>'),
        ("plain", b"<?xml version='1.0'?>\n"),
        ("standalone", b'<?xml version="1.0" encoding="utf-8" standalone="yes" ?>\r\n'),
    ):
        yield accepted(
            f"declaration-{name}",
            (),
            _DOCUMENT,
            signed(_PLAIN, edits=[(b"<edXML ", declaration + b"<edXML ")]),
        )
    yield accepted("space-behind", (), _DOCUMENT, lambda w: sign(_PLAIN, g22(w)) + b"\n\n")


def _packets() -> Iterator[Vector]:
    for order in ChildOrder:
        for encoding in AttachmentEncoding:
            options = WriteOptions(order=order, attachment_encoding=encoding)
            yield _good(f"written-{order}-{encoding}", packet(_DOCUMENT, options))
    bare = _PLAIN.replace(b"edXML:", b"").replace(b"xmlns:edXML=", b"xmlns=")
    yield _good("default-namespace-packet", bare, at=b"</edXMLHeader>")
    report = status()
    yield accepted("status", (), report, lambda w: sign(packet(report), w.identity("H41")))
    many = document(attachments=())
    yield accepted("without-attachment", (), many, lambda w: sign(packet(many), g22(w)))
    unit = document("H41.07")
    yield accepted("unit-below", (18,), unit, lambda w: sign(packet(unit), w.identity("H41")))
    old = document("000.00.00.G22")
    yield accepted("old-spelling", (18,), old, lambda w: sign(packet(old), g22(w)))


def _certificates() -> Iterator[Vector]:
    for name, purpose in _PURPOSES.items():
        label = f"purpose-{name}"
        yield accepted(
            label,
            (17,),
            _DOCUMENT,
            _for_purpose(label, purpose),
            trust=_trusting_purpose(label, purpose),
        )
    yield accepted(
        "issuing-authority-pinned",
        (16,),
        _DOCUMENT,
        lambda w: sign(_PLAIN, g22(w), certificates=(g22(w).certificate,)),
        trust=lambda w: replace(w.trust(), anchors=Anchors([w.issuing.certificate])),
    )
    yield accepted("on-the-last-day", (17,), _DOCUMENT, lambda w: sign(_PLAIN, g22(w)), days=364)
    yield accepted(
        "revocation-list-names-another",
        (17,),
        _DOCUMENT,
        lambda w: sign(_PLAIN, g22(w)),
        trust=lambda w: w.trust_with_lists(w.identity("G09").certificate),
    )


def _for_purpose(label: str, purpose: ObjectIdentifier) -> Build:
    return lambda w: sign(_PLAIN, w.issued(label, purposes=[purpose]))


def _trusting_purpose(label: str, purpose: ObjectIdentifier) -> Trusting:
    return lambda w: w.trust((w.issued(label, purposes=[purpose]), "G22"))


def _legacy() -> Iterator[Vector]:
    """Yield SHA-1 for a sender that is named, and for nobody else."""
    sha1: dict[str, Any] = {"method": DS + "rsa-sha1", "digest": DIGESTS["sha1"]}
    for name, options in (
        ("both", sha1),
        ("method", {"method": sha1["method"]}),
        ("digest", {"digest": sha1["digest"]}),
    ):
        yield accepted(
            f"sha1-{name}-of-named-sender",
            (13,),
            _DOCUMENT,
            signed(_PLAIN, kind="rsa2048", **options),
            trust=lambda w: replace(w.trust(), legacy_sha1=frozenset({"G22"})),
            warnings=("EDX-3111",),
        )
        yield refused(
            f"sha1-{name}-of-another",
            13,
            "identity",
            3112,
            signed(_PLAIN, kind="rsa2048", **options),
            trust=lambda w: replace(w.trust(), legacy_sha1=frozenset({"H41"})),
        )
    named = document("000.00.00.G22", receivers=(Organization(organ_id="H41", organ_name="x"),))
    yield accepted(
        "sha1-of-named-sender-in-old-spelling",
        (13,),
        named,
        signed(packet(named), kind="rsa2048", **sha1),
        trust=lambda w: replace(w.trust(), legacy_sha1=frozenset({"G22"})),
        warnings=("EDX-3111",),
    )
    yield accepted(
        "sha256-of-named-sender",
        (13,),
        _DOCUMENT,
        lambda w: sign(_PLAIN, g22(w)),
        trust=lambda w: replace(w.trust(), legacy_sha1=frozenset({"G22"})),
    )
