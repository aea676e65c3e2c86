"""The certificates that a node uses, and how long they last: for `keys list` and `keys check`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509

from connector.errors import Finding
from connector.trust import codes
from connector.trust.certificates import CertificateFacts
from connector.trust.keys import SigningKey
from connector.trust.registry import Trust

__all__ = ["WARNING_DAYS", "CertificateStatus", "list_certificates"]

WARNING_DAYS: Final = (7, 14, 30)
"""Days before the end at which a certificate is reported, each with its own threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStatus:
    """One certificate: `role` is key, intermediate or anchor; `agency` whose key it belongs to."""

    role: str
    agency: str | None
    certificate: CertificateFacts
    days_left: int
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the status JSON-ready."""
        return {
            "role": self.role,
            "agency": self.agency,
            **self.certificate.as_dict(),
            "days_left": self.days_left,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def list_certificates(
    trust: Trust, keys: Mapping[str, SigningKey], *, at: dt.datetime
) -> tuple[CertificateStatus, ...]:
    """Return the state at a moment of every key by agency code, its issuers and the anchors.

    A certificate of a key that the registry does not know for its agency has a finding too.
    """
    return (*_own(trust, keys, at), *_anchors(trust, at))


def _own(
    trust: Trust, keys: Mapping[str, SigningKey], at: dt.datetime
) -> Iterator[CertificateStatus]:
    for code, key in keys.items():
        registered = trust.may_sign(key.certificate, code, at)
        facts = {"subject": key.subject, "code": code, "sha256": key.fingerprint}
        missing = () if registered else (codes.KEY_NOT_REGISTERED.at(code, **facts),)
        yield _status("key", code, key.certificate, at, missing)
        for certificate in key.intermediates:
            yield _status("intermediate", code, certificate, at)


def _anchors(trust: Trust, at: dt.datetime) -> Iterator[CertificateStatus]:
    for certificate in trust.anchors.certificates:
        yield _status("anchor", None, certificate, at)


def _status(
    role: str,
    agency: str | None,
    certificate: x509.Certificate,
    at: dt.datetime,
    findings: tuple[Finding, ...] = (),
) -> CertificateStatus:
    facts = CertificateFacts.of(certificate)
    days = (facts.not_after - at).days
    return CertificateStatus(
        role=role,
        agency=agency,
        certificate=facts,
        days_left=days,
        findings=(*_expiry(facts, days), *findings),
    )


def _expiry(facts: CertificateFacts, days: int) -> tuple[Finding, ...]:
    if days < 0:
        return (codes.EXPIRED.at(facts.sha256, subject=facts.subject, days=-days),)
    threshold = next((limit for limit in WARNING_DAYS if days <= limit), None)
    if threshold is None:
        return ()
    named = {"subject": facts.subject, "days": days, "threshold": threshold}
    return (codes.EXPIRES_SOON.at(facts.sha256, **named),)
