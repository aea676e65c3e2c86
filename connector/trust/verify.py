"""Is a packet from whom it says, and as it was signed (security: stages 2 to 4)?

The stages run in this order and the first that fails ends it: form, structure, certificate,
chain, revocation, signature, content, identity. Nothing costly is done for a key that is not
trusted, and content is taken only from the bytes that were signed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lxml import etree

from connector.edxml.cut import Run, Skeleton, cut
from connector.edxml.own_form import OwnForm
from connector.edxml.parser import DEFAULT_LIMITS, Limits, parse
from connector.edxml.quick import parse_skeleton
from connector.edxml.reader import read_tree, tree_of, whole
from connector.edxml.stored import NewScratch
from connector.errors import ConnectorError, Finding, PermanentError, TransientError, TrustError
from connector.model.content import Content
from connector.trust import codes
from connector.trust.certificates import CertificateFacts
from connector.trust.forms import Recognised, learn, recognise
from connector.trust.memo import KnownSigner
from connector.trust.registry import Trust
from connector.trust.shown import shown
from connector.trust.signature import signed_content
from connector.trust.signer import check_period
from connector.trust.skeleton import (
    NotPlain,
    SplicedContent,
    recognised_content,
    spliced_content,
)
from connector.trust.structure import SignatureParts, check_structure
from connector.trust.verdict import (
    FAILED,
    HELD,
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
    source: bytes | Content,
    trust: Trust,
    *,
    at: dt.datetime,
    limits: Limits = DEFAULT_LIMITS,
    scratch: NewScratch | None = None,
) -> Verified:
    """Return what a signed packet says once every stage has passed; `at` is an aware moment.

    Attachments over 1 MiB go into what `scratch` makes; without it all are held in memory.
    Raises TrustError or PermanentError with the code of the first stage that failed.
    """
    return _Examination(source, trust, at, limits, scratch).run()


def explain(
    source: bytes | Content,
    trust: Trust,
    *,
    at: dt.datetime,
    limits: Limits = DEFAULT_LIMITS,
    scratch: NewScratch | None = None,
) -> Verdict:
    """Return the verdict over any bytes, stage by stage; never raises for what they hold."""
    examination = _Examination(source, trust, at, limits, scratch)
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


def signed_digest(
    source: bytes | Content,
    *,
    limits: Limits = DEFAULT_LIMITS,
    scratch: NewScratch | None = None,
) -> str | None:
    """Return the digest that a packet's Signature claims, unverified; None if it has none.

    Only to name a refused packet to its sender; raises StorageError if there is no room for it.
    """
    try:
        return check_structure(
            tree_of(source, limits=limits, scratch=scratch), legacy=True
        ).digest.hex()
    except (TrustError, PermanentError):
        return None


@dataclass(frozen=True, slots=True)
class _Signed:
    """A Signature of an accepted shape, and who made it, not yet verified."""

    parts: SignatureParts
    known: KnownSigner
    facts: SignerFacts


class _Examination:
    """One run over one packet; it keeps what it learnt for the case that it fails."""

    def __init__(
        self,
        source: bytes | Content,
        trust: Trust,
        at: dt.datetime,
        limits: Limits,
        scratch: NewScratch | None,
    ) -> None:
        self.source = source
        self.trust = trust
        self.at = at
        self.limits = limits
        self.scratch = scratch
        self.clear()

    def clear(self) -> None:
        """Forget what was learnt so far."""
        self.stages: list[Stage] = []
        self.signer: SignerFacts | None = None
        self.chain: tuple[CertificateFacts, ...] = ()
        self.findings: tuple[Finding, ...] = ()

    def run(self) -> Verified:
        """Run all stages: without the payloads if they can be cut out, else over one tree."""
        try:
            return self.run_cut()
        except NotPlain:
            self.clear()
        return self.run_whole()

    def run_cut(self) -> Verified:
        """Run all stages on the skeleton; raises NotPlain if the other way has to decide."""
        return self.recorded(self.over_skeleton)

    def run_whole(self) -> Verified:
        """Run all stages over the packet as one tree."""
        return self.recorded(self.over_tree)

    def recorded(self, way: Callable[[], Verified]) -> Verified:
        """Go one way; where it fails is recorded. Nothing but ConnectorError and NotPlain leave."""
        try:
            return way()
        except NotPlain:
            raise
        except Exception as error:
            self.failed(error)
            raise

    def over_skeleton(self) -> Verified:
        """Pass all stages on the skeleton."""
        skeleton = cut(self.source, limits=self.limits, scratch=self.scratch)
        if skeleton is None:
            raise NotPlain
        known = recognise(skeleton.data, self.trust.forms, limits=self.limits)
        found = known or self.skeleton_tree(skeleton)
        self.passed(f"{skeleton.size} bytes")
        signed = self.check_signer(found)
        content = self.content(found, skeleton, signed)
        self.passed(f"{signed.parts.digest_name} {content.digest}")
        verified = self.verified(signed, content.root, content.pieces, skeleton.runs)
        if known is None:
            learn(skeleton.data, signed.parts, self.trust.forms)
        return verified

    def skeleton_tree(self, skeleton: Skeleton) -> etree._Element:
        """Return the tree of a skeleton; places in findings are those of the whole packet."""
        try:
            return parse_skeleton(skeleton.data, limits=self.limits)
        except PermanentError as error:
            raise NotPlain from error

    def content(
        self, found: etree._Element | Recognised, skeleton: Skeleton, signed: _Signed
    ) -> SplicedContent:
        """Return what was signed; the tree is used up."""
        signer, bearers = signed.known.certificate, signed.known.bearers
        if isinstance(found, Recognised):
            return recognised_content(found, skeleton, signer, bearers=bearers)
        return spliced_content(found, skeleton, signed.parts, signer, bearers=bearers)

    def over_tree(self) -> Verified:
        """Pass all stages over the packet as one tree."""
        data = whole(self.source, self.limits)
        root = parse(data, limits=self.limits)
        self.passed(f"{len(data)} bytes")
        signed = self.check_signer(root)
        del root
        content = signed_content(data, signed.parts, signed.known.certificate, self.at)
        self.passed(f"{signed.parts.digest_name} {content.digest}")
        return self.verified(signed, content.root, (content.data,), {})

    def check_signer(self, found: etree._Element | Recognised) -> _Signed:
        """Check the Signature's shape, find its signer, and follow the chain to an anchor."""
        if isinstance(found, Recognised):
            parts = found.parts
        else:
            parts = check_structure(found, legacy=bool(self.trust.legacy_sha1))
        self.passed(parts.method.name)
        known = self.trust.signers.find(parts.certificates)
        registered = self.trust.registry.of(known.facts.sha256)
        agencies = tuple(dict.fromkeys(each.code for each in registered))
        facts = self.signer = SignerFacts(certificate=known.facts, agencies=agencies)
        if known.objection is not None:
            raise TrustError(known.objection)
        check_period(known.facts, self.at)
        self.passed(known.facts.subject)
        chain = self.trust.anchors.known_chain(known, self.at)
        self.chain = chain.facts
        self.passed(self.chain[-1].subject)
        self.findings = self.trust.revocations.check(chain.certificates, self.at)
        lists = len(self.trust.revocations.lists)
        self.passed(f"{lists} lists" if lists else "no revocation lists in use")
        return _Signed(parts, known, facts)

    def verified(
        self,
        signed: _Signed,
        root: etree._Element | OwnForm,
        pieces: tuple[bytes | Run, ...],
        runs: Mapping[str, Run],
    ) -> Verified:
        """Read what was signed and check whose it may be."""
        reading = read_tree(root, limits=self.limits, runs=runs, scratch=self.scratch)
        self.passed(type(reading.envelope).__name__)
        organ_id = reading.envelope.sender.organ_id
        known = signed.known
        sha256 = known.facts.sha256
        objection = self.trust.objection(known.certificate, organ_id, self.at, sha256=sha256)
        if objection is not None:
            raise TrustError(objection)
        self.check_strength(signed.parts, organ_id)
        self.passed(organ_id)
        return Verified(
            pieces=pieces,
            reading=reading,
            digest=signed.parts.digest.hex(),
            signer=signed.facts,
            chain=self.chain,
            findings=(*self.findings, *reading.findings),
            at=self.at,
            stages=tuple(self.stages),
        )

    def check_strength(self, parts: SignatureParts, organ_id: str) -> None:
        """Insist that a signature over SHA-1 comes from a sender that is named for it."""
        if not parts.legacy:
            return
        code = self.trust.canonical(organ_id) or organ_id
        if code not in self.trust.legacy_sha1:
            raise TrustError(codes.LEGACY_REFUSED.at("Signature", code=code))
        self.findings = (codes.LEGACY_SHA1.at("Signature", code=code), *self.findings)

    def passed(self, detail: str) -> None:
        """Record that the next of the stages was passed, and what was found there."""
        self.stages.append(Stage(STAGES[len(self.stages)], PASSED, detail))

    def failed(self, error: Exception) -> None:
        """Record why the next of the stages was not passed.

        Raises TrustError for what no packet, however odd, may cause.
        """
        name, stages = STAGES[min(len(self.stages), len(STAGES) - 1)], self.stages
        if isinstance(error, ConnectorError):
            outcome = HELD if isinstance(error, TransientError) else FAILED
            stages.append(Stage(name, outcome, str(error)))
        elif isinstance(error, MemoryError):
            stages.append(Stage(name, HELD, "out of memory"))
            raise TransientError(codes.UNEXPECTED.at(name, reason="out of memory")) from error
        else:
            reason = f"{type(error).__name__}: {shown(str(error), 200)}"
            stages.append(Stage(name, FAILED, reason))
            raise TrustError(codes.UNEXPECTED.at(name, reason=reason)) from error

    def all_stages(self) -> tuple[Stage, ...]:
        """Return the stages that ran and those that were not reached."""
        rest = STAGES[len(self.stages) :]
        return (*self.stages, *(Stage(name, NOT_REACHED) for name in rest))
