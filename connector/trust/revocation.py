"""Has an authority taken a certificate back? Judged from data that is there, without network.

Lists come from a directory, answers of OCSP responders from the daemon's cache. What is fresh
decides; what is overdue a little decides with a warning that names its age; beyond that, and
without data, the packet waits (security.md, section 4: hold, never drop).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography import x509

from connector.errors import Finding, TrustError
from connector.trust import data_codes as codes
from connector.trust.certificates import fingerprint, subject_of
from connector.trust.crl import RevocationList, read_lists
from connector.trust.ocsp import OcspCache
from connector.trust.revocation_facts import (
    Link,
    RevocationFact,
    RevocationPolicy,
    RevocationUnknown,
)

__all__ = ["Assessment", "RevocationPolicy", "RevocationUnknown", "Revocations", "load_revocations"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a whole chain: the facts used, what to report, and where nothing is."""

    facts: tuple[RevocationFact, ...] = ()
    findings: tuple[Finding, ...] = ()
    missing: tuple[Link, ...] = ()


class Revocations:
    """Revocation lists of any authorities, kept answers, and the policy about their age."""

    def __init__(
        self,
        lists: Iterable[x509.CertificateRevocationList | RevocationList] = (),
        *,
        policy: RevocationPolicy | None = None,
        answers: OcspCache | None = None,
    ) -> None:
        self.lists: Final = tuple(
            each if isinstance(each, RevocationList) else RevocationList(each) for each in lists
        )
        in_use = bool(self.lists) or answers is not None
        self.policy: Final = policy or RevocationPolicy(crls=in_use, ocsp=answers is not None)
        self.answers: Final = answers
        self._by_issuer: Final[dict[str, tuple[RevocationList, ...]]] = {}

    def check(self, chain: Sequence[x509.Certificate], at: dt.datetime) -> tuple[Finding, ...]:
        """Return what was used (information) and what is doubtful (warnings) of a chain.

        Raises:
            TrustError: a certificate was revoked by `at`.
            RevocationUnknown: the policy asks for data that is not there; the packet waits.
        """
        found = self.assess(chain, at)
        if found.missing:
            raise RevocationUnknown(*found.findings, links=found.missing)
        return found.findings

    def assess(self, chain: Sequence[x509.Certificate], at: dt.datetime) -> Assessment:
        """Return what is known of a verified chain; raises TrustError if one was revoked."""
        if not self.policy.crls and not self.policy.ocsp:
            return Assessment()
        facts: list[RevocationFact] = []
        passing: list[Finding] = []
        holding: list[Finding] = []
        missing: list[Link] = []
        for link in (Link(*pair) for pair in pairwise(chain)):
            fact = self._fact(link, at)
            finding, known = self._judge(fact, link, at)
            if fact is not None:
                facts.append(fact)
            if known:
                passing.append(finding)
            else:
                holding.append(finding)
                missing.append(link)
        return Assessment(tuple(facts), (*holding, *passing), tuple(missing))

    def _fact(self, link: Link, at: dt.datetime) -> RevocationFact | None:
        """Return the fact that reaches furthest; raises TrustError if any says revoked."""
        facts = [found for found in (self._of_list(link), self._of_answer(link)) if found]
        for fact in facts:
            if fact.revoked_at is not None and fact.revoked_by(at):
                since = fact.revoked_at.isoformat()
                raise TrustError(codes.CERTIFICATE_REVOKED.at(fact.subject, since=since))
        return max(facts, key=lambda fact: fact.due, default=None)

    def _judge(
        self, fact: RevocationFact | None, link: Link, at: dt.datetime
    ) -> tuple[Finding, bool]:
        """Return what to report of a link, and whether it may pass."""
        subject, issuer = subject_of(link.certificate), subject_of(link.issuer)
        if fact is None:
            named = {"subject": subject, "issuer": issuer}
            text = codes.REVOCATION_AWAITED if self.policy.hold else codes.REVOCATION_UNKNOWN
            return text.at(subject, **named), not self.policy.hold
        overdue = fact.overdue(at)
        if not overdue:
            return codes.REVOCATION_DECIDED.at(subject, **fact.named(at)), True
        if overdue > self.policy.max_age and self.policy.hold:
            limit = self.policy.max_age.days
            return codes.REVOCATION_TOO_OLD.at(subject, limit=limit, **fact.named(at)), False
        return codes.REVOCATION_OUTDATED.at(subject, **fact.named(at)), True

    def _of_list(self, link: Link) -> RevocationFact | None:
        fitting = [each for each in self._lists_of(link.issuer) if each.concerns(link.certificate)]
        newest = max(fitting, key=lambda each: (each.made, each.number or 0), default=None)
        return newest.fact(link) if newest else None

    def _of_answer(self, link: Link) -> RevocationFact | None:
        return self.answers.fact(link) if self.answers and self.policy.ocsp else None

    def _lists_of(self, issuer: x509.Certificate) -> tuple[RevocationList, ...]:
        """Return the lists that an issuer has signed; remembered, for it costs."""
        key = fingerprint(issuer)
        if key not in self._by_issuer:
            self._by_issuer[key] = tuple(each for each in self.lists if each.signed_by(issuer))
        return self._by_issuer[key]


def load_revocations(
    directory: Path | None,
    *,
    policy: RevocationPolicy | None = None,
    answers: OcspCache | None = None,
) -> Revocations:
    """Read every revocation list (*.crl, *.pem; PEM or DER) of a directory, none without one.

    Raises NoInputError if it cannot be read, ConfigError if a file is no usable list.
    """
    if directory is None:
        return Revocations(policy=policy, answers=answers)
    policy = policy or RevocationPolicy(ocsp=answers is not None)
    return Revocations(read_lists(directory), policy=policy, answers=answers)
