"""An agency that got another name: what was sent before stays what it is."""

from __future__ import annotations

import datetime as dt
import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock, SystemClock
from connector.config.node import load_node
from connector.errors import StorageError
from connector.events import Emitter
from connector.flow.adapters.replay import Replay
from connector.flow.collect import Collected
from connector.flow.node import open_node
from connector.flow.parties import with_parties_of
from connector.model.envelope import (
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
)
from connector.store import codes as store_codes
from tests.unit.flow.conftest import Office

Row = Callable[..., str]
NAME = "g22-van-ban-di"
FILE = b"%PDF-1.4\n" + b"x" * 5_000
TEXTS = {"name": "name: Văn phòng Chính phủ", "version": "config_version: 1"}
DEFAULT_LIMIT = 100_000_000
LIMITS = "limits: {max_packet_bytes: 200000000, max_attachment_bytes: 150000000}"


def reopened(office: Office, **changes: str) -> Office:
    """Open a node again whose configuration was changed: what stands for what."""
    office.node.close()
    path = office.directory / "connector.yaml"
    text = path.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert TEXTS[before] in text
        text = text.replace(TEXTS[before], after)
    path.write_text(text, encoding="utf-8")
    emitter = Emitter(CollectorRegistry())
    return Office(
        office.directory, open_node(load_node(path), clock=ManualClock(), emitter=emitter)
    )


def with_large_packet(office: Office, row: Row) -> Office:
    """Seal a packet that is over the shipped limit, at a node whose own limit is higher."""
    office = reopened(office, version=f"config_version: 1\n{LIMITS}")
    with (office.adapter / "files" / "big.pdf").open("wb") as file:
        file.write(b"%PDF-1.4\n")
        file.truncate(76_000_000)
    office.export(row(Tep="big.pdf"))
    assert office.collect() == Collected(sealed=1)
    assert office.packets()[0].body_size > DEFAULT_LIMIT
    return office


def rename(office: Office) -> Office:
    """Give the agency of a node another name and address."""
    return reopened(office, name="name: Văn phòng mới\n    organization: {email: moi@example.vn}")


@pytest.fixture
def renamed(office: Office, row: Row) -> Iterator[Office]:
    """A node that has sent one document and whose agency then got another name and address."""
    office.export(row())
    assert office.node.intake.collect(office.node.adapters[0]) == Collected(sealed=1)
    found = rename(office)
    yield found
    found.node.close()


@pytest.fixture
def with_file(office: Office, row: Row) -> Iterator[Office]:
    """Like `renamed`, but the document that was sent has an attached file."""
    (office.adapter / "files" / "a.pdf").write_bytes(FILE)
    office.export(row(Tep="a.pdf"))
    assert office.collect() == Collected(sealed=1)
    found = rename(office)
    yield found
    found.node.close()


def test_what_was_sent_under_the_old_name_is_no_conflict(renamed: Office, row: Row) -> None:
    """The export comes again with new rows: old records are the same, new ones bear the name."""
    renamed.export(row(), row("06/VPCP-KSTT"))
    assert renamed.collect() == Collected(sealed=1, repeated=1)
    first, second = renamed.packets()
    assert "Văn phòng Chính phủ" in renamed.bytes_of(first).decode()
    assert "Văn phòng mới" in renamed.bytes_of(second).decode()
    renamed.export(row(), row("06/VPCP-KSTT"), row("07/VPCP-KSTT"))
    assert renamed.collect() == Collected(sealed=1, repeated=2)
    assert "record_conflicted" not in renamed.events()


def test_a_change_of_the_record_is_still_a_conflict(renamed: Office, row: Row) -> None:
    """Only the agencies' particulars are those of the packet; what the record says is compared."""
    renamed.export(row(subject="V/v khác"), row("06/VPCP-KSTT"))
    assert renamed.collect() == Collected(sealed=1, conflicts=1)
    assert "record_conflicted" in renamed.events()
    renamed.export(row(NoiNhan="Nội vụ"), row("06/VPCP-KSTT"), row("07/VPCP-KSTT"))
    assert renamed.collect() == Collected(sealed=1, repeated=1, conflicts=1)


def test_a_record_that_was_looked_at_once_is_not_read_again(renamed: Office, row: Row) -> None:
    """The spelling of today is remembered: the next time the sent packet is not needed."""
    renamed.export(row(), row("06/VPCP-KSTT"))
    renamed.collect()
    with renamed.node.store.begin() as tx:
        tx.exec_driver_sql("UPDATE outbox_recipe SET recipe = x'00' WHERE position = 1")
    renamed.export(row(), row("06/VPCP-KSTT"), row("07/VPCP-KSTT"))
    assert renamed.collect() == Collected(sealed=1, repeated=2)


def test_a_packet_as_large_as_the_node_allows_is_compared(office: Office, row: Row) -> None:
    """The node's own limits hold, not the shipped ones, and the packet is never in memory."""
    office = with_large_packet(office, row)
    office = rename(office)
    office.export(row(Tep="big.pdf"), row("06/VPCP-KSTT"))
    tracemalloc.start()
    try:
        collected = office.collect()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        office.node.close()
    assert collected == Collected(sealed=1, repeated=1)
    assert most < DEFAULT_LIMIT // 4


