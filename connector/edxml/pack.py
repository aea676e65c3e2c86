"""Envelope → valid packet: what does not follow schema and rules never becomes one."""

from __future__ import annotations

import datetime as dt

from connector.edxml.rules import check_rules
from connector.edxml.schema import check_schema_of
from connector.edxml.writer import DEFAULT_OPTIONS, write
from connector.errors import Finding, PermanentError, Severity
from connector.model.envelope import Envelope
from connector.model.packet import Packet, WriteOptions

__all__ = ["check", "pack"]


def pack(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS, *, today: dt.date) -> Packet:
    """Return the written and valid packet; raises `PermanentError` with every error found."""
    findings = check(envelope, options, today=today)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise PermanentError(*errors)
    return Packet(write(envelope, options), envelope)


def check(
    envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS, *, today: dt.date
) -> tuple[Finding, ...]:
    """Return what schema and rules find in an envelope, written as `options` say."""
    return (*check_schema_of(envelope, options), *check_rules(envelope, today=today))
