"""What is known about one certificate's revocation, and what must be known of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from connector.config.trust import RevocationConfig
from connector.errors import Finding, TransientError
from connector.trust.certificates import fingerprint

__all__ = ["Link", "RevocationFact", "RevocationPolicy", "RevocationUnknown"]

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationPolicy:
    """How old data may be: overdue by `max_age` at most; `hold` says what happens beyond."""

    max_age: dt.timedelta = 7 * _DAY
    hold: bool = True
    crls: bool = True
    ocsp: bool = False

    @classmethod
    def of(cls, config: RevocationConfig) -> RevocationPolicy:
        """Return the policy that a configuration asks for."""
        return cls(
            max_age=config.max_age_days * _DAY,
            hold=config.on_missing == "hold",
            crls=config.mode != "off",
            ocsp=config.mode == "crl_or_ocsp",
        )


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a chain: a certificate and that of the authority which issued it."""

    certificate: x509.Certificate
    issuer: x509.Certificate

    @property
    def key(self) -> str:
        """A name for it: the fingerprints of both."""
        return f"{fingerprint(self.certificate)}-{fingerprint(self.issuer)[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFact:
    """What a list (`crl`) or an answer (`ocsp`) says of one certificate.

    It speaks for the time up to `due`; `revoked_at` is None if the certificate is not revoked.
    """

    subject: str
    issuer: str
    source: str
    made: dt.datetime
    due: dt.datetime
    number: int | None = None
    revoked_at: dt.datetime | None = None

    def revoked_by(self, at: dt.datetime) -> bool:
        """Tell whether the certificate was revoked at a moment."""
        return self.revoked_at is not None and self.revoked_at <= at

    def overdue(self, at: dt.datetime) -> dt.timedelta:
        """Return by how much it is out of date at a moment; zero if it is fresh."""
        return max(at - self.due, dt.timedelta())

    def named(self, at: dt.datetime) -> dict[str, Any]:
        """Return the facts that messages name, ages in whole days."""
        return {
            "issuer": self.issuer,
            "source": self.source.upper(),
            "made": self.made.isoformat(),
            "due": self.due.isoformat(),
            "age": max((at - self.made).days, 0),
            "overdue": -(-self.overdue(at) // _DAY),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the fact JSON-ready."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "source": self.source,
            "made": self.made.isoformat(),
            "due": self.due.isoformat(),
            "number": self.number,
            "revoked_at": self.revoked_at.isoformat() if self.revoked_at else None,
        }


class RevocationUnknown(TransientError):
    """Whether a chain is revoked is not known yet: the packet waits; `links` name the gaps."""

    def __init__(self, *findings: Finding, links: tuple[Link, ...] = ()) -> None:
        super().__init__(*findings)
        self.links = links
