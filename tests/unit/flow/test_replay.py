"""A packet of the past is made again, bit for bit, by the configuration that made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.clock import SystemClock
from connector.errors import NoInputError, PermanentError
from connector.flow.adapters.codes import (
    CONFIG_NOT_KEPT,
    NOT_FROM_ADAPTER,
    RECORD_GONE,
    UNKNOWN_ADAPTER,
)
from connector.flow.adapters.replay import Replay, Replayed
from connector.store.outbox import OutboxPacket
from tests.unit.flow.conftest import Office

Row = Callable[..., str]
NAME = "g22-van-ban-di"


def replayed(office: Office, packet: OutboxPacket | None = None) -> Replayed:
    """Make the one packet of the outbox again."""
    (only,) = [packet] if packet else office.packets()
    node = office.node
    directories = {NAME: office.adapter}
    return Replay(node.store, node.spool, node.ours, directories, SystemClock()).replay(only)


@pytest.fixture
def sent(office: Office, row: Row) -> Office:
    """A node that has sent one document with two files, tables and functions in files."""
    path = office.adapter / "adapter.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("  noi_nhan: {Nghệ An: H41, Nội vụ: G09}", "  noi_nhan: {file: noi.csv}")
    path.write_text(text, encoding="utf-8")
    (office.adapter / "noi.csv").write_text("from,to\nNghệ An,H41\n", encoding="utf-8")
    for name in ("a.pdf", "b.pdf"):
        (office.adapter / "files" / name).write_bytes(b"%PDF-1.4\n" + name.encode() * 5000)
    assert office.node.reloading.reload().changed == [NAME]
    office.export(row("05/VPCP-KSTT", Tep="a.pdf|b.pdf"), row("hỏng"))
    assert office.node.intake.collect(office.node.adapters[0]).sealed == 1
    return office


def test_the_same_record_makes_the_same_bytes(sent: Office) -> None:
    """Though adapter, table and clock are others by now."""
    path = sent.adapter / "adapter.yaml"
    text = path.read_text(encoding="utf-8").replace("value: Hà Nội", "value: Đà Nẵng")
    path.write_text(text, encoding="utf-8")
    (sent.adapter / "noi.csv").write_text("from,to\nNghệ An,G09\n", encoding="utf-8")
    sent.node.reloading.reload()
    sent.node.clock.sleep(90_000)
    result = replayed(sent)
    assert (result.equal, result.difference) == (True, "")
    assert result.adapter == NAME
    assert result.found_at == result.sent_from
    assert result.config_hash != sent.node.adapters[0].config_hash


def test_a_record_that_moved_is_found_by_its_key(sent: Office, row: Row) -> None:
    """Rows before it do not matter."""
    sent.export(row("01/VPCP-KSTT"), row("02/VPCP-KSTT"), row("05/VPCP-KSTT", Tep="a.pdf|b.pdf"))
    result = replayed(sent)
    assert result.equal
    assert result.found_at != result.sent_from


def test_a_changed_record_is_shown(sent: Office, row: Row) -> None:
    """The difference names the element and both values."""
    sent.export(row("05/VPCP-KSTT", "V/v khác", Tep="a.pdf|b.pdf"))
    result = replayed(sent)
    assert not result.equal
    assert "Subject" in result.difference
    assert "V/v thử" in result.difference
    assert "V/v khác" in result.difference
    assert "Signature" not in result.difference


def test_a_changed_file_is_shown(sent: Office) -> None:
    """One other byte in an attachment is a difference."""
    path = sent.adapter / "files" / "b.pdf"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    result = replayed(sent)
    assert not result.equal
    assert "ContentTransferEncoded" in result.difference


def test_a_record_that_became_unusable_is_told(sent: Office) -> None:
    """What refuses the record now is the difference."""
    (sent.adapter / "files" / "a.pdf").unlink()
    result = replayed(sent)
    assert not result.equal
    assert "a.pdf" in result.difference


def test_a_record_that_is_gone_is_no_input(sent: Office, row: Row) -> None:
    """Who cleaned the export is told where the record stood."""
    sent.export(row("06/VPCP-KSTT"))
    with pytest.raises(NoInputError) as caught:
        replayed(sent)
    (finding,) = caught.value.findings
    assert finding.code == RECORD_GONE.code
    assert "export/di.csv:2" in finding.hint_en
    assert caught.value.exit_status == 66


def test_what_cannot_be_made_again_says_why(sent: Office) -> None:
    """Packets of nobody's adapter, of an adapter that is gone, of a time before."""
    (packet,) = sent.packets()
    for other, code in (
        (replace(packet, adapter=None), NOT_FROM_ADAPTER.code),
        (replace(packet, adapter="khac"), UNKNOWN_ADAPTER.code),
        (replace(packet, config_hash="0" * 64), CONFIG_NOT_KEPT.code),
    ):
        with pytest.raises(PermanentError) as caught:
            replayed(sent, other)
        assert caught.value.findings[0].code == code
