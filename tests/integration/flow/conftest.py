"""Two or three whole nodes in one process, on a real RabbitMQ, moved by hand.

Nothing runs by itself: a test moves records, messages and documents with `Lab.settle`, so every
step happens when the test says so.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.broker.message import Outcome, Outgoing
from connector.broker.publisher import Publisher
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from connector.clock import SystemClock
from connector.config.node import load_node
from connector.events import Emitter
from connector.flow.links import Link
from connector.flow.node import Node, open_node
from connector.flow.operate import Operator
from connector.flow.outbound import Origin, Prepared
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Business,
    Document,
    DocumentCode,
    DocumentType,
    Envelope,
    Organization,
    OtherInfo,
    Priority,
    Promulgation,
    Signer,
)
from connector.model.states import DeliveryState, InboxState
from connector.store import inbox, journal, outbox
from connector.store.inbox import InboxMessage
from connector.store.journal import Entry
from connector.store.outbox import Delivery
from connector.trust.pki import DevPki, new_dev_pki

NAMES = {
    "G22": "Văn phòng Chính phủ",
    "G09": "Bộ Nội vụ",
    "H41": "Ủy ban nhân dân tỉnh Nghệ An",
    "H41.02": "Sở Nội vụ tỉnh Nghệ An",
}
_PATIENCE_SECONDS = 60.0
_HEADER = "So;Ngay;Loai;TrichYeu;NguoiKy;NoiNhan;DoMat;DoKhan;Tep"
_CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
{agencies}
trust: {{anchors_dir: "{anchors}", registry_file: "{registry}"}}
broker: {{url: "{url}"}}
adapters: {adapters}
poll_seconds: {poll_seconds}
sinks:
{sinks}
retry:
  {{first_seconds: {first}, max_seconds: 3600, park_after_seconds: {park}, hold_seconds: {hold}}}
limits: {{max_packet_bytes: {max_packet}, max_attachment_bytes: {attachment}}}
{more}
"""
_AGENCY = """\
  - code: {code}
    name: {name}
    serves: [{serves}]
    broker_password: {{file: {code}.password}}
"""
_FOLDER = "  - {type: folder, directory: sink, desk: true}"
_SQL = """\
  - type: sql
    url: sqlite:///den.db
    table: VanBanDen
    key_column: MaGoiTin
    columns: {MaDinhDanh: document_id, SoKyHieu: code, TrichYeu: subject}
    status: {column: TrangThai, received: moi, cancelled: thu hoi, replaced: thay the}
    desk: true
    create_tables: true
"""
_ADAPTER = """\
adapter_version: 1
name: {name}
agency: {code}
source:
  {{type: csv, path: export/*.csv, charset: utf-8, delimiter: ";", attachments_directory: files}}
key: [So, Ngay]
secrecy: {{column: DoMat, table: do_mat}}
tables:
  do_mat: {{"": open, Thường: open, Mật: secret}}
fields:
  code: {{column: So, transforms: [trim, split_code]}}
  promulgation.date: {{column: Ngay, transforms: [{{date: dd/MM/yyyy}}]}}
  promulgation.place: {{value: Hà Nội}}
  document_type: {{column: Loai, transforms: [trim, document_type]}}
  subject: {{column: TrichYeu, transforms: [collapse_spaces]}}
  signer.full_name: {{column: NguoiKy}}
  receivers: {{column: NoiNhan, transforms: [{{split: ","}}, trim]}}
  other_info.priority: {{column: DoKhan, transforms: [trim, priority], required: false}}
attachments:
  - {{column: Tep, split: "|"}}
"""


