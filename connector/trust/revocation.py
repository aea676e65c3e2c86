"""Certificates that their authorities have taken back: revocation lists from a directory.

Lists are fetched out of band and put into the directory; nothing here uses the network. A list
counts only if the issuer in the verified chain has signed it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connector.errors import ConfigError, Finding, NoInputError, TrustError
from connector.trust import codes
from connector.trust.certificates import UNREADABLE, fingerprint, subject_of

__all__ = ["Revocations", "load_revocations"]

_SUFFIXES: Final = frozenset({".crl", ".pem"})
_PEM: Final = b"-----BEGIN X509 CRL-----"


class Revocations:
    """Revocation lists of any authorities."""

    def __init__(self, lists: Iterable[x509.CertificateRevocationList] = ()) -> None:
        self.lists: Final = tuple(lists)
        self._by_issuer: Final[dict[str, x509.CertificateRevocationList | None]] = {}

    def check(self, chain: Sequence[x509.Certificate], at: dt.datetime) -> tuple[Finding, ...]:
        """Raise TrustError if a certificate of a verified chain was revoked by `at`.

        Returns a warning for each issuer of which there is no list, or only an outdated one;
        nothing if no lists are used at all.
        """
        if not self.lists:
            return ()
        findings: list[Finding] = []
        for certificate, issuer in pairwise(chain):
            found = self._newest(issuer)
            if found is None:
                findings.append(codes.REVOCATION_UNKNOWN.at(subject_of(issuer)))
                continue
            _check_one(found, certificate, at)
            due = found.next_update_utc
            if due is not None and due < at:
                findings.append(codes.REVOCATION_OUTDATED.at(subject_of(issuer), due=due))
        return tuple(findings)

    def _newest(self, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
        """Return the newest list that an issuer has signed; remembered, for it costs."""
        key = fingerprint(issuer)
        if key not in self._by_issuer:
            signed = [each for each in self.lists if _signed(each, issuer)]
            newest = max(signed, key=lambda each: each.last_update_utc, default=None)
            self._by_issuer[key] = newest
        return self._by_issuer[key]


def _signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    if crl.issuer != issuer.subject:
        return False
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    try:
        return crl.is_signature_valid(key)
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return False


def _check_one(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, at: dt.datetime
) -> None:
    revoked = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if revoked is not None and revoked.revocation_date_utc <= at:
        since = revoked.revocation_date_utc
        raise TrustError(codes.CERTIFICATE_REVOKED.at(subject_of(certificate), since=since))


def load_revocations(directory: Path) -> Revocations:
    """Read every revocation list (*.crl, *.pem; PEM or DER) of a directory.

    Raises NoInputError if it cannot be read, ConfigError if a file is no revocation list.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.REVOCATION_UNREADABLE.at(str(directory), reason=reason)) from error
    return Revocations(_read(path) for path in paths)


def _read(path: Path) -> x509.CertificateRevocationList:
    try:
        data = path.read_bytes()
        pem = _PEM in data
        crl = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        len(crl.extensions)
    except (OSError, *UNREADABLE) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(codes.REVOCATION_UNREADABLE.at(str(path), reason=reason)) from error
    return crl
