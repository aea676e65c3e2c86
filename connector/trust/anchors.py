"""The authorities that are trusted, and the way from a signer's certificate up to one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509 import verification

from connector.errors import ConfigError, NoInputError, TrustError
from connector.trust import codes
from connector.trust.certificates import UNREADABLE, fingerprint, is_authority, subject_of
from connector.trust.memo import Chain, KnownSigner, Memo
from connector.trust.shown import shown

__all__ = ["Anchors", "load_anchors"]

_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer"})
_PEM: Final = b"-----BEGIN CERTIFICATE-----"


class Anchors:
    """Pinned certificates of authorities; nothing else, no system store, ends a chain."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self.certificates: Final = tuple(certificates)
        self._store: Final = verification.Store(list(self.certificates))
        self._chains: Final[Memo[tuple[bytes, ...], Chain]] = Memo()

    def known_chain(self, signer: KnownSigner, at: dt.datetime) -> Chain:
        """Return what `chain` does, with its facts; a way that was found before is cheap.

        It holds as long as all of its certificates are valid.
        """
        known = self._chains.peek(signer.encoded)
        if known is None or not known.holds(at):
            known = Chain.of(self.chain(signer.certificate, signer.others, at))
            self._chains.put(signer.encoded, known)
        return known

    def chain(
        self, signer: x509.Certificate, others: Sequence[x509.Certificate], at: dt.datetime
    ) -> tuple[x509.Certificate, ...]:
        """Return the certificates from the signer's up to the anchor, all valid at `at`.

        `others` may help on the way but are never trusted by themselves. Raises TrustError.
        """
        builder = verification.PolicyBuilder().store(self._store).time(at.astimezone(dt.UTC))
        policies = {
            "ee_policy": verification.ExtensionPolicy.permit_all(),
            "ca_policy": verification.ExtensionPolicy.webpki_defaults_ca(),
        }
        verifier = builder.extension_policies(**policies).build_client_verifier()
        try:
            return tuple(verifier.verify(signer, list(others)).chain)
        except (verification.VerificationError, ValueError) as error:
            reason = shown(str(error).partition("\n")[0], 200)
            place = subject_of(signer)
            raise TrustError(codes.CHAIN_UNTRUSTED.at(place, reason=reason)) from error


def load_anchors(directory: Path) -> Anchors:
    """Read every certificate (*.pem, *.crt, *.cer) of a directory.

    Raises NoInputError if the directory cannot be read, ConfigError if a file is no certificate
    of an authority or if there is none.
    """
    certificates: dict[str, x509.Certificate] = {}
    for path in _files(directory):
        for certificate in _read(path):
            certificates[fingerprint(certificate)] = certificate
    if not certificates:
        raise ConfigError(codes.ANCHORS_MISSING.at(str(directory)))
    return Anchors(certificates.values())


def _files(directory: Path) -> list[Path]:
    try:
        found = sorted(directory.iterdir())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoInputError(codes.ANCHOR_UNREADABLE.at(str(directory), reason=reason)) from error
    return [path for path in found if path.suffix.lower() in _SUFFIXES]


def _read(path: Path) -> list[x509.Certificate]:
    try:
        data = path.read_bytes()
        if _PEM in data:
            certificates = x509.load_pem_x509_certificates(data)
        else:
            certificates = [x509.load_der_x509_certificate(data)]
        authorities = [is_authority(certificate) for certificate in certificates]
    except (OSError, *UNREADABLE) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(codes.ANCHOR_UNREADABLE.at(str(path), reason=reason)) from error
    for certificate, authority in zip(certificates, authorities, strict=True):
        if not authority:
            subject = subject_of(certificate)
            raise ConfigError(codes.ANCHOR_NOT_CA.at(str(path), subject=subject))
    return certificates
