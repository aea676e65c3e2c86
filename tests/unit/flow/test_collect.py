"""Records of an export are taken once, or refused with reasons (guarantees G1, G3, G7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from connector.edxml.reader import read
from connector.errors import ConfigError, StorageError
from connector.flow.adapters.adapter import load_adapter
from connector.flow.collect import Collected, Collector
from connector.flow.outbound import Outbound
from connector.mapping.mapper import Mapper
from connector.model.envelope import Document
from connector.sources.attachments import HELD_BYTES
from connector.store import codes as store_codes
from connector.store import outbox, sources

if TYPE_CHECKING:
    from tests.unit.flow.conftest import Office

Row = Callable[..., str]


def test_record_is_taken_once(office: Office, row: Row) -> None:
    """A record makes one packet; the same export again, or appended to, sends it no more."""
    office.export(row())
    assert office.collect() == Collected(sealed=1)
    assert office.collect() == Collected()
    office.export(row(), row("06/VPCP"))
    assert office.collect() == Collected(sealed=1, repeated=1)
    assert [packet.code for packet in office.packets()] == ["05/VPCP-KSTT", "06/VPCP"]


def test_origin_is_kept_with_the_packet(office: Office, row: Row) -> None:
    """A packet knows its adapter, its line and the configuration that made it."""
    office.export(row())
    office.collect()
    (packet,) = office.packets()
    assert packet.adapter == "g22-van-ban-di"
    assert packet.place == "export/di.csv:2"
    assert packet.source_key == "05/VPCP-KSTT|05/01/2026"
    assert packet.config_hash == office.node.adapters[0].config_hash


def test_repeats_do_not_fill_the_journal(office: Office, row: Row) -> None:
    """An export that is written anew for every document journals only what is new."""
    office.export(row())
    office.collect()
    before = office.events()
    office.export(row(), "")
    office.collect()
    assert office.events() == before


def test_changed_record_is_a_conflict_reported_once(office: Office, row: Row) -> None:
    """A record that changed after it was sent sends nothing and is reported a single time."""
    office.export(row())
    office.collect()
    office.export(row(subject="V/v khác"))
    assert office.collect() == Collected(conflicts=1)
    office.export(row(subject="V/v khác"), row("06/VPCP"))
    assert office.collect() == Collected(sealed=1, conflicts=1)
    assert office.events().count("record_conflicted") == 1
    assert len(office.packets()) == 2


def test_refused_record_is_kept_and_settled_when_it_is_corrected(office: Office, row: Row) -> None:
    """A refusal keeps code and place; the corrected record passes, and nothing stays refused."""
    office.export(row(NoiNhan="Sao Hỏa"))
    assert office.collect() == Collected(refused=1)
    (refused,) = office.refusals()
    assert refused.place == "export/di.csv:2"
    assert refused.findings[0]["code"] == "EDX-1247"
    assert "Sao Hỏa" in refused.findings[0]["en"]
    office.export(row())
    assert office.collect() == Collected(sealed=1)
    assert office.refusals() == []


def test_same_refusal_is_told_once(office: Office, row: Row) -> None:
    """A row that is refused again for the same reason is no new event; another reason is."""
    office.export(row(NoiNhan="Sao Hỏa"))
    office.collect()
    office.export(row(NoiNhan="Sao Hỏa"), "")
    office.collect()
    assert office.events().count("record_refused") == 1
    office.export(row(NoiNhan="Sao Kim"))
    office.collect()
    assert office.events().count("record_refused") == 2


def test_secret_leaves_no_trace_of_its_content(office: Office, row: Row) -> None:
    """Of a secret record only place, rule and time are kept, anywhere in the state (G7)."""
    office.export(row("99/MAT-VPCP", "Chuyện tuyệt mật", DoMat="Mật"), row("98/LA", DoMat="Lạ"))
    assert office.collect() == Collected(refused=2)
    for refused in office.refusals():
        assert (refused.source_key, refused.row_digest) == (f"secret:{refused.place}", "")
    office.node.store.checkpoint()
    files = (path for path in (office.directory / "state").rglob("*") if path.is_file())
    kept = b"".join(path.read_bytes() for path in files)
    for word in ("99/MAT-VPCP", "Chuyện tuyệt mật", "98/LA"):
        assert word.encode() not in kept


def test_cursor_and_outbox_commit_together(
    office: Office, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure between packet and cursor leaves neither; the next pass takes everything."""
    office.export(row(), row("06/VPCP"))

    def fail(*_: object) -> None:
        raise StorageError(store_codes.DISK_FULL.at(reason="full"))

    with monkeypatch.context() as patch:
        patch.setattr(sources, "set_cursor", fail)
        with pytest.raises(StorageError):
            office.collect()
    assert (office.packets(), office.cursor(), office.events()) == ([], None, [])
    assert office.collect() == Collected(sealed=2)


