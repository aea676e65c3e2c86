"""Envelope → valid packet: what does not follow schema and rules never becomes one."""

from __future__ import annotations

import datetime as dt
from typing import Final

from connector.edxml.parser import parse, tree
from connector.edxml.rules import check_rules
from connector.edxml.schema import check_schema, check_schema_of
from connector.edxml.writer import DEFAULT_OPTIONS, draft
from connector.errors import Finding, PermanentError, Severity
from connector.model.envelope import Envelope
from connector.model.packet import Packet, WriteOptions

__all__ = ["check", "pack"]

_WITHIN_LIMITS: Final = 65_536
"""So few bytes of our own writing exceed none of the limits that `parse` enforces."""


def pack(envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS, *, today: dt.date) -> Packet:
    """Return the written and valid packet; raises `PermanentError` with every error found.

    The schema looks at the packet with a stand-in for each payload: of these it would only ask
    that they are base64, which they are by their making.
    """
    written = draft(envelope, options)
    skeleton = written.skeleton()
    root = tree(skeleton) if len(skeleton) <= _WITHIN_LIMITS else parse(skeleton)
    findings = (
        *check_schema(root),
        *check_rules(envelope, today=today, written=skeleton.decode()),
    )
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise PermanentError(*errors)
    return Packet(written.parts(), envelope)


def check(
    envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS, *, today: dt.date
) -> tuple[Finding, ...]:
    """Return what schema and rules find in an envelope, written as `options` say."""
    return (*check_schema_of(envelope, options), *check_rules(envelope, today=today))
