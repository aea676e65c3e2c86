"""Is a packet from whom it says, and as it was signed (security: stages 2 to 4)?

The stages run in this order and the first that fails ends it: form, structure, certificate,
chain, revocation, signature, content, identity. Nothing costly is done for a key that is not
trusted, and content is taken only from the bytes that were signed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography import x509

from connector.edxml.parser import DEFAULT_LIMITS, Limits, parse
from connector.edxml.reader import read_tree
from connector.errors import ConnectorError, Finding, TransientError, TrustError
from connector.trust import codes
from connector.trust.certificates import CertificateFacts
from connector.trust.registry import Trust
from connector.trust.signature import SignedContent, signed_content
from connector.trust.signer import check_signer, find_signer
from connector.trust.structure import SignatureParts, check_structure
from connector.trust.verdict import (
    FAILED,
    NOT_REACHED,
    PASSED,
    STAGES,
    SignerFacts,
    Stage,
    Verdict,
    Verified,
)

__all__ = [
    "STAGES",
    "SignerFacts",
    "Stage",
    "Verdict",
    "Verified",
    "explain",
    "signed_digest",
    "verify",
]


def verify(
    data: bytes, trust: Trust, *, at: dt.datetime, limits: Limits = DEFAULT_LIMITS
) -> Verified:
    """Return what a signed packet says once every stage has passed; `at` is an aware moment.

    Raises TrustError or PermanentError with the code of the first stage that failed.
    """
    return _Examination(data, trust, at, limits).run()


def explain(
    data: bytes, trust: Trust, *, at: dt.datetime, limits: Limits = DEFAULT_LIMITS
) -> Verdict:
    """Return the verdict over any bytes, stage by stage; never raises for what they hold."""
    examination = _Examination(data, trust, at, limits)
    try:
        return examination.run().verdict()
    except ConnectorError as error:
        return Verdict(
            valid=False,
            at=at,
            stages=examination.all_stages(),
            signer=examination.signer,
            chain=examination.chain,
            findings=error.findings,
        )


def signed_digest(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """Return the digest that a packet's Signature claims, unverified; None if it has none.

    Only to name a refused packet to its sender.
    """
    try:
        return check_structure(parse(data, limits=limits), legacy=True).digest.hex()
    except ConnectorError:
        return None


class _Examination:
    """One run over one packet; it keeps what it learnt for the case that it fails."""

    def __init__(self, data: bytes, trust: Trust, at: dt.datetime, limits: Limits) -> None:
        self.data = data
        self.trust = trust
        self.at = at
        self.limits = limits
        self.stages: list[Stage] = []
        self.signer: SignerFacts | None = None
        self.chain: tuple[CertificateFacts, ...] = ()
        self.findings: tuple[Finding, ...] = ()

    def run(self) -> Verified:
        """Run all stages."""
        with self.stage() as passed:
            root = parse(self.data, limits=self.limits)
            passed(f"{len(self.data)} bytes")
        with self.stage() as passed:
            parts = check_structure(root, legacy=bool(self.trust.legacy_sha1))
            passed(parts.method.name)
        del root
        certificate, signer = self.check_certificates(parts)
        content = self.check_signature(parts, certificate)
        with self.stage() as passed:
            reading = read_tree(content.root, limits=self.limits)
            passed(type(reading.envelope).__name__)
        with self.stage() as passed:
            organ_id = reading.envelope.sender.organ_id
            objection = self.trust.objection(certificate, organ_id, self.at)
            if objection is not None:
                raise TrustError(objection)
            self.check_strength(parts, organ_id)
            passed(organ_id)
        return Verified(
            data=content.data,
            reading=reading,
            digest=content.digest,
            signer=signer,
            chain=self.chain,
            findings=(*self.findings, *reading.findings),
            at=self.at,
            stages=tuple(self.stages),
        )

    def check_certificates(self, parts: SignatureParts) -> tuple[x509.Certificate, SignerFacts]:
        """Find the signer's certificate and follow it to an anchor."""
        with self.stage() as passed:
            certificate, others = find_signer(parts.certificates)
            facts = CertificateFacts.of(certificate)
            registered = self.trust.registry.of(facts.sha256)
            agencies = tuple(dict.fromkeys(each.code for each in registered))
            signer = self.signer = SignerFacts(certificate=facts, agencies=agencies)
            check_signer(certificate, self.at)
            passed(facts.subject)
        with self.stage() as passed:
            chain = self.trust.anchors.chain(certificate, others, self.at)
            self.chain = tuple(CertificateFacts.of(each) for each in chain)
            passed(self.chain[-1].subject)
        with self.stage() as passed:
            self.findings = self.trust.revocations.check(chain, self.at)
            lists = len(self.trust.revocations.lists)
            passed(f"{lists} lists" if lists else "no revocation lists in use")
        return certificate, signer

    def check_signature(
        self, parts: SignatureParts, certificate: x509.Certificate
    ) -> SignedContent:
        """Verify signature and digest, and keep what was signed."""
        with self.stage() as passed:
            content = signed_content(self.data, parts, certificate, self.at)
            passed(f"{parts.digest_name} {content.digest}")
        return content

    def check_strength(self, parts: SignatureParts, organ_id: str) -> None:
        """Insist that a signature over SHA-1 comes from a sender that is named for it."""
        code = self.trust.canonical(organ_id) or organ_id
        if parts.legacy and code not in self.trust.legacy_sha1:
            raise TrustError(codes.LEGACY_REFUSED.at("Signature", code=code))
        if parts.legacy:
            self.findings = (codes.LEGACY_SHA1.at("Signature", code=code), *self.findings)

    @contextmanager
    def stage(self) -> Iterator[Callable[[str], None]]:
        """Record the next stage; nothing but ConnectorError leaves it."""
        name = STAGES[len(self.stages)]
        details: list[str] = []
        try:
            yield details.append
        except ConnectorError as error:
            self.stages.append(Stage(name, FAILED, str(error)))
            raise
        except MemoryError as error:
            self.stages.append(Stage(name, FAILED, "out of memory"))
            raise TransientError(codes.UNEXPECTED.at(name, reason="out of memory")) from error
        except Exception as error:  # no packet, however odd, may end the daemon
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            self.stages.append(Stage(name, FAILED, reason))
            raise TrustError(codes.UNEXPECTED.at(name, reason=reason)) from error
        self.stages.append(Stage(name, PASSED, *details))

    def all_stages(self) -> tuple[Stage, ...]:
        """Return the stages that ran and those that were not reached."""
        rest = STAGES[len(self.stages) :]
        return (*self.stages, *(Stage(name, NOT_REACHED) for name in rest))
