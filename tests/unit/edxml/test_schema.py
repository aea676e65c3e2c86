from __future__ import annotations

import dataclasses

import pytest
from lxml import etree

from connector.edxml.names import DS_NS, NS
from connector.edxml.parser import parse
from connector.edxml.schema import check_schema, check_schema_of
from connector.edxml.writer import write
from connector.model.envelope import (
    Document,
    DocumentCode,
    Evidence,
    Organization,
    OtherInfo,
    StatusReport,
)
from connector.model.packet import ChildOrder, WriteOptions
from connector.resources import schemas_dir


@pytest.mark.parametrize("order", list(ChildOrder))
def test_full_document_follows_the_schema(document: Document, order: ChildOrder) -> None:
    """One schema holds both child orders."""
    assert check_schema_of(document, WriteOptions(order=order)) == ()


def test_full_status_follows_the_schema(status: StatusReport) -> None:
    """A status with evidence is valid."""
    assert check_schema_of(status) == ()


def test_signature_may_stand_last(document: Document, status: StatusReport) -> None:
    """A signed packet is as valid as the unsigned one."""
    for envelope in (document, status):
        root = parse(write(envelope))
        header = root.find(f".//{{{NS}}}edXMLHeader")
        assert header is not None
        etree.SubElement(header, f"{{{DS_NS}}}Signature")
        assert check_schema(root) == ()


def test_evidence_behind_the_signature_is_refused(status: StatusReport) -> None:
    """Evidence belongs before the signature."""
    root = parse(write(status))
    header = root.find(f".//{{{NS}}}edXMLHeader")
    assert header is not None
    header.insert(1, etree.Element(f"{{{DS_NS}}}Signature"))
    assert [finding.code for finding in check_schema(root)] == ["EDX-2106"]


def _findings(envelope: Document | StatusReport) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in check_schema_of(envelope)]


def test_long_values_are_named_with_path_and_length(document: Document) -> None:
    """The report says which receiver's name is too long, and by how much."""
    longer = Organization(organ_id="H42", organ_name="x" * 201)
    packet = dataclasses.replace(document, receivers=(*document.receivers, longer))
    (finding,) = check_schema_of(packet)
    assert (finding.code, finding.place) == ("EDX-2102", "MessageHeader/To[3]/OrganName")
    assert "201" in finding.vi
    assert "200" in finding.vi


def test_legal_lengths_hold_in_characters(document: Document) -> None:
    """Lengths count characters, not bytes: 500 letters of Vietnamese are a subject."""
    assert _findings(dataclasses.replace(document, subject="ệ" * 500)) == []
    assert _findings(dataclasses.replace(document, subject="ệ" * 501)) == [
        ("EDX-2102", "MessageHeader/Subject")
    ]


@pytest.mark.parametrize(
    ("other", "place"),
    [
        (OtherInfo(page_amount=1000), "MessageHeader/OtherInfo/PageAmount"),
        (OtherInfo(promulgation_amount=-1), "MessageHeader/OtherInfo/PromulgationAmount"),
    ],
)
def test_numbers_have_a_range(document: Document, other: OtherInfo, place: str) -> None:
    """Amounts have three digits (NĐ 30/2020 PL VI)."""
    assert _findings(dataclasses.replace(document, other_info=other)) == [("EDX-2105", place)]


def test_missing_receiver_is_named(document: Document) -> None:
    """A document to nobody is refused."""
    assert _findings(dataclasses.replace(document, receivers=())) == [
        ("EDX-2012", "MessageHeader/To")
    ]


def test_several_faults_are_all_reported(document: Document) -> None:
    """One look shows all."""
    packet = dataclasses.replace(document, code=DocumentCode("1" * 12, "x" * 31), steering_type=9)
    assert _findings(packet) == [
        ("EDX-2102", "MessageHeader/Code/CodeNumber"),
        ("EDX-2102", "MessageHeader/Code/CodeNotation"),
        ("EDX-2105", "MessageHeader/SteeringType"),
    ]


def _raw(xml: str) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in check_schema(etree.fromstring(xml))]


def test_raw_trees_are_explained() -> None:
    """Unknown children, bad codes and bad shapes are named in trees of others, too."""
    header = (
        "<MessageHeader><From><OrganId>G22</OrganId><OrganName>VPCP</OrganName><X/></From>"
        "<ResponseFor><OrganId>G09</OrganId><Code>1/A</Code>"
        "<PromulgationDate>01/02/2026</PromulgationDate><DocumentId>1</DocumentId></ResponseFor>"
        "<StatusCode>14</StatusCode></MessageHeader>"
    )
    body = f"<edXMLEnvelope><edXMLHeader>{header}</edXMLHeader></edXMLEnvelope>"
    xml = f'<edXML xmlns="{NS}">{body}</edXML>'
    assert _raw(xml) == [
        ("EDX-2106", "MessageHeader/From"),
        ("EDX-2104", "MessageHeader/ResponseFor/PromulgationDate"),
        ("EDX-2103", "MessageHeader/StatusCode"),
        ("EDX-2012", "MessageHeader/Timestamp"),
    ]


def test_payload_is_cut_out_of_the_report(document: Document) -> None:
    """Improper base64 in a raw tree is found, and the tree stays as it was."""
    root = parse(write(document))
    payload = root.find(f".//{{{NS}}}ContentTransferEncoded")
    assert payload is not None
    payload.text = "not base64!"
    assert [finding.code for finding in check_schema(root)] == ["EDX-2101"]
    assert payload.text == "not base64!"


def test_digest_of_evidence_is_free(status: StatusReport) -> None:
    """What stands in the evidence is not the schema's business."""
    assert _findings(dataclasses.replace(status, evidence=Evidence(digest="x"))) == []


@pytest.mark.parametrize("name", ["edxml-document.xsd", "edxml-status.xsd", "edxml-types.xsd"])
def test_schemas_say_that_they_are_authored(name: str) -> None:
    """Nobody shall take our schema for an official one."""
    text = (schemas_dir() / name).read_text(encoding="utf-8")
    assert "authored by this project" in text
    assert "No official XSD" in text
