"""What every sink must do, run against every kind of sink."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from connector.config.yaml_source import parse_yaml
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    BusinessType,
    Document,
    DocumentCode,
    DocumentType,
    InformationChange,
    Organization,
    Promulgation,
    ReceiverChange,
    Signer,
)
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks.base import Sink
from connector.sinks.registry import kinds, open_sink

CONFIG = """
- type: folder
  directory: inbox
  desk: {desk}
- type: sql
  url: sqlite:///qlvb.db
  table: VanBanDen
  key_column: MaGoiTin
  columns: {{SoKyHieu: code, TrichYeu: subject, NgayBanHanh: promulgation.date}}
  status: {{column: TrangThai, received: "1", cancelled: "9", replaced: "8"}}
  attachments:
    {{table: Tep, packet_column: MaGoiTin, ordinal_column: Stt, name_column: Ten,
      content_column: NoiDung}}
  acts: {{table: SuKien}}
  desk: {desk}
  create_tables: true
"""


def item(number: str = "28", business: Business | None = None) -> Inbound:
    """Return a verified document with two attachments."""
    document = Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An"),),
        code=DocumentCode(number, "2018/QĐ-TTg"),
        promulgation=Promulgation("Hà Nội", dt.date(2018, 7, 12)),
        document_type=DocumentType(type=2, type_name="Quyết định"),
        subject="Về việc gửi, nhận văn bản điện tử",
        signer=Signer(full_name="Nguyễn Xuân Phúc"),
        document_id=f"G22,2018/07/12,{number}/2018/QĐ-TTg",
        business=business,
        attachments=tuple(
            Attachment(
                content_id=name,
                name=f"{name}.pdf",
                content_type="application/pdf",
                content=BytesContent(b"%PDF-1.4 " + name.encode()),
            )
            for name in ("quyết định", "phụ lục")
        ),
    )
    kind = int(document.business_type)
    return Inbound(
        packet_id=str(uuid5(UUID(int=0), f"{number}/{kind}")),
        packet=BytesContent(b"<edXML/>" + number.encode()),
        digest="ab" * 32,
        document=document,
        served=("H41",),
        arrived_at=dt.datetime(2018, 7, 12, 20, 0, tzinfo=dt.UTC),
        verification={"verdict": "verified"},
    )


def act(kind: BusinessType, number: str = "29") -> Inbound:
    """Return a packet that acts on an earlier document."""
    change = InformationChange(
        document_receiver=True, receivers=(ReceiverChange(organ_id="H37", added=True),)
    )
    changes = (change,) if kind is BusinessType.UPDATE else ()
    return item(number, Business(type=kind, reason="Lý do", changes=changes))


def target(of: Inbound) -> InboundTarget:
    """Return a delivered document as an act names it."""
    return InboundTarget(of.packet_id, of.document.document_id)


@dataclass(frozen=True)
class House:
    """A sink and how to look into its legacy system: packet id → state."""

    sink: Sink
    states: Callable[[], dict[str, str]]
    open: Callable[[bool], Sink]


def folder_states(root: Path) -> dict[str, str]:
    """Return the state of each document that a clerk finds in the folder."""
    states: dict[str, str] = {}
    for year in (path for path in root.iterdir() if path.name.isdigit()):
        for home in year.iterdir():
            packet_id = json.loads((home / "document.json").read_bytes())["packet_id"]
            assert packet_id not in states
            assert len(list(home.glob("*.pdf"))) == 2
            states[packet_id] = "replaced" if (home / "replaced.json").exists() else "delivered"
    for home in (root / "_cancelled").iterdir():
        assert (home / "recall.edxml").is_file()
        cancelled = json.loads((home / "cancelled.json").read_bytes())["target"]["packet_id"]
        assert cancelled not in states
        states[cancelled] = "cancelled"
    return states


def table_states(database: Path) -> dict[str, str]:
    """Return the state of each row of the legacy table."""
    names = {"1": "delivered", "8": "replaced", "9": "cancelled"}
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT MaGoiTin, TrangThai FROM VanBanDen").fetchall()
        for packet_id, _ in rows:
            query = "SELECT count(*) FROM Tep WHERE MaGoiTin = ?"
            assert connection.execute(query, (packet_id,)).fetchone() == (2,)
    return {packet_id: names[status] for packet_id, status in rows}


@pytest.fixture(params=kinds())
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    """Return each kind of sink in turn."""
    index = kinds().index(request.param)

    def opened(desk: bool) -> Sink:
        text = CONFIG.format(desk=str(desk).lower())
        return open_sink(parse_yaml(text.encode(), tmp_path / "connector.yaml"), (index,))

    states = {
        "folder": lambda: folder_states(tmp_path / "inbox"),
        "sql": lambda: table_states(tmp_path / "qlvb.db"),
    }
    return House(opened(True), states[request.param], opened)


def test_a_document_is_delivered_once(house: House) -> None:
    """The same packet twice, by the same or a restarted sink, is one document."""
    assert house.sink.deliver(item())
    assert house.sink.deliver(item())
    assert house.open(True).deliver(item())
    assert house.states() == {item().packet_id: "delivered"}


def test_the_desk_is_said_by_configuration(house: House) -> None:
    """Without a clerk's desk nothing is reported as taken."""
    assert house.open(False).deliver(item()) is False
    assert house.states() == {item().packet_id: "delivered"}


