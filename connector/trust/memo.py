"""What was found out about certificates before, so that the next packet of a sender is cheap.

Kept is only what cannot change: how certificates read, whose key they carry, and which way leads
from a signer to an anchor while all certificates on it are valid. Period, revocation and registry
are asked again for every packet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.errors import Finding
from connector.trust.certificates import CertificateFacts
from connector.trust.signer import find_signer, standing_objection

__all__ = ["Chain", "KnownSigner", "Memo", "SignerMemo"]

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")
_AT_MOST: Final = 512


class Memo(Generic[_K, _V]):
    """Remembers some answers, and of too many the newer half. Threads may share it."""

    def __init__(self, limit: int = _AT_MOST) -> None:
        self._limit = limit
        self._known: dict[_K, _V] = {}

    def get(self, key: _K, find: Callable[[], _V]) -> _V:
        """Return what is known, or find it out; what `find` raises is not remembered."""
        known = self._known.get(key)
        if known is None:
            known = find()
            self.put(key, known)
        return known

    def __len__(self) -> int:
        return len(self._known)

    def peek(self, key: _K) -> _V | None:
        """Return what is known, None if nothing is."""
        return self._known.get(key)

    def put(self, key: _K, value: _V) -> None:
        """Remember an answer."""
        if len(self._known) >= self._limit:
            self._known = dict(list(self._known.items())[self._limit // 2 + 1 :])
        self._known[key] = value


@dataclass(frozen=True, slots=True)
class KnownSigner:
    """The certificates of a Signature as they read; `bearers` of them carry the signer's key."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    facts: CertificateFacts
    bearers: int
    encoded: tuple[bytes, ...]
    objection: Finding | None


@dataclass(frozen=True, slots=True)
class Chain:
    """A way up to an anchor, and its facts."""

    certificates: tuple[x509.Certificate, ...]
    facts: tuple[CertificateFacts, ...]

    @classmethod
    def of(cls, certificates: tuple[x509.Certificate, ...]) -> Chain:
        """Return a chain with the facts of its certificates."""
        return cls(certificates, tuple(map(CertificateFacts.of, certificates)))

    def holds(self, at: dt.datetime) -> bool:
        """Tell whether all certificates are valid at a moment."""
        return all(each.not_before <= at <= each.not_after for each in self.facts)


class SignerMemo:
    """Remembers the signers of certificates that came together."""

    def __init__(self) -> None:
        self._memo: Final[Memo[tuple[bytes, ...], KnownSigner]] = Memo()

    def find(self, encoded: tuple[bytes, ...]) -> KnownSigner:
        """Return the signer among some certificates; raises TrustError as `find_signer` does."""
        return self._memo.get(encoded, lambda: _read(encoded))


def _read(encoded: tuple[bytes, ...]) -> KnownSigner:
    certificate, others = find_signer(encoded)
    facts = CertificateFacts.of(certificate)
    bearers = _bearers(certificate, encoded)
    objection = standing_objection(certificate)
    return KnownSigner(certificate, others, facts, bearers, encoded, objection)


def _bearers(signer: x509.Certificate, encoded: tuple[bytes, ...]) -> int:
    try:
        key = _key_of(signer)
    except (UnsupportedAlgorithm, ValueError):
        return 0  # `check_signer` refuses such a key
    return sum(1 for der in encoded if _key_of_der(der) == key)


def _key_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _key_of_der(der: bytes) -> bytes:
    """Return a certificate's key; nothing for one beside the signer's that cannot be used."""
    try:
        return _key_of(x509.load_der_x509_certificate(der))
    except (UnsupportedAlgorithm, ValueError):
        return b""
