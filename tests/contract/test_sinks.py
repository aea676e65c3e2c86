"""What every sink must do, run against every kind of sink."""

from __future__ import annotations

import base64
import datetime as dt
import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
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
from connector.sinks.base import BatchSink, Sink
from connector.sinks.registry import kinds, open_sink

CONFIG = """
- type: folder
  directory: inbox
  desk: {desk}
  index:
    {{file: vanban.csv, format: csv, charset: tcvn3, small_capitals: true,
      columns: {{SoKyHieu: code, TrichYeu: subject}}, files_column: Tep}}
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
- type: rest
  url: http://127.0.0.1:{port}/van-ban
  acts_url: http://127.0.0.1:{port}/van-ban/{{target}}/su-kien
  fields: {{so_ky_hieu: code, trich_yeu: subject, ngay.ban_hanh: promulgation.date}}
  token: {{file: token}}
  desk: {desk}
- type: command
  program: nhap.py
  arguments: [kho]
  fields: {{so_ky_hieu: code}}
  desk: {desk}
"""
PROGRAM = """#!{python}
import json, os, sys
told = json.load(sys.stdin)
home = os.path.join({base!r}, sys.argv[1])
os.makedirs(home, exist_ok=True)
def put(name, text):
    try:
        with open(os.path.join(home, name), "x") as stream:
            stream.write(text)
    except FileExistsError:
        pass
def there(name):
    return os.path.exists(os.path.join(home, name))
with open(told["packet_file"], "rb") as stream:
    assert stream.read().startswith(b"<edXML/>")
if told["act"] == "deliver":
    assert [open(file["path"], "rb").read()[:4] for file in told["files"]] == [b"%PDF"] * 2
    if there(told["packet_id"] + ".recall"):
        print(json.dumps({{"desk": False}}))
    else:
        put(told["packet_id"] + ".document", told["document"]["so_ky_hieu"])
elif there(told["target"] + ".document"):
    put(told["target"] + "." + told["act"], told["packet_id"])
elif told["act"] == "recall":
    put(told["target"] + ".recall", told["packet_id"])
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
            assert len((home / "vanban.csv").read_bytes().splitlines()) == 2
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


def program_states(directory: Path) -> dict[str, str]:
    """Return what the program has kept of each document."""
    names = {path.name for path in directory.iterdir()} if directory.is_dir() else set()
    states: dict[str, str] = {}
    for name in sorted(names):
        packet_id, _, kind = name.partition(".")
        if kind == "document":
            states[packet_id] = "delivered"
    for packet_id in states:
        if f"{packet_id}.replace" in names:
            states[packet_id] = "replaced"
    for name in names:
        if name.endswith(".recall"):
            states[name.removesuffix(".recall")] = "cancelled"
    return states


class Registry(ThreadingHTTPServer):
    """A legacy system with a service, which does what the sink's contract asks of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RegistryHandler)
        self.states: dict[str, str] = {}
        self.keys: set[str] = set()
        self.lock = threading.Lock()


class RegistryHandler(BaseHTTPRequestHandler):
    """One request: a document, or an act on one."""

    server: Registry

    def do_POST(self) -> None:
        """Take a document or an act once for each key."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer bi-mat"
        _, _, *about = self.path.split("/")
        with self.server.lock:
            status = self._act(about[0], told) if about else self._document(told)
        self.send_response(status)
        self.end_headers()

    def _document(self, told: dict[str, Any]) -> int:
        key = self.headers["Idempotency-Key"]
        assert set(told) == {"so_ky_hieu", "trich_yeu", "ngay", "files"}
        assert [base64.b64decode(file["data"])[:4] for file in told["files"]] == [b"%PDF"] * 2
        if self.server.states.get(key) == "cancelled":
            return 410
        self.server.states.setdefault(key, "delivered")
        return 201

    def _act(self, target: str, told: dict[str, Any]) -> int:
        assert self.headers["Idempotency-Key"] == f"{told['packet_id']}/{target}"
        if told["act"] == "recall":
            self.server.states[target] = "cancelled"
        elif target not in self.server.states:
            return 404
        elif told["act"] == "replace" and self.server.states[target] == "delivered":
            self.server.states[target] = "replaced"
        return 204

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A real service on loopback."""
    with Registry() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=kinds())
def house(request: pytest.FixtureRequest, tmp_path: Path, registry: Registry) -> House:
    """Return each kind of sink in turn."""
    index = kinds().index(request.param)
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text("bi-mat")
    (tmp_path / "nhap.py").write_text(PROGRAM.format(python=sys.executable, base=str(tmp_path)))
    (tmp_path / "nhap.py").chmod(0o755)

    def opened(desk: bool) -> Sink:
        port = registry.server_address[1]
        text = CONFIG.format(desk=str(desk).lower(), port=port)
        return open_sink(parse_yaml(text.encode(), tmp_path / "connector.yaml"), (index,))

    states = {
        "folder": lambda: folder_states(tmp_path / "inbox"),
        "sql": lambda: table_states(tmp_path / "qlvb.db"),
        "rest": lambda: dict(registry.states),
        "command": lambda: program_states(tmp_path / "kho"),
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


def test_several_at_once(house: House) -> None:
    """Documents that are handed over together are those that are handed over one by one."""
    items = [replace(item(), packet_id=str(UUID(int=number))) for number in range(1, 5)]
    sink = house.sink
    if not isinstance(sink, BatchSink):
        assert [sink.deliver(one) for one in items] == [True] * 4
        assert house.states() == {one.packet_id: "delivered" for one in items}
        return
    assert sink.deliver(items[1])
    assert sink.deliver_many(items) == [True] * len(items)
    assert sink.deliver_many([*items, items[0]]) == [True] * (len(items) + 1)
    assert sink.deliver_many([]) == []
    assert house.states() == {each.packet_id: "delivered" for each in items}


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
