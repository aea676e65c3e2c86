"""The signing keys of a node's agencies: old and new side by side, changed without a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.clock import Clock
from connector.config.secrets import SecretRef
from connector.config.secrets import resolve as resolve_secret
from connector.errors import ConfigError, ConnectorError, Finding, UnavailableError
from connector.trust import key_codes as codes
from connector.trust.keys import SigningKey, load_key
from connector.trust.settings import KeySettings, PemKey, Pkcs11Key

__all__ = ["Keyring", "Reload"]

_Stamp = tuple[tuple[Path, int, int, int] | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """What a reload did: agencies whose keys are others now, and keys that could not be read.

    A key that cannot be read again stays as it was, and is tried again by the next reload.
    """

    changed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    settings: KeySettings
    stamp: _Stamp
    key: SigningKey


class Keyring(Mapping[str, SigningKey]):
    """The keys by agency code; ``keyring[code]`` is the one to sign with now.

    Of several keys that is the newest whose certificate is in force at that moment, so that a
    renewed key takes over by itself on its first day. Safe for several threads.
    """

    def __init__(
        self,
        settings: Mapping[str, Sequence[KeySettings]],
        *,
        clock: Clock,
        resolve: Callable[[SecretRef], str] = resolve_secret,
    ) -> None:
        """Load every key.

        Raises:
            ConfigError: a key must not be used, or none of an agency's is in force.
            UnavailableError: a token is not there.
        """
        self._clock: Final = clock
        self._resolve: Final = resolve
        self._reloading: Final = threading.Lock()
        self._settings = {code: tuple(each) for code, each in settings.items()}
        findings: list[Finding] = []
        self._held: dict[str, tuple[_Held, ...]] = {}
        for code, each in self._settings.items():
            try:
                self._held[code] = self._load(code, each)
            except ConfigError as error:
                findings += error.findings
        if findings:
            raise ConfigError(*findings)

    def __getitem__(self, code: str) -> SigningKey:
        """Return the key with which to sign for an agency now.

        Raises:
            KeyError: the node has no key of this agency.
            UnavailableError: it has, but no certificate is in force; documents wait.
        """
        now = self._clock.now()
        for key in self.every(code):
            if key.in_force(now):
                return key
        raise UnavailableError(codes.NONE_IN_FORCE.at(code, code=code))

    def __contains__(self, code: object) -> bool:
        return code in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def every(self, code: str) -> tuple[SigningKey, ...]:
        """Return all keys of an agency, the newest first, in force or not."""
        keys = [held.key for held in self._held[code]]
        return tuple(sorted(keys, key=lambda key: key.not_before, reverse=True))

    def reload(
        self,
        settings: Mapping[str, Sequence[KeySettings]] | None = None,
        *,
        force: bool = False,
    ) -> Reload:
        """Read again the keys whose files changed; all of them with `force`.

        `settings` are those of the configuration read again, if it was. Never raises for what
        it reads: what works goes on working.
        """
        with self._reloading:
            if settings is not None:
                self._settings = {code: tuple(each) for code, each in settings.items()}
            before = {code: _prints(held) for code, held in self._held.items()}
            held: dict[str, tuple[_Held, ...]] = {}
            findings: list[Finding] = []
            for code, each in self._settings.items():
                kept = self._renewed(code, each, findings, force=force)
                if kept:
                    held[code] = kept
            self._held = held
        after = {code: _prints(each) for code, each in held.items()}
        codes_of_both = sorted({*before, *after})
        changed = tuple(code for code in codes_of_both if before.get(code) != after.get(code))
        return Reload(changed=changed, findings=tuple(findings))

    def _renewed(
        self, code: str, settings: tuple[KeySettings, ...], findings: list[Finding], *, force: bool
    ) -> tuple[_Held, ...]:
        kept: list[_Held] = []
        for each in settings:
            old = next((held for held in self._held.get(code, ()) if held.settings == each), None)
            if old is not None and not force and old.stamp == _stamp(each):
                kept.append(old)
                continue
            try:
                kept.append(self._hold(each))
            except ConnectorError as error:
                findings += error.findings
                if old is not None:
                    kept.append(old)
        return tuple(kept) or self._held.get(code, ())

    def _load(self, code: str, settings: tuple[KeySettings, ...]) -> tuple[_Held, ...]:
        only = len(settings) == 1
        held = tuple(self._hold(each, in_force=only) for each in settings)
        now = self._clock.now()
        if not any(each.key.in_force(now) for each in held):
            raise ConfigError(codes.NONE_IN_FORCE.at(code, code=code))
        return held

    def _hold(self, settings: KeySettings, *, in_force: bool = False) -> _Held:
        stamp = _stamp(settings)  # first: a file that changes while it is read is read again
        now = self._clock.now()
        key = load_key(settings, now=now, resolve=self._resolve, at_any_time=not in_force)
        return _Held(settings, stamp, key)


def _prints(held: tuple[_Held, ...]) -> tuple[str, ...]:
    return tuple(each.key.fingerprint for each in held)


def _stamp(settings: KeySettings) -> _Stamp:
    """Return what tells whether one of a key's files was replaced."""
    return tuple(_stamp_of(path) for path in _files(settings) if path is not None)


def _files(settings: KeySettings) -> tuple[Path | None, ...]:
    if isinstance(settings, Pkcs11Key):
        return (settings.certificate_file, settings.pin.file)
    password = settings.password.file if settings.password else None
    if isinstance(settings, PemKey):
        return (settings.key_file, settings.certificate_file, password)
    return (settings.file, password)


def _stamp_of(path: Path) -> tuple[Path, int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (path, status.st_mtime_ns, status.st_size, status.st_ino)