def test_two_documents_are_two(house: House) -> None:
    """Different packets do not touch each other, equal names and dates included."""
    other = replace(item(), packet_id=str(UUID(int=7)))
    house.sink.deliver(item())
    house.sink.deliver(other)
    assert len(house.states()) == 2


def test_a_recall_cancels(house: House) -> None:
    """A recalled document is cancelled; recalling it again changes nothing."""
    house.sink.deliver(item())
    recall = act(BusinessType.RECALL)
    house.sink.cancel(recall, target(item()))
    house.sink.cancel(recall, target(item()))
    assert house.states() == {item().packet_id: "cancelled"}


def test_a_recalled_document_does_not_come_back(house: House) -> None:
    """A late repetition of a delivery does not undo the recall."""
    house.sink.deliver(item())
    house.sink.cancel(act(BusinessType.RECALL), target(item()))
    assert house.sink.deliver(item()) is False
    assert house.states() == {item().packet_id: "cancelled"}


def test_a_recall_before_the_delivery(house: House) -> None:
    """A document that was recalled before the sink had it is not delivered afterwards."""
    house.sink.cancel(act(BusinessType.RECALL), target(item()))
    assert house.sink.deliver(item()) is False
    assert "delivered" not in house.states().values()


def test_a_replacement(house: House) -> None:
    """The new document is delivered and the old one marked, however often it is done."""
    house.sink.deliver(item())
    new = act(BusinessType.REPLACE)
    assert house.sink.replace(new, [target(item())])
    assert house.sink.replace(new, [target(item())])
    assert house.states() == {item().packet_id: "replaced", new.packet_id: "delivered"}


def test_a_replacement_of_nothing_here(house: House) -> None:
    """A replacement is delivered although the old document was never here."""
    new = act(BusinessType.REPLACE)
    house.sink.replace(new, [InboundTarget(str(UUID(int=9)), "elsewhere")])
    assert house.states() == {new.packet_id: "delivered"}


def test_a_cancelled_document_stays_cancelled_when_replaced(house: House) -> None:
    """Replacing a recalled document does not bring it back."""
    house.sink.deliver(item())
    house.sink.cancel(act(BusinessType.RECALL), target(item()))
    house.sink.replace(act(BusinessType.REPLACE, "30"), [target(item())])
    assert house.states()[item().packet_id] == "cancelled"


def test_an_update_changes_no_content(house: House) -> None:
    """An update packet is kept, and the document stays what it was."""
    house.sink.deliver(item())
    update = act(BusinessType.UPDATE)
    house.sink.update(update, target(item()))
    house.sink.update(update, target(item()))
    assert house.states() == {item().packet_id: "delivered"}


def test_two_deliveries_at_once(house: House) -> None:
    """Two processes with the same packets deliver each of them once."""
    items = [item(str(number)) for number in range(1, 7)]
    house.sink.check()
    sinks = [house.open(True), house.open(True)]
    with ThreadPoolExecutor(2) as pool:
        for outcome in [pool.submit(lambda s: [s.deliver(i) for i in items], s) for s in sinks]:
            assert outcome.result() == [True] * 6
    assert house.states() == {one.packet_id: "delivered" for one in items}


def test_a_working_sink_has_no_findings(house: House) -> None:
    """The check of a sink that works finds nothing and delivers nothing."""
    assert house.sink.check() == ()
    assert house.states() == {}