@dataclass
class Member:
    """One agency's node in a directory of its own."""

    code: str
    directory: Path
    node: Node
    links: list[Link] = field(default_factory=list)

    @property
    def link(self) -> Link:
        """Its one connection."""
        return self.links[0]

    @property
    def operator(self) -> Operator:
        """The commands of a person."""
        return self.node.operator("tester")

    def record(self, number: str, to: str, subject: str = "V/v thử", **cells: str) -> None:
        """Append a row to the export."""
        row = {
            "So": number,
            "Ngay": "05/01/2026",
            "Loai": "Công văn",
            "TrichYeu": subject,
            "NguoiKy": "Trần Văn A",
            "NoiNhan": to,
        }
        row |= cells
        line = ";".join(row.get(name, "") for name in _HEADER.split(";"))
        path = self.directory / "adapter" / "export" / "di.csv"
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def collect(self) -> int:
        """Take what is new in the export; return how many packets that made."""
        return sum(self.node.collector.collect(a).sealed for a in self.node.adapters)

    def enqueue(self, envelope: Document, receivers: Sequence[str] | None = None) -> str:
        """Put a document into the outbox past the collector; return its packet id."""
        prepared = self.node.outbound.prepare(envelope, agency=self.code)
        to = receivers or [each.organ_id for each in envelope.receivers]
        with self.node.ledger.work() as work:
            self.node.outbound.enqueue_document(work, prepared, receivers=to, origin=Origin())
        return prepared.sealed.packet_id

    def recipe(self, packet_id: str) -> bytes:
        """Return the recipe of a packet in the outbox."""
        with self.node.store.read() as tx:
            return outbox.recipe(tx, packet_id)

    def sealed(self, envelope: Envelope) -> Prepared:
        """Seal an envelope in this agency's name, and nothing more."""
        return self.node.outbound.prepare(envelope, agency=self.code)

    def sent(self, document_id: str, receiver: str, business_type: int = 0) -> Delivery:
        """Return the one delivery of a document to a receiver."""
        with self.node.store.read() as tx:
            packets = outbox.by_document(tx, self.code, document_id)
            (packet,) = (each for each in packets if each.business_type == business_type)
            found = outbox.delivery(tx, packet.packet_id, receiver)
        assert found is not None
        return found

    def state(self, document_id: str, receiver: str, business_type: int = 0) -> DeliveryState:
        """Return the state of the one delivery of a document to a receiver."""
        return self.sent(document_id, receiver, business_type).state

    def statuses_sent(self) -> list[tuple[str, str | None]]:
        """Return (status code, DocumentId) of all statuses in the outbox, oldest first."""
        with self.node.store.read() as tx:
            rows = outbox.list_deliveries(tx, kind="status", limit=1000)
        return [(packet.status_code or "", packet.document_id) for packet, _ in reversed(rows)]

    def received(self, kind: str | None = None) -> list[InboxMessage]:
        """Return what is in the inbox, oldest first."""
        with self.node.store.read() as tx:
            return inbox.list_messages(tx, kind=kind, limit=1000)[::-1]

    def inbox_states(self, kind: str | None = "document") -> list[InboxState]:
        """Return the states of what is in the inbox, oldest first."""
        return [row.state for row in self.received(kind)]

    def journal(self) -> list[Entry]:
        """Return the whole journal."""
        with self.node.store.read() as tx:
            return journal.entries(tx, limit=100_000)

    def events(self) -> list[str]:
        """Return the names of all journalled events in order."""
        return [entry.event for entry in self.journal()]

    def alarms(self) -> list[str]:
        """Return the error codes of all alarms."""
        return [e.facts["error_code"] for e in self.journal() if e.event == "alarm_raised"]

    def in_sink(self) -> list[str]:
        """Return the DocumentIds in the folder or table of received documents, each as often."""
        database = self.directory / "den.db"
        if database.exists():
            with closing(sqlite3.connect(database)) as connection:
                rows = connection.execute("SELECT MaDinhDanh FROM VanBanDen").fetchall()
            return sorted(str(row[0]) for row in rows)
        return sorted(
            json.loads(path.read_bytes())["document"]["document_id"]
            for path in (self.directory / "sink").glob("[0-9]*/*/document.json")
        )

    def cancelled(self) -> list[str]:
        """Return the DocumentIds in the folder of cancelled documents."""
        return sorted(
            json.loads(path.read_bytes())["document"]["document_id"]
            for path in (self.directory / "sink" / "_cancelled").glob("*/document.json")
        )

    def open(self) -> None:
        """Open the node (again) from what is durable, and connect it."""
        config = load_node(self.directory / "connector.yaml")
        self.node = open_node(config, clock=SystemClock(), emitter=Emitter())
        self.connect()

    def act_of(self, document: Document, business: Business, number: str | None = None) -> Document:
        """Return an act on a document: the same header with another Bussiness and no files."""
        code = DocumentCode(number, document.code.notation) if number else document.code
        return replace(document, code=code, business=business, attachments=())

    def connect(self) -> None:
        """Connect to the broker."""
        self.links = self.node.open_links()
        for link in self.links:
            assert link.wait_connected(_PATIENCE_SECONDS)

    def close(self) -> None:
        """Disconnect and close the store."""
        for link in self.links:
            link.close()
        self.links = []
        self.node.close()

    def pump(self) -> int:
        """Let everything move one step, in both directions."""
        moved = sum(link.relay.pump(0.02) for link in self.links)
        moved += sum(link.receiver.pump(0.02) for link in self.links)
        return moved + self.node.admission.pump() + self.node.desk.pump()


