from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from connector.edxml.pack import pack
from connector.edxml.plain import as_data
from connector.edxml.validate import validate
from connector.edxml.writer import write
from connector.errors import PermanentError
from connector.model.envelope import Document, StatusReport
from connector.model.packet import ChildOrder, WriteOptions

TODAY = dt.date(2026, 1, 6)


def test_valid_envelope_becomes_a_packet(document: Document) -> None:
    """A packet holds the written bytes and what they say."""
    options = WriteOptions(order=ChildOrder.JAVA)
    packet = pack(document, options, today=TODAY)
    assert packet.data == write(document, options)
    assert packet.envelope is document


def test_warnings_do_not_stop_a_packet(document: Document) -> None:
    """What is only a warning goes out."""
    assert pack(dataclasses.replace(document, traces=()), today=TODAY).data


def test_schema_and_rules_stop_a_packet_together(document: Document) -> None:
    """Errors of both are raised at once, warnings are not among them."""
    bad = dataclasses.replace(document, subject="(MẬT) " + "x" * 500, traces=(), document_id="x")
    with pytest.raises(PermanentError) as caught:
        pack(bad, today=TODAY)
    assert [finding.code for finding in caught.value.findings] == ["EDX-2102", "EDX-2201"]


def test_unwritable_envelope_is_refused(document: Document) -> None:
    """What cannot be written cannot be packed."""
    with pytest.raises(PermanentError):
        pack(dataclasses.replace(document, subject="\x00"), today=TODAY)


def test_validate_is_silent_about_sound_packets(document: Document, status: StatusReport) -> None:
    """A packet of ours has no findings on the other side."""
    assert validate(write(document), today=TODAY) == ()
    assert validate(write(status), today=TODAY) == ()


def test_validate_puts_errors_first(document: Document) -> None:
    """Reading, schema and rules speak in one list, errors first."""
    data = write(dataclasses.replace(document, traces=(), subject="x" * 501))
    data = data.replace(b">2026/01/05<", b">2026-01-05<")
    found = [(finding.code, finding.severity.value) for finding in validate(data, today=TODAY)]
    assert found == [("EDX-2102", "error"), ("EDX-2018", "warning"), ("EDX-2225", "warning")]


def test_validate_never_raises(document: Document) -> None:
    """A file that is no packet is a finding."""
    assert [finding.code for finding in validate(b"", today=TODAY)] == ["EDX-2004"]
    assert validate(write(document)[:-1], today=TODAY)[0].code == "EDX-2008"


def test_foreign_content_ids_do_not_matter(document: Document) -> None:
    """An id that we would not write ourselves is no fault of a received packet."""
    data = write(document).replace(document.attachments[0].content_id.encode(), b"{x y}/1")
    assert [finding.code for finding in validate(data, today=TODAY)] == []


def test_plain_data_of_a_document(document: Document) -> None:
    """The data is JSON-ready, complete, and holds digests instead of bytes."""
    data = as_data(document)
    assert json.loads(json.dumps(data)) == data
    assert data["kind"] == "document"
    assert data["promulgation"] == {"place": "Hà Nội", "date": "2026-01-05"}
    assert data["other_info"]["priority"] == 1
    assert data["other_info"]["direction"] is False
    assert data["traces"][0]["timestamp"] == "2026-01-05T08:00:00+07:00"
    assert data["attachments"] == [
        {
            "content_id": "6f1d3f0c-58f4-4c0e-9d0e-6b1f5d0b8a11",
            "name": "05-VPCP-KSTT.pdf",
            "content_type": "application/pdf",
            "description": "Toàn văn",
            "size": document.attachments[0].content.size,
            "sha256": document.attachments[0].content.sha256,
        }
    ]
    assert "response_for_task" not in data


def test_plain_data_of_a_status(status: StatusReport) -> None:
    """A status says its code and evidence."""
    data = as_data(status)
    assert (data["kind"], data["status_code"]) == ("status", "01")
    assert data["evidence"]["digest"] == "ab" * 32
