"""All findings of a packet file: well-formed, readable, schema, rules."""

from __future__ import annotations

import datetime as dt

from connector.edxml.pack import check
from connector.edxml.parser import DEFAULT_LIMITS, Limits
from connector.edxml.reader import read
from connector.edxml.writer import DEFAULT_OPTIONS
from connector.errors import ConnectorError, Finding, Severity
from connector.model.packet import WriteOptions

__all__ = ["validate"]


def validate(
    data: bytes,
    *,
    today: dt.date,
    limits: Limits = DEFAULT_LIMITS,
    options: WriteOptions = DEFAULT_OPTIONS,
) -> tuple[Finding, ...]:
    """Return every finding, errors first; empty for a packet without fault.

    The schema looks at the normalised form: what was read, as this node would write it.
    """
    try:
        reading = read(data, limits=limits)
        findings = (*reading.findings, *check(reading.envelope, options, today=today))
    except ConnectorError as error:
        findings = error.findings
    return tuple(sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR))
