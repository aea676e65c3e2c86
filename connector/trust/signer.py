"""Which certificate of a Signature is the signer's, and whether it may sign at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cryptography import x509

from connector.errors import Finding, TrustError
from connector.trust import codes
from connector.trust.certificates import (
    UNREADABLE,
    CertificateFacts,
    is_authority,
    subject_of,
    usage_problem,
    weakness,
)
from connector.trust.shown import shown

__all__ = ["check_period", "check_signer", "find_signer", "standing_objection"]


def find_signer(
    encoded: Sequence[bytes],
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """Return the only certificate that is not an authority's, and the others, whatever the order.

    Raises TrustError if a certificate cannot be read or there is no such one or several.
    """
    try:
        certificates = [_readable(der) for der in encoded]
    except UNREADABLE as error:
        reason = shown(str(error).partition("\n")[0], 200)
        raise TrustError(codes.CERTIFICATE_UNREADABLE.at("X509Data", reason=reason)) from error
    authorities = [certificate for certificate in certificates if is_authority(certificate)]
    signers = [certificate for certificate in certificates if certificate not in authorities]
    if len(signers) != 1:
        raise TrustError(codes.NO_SINGLE_SIGNER.at("X509Data", count=len(signers)))
    return signers[0], tuple(authorities)


def _readable(der: bytes) -> x509.Certificate:
    """Read a certificate with all that will be asked of it, which cryptography reads late."""
    certificate = x509.load_der_x509_certificate(der)
    CertificateFacts.of(certificate)
    len(certificate.extensions)
    return certificate


def check_signer(certificate: x509.Certificate, at: dt.datetime) -> None:
    """Check strength, usage and period of the signer's certificate; raises TrustError."""
    objection = standing_objection(certificate)
    if objection is not None:
        raise TrustError(objection)
    check_period(CertificateFacts.of(certificate), at)


def standing_objection(certificate: x509.Certificate) -> Finding | None:
    """Return why a certificate may never sign packets, whatever the moment; None if it may."""
    reason = weakness(certificate)
    if reason is not None:
        return codes.CERTIFICATE_WEAK.at(subject_of(certificate), reason=reason)
    reason = usage_problem(certificate)
    if reason is not None:
        return codes.CERTIFICATE_USAGE.at(subject_of(certificate), reason=reason)
    return None


def check_period(facts: CertificateFacts, at: dt.datetime) -> None:
    """Insist that a moment is in the period of a certificate; raises TrustError."""
    if at > facts.not_after:
        late = codes.CERTIFICATE_EXPIRED.at(facts.subject, not_after=facts.not_after, at=at)
        raise TrustError(late)
    if at < facts.not_before:
        early = codes.CERTIFICATE_NOT_YET.at(facts.subject, not_before=facts.not_before, at=at)
        raise TrustError(early)