def test_batches_stand_on_their_own(
    office: Office, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier batch committed stays taken when a later one fails."""
    collector = Collector(office.node.ledger, office.node.outbound, batch_size=1)
    office.export(row(), row("06/VPCP"))
    enqueue = Outbound.enqueue_documents
    calls: list[object] = []

    def fail_second(self: Outbound, *args: Any, **kwargs: Any) -> list[bool]:
        calls.append(args)
        if len(calls) == 2:
            raise StorageError(store_codes.DISK_FULL.at(reason="full"))
        return enqueue(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Outbound, "enqueue_documents", fail_second)
        with pytest.raises(StorageError):
            collector.collect(office.node.adapters[0])
    assert [packet.code for packet in office.packets()] == ["05/VPCP-KSTT"]
    assert collector.collect(office.node.adapters[0]) == Collected(sealed=1)


def test_pass_ends_early_when_it_is_told(office: Office, row: Row) -> None:
    """A long import stops after the batch in which the daemon was told to end."""
    collector = Collector(office.node.ledger, office.node.outbound, batch_size=1)
    office.export(row(), row("06/VPCP"))
    assert collector.collect(office.node.adapters[0], lambda: False) == Collected(sealed=1)
    assert collector.collect(office.node.adapters[0]) == Collected(sealed=1)


def test_two_adapters_with_one_document_send_one_packet(
    open_office: Callable[..., Office], row: Row
) -> None:
    """The same document out of two exports is one packet."""
    office = open_office("g22-ban-sao")
    office.export(row())
    office.export(row(), adapter="adapter-g22-ban-sao")
    assert office.collect(0) == Collected(sealed=1)
    assert office.collect(1) == Collected(repeated=1)
    assert len(office.packets()) == 1


def test_two_adapters_with_one_document_id_conflict(
    open_office: Callable[..., Office], row: Row
) -> None:
    """The same DocumentId with other content out of another export is refused."""
    office = open_office("g22-ban-sao")
    office.export(row())
    office.export(row(subject="V/v khác"), adapter="adapter-g22-ban-sao")
    office.collect(0)
    assert office.collect(1) == Collected(refused=1)
    assert office.refusals()[0].findings[0]["code"] == "EDX-4102"


def test_same_key_twice_in_one_batch(office: Office, row: Row) -> None:
    """Two rows of one key in one batch: the first is sent, the second is a conflict or repeat."""
    office.export(row(), row(subject="V/v khác"), row())
    assert office.collect() == Collected(sealed=1, conflicts=1, repeated=1)


def test_same_document_id_twice_in_one_batch(office: Office, row: Row) -> None:
    """Two keys that give one DocumentId with other content: the second is refused, not sent."""
    text = (
        (office.adapter / "adapter.yaml").read_text().replace("[So, Ngay]", "[So, Ngay, TrichYeu]")
    )
    (office.adapter / "adapter.yaml").write_text(text)
    changed = load_adapter(office.adapter, office.node.ours, office.node.clock)
    office.export(row(), row(subject="V/v khác"))
    assert office.node.collector.collect(changed) == Collected(sealed=1, refused=1)
    assert office.refusals()[0].findings[0]["code"] == "EDX-4102"


def test_record_on_which_the_program_fails_is_refused(
    office: Office, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug that one record brings out refuses that record; the others are sent."""
    original = Mapper.map

    def fail_on_first(self: Mapper, record: Any, *args: Any, **kwargs: Any) -> Any:
        if record.values["So"].startswith("05"):
            raise IndexError("out of range")
        return original(self, record, *args, **kwargs)

    monkeypatch.setattr(Mapper, "map", fail_on_first)
    office.export(row(), row("06/VPCP"))
    assert office.collect() == Collected(sealed=1, refused=1)
    assert office.refusals()[0].findings[0]["code"] == "EDX-4108"


def test_conflict_is_found_whatever_the_spelling_of_the_sender(office: Office, row: Row) -> None:
    """A route that writes QCVN codes conflicts with what went out under the same DocumentId."""
    office.export(row())
    office.collect()
    (packet,) = office.packets()
    document = read(office.bytes_of(packet)).envelope
    assert isinstance(document, Document)
    spelled = replace(document.sender, organ_id="000.00.00.G22")
    again = replace(document, sender=spelled, subject="V/v khác")
    with office.node.store.read() as tx:
        found = office.node.outbound.conflicting(tx, again)
    assert found is not None


def test_adapters_of_one_name_are_refused(open_office: Callable[..., Office]) -> None:
    """Two adapters that would share one cursor do not start, and the place is the name's."""
    with pytest.raises(ConfigError) as caught:
        open_office("g22-van-ban-di")
    (finding,) = caught.value.findings
    assert finding.code == "EDX-4107"
    assert finding.place.endswith("adapter.yaml:2:7")


def test_disk_failure_is_no_refusal(
    office: Office, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk stops the pass; no record is refused for it."""

    def full(*_: object) -> None:
        raise StorageError(store_codes.DISK_FULL.at(reason="full"))

    (office.adapter / "files" / "a.pdf").write_bytes(b"%PDF-1.4")
    office.export(row(Tep="a.pdf"))
    with monkeypatch.context() as patch:
        patch.setattr(type(office.node.spool), "put_many", full)
        with pytest.raises(StorageError):
            office.collect()
    assert office.refusals() == []


def _many(row: Row, *files: str) -> list[str]:
    """Return rows for more records than this process seals alone, with files for the first."""
    names = [*files, *[""] * (80 - len(files))]
    return [row(f"{n:02}/VPCP-KSTT", Tep=name) for n, name in enumerate(names, 10)]


@pytest.mark.parametrize("workers", [0, 1])
def test_records_keep_their_order_wherever_they_are_sealed(
    office: Office, row: Row, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packets stand in the outbox as the records do in the export, over several batches."""
    beside = office.node.outbound._workers
    assert beside is not None
    monkeypatch.setattr(beside, "count", workers)
    if workers:
        beside.start()
    rows = _many(row)
    office.export(*rows[:3], rows[1], *rows[3:])
    assert office.collect() == Collected(sealed=80, repeated=1)
    assert [packet.place for packet in office.packets()] == [
        f"export/di.csv:{line}" for line in range(2, 83) if line != 5
    ]
    assert bool(beside.processes()) is bool(workers)


def test_file_that_changes_after_sealing_refuses_its_record_alone(
    office: Office, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes into the spool is what was signed; the other records of the batch are taken."""
    files = office.adapter / "files"
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (files / name).write_bytes(b"%PDF-1.4 " + name.encode() + bytes(1 << 20))
    keep = Outbound.keep
    touched: list[None] = []

    def change_first(self: Outbound, sealed: Any, ahead: Any = None) -> Any:
        if not touched:
            touched.append(None)
            (files / "b.pdf").write_bytes(b"%PDF-1.4 other")
        return keep(self, sealed, ahead)

    monkeypatch.setattr(Outbound, "keep", change_first)
    office.export(*_many(row, "a.pdf", "b.pdf", "c.pdf")[:3])
    assert office.collect() == Collected(sealed=2, refused=1)
    (refused,) = office.refusals()
    assert refused.place == "export/di.csv:3"
    assert [packet.code for packet in office.packets()] == ["10/VPCP-KSTT", "12/VPCP-KSTT"]


def test_file_that_changes_before_sealing_refuses_its_record_alone(
    office: Office, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads it first, the sealer or the spool, the others of the batch are taken."""
    files = office.adapter / "files"
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (files / name).write_bytes(b"%PDF-1.4 " + name.encode() + bytes(HELD_BYTES))
    ahead = Outbound.keep_ahead

    def change(self: Outbound, documents: Any) -> Any:
        (files / "b.pdf").write_bytes(b"%PDF-1.4 other")
        return ahead(self, documents)

    monkeypatch.setattr(Outbound, "keep_ahead", change)
    office.export(*_many(row, "a.pdf", "b.pdf", "c.pdf")[:3])
    assert office.collect() == Collected(sealed=2, refused=1)
    (refused,) = office.refusals()
    assert refused.place == "export/di.csv:3"
    assert [packet.code for packet in office.packets()] == ["10/VPCP-KSTT", "12/VPCP-KSTT"]


def test_fresh_bytes_are_those_of_recipe_and_spool(office: Office, row: Row) -> None:
    """What is remembered of a packet just sealed is what would be made again, and ends with it."""
    (office.adapter / "files" / "a.pdf").write_bytes(b"%PDF-1.4" + bytes(range(256)) * 300)
    office.export(row(Tep="a.pdf"))
    office.collect()
    (packet,) = office.packets()
    with office.node.store.read() as tx:
        recipe = outbox.recipe(tx, packet.packet_id)
    fresh = office.node.outbound.fresh
    assert b"".join(fresh.take(packet.packet_id, recipe) or ()) == office.bytes_of(packet)
    assert fresh.take(packet.packet_id, recipe) is None


def test_packet_without_files_leaves_nothing_in_the_spool(office: Office, row: Row) -> None:
    """The recipe in the outbox is all that such a packet needs; a file is there only once."""
    office.export(row())
    office.collect()
    assert list(office.node.spool.digests()) == []
    (office.adapter / "files" / "a.pdf").write_bytes(b"%PDF-1.4")
    office.export(row(), row("06/VPCP", Tep="a.pdf"), row("07/VPCP", Tep="a.pdf"))
    assert office.collect().sealed == 2
    assert len(list(office.node.spool.digests())) == 1
    for packet in office.packets():
        assert len(office.bytes_of(packet)) == packet.body_size


def test_bytes_made_again_are_the_same(office: Office, row: Row) -> None:
    """However often a packet is sent, its bytes and its digest are those of the first time."""
    (office.adapter / "files" / "a.pdf").write_bytes(b"%PDF-1.4" + bytes(range(256)) * 300)
    office.export(row(Tep="a.pdf"))
    office.collect()
    (packet,) = office.packets()
    assert office.bytes_of(packet) == office.bytes_of(packet)
    (digest,) = office.node.spool.digests()
    path = office.node.spool.get(digest).path
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(StorageError, match="EDX-5021"):
        office.bytes_of(packet)
