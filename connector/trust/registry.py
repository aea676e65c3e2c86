"""Which certificate may sign for which agency, and whom a node believes.

An agency's certificate may sign for the agency itself and for the codes below it, for nobody
else (architecture section 4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509

from connector.clock import vietnam_date
from connector.config.load import parse
from connector.config.yaml_source import parse_yaml
from connector.errors import Finding
from connector.model.organ import covers, is_routable
from connector.trust import codes
from connector.trust.anchors import Anchors, load_anchors
from connector.trust.certificates import fingerprint, subject_of
from connector.trust.memo import Memo, SignerMemo
from connector.trust.registry_file import RegistryFile
from connector.trust.registry_sign import check_signature, read_registry_bytes
from connector.trust.revocation import Revocations, load_revocations
from connector.trust.shown import shown

if TYPE_CHECKING:
    from connector.trust.forms import Forms

__all__ = ["LegacyPermit", "Registration", "Registry", "Trust", "load_registry", "load_trust"]

_SENDER: Final = "MessageHeader/From/OrganId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One certificate that may sign for one agency and the codes below it, in a period."""

    code: str
    name: str
    sha256: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def covers(self, at: dt.datetime) -> bool:
        """Tell whether the period holds the day of a moment in Vietnam."""
        day = vietnam_date(at)
        started = self.valid_from is None or self.valid_from <= day
        return started and (self.valid_to is None or day <= self.valid_to)

    @property
    def period(self) -> str:
        """The period as people read it."""
        return f"{self.valid_from or '…'} – {self.valid_to or '…'}"


@dataclass(frozen=True, slots=True)
class LegacyPermit:
    """An agency that may sign over SHA-1 up to a day, that day included."""

    code: str
    until: dt.date
    reason: str


class Registry:
    """All registrations, found by fingerprint; `version` is that of the content.

    `findings` are warnings about the registry itself, such as an expired signer.
    """

    def __init__(
        self,
        registrations: Iterable[Registration] = (),
        *,
        version: int = 0,
        legacy: Iterable[LegacyPermit] = (),
        findings: tuple[Finding, ...] = (),
    ) -> None:
        self.registrations: Final = tuple(registrations)
        self.version: Final = version
        self.legacy: Final = tuple(legacy)
        self.findings: Final = findings
        self._by_sha256: Final[dict[str, tuple[Registration, ...]]] = {}
        for each in self.registrations:
            self._by_sha256[each.sha256] = (*self.of(each.sha256), each)

    def of(self, sha256: str) -> tuple[Registration, ...]:
        """Return for whom a certificate with this fingerprint is registered."""
        return self._by_sha256.get(sha256, ())

    def legacy_sha1(self, at: dt.datetime) -> frozenset[str]:
        """Return the codes of the agencies that may sign over SHA-1 at a moment."""
        day = vietnam_date(at)
        return frozenset(permit.code for permit in self.legacy if day <= permit.until)


def load_registry(
    path: Path, *, signers: Collection[str] = (), now: dt.datetime | None = None
) -> Registry:
    """Read a registry file; with `signers` (fingerprints) one of them must have signed it.

    Raises NoInputError, ConfigError with every problem's place, TrustError for the signature.
    """
    data = read_registry_bytes(path)
    findings = check_signature(data, path, signers, now=now) if signers else ()
    file = parse(RegistryFile, parse_yaml(data, path, environ={}))
    registrations = (
        Registration(
            code=agency.code,
            name=agency.name,
            sha256=entry.sha256,
            valid_from=entry.valid_from,
            valid_to=entry.valid_to,
        )
        for agency in file.agencies
        for entry in agency.certificates
    )
    legacy = (
        LegacyPermit(agency.code, agency.legacy.until, agency.legacy.reason)
        for agency in file.agencies
        if agency.legacy is not None
    )
    return Registry(registrations, version=file.version, legacy=legacy, findings=findings)


def _as_written(code: str) -> str | None:
    return code


@dataclass(frozen=True, slots=True)
class Trust:
    """What verification rests on.

    `canonical` turns either spelling of an agency code into that of QĐ 20/2020 (the catalogue's
    function); a code unknown to it counts as it is written. `legacy_sha1` names the
    senders (canonical codes) whose signatures may still rest on SHA-1; none by default.
    """

    anchors: Anchors
    registry: Registry
    canonical: Callable[[str], str | None] = _as_written
    revocations: Revocations = field(default_factory=Revocations)
    legacy_sha1: frozenset[str] = frozenset()
    signers: SignerMemo = field(default_factory=SignerMemo, compare=False, repr=False)
    forms: Forms = field(default_factory=Memo, compare=False, repr=False)

    def may_sign(self, certificate: x509.Certificate, organ_id: str, at: dt.datetime) -> bool:
        """Tell whether a certificate may sign as the agency of an OrganId at a moment."""
        return self.objection(certificate, organ_id, at) is None

    def objection(
        self,
        certificate: x509.Certificate,
        organ_id: str,
        at: dt.datetime,
        *,
        sha256: str | None = None,
    ) -> Finding | None:
        """Return why a certificate may not sign as the agency of an OrganId, None if it may.

        `sha256` is its fingerprint, if that is known already.
        """
        sha256 = sha256 or fingerprint(certificate)
        registered = self.registry.of(sha256)
        if not registered:
            facts = {"subject": subject_of(certificate), "sha256": sha256}
            return codes.NOT_REGISTERED.at(_SENDER, **facts)
        code = self.canonical(organ_id) or organ_id
        fitting = [each for each in registered if _stands_for(each, code)]
        if not fitting:
            allowed = ", ".join(each.code for each in registered)
            return codes.WRONG_AGENCY.at(_SENDER, organ_id=shown(organ_id, 200), codes=allowed)
        if not any(each.covers(at) for each in fitting):
            facts = {"code": fitting[0].code, "period": fitting[0].period}
            return codes.OUTSIDE_REGISTRATION.at(_SENDER, day=vietnam_date(at), **facts)
        return None


def _stands_for(registration: Registration, code: str) -> bool:
    return registration.code == code or (is_routable(code) and covers(registration.code, code))


def load_trust(
    anchors_dir: Path,
    registry_file: Path | None,
    *,
    crls_dir: Path | None = None,
    canonical: Callable[[str], str | None] = _as_written,
    signers: Collection[str] = (),
    revocations: Revocations | None = None,
    at: dt.datetime | None = None,
) -> Trust:
    """Read anchors, registry and revocation lists; without a registry nobody may sign.

    Permissions to sign over SHA-1 are those of the moment `at`, none without it.

    Raises NoInputError for what is not there, ConfigError with every finding for what is wrong,
    TrustError for a registry that none of `signers` has signed.
    """
    registry = Registry()
    if registry_file is not None:
        registry = load_registry(registry_file, signers=signers, now=at)
    if revocations is None:
        revocations = load_revocations(crls_dir) if crls_dir is not None else Revocations()
    legacy = registry.legacy_sha1(at) if at is not None else frozenset()
    return Trust(load_anchors(anchors_dir), registry, canonical, revocations, legacy)
