"""Revocation lists: which are of use, whose they are, and what they say of a certificate."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connector.errors import ConfigError, ConnectorError, Finding, NoInputError
from connector.trust import data_codes as codes
from connector.trust.certificates import UNREADABLE, is_authority, subject_of
from connector.trust.revocation_facts import Link, RevocationFact

__all__ = ["RevocationList", "may_sign_lists", "read_list", "read_lists"]

_SUFFIXES: Final = frozenset({".crl", ".pem"})
_PEM: Final = b"-----BEGIN X509 CRL-----"
_MAX_BYTES: Final = 64 * 1024 * 1024
E = TypeVar("E", bound=x509.ExtensionType)
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class RevocationList:
    """One complete revocation list of one authority; ConfigError for any other kind."""

    def __init__(self, crl: x509.CertificateRevocationList) -> None:
        if reason := _unfitness(crl):
            raise ConfigError(codes.CRL_UNFIT.at(crl.issuer.rfc4514_string(), reason=reason))
        self.crl: Final = crl
        self.number: Final = _number(crl)
        self.made: Final = crl.last_update_utc
        self.due: Final = crl.next_update_utc or crl.last_update_utc
        self.scope: Final = _extension(crl, x509.IssuingDistributionPoint)

    def signed_by(self, issuer: x509.Certificate) -> bool:
        """Tell whether an authority has signed this list as its own."""
        if self.crl.issuer != issuer.subject or not may_sign_lists(issuer):
            return False
        try:
            key = issuer.public_key()
            if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
                return False
            return self.crl.is_signature_valid(key)
        except (UnsupportedAlgorithm, ValueError, TypeError):
            return False

    def concerns(self, certificate: x509.Certificate) -> bool:
        """Tell whether the list would name this certificate of its issuer if it were revoked."""
        if self.scope is None:
            return True
        authority = is_authority(certificate)
        if self.scope.only_contains_user_certs and authority:
            return False
        if self.scope.only_contains_ca_certs and not authority:
            return False
        return not self.scope.full_name or bool({*self.scope.full_name} & _points_of(certificate))

    def fact(self, link: Link) -> RevocationFact:
        """Return what the list says of a certificate, for whose issuer `signed_by` holds."""
        serial = link.certificate.serial_number
        entry = self.crl.get_revoked_certificate_by_serial_number(serial)
        return RevocationFact(
            subject=subject_of(link.certificate),
            issuer=subject_of(link.issuer),
            source="crl",
            made=self.made,
            due=self.due,
            number=self.number,
            revoked_at=_since(entry) if entry is not None else None,
        )


def may_sign_lists(issuer: x509.Certificate) -> bool:
    """Tell whether a certificate is that of an authority which may sign revocation lists."""
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return is_authority(issuer)
    except ValueError:
        return False
    return usage.crl_sign and is_authority(issuer)


def read_lists(directory: Path) -> tuple[RevocationList, ...]:
    """Read every revocation list (*.crl, *.pem; PEM or DER) of a directory.

    Raises NoInputError if it cannot be read, ConfigError with a finding for each file that is
    no complete revocation list.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.REVOCATION_UNREADABLE.at(str(directory), reason=reason)) from error
    found: list[RevocationList] = []
    findings: list[Finding] = []
    for path in paths:
        try:
            found.append(read_list(path))
        except ConnectorError as error:
            findings += error.findings
    if findings:
        raise ConfigError(*findings)
    return tuple(found)


def read_list(path: Path) -> RevocationList:
    """Read one revocation list; raises ConfigError if it is none that can be used."""
    try:
        return RevocationList(_read(path))
    except (OSError, UnsupportedAlgorithm, *UNREADABLE) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(codes.REVOCATION_UNREADABLE.at(str(path), reason=reason)) from error
    except ConfigError as error:
        raise ConfigError(*(replace(each, place=str(path)) for each in error.findings)) from error


def _read(path: Path) -> x509.CertificateRevocationList:
    with path.open("rb") as stream:
        data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
    if data.count(_PEM) > 1:
        raise ValueError("it holds more than one list")
    return x509.load_pem_x509_crl(data) if _PEM in data else x509.load_der_x509_crl(data)


def _unfitness(crl: x509.CertificateRevocationList) -> str | None:
    """Return why a list cannot be used, None if it can."""
    digest = crl.signature_hash_algorithm
    if not isinstance(digest, _HASHES):
        return f"it is signed over {digest.name if digest else 'an unknown hash'}"
    if crl.next_update_utc is not None and crl.next_update_utc < crl.last_update_utc:
        return "its nextUpdate lies before its thisUpdate"
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            return "it is a delta list"
        if isinstance(value, x509.IssuingDistributionPoint):
            if reason := _partial(value):
                return reason
        elif extension.critical and isinstance(value, x509.UnrecognizedExtension):
            return f"its critical extension {extension.oid.dotted_string} is unknown"
    return None


def _partial(scope: x509.IssuingDistributionPoint) -> str | None:
    if scope.indirect_crl:
        return "it is an indirect list"
    if scope.only_some_reasons:
        return "it covers only some reasons"
    if scope.only_contains_attribute_certs:
        return "it covers only attribute certificates"
    return "its distribution point has a relative name" if scope.relative_name else None


def _number(crl: x509.CertificateRevocationList) -> int | None:
    number = _extension(crl, x509.CRLNumber)
    return number.crl_number if number is not None else None


def _extension(crl: x509.CertificateRevocationList, kind: type[E]) -> E | None:
    try:
        return crl.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _points_of(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return set()
    return {name for point in points for name in point.full_name or ()}


def _since(entry: x509.RevokedCertificate) -> dt.datetime:
    """Return from when on a revoked certificate is worthless: the earlier of both dates."""
    revoked = entry.revocation_date_utc
    try:
        invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate).value
    except (x509.ExtensionNotFound, ValueError):
        return revoked
    return min(revoked, invalid.invalidity_date_utc)
