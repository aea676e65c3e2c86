"""Answers of OCSP responders (RFC 6960): what makes one count, and where they are kept.

Nothing here uses the network; `connector.trust.ocsp_fetch` asks the responders.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from connector.errors import ConnectorError, TrustError
from connector.trust import data_codes as codes
from connector.trust.certificates import UNREADABLE, subject_of, weakness
from connector.trust.durable import write_file
from connector.trust.revocation_facts import Link, RevocationFact

__all__ = ["MAX_ANSWER_BYTES", "OcspCache", "check_answer"]

MAX_ANSWER_BYTES: Final = 64 * 1024
_BEGIN: Final = b"-----BEGIN OCSP RESPONSE-----\n"
_CLOCK_SKEW: Final = dt.timedelta(minutes=5)
_WITHOUT_DUE: Final = dt.timedelta(days=1)
_SIGNATURE_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_ID_HASHES: Final = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)


def check_answer(data: bytes, link: Link, *, now: dt.datetime | None = None) -> RevocationFact:
    """Return what a responder's answer (DER) says of a certificate; TrustError if not proved.

    With `now` it must also be current. An answer without nextUpdate counts for one day.
    """
    try:
        answer = ocsp.load_der_ocsp_response(data)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise _refused(link, f"status {answer.response_status.name.lower()}")
        fact = _fact(_single(answer, link), link)
        _check_signature(answer, link, now or fact.made)
    except (UnsupportedAlgorithm, *UNREADABLE) as error:
        raise _refused(link, str(error).partition("\n")[0] or type(error).__name__) from error
    if now is not None and fact.made > now + _CLOCK_SKEW:
        raise _refused(link, f"it is of the future ({fact.made})")
    if now is not None and fact.due < now:
        raise _refused(link, f"it was outdated by {fact.due}")
    return fact


class OcspCache:
    """Answers in a directory, one file each: certificate, issuer and answer, all in PEM."""

    def __init__(self, directory: Path) -> None:
        self._directory: Final = directory
        self._read: Final[dict[str, tuple[int, RevocationFact | None]]] = {}

    def fact(self, link: Link) -> RevocationFact | None:
        """Return what the kept answer says, None if there is none that counts."""
        path = self._path(link)
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            return None
        known = self._read.get(link.key)
        if known is None or known[0] != stamp:
            known = (stamp, _read_fact(path, link))
            self._read[link.key] = known
        return known[1]

    def put(self, link: Link, data: bytes, *, now: dt.datetime) -> RevocationFact:
        """Keep an answer; an older one never replaces a newer.

        Raises:
            TrustError: the answer is not proved or not current.
            StorageError: it cannot be written.
        """
        fact = check_answer(data, link, now=now)
        kept = self.fact(link)
        if kept is not None and kept.made > fact.made:
            return kept
        chain = [each.public_bytes(Encoding.PEM) for each in (link.certificate, link.issuer)]
        write_file(self._path(link), b"".join(chain) + _as_pem(data), new_directory=True)
        self._read.pop(link.key, None)
        return fact

    def links(self) -> Iterator[Link]:
        """Yield the certificates of which answers are kept, so that they can be renewed."""
        for path in sorted(self._directory.glob("*.pem")) if self._directory.is_dir() else ():
            try:
                own, issuer = x509.load_pem_x509_certificates(path.read_bytes().split(_BEGIN)[0])
            except (OSError, *UNREADABLE):
                continue
            yield Link(own, issuer)

    def _path(self, link: Link) -> Path:
        return self._directory / f"{link.key}.pem"


def _read_fact(path: Path, link: Link) -> RevocationFact | None:
    """Read a kept answer and prove it again: files can be changed by others."""
    try:
        _, _, body = path.read_bytes().partition(_BEGIN)
        data = base64.b64decode(body.partition(b"-----END")[0])
        return check_answer(data, link)
    except (OSError, binascii.Error, ConnectorError):
        return None


def _as_pem(data: bytes) -> bytes:
    return _BEGIN + base64.encodebytes(data) + b"-----END OCSP RESPONSE-----\n"


def _refused(link: Link, reason: str) -> TrustError:
    subject = subject_of(link.certificate)
    return TrustError(codes.OCSP_WRONG.at(subject, subject=subject, reason=reason))


def _single(answer: ocsp.OCSPResponse, link: Link) -> ocsp.OCSPSingleResponse:
    """Return the one part of the answer that is about this certificate of this issuer."""
    found = [each for each in answer.responses if _is_about(each, link)]
    if len(found) != 1:
        raise _refused(link, f"{len(found)} parts of it are about this certificate")
    return found[0]


def _is_about(single: ocsp.OCSPSingleResponse, link: Link) -> bool:
    if not isinstance(single.hash_algorithm, _ID_HASHES):
        return False
    builder = ocsp.OCSPRequestBuilder()
    asked = builder.add_certificate(link.certificate, link.issuer, single.hash_algorithm).build()
    return (
        single.serial_number == asked.serial_number
        and single.issuer_name_hash == asked.issuer_name_hash
        and single.issuer_key_hash == asked.issuer_key_hash
    )


def _fact(single: ocsp.OCSPSingleResponse, link: Link) -> RevocationFact:
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise _refused(link, "the responder does not know the certificate")
    made = single.this_update_utc
    due = single.next_update_utc or made + _WITHOUT_DUE
    if due < made:
        raise _refused(link, "its nextUpdate lies before its thisUpdate")
    return RevocationFact(
        subject=subject_of(link.certificate),
        issuer=subject_of(link.issuer),
        source="ocsp",
        made=made,
        due=due,
        revoked_at=single.revocation_time_utc,
    )


def _check_signature(answer: ocsp.OCSPResponse, link: Link, at: dt.datetime) -> None:
    """Insist on the signature of the issuer, or of a responder that the issuer authorised."""
    responder = _responder(answer, link, at)
    digest = answer.signature_hash_algorithm
    if not isinstance(digest, _SIGNATURE_HASHES):
        raise _refused(link, f"it is signed over {digest.name if digest else 'an unknown hash'}")
    key = responder.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
        elif (
            isinstance(key, rsa.RSAPublicKey)
            and answer.signature_algorithm_oid != SignatureAlgorithmOID.RSASSA_PSS
        ):
            scheme = padding.PKCS1v15()
            key.verify(answer.signature, answer.tbs_response_bytes, scheme, digest)
        else:
            raise _refused(link, "it is signed in an unknown way")
    except InvalidSignature:
        raise _refused(link, "its signature is wrong") from None


def _responder(answer: ocsp.OCSPResponse, link: Link, at: dt.datetime) -> x509.Certificate:
    """Return the certificate of the responder that the answer names (RFC 6960, 4.2.2.2)."""
    for each in (link.issuer, *answer.certificates):
        if _names(answer, each):
            if each != link.issuer:
                _check_authorised(each, link, at)
            return each
    raise _refused(link, "the responder it names has not enclosed a certificate")


def _names(answer: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if answer.responder_name is not None:
        return answer.responder_name == certificate.subject
    return answer.responder_key_hash == _key_hash(certificate)


def _key_hash(certificate: x509.Certificate) -> bytes:
    """Return the SHA-1 by which responders are named (RFC 6960, 4.2.1); no proof rests on it."""
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _check_authorised(responder: x509.Certificate, link: Link, at: dt.datetime) -> None:
    try:
        responder.verify_directly_issued_by(link.issuer)
        purposes = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        raise _refused(link, "its responder's certificate is not of the same issuer") from None
    except x509.ExtensionNotFound:
        reason = "its responder's certificate lacks OCSPSigning or id-pkix-ocsp-nocheck"
        raise _refused(link, reason) from None
    if ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        raise _refused(link, "its responder's certificate is not for OCSP")
    if weak := weakness(responder):
        raise _refused(link, f"its responder's key is not accepted ({weak})")
    if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
        raise _refused(link, "its responder's certificate was not valid then")