class Lab:
    """The nodes of one test and the broker between them."""

    def __init__(
        self,
        directory: Path,
        pki: DevPki,
        sandbox: Sandbox,
        address: Callable[[], str] | None = None,
    ) -> None:
        self.directory = directory
        self.sandbox = sandbox
        self._pki = pki
        self._address = address
        self._members: list[Member] = []

    def member(self, code: str, *, connect: bool = True, **options: Any) -> Member:
        """Make a node for an agency; `options` replace parts of its configuration."""
        directory = self.configure(code, **options)
        config = load_node(directory / "connector.yaml")
        node = open_node(config, clock=SystemClock(), emitter=Emitter())
        member = Member(code, directory, node)
        self._members.append(member)
        if connect:
            member.connect()
        return member

    def configure(self, code: str, **options: Any) -> Path:
        """Write the files of a node and return its directory."""
        directory = self.directory / code
        adapter = directory / "adapter"
        (adapter / "export").mkdir(parents=True)
        (adapter / "files").mkdir()
        (adapter / "export" / "di.csv").write_text(_HEADER + "\n", encoding="utf-8")
        (adapter / "adapter.yaml").write_text(
            _ADAPTER.format(code=code, name=f"{code.lower()}-van-ban-di"), encoding="utf-8"
        )
        agencies = [
            self._agency(directory, each, options) for each in options.pop("agencies", [code])
        ]
        host = urlsplit(self.settings(code).url)
        keyless = options.pop("keyless", False)
        values: dict[str, Any] = {
            "agencies": "".join(agencies) if keyless else "".join(map(self._with_key, agencies)),
            "anchors": self._pki.anchors_dir,
            "registry": self._pki.registry_file,
            "url": host._replace(netloc=host.netloc.rpartition("@")[2]).geturl(),
            "adapters": "[]" if keyless else "[adapter]",
            "sinks": _FOLDER,
            "first": 0.2,
            "park": 3600,
            "hold": 60,
            "max_packet": 10_000_000,
            "attachment": 5_000_000,
            "poll_seconds": 0.5,
            "more": "",
        }
        values |= options
        if values["sinks"] == "sql":
            values["sinks"] = _SQL
        if self._address is not None:
            values["more"] += f'\nstore: {{url: "{self._address()}"}}\n'
        (directory / "connector.yaml").write_text(_CONFIG.format(**values), encoding="utf-8")
        return directory

    def _agency(self, directory: Path, code: str, options: dict[str, Any]) -> str:
        secret = directory / f"{code}.password"
        secret.touch(mode=0o600)
        secret.write_text(self.settings(code).endpoints()[0].password)
        serves = options.pop("serves", code)
        return _AGENCY.format(code=code, name=NAMES[code], serves=serves)

    def _with_key(self, agency: str) -> str:
        code = agency.split()[2]
        key, certificate = self._pki.key_file(code), self._pki.certificate_file(code)
        return (
            agency
            + f'    key: {{type: pem, key_file: "{key}", certificate_file: "{certificate}"}}\n'
        )

    def settings(self, code: str) -> BrokerSettings:
        """Return the broker account of an agency, which is connected if it is not yet."""
        self.sandbox.connect([code])
        return self.sandbox.settings(code)

    def settle(self) -> None:
        """Move everything until nothing moves any more and nothing is under way."""
        quiet = 0
        end = SystemClock().monotonic() + _PATIENCE_SECONDS
        while quiet < 2:
            assert SystemClock().monotonic() < end, "the exchange does not come to rest"
            moved = sum(member.pump() for member in self._members)
            links = [link for member in self._members for link in member.links]
            resting = not moved and all(link.idle and link.consumer.idle for link in links)
            quiet = quiet + 1 if resting and not self._waiting(links) else 0

    def until(self, condition: Callable[[], bool], *steps: Callable[[], object]) -> None:
        """Move everything, or take only these steps, until something is so."""
        end = SystemClock().monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert SystemClock().monotonic() < end, "it did not come about"
            for step in steps or [member.pump for member in self._members]:
                step()

    def throw(self, agency: str, body: bytes, **properties: Any) -> list[Outcome]:
        """Publish any bytes with an agency's real account, as no honest node would."""
        receiver = properties.pop("receiver", "H41")
        headers = {"edoc-receiver": receiver, "edoc-environment": "test"}
        plain: dict[str, Any] = {
            "key": ("thrown", receiver),
            "exchange": "edoc",
            "routing_key": properties.pop("routing_key", receiver),
            "message_id": str(uuid.uuid4()),
            "type": "document",
            "user_id": agency,
            "headers": headers | properties.pop("headers", {}),
        }
        publisher = Publisher(self.settings(agency), lambda _event: None)
        publisher.start()
        try:
            publisher.submit(Outgoing(body=body, **{**plain, **properties}))
            return publisher.outcomes(_PATIENCE_SECONDS)
        finally:
            publisher.stop(5.0)

    def close(self) -> None:
        """Check every journal, then close all nodes."""
        for member in self._members:
            try:
                with member.node.store.read() as tx:
                    assert journal.verify(tx) == []
            finally:
                member.close()

    def _waiting(self, links: Sequence[Link]) -> int:
        return sum(link.consumer.backlog() or 0 for link in links)


