"""Rows 16 and 17: which key, which certificate, how long it is valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from tests.corpus.numbers import ec_key, rsa_key
from tests.corpus.signing import encoded, sign
from tests.corpus.vector import (
    Build,
    Vector,
    accepted,
    document,
    edited,
    g22,
    packet,
    refused,
    signed,
)
from tests.corpus.world import Identity, World, issue

__all__ = ["by", "certificates", "issued", "showing"]

_DOCUMENT: Final = document()
_PLAIN: Final = packet(_DOCUMENT)
_P256: Final = bytes.fromhex("06082a8648ce3d030107")
Making = Callable[[World], Identity]


def certificates() -> Iterator[Vector]:
    """Yield the vectors of rows 16 and 17."""
    yield from _key_infos()
    yield from _key_info_parts()
    yield from _shown()
    yield from _chains()
    yield from _strange()
    yield from _periods()
    yield from _of_other_kinds()


def by(
    name: str, row: int | tuple[int, ...], stage: str, code: int, make: Making, **options: Any
) -> Vector:
    """Return a packet of G22 by a signer that the registry names for G22."""
    return refused(
        name,
        row,
        stage,
        code,
        lambda w: sign(_PLAIN, make(w), **options),
        trust=lambda w: w.trust((make(w), "G22")),
    )


def issued(name: str, **options: Any) -> Making:
    """Return a maker of a signer that the issuing authority has certified."""
    return lambda w: w.issued(name, **options)


def showing(pick: Callable[[World], Sequence[x509.Certificate]]) -> Build:
    """Return a genuine packet that shows chosen certificates instead of the signer's."""
    return lambda w: sign(_PLAIN, g22(w), certificates=pick(w))


def _ec_key_value(identity: Identity) -> str:
    point = identity.certificate.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    return (
        '<KeyValue><d:ECKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">'
        '<d:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
        f"<d:PublicKey>{encoded(point)}</d:PublicKey></d:ECKeyValue></KeyValue>"
    )


def _key_infos() -> Iterator[Vector]:
    yield accepted(
        "key-value-of-the-signer",
        16,
        _DOCUMENT,
        lambda w: sign(_PLAIN, g22(w), key_info=_ec_key_value(g22(w))),
    )
    yield refused(
        "key-value-of-another",
        16,
        "signature",
        3108,
        lambda w: sign(_PLAIN, g22(w), key_info=_ec_key_value(w.identity("H41"))),
    )
    yield refused(
        "key-value-alone",
        16,
        "structure",
        3107,
        lambda w: sign(_PLAIN, g22(w), key_info=_ec_key_value(g22(w))).replace(
            b"ds:X509Data", b"ds:PGPData"
        ),
    )


def _key_info_parts() -> Iterator[Vector]:
    for name, options, code in (
        ("no-certificate", {"certificates": ()}, 3107),
        ("two-x509-data", {"key_info": "<X509Data/>"}, 3107),
        ("two-key-values", {"key_info": "<KeyValue/><KeyValue/>"}, 3107),
        ("revocation-list", {"data_info": "<X509CRL>AAAA</X509CRL>"}, 3107),
        ("foreign-data", {"data_info": '<f:x xmlns:f="urn:x"/>'}, 3103),
        ("not-base64", {"data_info": "<X509Certificate>AAA*</X509Certificate>"}, 3106),
        ("empty-certificate", {"data_info": "<X509Certificate/>"}, 3106),
    ):
        yield refused(
            f"key-info-{name}",
            16,
            "structure",
            code,
            signed(_PLAIN, **options),
        )
    yield refused(
        "certificate-that-is-none",
        16,
        "certificate",
        3201,
        lambda w: sign(_PLAIN, g22(w), data_info="<X509Certificate>AAAA</X509Certificate>"),
    )


def _shown() -> Iterator[Vector]:
    """Yield certificates of others, shown instead of the signer's or beside it."""
    shown: tuple[tuple[str, Callable[[World], Sequence[x509.Certificate]], str, int], ...] = (
        ("issuer-only", lambda w: (w.issuing.certificate,), "certificate", 3202),
        ("signer-twice", lambda w: (*g22(w).chain, g22(w).certificate), "certificate", 3202),
        (
            "another-leaf-beside",
            lambda w: (*g22(w).chain, w.identity("H41").certificate),
            "certificate",
            3202,
        ),
        ("another-leaf", lambda w: w.identity("H41").chain, "signature", 3108),
    )
    for name, pick, stage, code in shown:
        yield refused(
            f"certificates-{name}",
            16,
            stage,
            code,
            showing(pick),
        )


