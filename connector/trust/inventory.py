"""The certificates that a node uses, and how long they last: for `keys list` and `keys check`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography import x509

from connector.errors import Finding
from connector.trust import codes, key_codes
from connector.trust.certificates import CertificateFacts
from connector.trust.keyring import Keyring
from connector.trust.keys import SigningKey
from connector.trust.registry import Trust

__all__ = ["WARNING_DAYS", "CertificateStatus", "certificate_findings", "list_certificates"]

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

    A certificate of a key that the registry does not know for its agency has a finding too. Of
    a Keyring all keys are listed; one whose successor takes over in time is not warned about.
    """
    return (*_own(trust, keys, at), *_anchors(trust, at))


def certificate_findings(
    trust: Trust, keys: Mapping[str, SigningKey], *, at: dt.datetime
) -> tuple[Finding, ...]:
    """Return what a person has to see to: what the daemon asks once a day.

    Certificates that have expired or expire within 30, 14 or 7 days, and keys that the registry
    does not know.
    """
    statuses = list_certificates(trust, keys, at=at)
    return tuple(dict.fromkeys(finding for status in statuses for finding in status.findings))


def _own(
    trust: Trust, keys: Mapping[str, SigningKey], at: dt.datetime
) -> Iterator[CertificateStatus]:
    for code in keys:
        every = keys.every(code) if isinstance(keys, Keyring) else (keys[code],)
        for key in every:
            yield _own_key(trust, code, key, every, at)
            for certificate in key.intermediates:
                yield _status("intermediate", code, certificate, at)


def _own_key(
    trust: Trust, code: str, key: SigningKey, every: Sequence[SigningKey], at: dt.datetime
) -> CertificateStatus:
    facts = {"subject": key.subject, "code": code, "sha256": key.fingerprint}
    if not any(_takes_over(other, key) for other in every):
        registered = trust.may_sign(key.certificate, code, max(at, key.not_before))
        missing = () if registered else (codes.KEY_NOT_REGISTERED.at(code, **facts),)
        return _status("key", code, key.certificate, at, missing)
    status = _status("key", code, key.certificate, at)
    over = at > key.not_after
    ended = (key_codes.SUPERSEDED.at(key.fingerprint, **facts),) if over else ()
    return replace(status, findings=ended)


def _takes_over(newer: SigningKey, older: SigningKey) -> bool:
    """Tell whether one key goes on signing where another ends."""
    return newer.not_before <= older.not_after < newer.not_after


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
