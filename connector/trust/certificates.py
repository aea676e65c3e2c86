"""Facts of X.509 certificates, and which of them may sign packets."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from connector.trust.shown import shown

__all__ = [
    "UNREADABLE",
    "CertificateFacts",
    "fingerprint",
    "is_authority",
    "subject_of",
    "usage_problem",
    "weakness",
]

UNREADABLE: Final = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises, sooner or later, for a damaged certificate."""

_NAMES: Final = {
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.USER_ID: "UID",
}
_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192
_SIGNING_PURPOSES: Final = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing, RFC 9336
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # document signing, Microsoft
        ObjectIdentifier("1.2.840.113583.1.1.5"),  # document signing, Adobe
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What people need to know of a certificate; `serial` and `sha256` are lower-case hex."""

    subject: str
    issuer: str
    serial: str
    sha256: str
    not_before: dt.datetime
    not_after: dt.datetime

    @classmethod
    def of(cls, certificate: x509.Certificate) -> CertificateFacts:
        """Return the facts of one certificate."""
        return cls(
            subject=subject_of(certificate),
            issuer=shown(certificate.issuer.rfc4514_string(_NAMES)),
            serial=f"{certificate.serial_number:x}",
            sha256=fingerprint(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the facts JSON-ready."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "sha256": self.sha256,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
        }


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the lower-case hex SHA-256 of a certificate's DER form."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def subject_of(certificate: x509.Certificate) -> str:
    """Return the subject as one line (RFC 4514), controls visible: anybody can make one."""
    return shown(certificate.subject.rfc4514_string(_NAMES))


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is one of a CA."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return constraints.value.ca


def weakness(certificate: x509.Certificate) -> str | None:
    """Return why a certificate's key is not accepted for signatures, None if it is."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError) as error:
        return str(error) or "unknown kind of key"
    if isinstance(key, rsa.RSAPublicKey):
        fits = _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS
        return None if fits else f"RSA with {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return None if key.curve.name in _CURVES else f"curve {key.curve.name}"
    return f"key of kind {type(key).__name__.removesuffix('PublicKey').strip('_')}"


def usage_problem(certificate: x509.Certificate) -> str | None:
    """Return why a certificate may not sign packets, None if it may."""
    if is_authority(certificate):
        return "it is a certificate of an authority (CA)"
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return "it names no key usage"
    if not usage.digital_signature:
        return "its key usage lacks digitalSignature"
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return None if _SIGNING_PURPOSES.intersection(purposes) else "its purposes are others"