def make_document(
    number: str = "05",
    *,
    sender: str = "G22",
    to: Sequence[str] = ("H41",),
    subject: str = "V/v kết nối, liên thông",
    priority: Priority | None = None,
    **fields: Any,
) -> Document:
    """Return a document with one small file."""
    code = DocumentCode(number, "VPCP-KSTT")
    plain: dict[str, Any] = {
        "sender": Organization(organ_id=sender, organ_name=NAMES[sender]),
        "receivers": tuple(Organization(organ_id=c, organ_name=NAMES.get(c, c)) for c in to),
        "code": code,
        "promulgation": Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        "document_type": DocumentType(type=2, type_detail=18, type_name="Công văn"),
        "subject": subject,
        "signer": Signer(full_name="Trần Văn A"),
        "document_id": f"{sender},2026/01/05,{code}",
        "other_info": OtherInfo(priority=priority) if priority is not None else None,
        "attachments": (
            Attachment(
                content_id=str(uuid.uuid5(uuid.NAMESPACE_URL, number)),
                name="van-ban.pdf",
                content_type="application/pdf",
                content=BytesContent(b"%PDF-1.4\n" + number.encode()),
            ),
        ),
    }
    return Document(**{**plain, **fields})


@pytest.fixture
def document() -> Callable[..., Document]:
    """Make documents of any agency."""
    return make_document


@pytest.fixture(scope="session")
def lab_pki(tmp_path_factory: pytest.TempPathFactory) -> DevPki:
    """A development PKI of all agencies."""
    directory = tmp_path_factory.mktemp("pki")
    return new_dev_pki(directory, list(NAMES.items()), clock=SystemClock(), key_type="p256")


@pytest.fixture
def lab(tmp_path: Path, lab_pki: DevPki, vhost: Sandbox) -> Iterator[Lab]:
    """Give a test nodes that it moves by hand; every journal must hold at the end."""
    made = Lab(tmp_path, lab_pki, vhost)
    yield made
    made.close()


@pytest.fixture
def make_lab() -> Callable[[Path, DevPki, Sandbox], Lab]:
    """Make a lab on another broker."""
    return Lab
