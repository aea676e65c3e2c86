"""A packet in two ways: as every room makes it, and in the general way that knows no forms."""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

from connector.clock import ManualClock
from connector.edxml.pack import check, pack
from connector.edxml.writer import write_parts
from connector.errors import Finding, PermanentError, Severity
from connector.model.envelope import Envelope
from connector.model.packet import Packet, Sealed, WriteOptions
from connector.model.recipe import encode
from connector.trust.keys import SigningKey, load_key
from connector.trust.pki import DevPki
from connector.trust.settings import PemKey
from connector.trust.sign import seal

__all__ = ["TODAY", "Outcome", "general", "key_of", "packed", "sealed"]

TODAY = dt.date(2026, 1, 6)

Outcome: TypeAlias = Packet | tuple[Finding, ...]
"""A packet, or why there is none."""


def general(envelope: Envelope, options: WriteOptions) -> Outcome:
    """Return what comes of an envelope without any form."""
    try:
        found = check(envelope, options, today=TODAY)
        errors = tuple(each for each in found if each.severity is Severity.ERROR)
        return errors or Packet(write_parts(envelope, options), envelope)
    except PermanentError as error:
        return error.findings


def packed(envelope: Envelope, options: WriteOptions) -> Outcome:
    """Return what comes of an envelope as every room packs it."""
    try:
        return pack(envelope, options, today=TODAY)
    except PermanentError as error:
        return error.findings


def sealed(
    outcome: Outcome, key: SigningKey
) -> tuple[Packet, bytes, Sealed, object, bytes] | tuple[Finding, ...]:
    """Return all that follows from an outcome: packet, bytes, signed bytes, recipe; or why not."""
    if not isinstance(outcome, Packet):
        return outcome
    one = seal(outcome, key)
    return outcome, outcome.data, one, one.signed, encode(one.parts)


def key_of(pki: DevPki, code: str) -> SigningKey:
    """Return the key of an agency of a development PKI."""
    named = PemKey(
        type="pem", key_file=pki.key_file(code), certificate_file=pki.certificate_file(code)
    )
    return load_key(named, now=ManualClock().now())
