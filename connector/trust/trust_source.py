"""The trust in force in a running node: read anew when its files change, never made worse.

A new state counts only as a whole and only if nothing in it is wrong; otherwise the old one
stays in force and the findings say why. A registry never goes back to an older version, not
even over a restart.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from connector.clock import Clock
from connector.config.trust import RevocationConfig, TrustConfig
from connector.errors import ConfigError, ConnectorError, Finding
from connector.trust import data_codes as codes
from connector.trust.certificates import fingerprint
from connector.trust.durable import write_file
from connector.trust.ocsp import OcspCache
from connector.trust.ocsp_fetch import OcspFetcher
from connector.trust.registry import Trust, load_trust
from connector.trust.registry_sign import signature_file
from connector.trust.revocation import RevocationPolicy, load_revocations
from connector.trust.revocation_facts import Link

__all__ = ["TrustChange", "TrustFiles", "TrustSource"]

Canonical = Callable[[str], str | None]
_Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class TrustChange:
    """What reading anew has brought: taken over or not, and the differences in words."""

    accepted: bool
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    registry_version: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def different(self) -> bool:
        """Whether anything is to be put on record."""
        return bool(self.added or self.removed or self.findings or not self.accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFiles:
    """Where a node's trust lies; `state_dir` keeps answers of responders and the version."""

    config: TrustConfig
    state_dir: Path | None = None

    @property
    def revocation(self) -> RevocationConfig:
        """The policy of revocation in force."""
        return self.config.revocation_policy

    def answers(self) -> OcspCache | None:
        """Return the kept answers of OCSP responders, None if the policy uses none."""
        if self.state_dir is None or self.revocation.mode != "crl_or_ocsp":
            return None
        return OcspCache(self.state_dir / "ocsp")

    def load(
        self, canonical: Canonical, *, at: dt.datetime, answers: OcspCache | None = None
    ) -> Trust:
        """Read all of it; SHA-1 is permitted to whom the registry permits it at a moment.

        Raises ConfigError, NoInputError or TrustError with what is wrong.
        """
        policy = RevocationPolicy.of(self.revocation)
        crls_dir = self.config.crls_dir if policy.crls else None
        answers = answers or self.answers()
        trust = load_trust(
            self.config.anchors_dir,
            self.config.registry_file,
            canonical=canonical,
            signers=self.config.registry_signers,
            revocations=load_revocations(crls_dir, policy=policy, answers=answers),
            at=at,
        )
        known = self.version_in_force()
        if trust.registry.version < known:
            facts = {"found": trust.registry.version, "known": known}
            raise ConfigError(codes.REGISTRY_OLDER.at(str(self.config.registry_file), **facts))
        return trust

    def version_in_force(self) -> int:
        """Return the highest version of the registry that was ever in force here."""
        path = self._version_file
        try:
            return int(path.read_text("ascii")) if path else 0
        except (OSError, ValueError):
            return 0

    def keep_version(self, version: int) -> None:
        """Remember a version that came into force; raises StorageError."""
        path = self._version_file
        if path and version > self.version_in_force():
            write_file(path, f"{version}\n".encode(), new_directory=True)

    @property
    def _version_file(self) -> Path | None:
        return self.state_dir / "registry-version" if self.state_dir else None

    def stamp(self) -> _Stamp:
        """Return what changes whenever a file is written, added or taken away."""
        return tuple(_stamps(self._paths()))

    def _paths(self) -> Iterator[Path]:
        config = self.config
        for directory in (config.anchors_dir, config.crls_dir):
            if directory is not None and directory.is_dir():
                yield from sorted(directory.iterdir())
        if config.registry_file is not None:
            yield config.registry_file
            yield signature_file(config.registry_file)


