"""Rows 17 to 19: who may not sign any more, whose name, how much of a certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from cryptography import x509

from connector.trust.registry import Trust
from tests.corpus.certificates import by, issued, showing
from tests.corpus.numbers import rsa_public
from tests.corpus.signing import encoded, sign
from tests.corpus.vector import (
    Vector,
    accepted,
    document,
    edited,
    g22,
    packet,
    refused,
    signed,
)
from tests.corpus.world import World

__all__ = ["names"]

_DOCUMENT: Final = document()
_PLAIN: Final = packet(_DOCUMENT)


def names() -> Iterator[Vector]:
    """Yield the vectors of revoked certificates and of rows 18 and 19."""
    yield from _revoked()
    yield from _names()
    yield from _other_names()
    yield from _floods()
    yield from _greatest()


def _revoked() -> Iterator[Vector]:
    lists: tuple[tuple[str, Callable[[World], Trust]], ...] = (
        ("signer", lambda w: w.trust_with_lists(g22(w).certificate)),
        ("issuer", lambda w: w.trust_with_lists(w.issuing.certificate)),
    )
    for name, trust in lists:
        yield refused(
            f"revoked-{name}",
            17,
            "revocation",
            3211,
            lambda w: sign(_PLAIN, g22(w)),
            trust=trust,
        )


def _names() -> Iterator[Vector]:
    for name, sender, code in (
        ("another-agency", "G22", 3311),
        ("cyrillic", "Н41", 3311),
        ("full-width", "Ｈ４１", 3311),
        ("lower-case", "h41", 3311),
        ("no-break-space", "H41\u00a0", 3311),
        ("zero-width", "H41\u200b", 3311),
        ("cut", "H4", 3311),
        ("lengthened", "H410", 3311),
        ("dot-behind", "H41.", 3311),
        ("list", "H41,G22", 3311),
        ("old-spelling-of-another", "000.00.00.G22", 3311),
    ):
        forged = packet(document(sender))
        yield refused(
            f"name-{name}",
            18,
            "identity",
            code,
            signed(forged, "H41"),
        )


def _other_names() -> Iterator[Vector]:
    for sender in ("H41", "H41.07", "H41.020"):
        forged = packet(document(sender))
        yield refused(
            f"name-unit-as-{sender}",
            18,
            "identity",
            3311,
            signed(forged, "H41.02"),
        )
    yield refused(
        "name-unregistered", 18, "identity", 3310, lambda w: sign(_PLAIN, w.issued("stranger"))
    )
    spaced = edited(_PLAIN, (b"<edXML:OrganId>G22", b"<edXML:OrganId> \n G22 "))
    yield refused("name-spaced", 18, "identity", 3311, lambda w: sign(spaced, w.identity("H41")))
    yield accepted("name-spaced-genuine", 18, _DOCUMENT, lambda w: sign(spaced, g22(w)))
    doubled = edited(
        _PLAIN,
        (
            b"</edXML:From>",
            b"</edXML:From><edXML:From><edXML:OrganId>H41</edXML:OrganId></edXML:From>",
        ),
    )
    yield refused(
        "name-two-senders", 18, "content", 2013, lambda w: sign(doubled, w.identity("H41"))
    )


def _many(count: int) -> Callable[[World], Sequence[x509.Certificate]]:
    return lambda w: (*g22(w).chain, *[w.root.certificate] * (count - 2))


def _blob(size: int) -> str:
    return f"<X509Certificate>{encoded(bytes(size))}</X509Certificate>"


def _floods() -> Iterator[Vector]:
    yield refused(
        "flood-certificates",
        19,
        "structure",
        3107,
        lambda w: sign(_PLAIN, g22(w), certificates=g22(w).chain * 3),
    )
    serial = (
        f"<X509IssuerSerial><X509SerialNumber>{'9' * 200_000}</X509SerialNumber></X509IssuerSerial>"
    )
    modulus = f"<KeyValue><RSAKeyValue><Modulus>{'A' * 66_668}</Modulus></RSAKeyValue></KeyValue>"
    floods: tuple[tuple[str, dict[str, Any], int], ...] = (
        ("serial", {"data_info": serial}, 3103),
        ("ski-just", {"data_info": f"<X509SKI>{'A' * 4097}</X509SKI>"}, 3107),
        ("bytes-just", {"data_info": _blob(16_385)}, 3106),
        ("modulus", {"key_info": modulus}, 3107),
        ("subject", {"data_info": f"<X509SubjectName>{'x' * 5000}</X509SubjectName>"}, 3107),
        ("ski", {"data_info": f"<X509SKI>{'A' * 5000}</X509SKI>"}, 3107),
        ("bytes", {"data_info": f"<X509Certificate>{'A' * 30_000}</X509Certificate>"}, 3106),
        ("elements", {"data_info": "<X509Certificate>AAAA</X509Certificate>" * 1000}, 3107),
        ("names", {"key_info": "<KeyName/>" * 1000}, 3107),
    )
    for name, options, code in floods:
        yield refused(
            f"flood-{name}",
            19,
            "structure",
            code,
            signed(_PLAIN, **options),
        )


def _greatest() -> Iterator[Vector]:
    """Yield what is of the greatest size, and just above it."""
    yield accepted(
        "flood-hint-of-greatest-length",
        19,
        _DOCUMENT,
        signed(_PLAIN, data_info=f"<X509SKI>{'A' * 4096}</X509SKI>"),
    )
    yield refused(
        "flood-certificate-of-greatest-length",
        19,
        "certificate",
        3201,
        signed(_PLAIN, data_info=_blob(16_384)),
    )
    for count in (5, 6):
        build = showing(_many(count))
        if count == 5:
            yield accepted("flood-five-certificates", 19, _DOCUMENT, build)
        else:
            yield refused("flood-six-certificates", 19, "structure", 3107, build)
    for bits in (8200, 16384):
        make = issued(f"rsa{bits}", public=rsa_public(bits))
        yield by(f"flood-key-of-{bits}-bits", 19, "certificate", 3203, make)