def _rogue(world: World) -> Identity:
    """Return G22 under an authority that only looks like the real one."""
    root = issue("rogue root", common="Corpus root CA", ca=True, last=7300)
    issuing = issue("rogue", None, root, common="Corpus issuing CA", ca=True, last=3650)
    made = issue("G22 p256", ec_key("rogue G22"), issuing)
    return replace(made, issuers=(issuing.certificate, root.certificate))


def _below(world: World, **options: Any) -> Identity:
    """Return a signer below a certificate of the issuing authority."""
    middle = issue("middle", None, world.issuing, **options)
    made = issue("below", None, middle)
    return replace(made, issuers=(middle.certificate, world.issuing.certificate))


def _too_deep(world: World) -> Identity:
    middle = issue("narrow", None, world.issuing, ca=True, path_length=0)
    lower = issue("lower", None, middle, ca=True)
    made = issue("deep", None, lower)
    issuers = (lower.certificate, middle.certificate, world.issuing.certificate)
    return replace(made, issuers=issuers)


def _chains() -> Iterator[Vector]:
    for name, make in (
        ("self-signed", lambda _: issue("lonely")),
        ("self-signed-twin", lambda _: issue("twin", common="G22 p256")),
        ("rogue-twin-of-the-authority", _rogue),
        ("hole", lambda w: replace(w.issued("hole"), issuers=())),
        ("narrow-authority", _too_deep),
        ("expired-issuer", lambda w: _below(w, ca=True, last=-1)),
        ("issuer-may-not-issue", lambda w: _below(w, ca=True, usage=None)),
    ):
        row = 17 if "expired" in name else 16
        yield by(f"chain-{name}", row, "chain", 3207, make)
    yield by("chain-leaf-as-authority", 16, "certificate", 3202, _below)
    yield refused(
        "chain-rogue-root-before-the-real",
        16,
        "chain",
        3207,
        lambda w: sign(_PLAIN, _rogue(w), certificates=(*_rogue(w).chain[:2], *g22(w).chain[1:])),
        trust=lambda w: w.trust((_rogue(w), "G22")),
    )


def _strange() -> Iterator[Vector]:
    """Yield certificates that anybody can make, and odd ones that an authority let pass."""
    for name, common in (
        ("line-end", "a\nEDX-0000 valid"),
        ("escape", "\x1b[2Jvalid"),
        ("return", "no\rvalid"),
        ("reversal", "a\u202egnp"),
        ("null", "G22\x00.evil"),
    ):
        label = f"subject-with-{name}"
        yield by(label, 27, "chain", 3207, _alone(name, common))
        expired = issued(f"{label}-expired", common=common, last=-1)
        yield by(f"{label}-expired", 27, "certificate", 3205, expired)
    critical = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    unknown = issued("unknown-extension", extra=critical, extra_critical=True)
    yield by("chain-unknown-critical-extension", 16, "chain", 3207, unknown)
    yield by("chain-excluded-name", 16, "chain", 3207, _excluded)
    yield by("chain-of-lookalikes", (16, 19), "chain", 3207, _lookalikes)
    yield refused(
        "same-key-in-another-certificate",
        (16, 18),
        "identity",
        3310,
        lambda w: sign(_PLAIN, w.issued("again", g22(w).private)),
    )
    yield refused(
        "twin-that-shows-the-genuine",
        16,
        "signature",
        3108,
        lambda w: sign(_PLAIN, w.issued("twin"), certificates=g22(w).chain),
    )
    for name, options in (
        ("many-names", {"extra": x509.SubjectAlternativeName(_many_names())}),
        ("rsa-of-4096-bits", {"private": rsa_key("large", 4096)}),
    ):
        yield _accepted_from(f"certificate-with-{name}", issued(f"with-{name}", **options))


def _alone(name: str, common: str) -> Making:
    """Return a maker of a certificate that nobody issued but its holder."""
    return lambda _: issue(name, common=common)


def _accepted_from(name: str, make: Making) -> Vector:
    """Return a packet by a signer that the registry names for G22 and that may sign."""
    return accepted(
        name,
        19,
        _DOCUMENT,
        lambda w: sign(_PLAIN, make(w)),
        trust=lambda w: w.trust((make(w), "G22")),
    )


def _many_names() -> list[x509.GeneralName]:
    return [x509.DNSName(f"a{number}.example") for number in range(700)]