class TrustSource:
    """Gives the trust in force; safe to use from several threads."""

    def __init__(
        self,
        files: TrustFiles,
        *,
        clock: Clock,
        canonical: Canonical,
        check_seconds: float = 5.0,
    ) -> None:
        """Read the first state; raises what `TrustFiles.load` and `keep_version` raise."""
        self._files: Final = files
        self._clock: Final = clock
        self._canonical: Final = canonical
        self._check_seconds: Final = check_seconds
        self._lock: Final = threading.Lock()
        self._answers: Final = files.answers()
        self._changes: list[TrustChange] = []
        self._refused: tuple[Finding, ...] = ()
        self._stamp = self._seen = files.stamp()
        self._trust = files.load(canonical, at=clock.now(), answers=self._answers)
        files.keep_version(self._trust.registry.version)
        self._checked = clock.monotonic()
        self._fetcher: Final = self._new_fetcher()
        if self._trust.registry.findings:
            self._changes.append(self._change(self._trust, self._trust))

    def current(self) -> Trust:
        """Return the trust in force; files are looked at once in `check_seconds`.

        What is being written is left alone: a change counts once two looks have seen the same.
        """
        with self._lock:
            if self._clock.monotonic() - self._checked >= self._check_seconds:
                self._checked = self._clock.monotonic()
                self._look()
            legacy = self._trust.registry.legacy_sha1(self._clock.now())
            if legacy != self._trust.legacy_sha1:
                self._trust = replace(self._trust, legacy_sha1=legacy)
            return self._trust

    def reload(self) -> TrustChange:
        """Read everything anew at once, changed or not (SIGHUP)."""
        with self._lock:
            self._seen = self._files.stamp()
            return self._read()

    @property
    def refused(self) -> tuple[Finding, ...]:
        """What is wrong with the files as they were read last; empty if they are in force."""
        with self._lock:
            return self._refused

    def take_changes(self) -> tuple[TrustChange, ...]:
        """Return what changed or was refused since the last call: to be journalled."""
        with self._lock:
            changes, self._changes = tuple(self._changes), []
            return changes

    def want(self, links: Iterable[Link]) -> None:
        """Note which certificates a RevocationUnknown was about."""
        if self._fetcher is not None:
            self._fetcher.want(links)

    def fetch(self) -> tuple[int, tuple[Finding, ...]]:
        """Ask OCSP responders for what is missing or grows old; the one step with network.

        Returns how many answers came and what went wrong; raises StorageError. Call it from a
        thread of its own, and wake held packets if answers came.
        """
        return self._fetcher.step() if self._fetcher is not None else (0, ())

    def _new_fetcher(self) -> OcspFetcher | None:
        if self._answers is None:
            return None
        policy = self._files.revocation
        return OcspFetcher(
            self._answers,
            clock=self._clock,
            url=policy.ocsp_url,
            timeout_seconds=policy.ocsp_timeout_seconds,
        )

    def _look(self) -> None:
        stamp = self._files.stamp()
        settled, self._seen = stamp == self._seen, stamp
        if settled and stamp != self._stamp:
            self._read()

    def _read(self) -> TrustChange:
        self._stamp = self._seen
        old = self._trust
        try:
            new = self._files.load(self._canonical, at=self._clock.now(), answers=self._answers)
            self._files.keep_version(new.registry.version)
        except ConnectorError as error:
            findings = (codes.TRUST_UNCHANGED.at(), *error.findings)
            version = old.registry.version
            change = TrustChange(accepted=False, registry_version=version, findings=findings)
            self._refused = error.findings
        else:
            self._trust, self._refused = new, ()
            change = self._change(old, new)
        if change.different:
            self._changes.append(change)
        return change

    def _change(self, old: Trust, new: Trust) -> TrustChange:
        before, after = set(_contents(old)), set(_contents(new))
        return TrustChange(
            accepted=True,
            added=tuple(sorted(after - before)),
            removed=tuple(sorted(before - after)),
            registry_version=new.registry.version,
            findings=new.registry.findings,
        )


def _contents(trust: Trust) -> Iterator[str]:
    """Yield everything that is trusted, one line each."""
    for certificate in trust.anchors.certificates:
        yield f"anchor {fingerprint(certificate)}"
    for entry in trust.registry.registrations:
        yield f"signer {entry.code} {entry.sha256} {entry.period}"
    for permit in trust.registry.legacy:
        yield f"legacy sha1 {permit.code} until {permit.until}"
    for each in trust.revocations.lists:
        issuer = each.crl.issuer.rfc4514_string()
        yield f"revocation list of {issuer}, number {each.number}, {each.made.isoformat()}"


def _stamps(paths: Iterable[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            yield (str(path), 0, 0, 0)
        else:
            yield (str(path), found.st_ino, found.st_size, found.st_mtime_ns)
