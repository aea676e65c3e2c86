"""What the tests of reading share: packets that were changed, and what is found in them."""

from __future__ import annotations

import pytest

from connector.edxml.reader import Reading, read
from connector.errors import PermanentError, Severity
from connector.model.envelope import Document

__all__ = ["PACKET_ID", "changed", "document_of", "errors", "warnings"]

PACKET_ID = "6f1d3f0c-58f4-4c0e-9d0e-6b1f5d0b8a11"


def changed(data: bytes, old: str, new: str) -> bytes:
    """Return a packet in which a text that is there stands otherwise."""
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


def document_of(reading: Reading) -> Document:
    """Return the document that was read."""
    assert isinstance(reading.envelope, Document)
    return reading.envelope


def errors(data: bytes) -> list[tuple[str, str]]:
    """Return codes and places of the errors for which a packet is refused."""
    with pytest.raises(PermanentError) as caught:
        read(data)
    found = caught.value.findings
    return [(each.code, each.place) for each in found if each.severity is Severity.ERROR]


def warnings(reading: Reading) -> list[tuple[str, str]]:
    """Return codes and places of what was found in a packet that was read."""
    return [(finding.code, finding.place) for finding in reading.findings]