def _excluded(world: World) -> Identity:
    """Return a signer whose authority may not certify its name."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "excluded")])
    limits = x509.NameConstraints(None, [x509.DirectoryName(name)])
    middle = issue("narrow", None, world.issuing, ca=True, extra=limits, extra_critical=True)
    made = issue("excluded", None, middle)
    return replace(made, issuers=(middle.certificate, world.issuing.certificate))


def _lookalikes(_: World) -> Identity:
    """Return a signer below four authorities that might each have issued all the others."""
    private = ec_key("lookalike")
    top = issue("lookalike", private, ca=True, common="Lookalike")
    others = [issue(f"lookalike {n}", private, top, ca=True, common="Lookalike") for n in range(3)]
    made = issue("below lookalikes", None, top)
    return replace(made, issuers=(top.certificate, *(each.certificate for each in others)))


def _periods() -> Iterator[Vector]:
    yield by("expired", 17, "certificate", 3205, lambda w: w.issued("old", last=-1))
    yield by("not-yet-valid", 17, "certificate", 3206, lambda w: w.issued("new", first=1))
    yield refused(
        "expired-later", 17, "certificate", 3205, lambda w: sign(_PLAIN, g22(w)), days=366
    )
    for name, options, code in (
        ("no-key-usage", {"usage": None}, 3204),
        ("key-encipherment-only", {"usage": False}, 3204),
        ("server", {"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]}, 3204),
        ("code-signing", {"purposes": [ExtendedKeyUsageOID.CODE_SIGNING]}, 3204),
        ("time-stamping", {"purposes": [ExtendedKeyUsageOID.TIME_STAMPING]}, 3204),
        ("authority", {"ca": True}, 3202),
    ):
        label = f"usage-{name}"
        yield by(label, 17, "certificate", code, issued(label, **options))
    yield refused(
        "authority-itself-signs", 17, "certificate", 3202, lambda w: sign(_PLAIN, w.issuing)
    )


def _of_other_kinds() -> Iterator[Vector]:
    bare = issued("bare", basic=False)
    yield accepted(
        "certificate-without-basic-constraints",
        16,
        _DOCUMENT,
        lambda w: sign(_PLAIN, bare(w)),
        trust=lambda w: w.trust((bare(w), "G22")),
    )
    yield refused(
        "issuer-without-basic-constraints",
        16,
        "certificate",
        3202,
        lambda w: sign(_PLAIN, _below(w, basic=False)),
    )
    damaged = x509.UnrecognizedExtension(ExtensionOID.EXTENDED_KEY_USAGE, b"\xff")
    yield refused(
        "certificate-with-damaged-extension",
        16,
        "certificate",
        3201,
        lambda w: sign(_PLAIN, w.issued("damaged", extra=damaged)),
    )
    for name, spoil in (("key-off-its-curve", _off_curve), ("key-of-unknown-kind", _unknown_curve)):
        yield accepted(f"authority-beside-with-{name}", 16, _DOCUMENT, _beside(spoil))
        yield refused(f"authority-above-with-{name}", 16, "chain", 3207, _below_spoilt(spoil))
    yield refused(
        "certificate-with-damaged-name",
        16,
        "certificate",
        3201,
        lambda w: sign(_PLAIN, g22(w), data_info=_misnamed(w)),
    )
    for name, hint in (
        ("issuer-serial-empty", "<X509IssuerSerial/>"),
        ("issuer-serial-no-number", _serial("abc")),
        ("subject-with-child", "<X509SubjectName><X509SKI/></X509SubjectName>"),
    ):
        yield refused(f"hint-{name}", 16, "signature", 3103, signed(_PLAIN, data_info=hint))


def _off_curve(der: bytes, point: bytes) -> bytes:
    return edited(der, (point, point[:-1] + bytes([point[-1] ^ 1])))


def _unknown_curve(der: bytes, _point: bytes) -> bytes:
    return edited(der, (_P256, _P256[:-1] + b"\x7f"))


def _spoilt(identity: Identity, spoil: Callable[[bytes, bytes], bytes]) -> str:
    public = identity.certificate.public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return encoded(spoil(identity.certificate.public_bytes(Encoding.DER), point))


def _beside(spoil: Callable[[bytes, bytes], bytes]) -> Build:
    """Return a genuine packet with the certificate of an authority that cannot be used."""
    return lambda w: sign(
        _PLAIN,
        g22(w),
        data_info=f"<X509Certificate>{_spoilt(w.root, spoil)}</X509Certificate>",
    )


def _below_spoilt(spoil: Callable[[bytes, bytes], bytes]) -> Build:
    """Return a packet whose only issuer cannot be used."""
    return lambda w: sign(
        _PLAIN,
        g22(w),
        certificates=(g22(w).certificate,),
        data_info=f"<X509Certificate>{_spoilt(w.issuing, spoil)}</X509Certificate>",
    )


def _misnamed(world: World) -> str:
    """Return a certificate whose subject is no text."""
    der = world.identity("H41").certificate.public_bytes(Encoding.DER)
    broken = edited(der, (b"H41 p256", b"\xff\xff\xff p256"))
    return f"<X509Certificate>{encoded(broken)}</X509Certificate>"


def _serial(number: str) -> str:
    return (
        "<X509IssuerSerial><X509IssuerName>CN=x</X509IssuerName>"
        f"<X509SerialNumber>{number}</X509SerialNumber></X509IssuerSerial>"
    )
