"""A throw-away PKI in a directory: keys that sign as agencies, and who trusts them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connector.clock import Clock, SystemClock
from connector.trust.keys import SigningKey, load_key
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.registry import Trust, load_trust
from connector.trust.settings import PemKey

__all__ = ["ThrowAwayPki", "throw_away_pki"]


@dataclass(frozen=True, slots=True)
class ThrowAwayPki:
    """Keys of agencies by code, and the trust that accepts them; never use them elsewhere."""

    files: DevPki
    clock: Clock

    def key(self, code: str) -> SigningKey:
        """Return the key of an agency that the PKI was made for."""
        key, certificate = self.files.key_file(code), self.files.certificate_file(code)
        settings = PemKey(type="pem", key_file=key, certificate_file=certificate)
        return load_key(settings, now=self.clock.now())

    def trust(self) -> Trust:
        """Return the anchors and the registry of the PKI."""
        return load_trust(self.files.anchors_dir, self.files.registry_file)


def throw_away_pki(directory: Path, *codes: str, clock: Clock | None = None) -> ThrowAwayPki:
    """Make a PKI for agencies in a directory that is empty or absent.

    Small elliptic keys, because they are made in milliseconds. Raises ConfigError if the
    directory holds anything.
    """
    time = clock or SystemClock()
    agencies = [(code, code) for code in codes]
    return ThrowAwayPki(new_dev_pki(directory, agencies, clock=time, key_type="p256"), time)
