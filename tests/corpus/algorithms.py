"""Rows 7, 8 and 13 to 15: transforms, references, algorithms, keyed digests, odd ECDSA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.corpus.numbers import ec_key, rsa_key
from tests.corpus.signing import (
    C14N,
    C14N_11,
    DIGESTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    MORE,
    PSS_METHOD,
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
)
from tests.corpus.world import PrivateKey, World

__all__ = ["algorithms"]

_DOCUMENT: Final = document()
_PLAIN: Final = packet(_DOCUMENT)
_XSLT: Final = "http://www.w3.org/TR/1999/REC-xslt-19991116"
_XPATH: Final = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_FILTER: Final = "http://www.w3.org/2002/06/xmldsig-filter2"
_SHA256: Final = DIGESTS["sha256"].encode()
_SHA384: Final = DIGESTS["sha384"].encode()
_SHA512: Final = DIGESTS["sha512"].encode()
_ORDER_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def algorithms() -> Iterator[Vector]:
    """Yield the vectors of rows 7, 8, 13, 14 and 15."""
    yield from _transforms()
    yield from _odd_steps()
    yield from _references()
    yield from _lures()
    yield from _weak()
    yield from _keyed()
    yield from _elliptic()
    yield from _mismatched()


def _bad(name: str, row: int, code: int, kind: str = "p256", **options: Any) -> Vector:
    return refused(name, row, "structure", code, lambda w: sign(_PLAIN, g22(w, kind), **options))


def _transforms() -> Iterator[Vector]:
    for name, transforms, code in (
        ("none", (), 3105),
        ("c14n-only", (EXCLUSIVE,), 3105),
        ("c14n-first", (EXCLUSIVE, ENVELOPED), 3105),
        ("enveloped-twice", (ENVELOPED, ENVELOPED), 3105),
        ("c14n-twice", (ENVELOPED, EXCLUSIVE, EXCLUSIVE), 3105),
        ("base64", (ENVELOPED, DS + "base64"), 3104),
        ("base64-first", (DS + "base64", ENVELOPED), 3104),
        ("xslt", (ENVELOPED, _XSLT), 3104),
        ("xpath", (_XPATH, ENVELOPED), 3104),
        ("xpath-filter", (ENVELOPED, _FILTER), 3104),
        ("unknown", (ENVELOPED, "urn:unknown"), 3104),
        ("with-comments", (ENVELOPED, EXCLUSIVE + "WithComments"), 3104),
        ("xml-c14n2", (ENVELOPED, "http://www.w3.org/2010/xml-c14n2"), 3104),
    ):
        yield _bad(f"transform-{name}", 7, code, transforms=transforms)


def _odd_steps() -> Iterator[Vector]:
    """Yield transforms and canonicalization methods with something inside, or none at all."""
    xpath = f'<XPath xmlns="{DS}">not(ancestor::x)</XPath>'
    prefixes = f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="edXML"/>'
    enveloped = f'<Transform Algorithm="{ENVELOPED}"/>'
    for name, steps, code in (
        ("xpath-inside-enveloped", f'<Transform Algorithm="{ENVELOPED}">{xpath}</Transform>', 3103),
        (
            "inclusive-prefixes",
            f'{enveloped}<Transform Algorithm="{EXCLUSIVE}">{prefixes}</Transform>',
            3103,
        ),
        ("another-element", f'{enveloped}<Object Algorithm="{EXCLUSIVE}"/>', 3105),
        ("no-algorithm", "<Transform/>", 3103),
    ):
        yield _bad(f"transform-{name}", 7, code, steps=steps)
    yield _bad("c14n-inclusive-prefixes", 7, 3103, in_c14n=prefixes)
    for name, uri in (
        ("with-comments", C14N + "#WithComments"),
        ("c14n11-with-comments", C14N_11 + "#WithComments"),
        ("unknown", "urn:unknown"),
        ("empty", ""),
    ):
        yield _bad(f"c14n-{name}", 7, 3104, c14n=uri)
    yield refused(
        "transforms-left-out",
        7,
        "structure",
        3103,
        lambda w: edited(sign(_PLAIN, g22(w), steps=""), (b"<ds:Transforms></ds:Transforms>", b"")),
    )


def _references() -> Iterator[Vector]:
    for name, uri in (
        ("http", "http://127.0.0.1:9/x"),
        ("file", "file:///etc/passwd"),
        ("relative", "packet.xml"),
        ("data", "data:text/plain,x"),
        ("network-path", "//127.0.0.1:9/x"),
        ("long", "x" * 50_000),
    ):
        yield _bad(f"reference-{name}", 8, 3105, uri=uri)
    retrieval = '<RetrievalMethod URI="http://127.0.0.1:9/x"/>'
    yield _bad("retrieval-method", 8, 3107, key_info=retrieval)
    yield _bad("key-name", 8, 3107, key_info="<KeyName>x</KeyName>")
    yield refused(
        "reference-without-uri",
        8,
        "structure",
        3103,
        lambda w: edited(sign(_PLAIN, g22(w)), (b' URI=""', b"")),
    )
    yield refused(
        "reference-with-type",
        8,
        "structure",
        3103,
        lambda w: edited(sign(_PLAIN, g22(w)), (b' URI=""', b' URI="" Type="x"')),
    )


def _lures() -> Iterator[Vector]:
    """Yield addresses outside the signature, which nobody may follow."""
    hint = edited(
        _PLAIN,
        (
            b"<edXML ",
            (
                b'<edXML xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
                b' i:schemaLocation="urn:x http://127.0.0.1:9/x.xsd" '
            ),
        ),
    )
    yield accepted("schema-location-is-not-followed", 8, _DOCUMENT, lambda w: sign(hint, g22(w)))
    include = edited(
        _PLAIN,
        (
            b"<edXML:DocumentId>",
            (
                b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"'
                b' parse="text"/><edXML:DocumentId>'
            ),
        ),
    )
    yield accepted(
        "inclusion-is-not-followed",
        8,
        _DOCUMENT,
        lambda w: sign(include, g22(w)),
        warnings=("EDX-2016",),
    )
    yield refused(
        "base-address",
        8,
        "structure",
        3103,
        lambda w: sign(
            edited(_PLAIN, (b"<edXML ", b'<edXML xml:base="http://127.0.0.1:9/" ')), g22(w)
        ),
    )


def _weak() -> Iterator[Vector]:
    for name, kind, method in (
        ("rsa-sha1", "rsa2048", DS + "rsa-sha1"),
        ("ecdsa-sha1", "p256", MORE + "ecdsa-sha1"),
        ("pss-sha1", "rsa2048", PSS_METHOD + "sha1-rsa-MGF1"),
        ("rsa-md5", "rsa2048", MORE + "rsa-md5"),
        ("rsa-ripemd", "rsa2048", MORE + "rsa-ripemd160"),
        ("rsa-sha224", "rsa2048", MORE + "rsa-sha224"),
        ("ecdsa-sha224", "p256", MORE + "ecdsa-sha224"),
        ("dsa-sha1", "p256", DS + "dsa-sha1"),
        ("dsa-sha256", "p256", "http://www.w3.org/2009/xmldsig11#dsa-sha256"),
        ("unknown", "p256", "urn:unknown"),
        ("blank", "p256", " "),
        ("respelled", "rsa2048", (MORE + "RSA-SHA256")),
    ):
        yield _bad(f"weak-{name}", 13, 3104, kind, method=method)
    for name in ("sha1", "md5", "sha224"):
        yield _bad(f"weak-digest-{name}", 13, 3104, digest=DIGESTS[name])
    yield _bad("weak-digest-empty", 13, 3104, digest="")
    yield refused(
        "digest-too-short",
        13,
        "structure",
        3106,
        signed(_PLAIN, digest=DIGESTS["sha384"], edits=[(_SHA384, _SHA512)]),
    )
    yield refused(
        "digest-too-long",
        13,
        "structure",
        3106,
        signed(_PLAIN, digest=DIGESTS["sha384"], edits=[(_SHA384, _SHA256)]),
    )
    for name, private in (("rsa1024", rsa_key("weak", 1024)), ("k256", ec_key("weak", "k256"))):
        yield refused(
            f"weak-key-{name}",
            13,
            "certificate",
            3203,
            _by(name, private),
            trust=_trusting(name, private),
        )


def _by(name: str, private: PrivateKey) -> Build:
    return lambda w: sign(_PLAIN, w.issued(name, private))


def _trusting(name: str, private: PrivateKey) -> Trusting:
    return lambda w: w.trust((w.issued(name, private), "G22"))


def _keyed_with(method: str) -> Build:
    return lambda w: sign(_PLAIN, g22(w), method=method, value=_hmac(w))


def _keyed() -> Iterator[Vector]:
    """Yield digests keyed with the public key, which everybody knows."""
    for name, method in (
        ("sha1", DS + "hmac-sha1"),
        ("sha256", MORE + "hmac-sha256"),
        ("sha512", MORE + "hmac-sha512"),
    ):
        yield refused(
            f"hmac-{name}",
            14,
            "structure",
            3104,
            _keyed_with(method),
        )
    for bits in (0, 8):
        length = f"<HMACOutputLength>{bits}</HMACOutputLength>"
        yield _bad(f"hmac-cut-to-{bits}", 14, 3104, method=MORE + "hmac-sha256", in_method=length)
        yield _bad(f"parameter-cut-to-{bits}", 14, 3103, in_method=length)
    yield _bad("method-with-text", 14, 3103, in_method="8")


def _hmac(world: World) -> bytes:
    public = g22(world).certificate.public_key()
    key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(_PLAIN)
    return made.finalize()


def _elliptic() -> Iterator[Vector]:
    size, order = 32, _ORDER_P256
    for name, value in (
        ("zero", bytes(64)),
        ("r-zero", bytes(32) + b"\x01" * 32),
        ("s-zero", b"\x01" * 32 + bytes(32)),
        ("r-is-order", order.to_bytes(size, "big") + b"\x01" * 32),
        ("both-are-order", order.to_bytes(size, "big") * 2),
        ("ones", b"\xff" * 64),
        ("short", b"\x01" * 63),
        ("long", b"\x01" * 65),
        ("one-byte", b"\x01"),
    ):
        yield refused(
            f"ecdsa-{name}",
            15,
            "signature",
            3108,
            signed(_PLAIN, value=value),
        )
    der = ec_key("G22 p256").sign(b"x", ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    yield refused("ecdsa-der", 15, "signature", 3108, lambda w: sign(_PLAIN, g22(w), value=der))


def _mismatched() -> Iterator[Vector]:
    """Yield values that belong to another key or method, and values of the greatest length."""
    for name, kind, method in (
        ("rsa-over-ec-key", "p256", MORE + "rsa-sha256"),
        ("pss-over-ec-key", "p256", PSS_METHOD + "sha256-rsa-MGF1"),
        ("ecdsa-over-rsa-key", "rsa2048", MORE + "ecdsa-sha256"),
    ):
        yield refused(
            name,
            15,
            "signature",
            3108,
            signed(_PLAIN, kind=kind, method=method),
        )
    for name, old, new in (
        ("sha256-as-sha512", "ecdsa-sha256", "ecdsa-sha512"),
        ("pkcs1-as-pss", "2001/04/xmldsig-more#rsa-sha256", "2007/05/xmldsig-more#sha256-rsa-MGF1"),
    ):
        yield refused(
            name,
            15,
            "signature",
            3108,
            signed(
                _PLAIN,
                kind="rsa2048" if "rsa" in old else "p256",
                edits=[(old.encode(), new.encode())],
            ),
        )
    yield refused("value-too-long", (15, 19), "structure", 3106, signed(_PLAIN, value=b"x" * 1025))
    yield refused(
        "value-just-not-too-long", (15, 19), "signature", 3108, signed(_PLAIN, value=b"x" * 1024)
    )
