"""A ready packet is signed anew only over no signature, or over an unbroken one of its sender."""

from __future__ import annotations

from connector.clock import Clock
from connector.errors import TrustError
from connector.flow import codes
from connector.trust.certificates import fingerprint, subject_of
from connector.trust.keyring import Keyring
from connector.trust.trust_source import TrustSource
from connector.trust.unbroken import unbroken_signer

__all__ = ["OwnSignature"]


class OwnSignature:
    """Looks at the signature that a packet bears before it gets another."""

    def __init__(self, keys: Keyring, trust: TrustSource, clock: Clock) -> None:
        self._keys = keys
        self._trust = trust
        self._clock = clock

    def insist(self, data: bytes, *, agency: str, sender: str) -> None:
        """Insist that a packet bears no signature but an unbroken one of its sender's own.

        That is a key of the agency on this node, old or new, or one that the registry lets
        sign for the sender today.

        Raises:
            PermanentError: the bytes are no packet.
            TrustError: the signature is broken, or another's.
        """
        signer = unbroken_signer(data)
        if signer is None:
            return
        ours = self._keys.every(agency) if agency in self._keys else ()
        if fingerprint(signer) in {key.fingerprint for key in ours}:
            return
        objection = self._trust.current().objection(signer, sender, self._clock.now())
        if objection is not None:
            facts = {"subject": subject_of(signer), "code": sender}
            raise TrustError(codes.SIGNED_BY_ANOTHER.at("Signature", **facts), objection)
