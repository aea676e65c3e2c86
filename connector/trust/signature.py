"""The cryptography of a Signature whose shape and signer are already accepted (stage 3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.verifier import SignatureConfiguration, VerifyResult

from connector.edxml.names import DS_NS, ROOT, SIGNATURE_LOCATION
from connector.edxml.parser import wants_memory
from connector.errors import TrustError
from connector.trust import codes
from connector.trust.shown import shown
from connector.trust.structure import SignatureParts
from connector.trust.xmldsig import PacketVerifier, hard_parser

__all__ = ["SignedContent", "signed_content"]


_GROWTH: Final = 2
_SMALL: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SignedContent:
    """What was signed: canonical bytes, their tree, and the hex digest of the Reference."""

    data: bytes
    root: etree._Element
    digest: str


def signed_content(
    data: bytes, parts: SignatureParts, signer: x509.Certificate, at: dt.datetime
) -> SignedContent:
    """Return what `signer` signed in these bytes; raises TrustError if it did not.

    signxml is given the signer's certificate itself, so that no other key can be used.
    """
    verifier = PacketVerifier(parts.inherited, _GROWTH * len(data) + _SMALL)
    try:
        result = verifier.verify(
            data, x509_cert=signer, parser=hard_parser(), expect_config=_expected(parts, at)
        )
    except MemoryError:
        raise  # says nothing about the packet
    except etree.DocumentInvalid as error:
        raise TrustError(codes.SIGNATURE_SHAPE.at("Signature", reason=_line(error))) from error
    except Exception as error:  # signxml promises no tree of exceptions: all mean "refused"
        if isinstance(error, etree.LxmlError) and wants_memory(error):
            raise MemoryError from error
        reason = f"{type(error).__name__}: {_line(error)}"
        raise TrustError(codes.SIGNATURE_WRONG.at("Signature", reason=reason)) from error
    if verifier.digest != parts.digest:
        raise TrustError(codes.CONTENT_CHANGED.at(reason="its digest is another one"))
    return _checked(result, parts, signer)


def _line(error: Exception) -> str:
    return shown(str(error).partition("\n")[0], 200)


def _expected(parts: SignatureParts, at: dt.datetime) -> SignatureConfiguration:
    return SignatureConfiguration(
        require_x509=True,
        location=SIGNATURE_LOCATION,
        expect_references=1,
        signature_methods=frozenset({parts.method}),
        digest_algorithms=frozenset({parts.digest_method}),
        ignore_ambiguous_key_info=False,
        verification_time=at,
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
    )


def _checked(
    result: VerifyResult | Sequence[VerifyResult], parts: SignatureParts, signer: x509.Certificate
) -> SignedContent:
    """Insist that the whole packet was signed, and by the key of exactly one certificate."""
    if not isinstance(result, VerifyResult) or result.signed_xml is None:
        raise TrustError(codes.CONTENT_CHANGED.at(reason="it is not one XML document"))
    root = result.signed_xml
    if root.tag != ROOT or next(root.iter(f"{{{DS_NS}}}*"), None) is not None:
        raise TrustError(codes.CONTENT_CHANGED.at(reason="it is not the envelope alone"))
    key = _key_of(signer)
    bearers = [der for der in parts.certificates if _key_of_der(der) == key]
    if result.signature_key != key or len(bearers) != 1:
        reason = f"{len(bearers)} certificates carry the key"
        raise TrustError(codes.CONTENT_CHANGED.at(reason=reason))
    return SignedContent(result.signed_data, root, parts.digest.hex())


def _key_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _key_of_der(der: bytes) -> bytes:
    """Return a certificate's key; nothing for one beside the signer's that cannot be used."""
    try:
        return _key_of(x509.load_der_x509_certificate(der))
    except (UnsupportedAlgorithm, ValueError):
        return b""