def test_a_packet_over_the_shipped_limit_can_be_recalled(office: Office, row: Row) -> None:
    """What was allowed when it was sealed is read again, whatever the shipped limits say."""
    office = with_large_packet(office, row)
    (packet,) = office.packets()
    with office.node.store.begin() as tx:
        tx.exec_driver_sql("UPDATE delivery SET state = 'sent'")
    recalled = office.node.operator("văn thư").recall(packet.packet_id, "Gửi nhầm")
    office.node.close()
    assert recalled.packet_id is not None
    assert recalled.never_sent == ()


def test_limits_that_were_lowered_since_make_no_conflict(office: Office, row: Row) -> None:
    """What went out was allowed then; it is compared whatever is allowed now."""
    (office.adapter / "files" / "a.pdf").write_bytes(FILE * 40)
    office.export(row(Tep="a.pdf"))
    assert office.collect() == Collected(sealed=1)
    office = rename(
        reopened(office, version="config_version: 1\nlimits: {max_packet_bytes: 100000}")
    )
    office.export(row(Tep="a.pdf"), row("06/VPCP-KSTT"))
    collected = office.collect()
    office.node.close()
    assert collected == Collected(sealed=1, repeated=1)


def test_a_packet_that_cannot_be_read_stops_no_other(with_file: Office, row: Row) -> None:
    """It is told as another one; the new rows of the export go out."""
    (packet,) = with_file.packets()
    with with_file.node.store.begin() as tx:
        tx.exec_driver_sql("UPDATE outbox_recipe SET recipe = CAST('[\"x\"]' AS BLOB)")
        tx.exec_driver_sql(
            "UPDATE outbox_packet SET digest = ? WHERE packet_id = ?",
            (hashlib.sha256(b"x").hexdigest(), packet.packet_id),
        )
    with_file.export(row(Tep="a.pdf"), row("06/VPCP-KSTT"))
    assert with_file.collect() == Collected(sealed=1, conflicts=1)


def test_a_packet_whose_file_is_lost_stops_no_other(with_file: Office, row: Row) -> None:
    """Its file is gone from the spool: it is told as another one, new rows go out."""
    with_file.node.spool.remove(hashlib.sha256(FILE).hexdigest())
    with_file.export(row(Tep="a.pdf"), row("06/VPCP-KSTT"))
    assert with_file.collect() == Collected(sealed=1, conflicts=1)


def test_a_disk_that_fails_makes_no_conflict(with_file: Office, row: Row) -> None:
    """What cannot be read now says nothing about the record, which is compared later."""
    path = with_file.node.spool.get(hashlib.sha256(FILE).hexdigest()).path
    path.unlink()
    path.mkdir()
    with_file.export(row(Tep="a.pdf"), row("06/VPCP-KSTT"))
    with pytest.raises(StorageError, match=store_codes.FILE_FAILED.code):
        with_file.collect()
    path.rmdir()
    path.write_bytes(FILE)
    assert with_file.collect() == Collected(sealed=1, repeated=1)
    assert "record_conflicted" not in with_file.events()


def test_a_replay_shows_the_name_and_makes_nothing(renamed: Office) -> None:
    """It is a comparison: no second packet, no conflict, whatever the names are by now."""
    (packet,) = renamed.packets()
    node, events = renamed.node, renamed.events()
    directories = {NAME: renamed.adapter}
    replay = Replay(node.store, node.spool, node.ours, directories, SystemClock())
    result = replay.replay(packet)
    assert (result.equal, result.packet_id) == (False, packet.packet_id)
    assert "OrganName" in result.difference
    assert renamed.packets() == [packet]
    assert renamed.events() == events


def test_parties_are_matched_by_their_codes() -> None:
    """A receiver that the packet did not name keeps its name, and so does another sender."""
    day = dt.date(2026, 1, 5)
    now = Document(
        sender=Organization(organ_id="G22", organ_name="mới"),
        receivers=tuple(Organization(organ_id=c, organ_name="mới") for c in ("H41", "G09")),
        code=DocumentCode("01", "VPCP"),
        promulgation=Promulgation("Hà Nội", day),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="x",
        signer=Signer(full_name="A"),
        document_id="d",
    )
    old = tuple(Organization(organ_id=code, organ_name="cũ") for code in ("G09", "H01"))
    sent = replace(now, sender=Organization(organ_id="G22", organ_name="cũ"), receivers=old)
    found = with_parties_of(sent, now)
    assert found.sender.organ_name == "cũ"
    assert [(each.organ_id, each.organ_name) for each in found.receivers] == [
        ("H41", "mới"),
        ("G09", "cũ"),
    ]
    other = replace(sent, sender=Organization(organ_id="G01", organ_name="khác"))
    assert with_parties_of(other, now).sender.organ_name == "mới"
