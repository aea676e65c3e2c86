"""From an envelope to a sealed packet: what of the way out needs neither store nor spool."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from connector.clock import VIETNAM, vietnam_date
from connector.edxml.pack import pack
from connector.edxml.parser import Limits
from connector.errors import PermanentError
from connector.flow import codes
from connector.model.envelope import Document, Envelope, TraceHeader
from connector.model.packet import Sealed, WriteOptions
from connector.trust.keys import SigningKey
from connector.trust.sign import Digested, digested
from connector.trust.splice import signature_over

__all__ = ["Sealer", "stamp"]


class Sealer:
    """Stamps, writes, checks and signs with the keys of this node's agencies."""

    def __init__(self, keys: Mapping[str, SigningKey], limits: Limits) -> None:
        self._keys = keys
        self._limits = limits

    def seal(
        self, envelope: Envelope, agency: str, options: WriteOptions, now: dt.datetime
    ) -> Sealed:
        """Return the sealed packet of an envelope.

        Raises:
            PermanentError: schema, rules or size forbid it.
            UnavailableError: the key cannot be used now.
        """
        digested = self.digested(envelope, options, now)
        return self.finished(digested, self.signature(digested.digest, agency))

    def digested(self, envelope: Envelope, options: WriteOptions, now: dt.datetime) -> Digested:
        """Return the packet of an envelope, ready to be signed; raises PermanentError as above."""
        self._check_files(envelope)
        return digested(pack(stamp(envelope, now), options, today=vietnam_date(now)))

    def signature(self, digest: bytes, agency: str) -> bytes:
        """Return the Signature of an agency over a packet's digest; raises UnavailableError."""
        return signature_over(digest, self._keys[agency])

    def finished(self, digested: Digested, signature: bytes) -> Sealed:
        """Return the packet with its Signature; PermanentError if it is too large."""
        sealed = digested.sealed(signature)
        size, limit = sealed.size, self._limits.max_bytes
        if size > limit:
            raise PermanentError(codes.PACKET_TOO_LARGE.at(size=size, limit=limit))
        return sealed

    def _check_files(self, envelope: Envelope) -> None:
        files = envelope.attachments if isinstance(envelope, Document) else ()
        limit = self._limits.max_attachment_bytes
        for file in files:
            size = file.content.size
            if size > limit:
                raise PermanentError(
                    codes.ATTACHMENT_TOO_LARGE.at(name=file.name, size=size, limit=limit)
                )


def stamp(envelope: Envelope, now: dt.datetime) -> Envelope:
    """Return a document with the first hop of its trace; a trace that it has is kept."""
    if not isinstance(envelope, Document) or envelope.traces:
        return envelope
    moment = now.astimezone(VIETNAM).replace(microsecond=0)
    return replace(envelope, traces=(TraceHeader(envelope.sender.organ_id, moment),))
