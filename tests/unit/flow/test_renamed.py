"""An agency that got another name: what was sent before stays what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock, SystemClock
from connector.config.node import load_node
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
from tests.unit.flow.conftest import Office

Row = Callable[..., str]
NAME = "g22-van-ban-di"


@pytest.fixture
def renamed(office: Office, row: Row) -> Iterator[Office]:
    """A node that has sent one document and whose agency then got another name and address."""
    office.export(row())
    assert office.node.intake.collect(office.node.adapters[0]) == Collected(sealed=1)
    office.node.close()
    path = office.directory / "connector.yaml"
    text = path.read_text(encoding="utf-8")
    more = "\n    organization: {email: moi@example.vn}"
    changed = text.replace("name: Văn phòng Chính phủ", f"name: Văn phòng mới{more}")
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    emitter = Emitter(CollectorRegistry())
    node = open_node(load_node(path), clock=ManualClock(), emitter=emitter)
    yield Office(office.directory, node)
    node.close()


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
