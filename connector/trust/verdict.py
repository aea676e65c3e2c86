"""What verification finds: its stages, the signer, and the verdict."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from connector.edxml.reader import Reading
from connector.errors import Finding
from connector.trust.certificates import CertificateFacts

__all__ = [
    "FAILED",
    "NOT_REACHED",
    "PASSED",
    "STAGES",
    "SignerFacts",
    "Stage",
    "Verdict",
    "Verified",
]

STAGES: Final = (
    "form",
    "structure",
    "certificate",
    "chain",
    "revocation",
    "signature",
    "content",
    "identity",
)
"""Names of the stages in their order."""

PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_REACHED: Final = "not reached"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: `outcome` is passed, failed or not reached; `detail` what it found."""

    name: str
    outcome: str
    detail: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the stage JSON-ready."""
        return {"name": self.name, "outcome": self.outcome, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFacts:
    """Who signed: the certificate and the agencies for which it is registered."""

    certificate: CertificateFacts
    agencies: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the facts JSON-ready."""
        return {**self.certificate.as_dict(), "agencies": list(self.agencies)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `connector verify` says of any bytes; `valid` is the whole answer."""

    valid: bool
    at: dt.datetime
    stages: tuple[Stage, ...]
    digest: str | None = None
    sender: str | None = None
    signer: SignerFacts | None = None
    chain: tuple[CertificateFacts, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> str:
        """The answer in one word: valid or refused."""
        return "valid" if self.valid else "refused"

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict JSON-ready."""
        return {
            "verdict": self.verdict,
            "at": self.at.isoformat(),
            "digest": self.digest,
            "sender": self.sender,
            "signer": self.signer.as_dict() if self.signer else None,
            "chain": [certificate.as_dict() for certificate in self.chain],
            "stages": [stage.as_dict() for stage in self.stages],
            "findings": [finding.as_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A packet whose signature, chain and identity hold.

    `data` are the canonical bytes that were signed, the only ones from which content may be
    taken; `digest` is the lower-case hex of the signed Reference's digest; `at` is the moment
    as of which certificates and registry were judged.
    """

    data: bytes
    reading: Reading
    digest: str
    signer: SignerFacts
    chain: tuple[CertificateFacts, ...]
    findings: tuple[Finding, ...]
    at: dt.datetime
    stages: tuple[Stage, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict JSON-ready, as it is stored beside the document."""
        return self.verdict().as_dict()

    def verdict(self) -> Verdict:
        """Return the verdict: valid, with all that was found on the way."""
        return Verdict(
            valid=True,
            at=self.at,
            stages=self.stages,
            digest=self.digest,
            sender=self.reading.envelope.sender.organ_id,
            signer=self.signer,
            chain=self.chain,
            findings=self.findings,
        )
