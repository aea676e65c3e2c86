"""What verification finds: its stages, the signer, and the verdict."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from connector.edxml.cut import Run
from connector.edxml.reader import Reading
from connector.errors import Finding
from connector.trust.certificates import CertificateFacts

__all__ = [
    "FAILED",
    "HELD",
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
HELD: Final = "held"
NOT_REACHED: Final = "not reached"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: `outcome` is passed, failed, held or not reached; `detail` what it found."""

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
    """What `connector verify` says of any bytes; `valid` is the whole answer.

    A packet that is `held` is not refused either: what would decide is not there yet.
    """

    valid: bool
    at: dt.datetime
    stages: tuple[Stage, ...]
    digest: str | None = None
    sender: str | None = None
    signer: SignerFacts | None = None
    chain: tuple[CertificateFacts, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def held(self) -> bool:
        """Whether a stage could not be judged yet, such as that of revocation without data."""
        return any(stage.outcome == HELD for stage in self.stages)

    @property
    def verdict(self) -> str:
        """The answer in one word: valid, refused or held."""
        if self.valid:
            return "valid"
        return "held" if self.held else "refused"

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

    `pieces` are the canonical bytes that were signed, the only ones from which content may be
    taken, with payloads that were cut out between them; `digest` is the lower-case hex of the
    signed Reference's digest; `at` is the moment as of which certificates and registry were judged.
    """

    pieces: tuple[bytes | Run, ...]
    reading: Reading
    digest: str
    signer: SignerFacts
    chain: tuple[CertificateFacts, ...]
    findings: tuple[Finding, ...]
    at: dt.datetime
    stages: tuple[Stage, ...]

    @property
    def data(self) -> bytes:
        """All canonical bytes at once: for tools that look at one packet."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the canonical bytes in pieces."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece.encoded()

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
