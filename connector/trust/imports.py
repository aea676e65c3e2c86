"""Trust data brought in by hand, for nodes without a way out: anchors and revocation lists.

What is imported is checked first and put in place at once; a running node takes it over by
itself (`connector.trust.trust_source`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from connector.errors import PermanentError
from connector.trust import data_codes as codes
from connector.trust.anchors import load_anchors
from connector.trust.certificate_file import read_certificates
from connector.trust.certificates import fingerprint, is_authority, subject_of, weakness
from connector.trust.crl import RevocationList, read_list
from connector.trust.durable import write_file

__all__ = ["Imported", "import_anchor", "import_crl"]

_CLOCK_SKEW: Final = dt.timedelta(days=1)
_MAX_ISSUERS: Final = 10


@dataclass(frozen=True, slots=True)
class Imported:
    """One file that is now in place; `changed` is False if it was there already."""

    path: Path
    subject: str
    changed: bool


def import_anchor(file: Path, anchors_dir: Path, *, now: dt.datetime) -> tuple[Imported, ...]:
    """Trust the authorities of a file from now on; each becomes ``<sha256>.pem``.

    Raises:
        PermanentError: one is no authority, not valid at `now`, weak, or issued by an unknown
            one; then none is taken. NoInputError if the file cannot be read.
        StorageError: the directory cannot be written.
    """
    certificates = read_certificates(file)
    known = [*_anchors_of(anchors_dir), *certificates]
    for certificate in certificates:
        if reason := _unfitness(certificate, known, now):
            subject = subject_of(certificate)
            raise PermanentError(codes.ANCHOR_REFUSED.at(str(file), subject=subject, reason=reason))
    done = []
    for certificate in certificates:
        path = anchors_dir / f"{fingerprint(certificate)}.pem"
        changed = not path.exists()
        if changed:
            write_file(path, certificate.public_bytes(Encoding.PEM))
        done.append(Imported(path, subject_of(certificate), changed))
    return tuple(done)


def import_crl(
    file: Path,
    crls_dir: Path,
    *,
    anchors_dir: Path,
    issuers: Iterable[x509.Certificate] = (),
    now: dt.datetime,
) -> Imported:
    """Put a revocation list in use as ``<issuer's sha256>.crl``; an older one never replaces it.

    `issuers` are authorities between the anchors and the agencies, such as those of the node's
    own certificates; only those that lead to an anchor count.

    Raises:
        ConfigError: the file is no complete revocation list.
        PermanentError: no known authority has signed it, a newer one is in use, or it is of the
            future.
        StorageError: the directory cannot be written.
    """
    found = read_list(file)
    if found.made > now + _CLOCK_SKEW:
        raise PermanentError(codes.CRL_FUTURE.at(str(file), made=found.made.isoformat()))
    issuer = _issuer_of(found, _known(_anchors_of(anchors_dir), issuers))
    if issuer is None:
        name = found.crl.issuer.rfc4514_string()
        raise PermanentError(codes.CRL_ISSUER_UNKNOWN.at(str(file), issuer=name))
    path = crls_dir / f"{fingerprint(issuer)}{_part(found)}.crl"
    data = found.crl.public_bytes(Encoding.DER)
    kept = read_list(path) if path.exists() else None
    if kept is not None and kept.signed_by(issuer) and _rank(kept) > _rank(found):
        facts = {"known": kept.number, "made": kept.made.isoformat(), "number": found.number}
        raise PermanentError(codes.CRL_OLDER.at(str(file), **facts))
    changed = kept is None or kept.crl != found.crl
    if changed:
        write_file(path, data)
    return Imported(path, subject_of(issuer), changed)


def _rank(found: RevocationList) -> tuple[int, dt.datetime]:
    return (found.number or 0, found.made)


def _part(found: RevocationList) -> str:
    """Return what tells the partial lists of one issuer apart."""
    if found.scope is None:
        return ""
    return "-" + hashlib.sha256(found.scope.public_bytes()).hexdigest()[:16]


def _anchors_of(directory: Path) -> tuple[x509.Certificate, ...]:
    """Return the anchors that are there already; none in an empty directory."""
    if directory.is_dir() and not any(directory.iterdir()):
        return ()
    return load_anchors(directory).certificates


def _known(
    anchors: Iterable[x509.Certificate], issuers: Iterable[x509.Certificate]
) -> list[x509.Certificate]:
    """Return the anchors and those issuers that lead to one of them."""
    known = list(anchors)
    waiting = [each for each in issuers if is_authority(each)]
    for _ in range(_MAX_ISSUERS):
        joined = [each for each in waiting if _issued_by_any(each, known)]
        known += joined
        waiting = [each for each in waiting if each not in joined]
    return known


def _issuer_of(found: RevocationList, known: Iterable[x509.Certificate]) -> x509.Certificate | None:
    return next((each for each in known if found.signed_by(each)), None)


def _unfitness(
    certificate: x509.Certificate, known: Iterable[x509.Certificate], now: dt.datetime
) -> str | None:
    """Return why a certificate cannot be an anchor, None if it can."""
    if reason := _unfit_kind(certificate):
        return reason
    if now > certificate.not_valid_after_utc:
        return f"it expired on {certificate.not_valid_after_utc.date()}"
    if now < certificate.not_valid_before_utc:
        return f"it is not valid before {certificate.not_valid_before_utc.date()}"
    if not _issued_by_any(certificate, known):
        return "it is neither self-signed nor issued by a known anchor"
    return None


def _unfit_kind(certificate: x509.Certificate) -> str | None:
    if not is_authority(certificate):
        return "it is not a certificate of an authority (CA)"
    if not _may_issue(certificate):
        return "its key usage lacks keyCertSign"
    return weakness(certificate)


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.key_cert_sign


def _issued_by_any(certificate: x509.Certificate, known: Iterable[x509.Certificate]) -> bool:
    return any(_issued_by(certificate, issuer) for issuer in known)


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
