"""One node without a broker: a CSV export, a store, keys, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from connector.agencies.files import load
from connector.clock import ManualClock
from connector.config.node import load_node
from connector.events import Emitter
from connector.flow.bodies import Bodies
from connector.flow.collect import Collected
from connector.flow.node import Node, open_node
from connector.flow.ours import OurAgency, Ours
from connector.model.envelope import Organization
from connector.model.states import DeliveryState
from connector.store import journal, outbox, sources
from connector.store.outbox import OutboxPacket
from connector.store.sources import Taken
from connector.trust.pki import DevPki, new_dev_pki

HEADER = "So;Ngay;Loai;TrichYeu;NguoiKy;NoiNhan;DoMat;DoKhan;Tep"
_CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key: {{type: pem, key_file: "{key}", certificate_file: "{certificate}"}}
    broker_password: {{file: password}}
trust: {{anchors_dir: "{anchors}", registry_file: "{registry}"}}
broker: {{url: "amqp://127.0.0.1:1/x"}}
adapters: [{adapters}]
sinks: [{{type: folder, directory: sink, desk: true}}]
"""
ADAPTER = """\
adapter_version: 1
name: g22-van-ban-di
agency: G22
source:
  {type: csv, path: export/*.csv, charset: utf-8, delimiter: ";", attachments_directory: files}
key: [So, Ngay]
secrecy: {column: DoMat, table: do_mat}
tables:
  do_mat: {"": open, Thường: open, Mật: secret}
  noi_nhan: {Nghệ An: H41, Nội vụ: G09}
fields:
  code: {column: So, transforms: [trim, split_code]}
  promulgation.date: {column: Ngay, transforms: [{date: dd/MM/yyyy}]}
  promulgation.place: {value: Hà Nội}
  document_type: {column: Loai, transforms: [trim, document_type]}
  subject: {column: TrichYeu, transforms: [collapse_spaces]}
  signer.full_name: {column: NguoiKy}
  receivers: {column: NoiNhan, transforms: [{split: ","}, trim, {table: noi_nhan}]}
  other_info.priority: {column: DoKhan, transforms: [trim, priority], required: false}
attachments:
  - {column: Tep, split: "|"}
"""


@dataclass
class Office:
    """An opened node and the directory of its adapters."""

    directory: Path
    node: Node

    @property
    def adapter(self) -> Path:
        """Directory of the first adapter."""
        return self.directory / "adapter"

    def export(self, *rows: str, adapter: str = "adapter") -> None:
        """Write the whole export anew."""
        path = self.directory / adapter / "export" / "di.csv"
        path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")

    def collect(self, index: int = 0) -> Collected:
        """Run one pass over an export."""
        return self.node.collector.collect(self.node.adapters[index])

    def packets(self) -> list[OutboxPacket]:
        """Return the packets in the outbox, oldest first."""
        with self.node.store.read() as tx:
            rows = outbox.list_deliveries(tx, kind="document", limit=1000)
        return list({packet.packet_id: packet for packet, _ in reversed(rows)}.values())

    def bytes_of(self, packet: OutboxPacket) -> bytes:
        """Return the bytes of a packet in the outbox."""
        with self.node.store.read() as tx:
            recipe = outbox.recipe(tx, packet.packet_id)
        return Bodies(self.node.spool).data(packet, recipe)

    def states(self) -> list[DeliveryState]:
        """Return the states of all deliveries, oldest first."""
        with self.node.store.read() as tx:
            rows = outbox.list_deliveries(tx, kind="document", limit=1000)
        return [delivery.state for _, delivery in reversed(rows)]

    def refusals(self) -> list[Taken]:
        """Return the standing refusals."""
        with self.node.store.read() as tx:
            return sources.refusals(tx, limit=1000)

    def cursor(self) -> str | None:
        """Return how far the first export was taken."""
        with self.node.store.read() as tx:
            return sources.cursor(tx, self.node.adapters[0].name)

    def events(self) -> list[str]:
        """Return the names of all journalled events."""
        with self.node.store.read() as tx:
            return [entry.event for entry in journal.entries(tx, limit=10_000)]


def row(number: str = "05/VPCP-KSTT", subject: str = "V/v thử", **cells: str) -> str:
    """Return one line of an export."""
    values = {
        "So": number,
        "Ngay": "05/01/2026",
        "Loai": "Công văn",
        "TrichYeu": subject,
        "NguoiKy": "Trần Văn A",
        "NoiNhan": "Nghệ An",
    }
    values |= cells
    return ";".join(values.get(name, "") for name in HEADER.split(";"))


@pytest.fixture(name="row")
def row_maker() -> Callable[..., str]:
    """Make lines of an export."""
    return row


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DevPki:
    """A development PKI of two agencies."""
    organs = [("G22", "Văn phòng Chính phủ"), ("H41", "UBND tỉnh Nghệ An")]
    return new_dev_pki(tmp_path_factory.mktemp("pki"), organs, clock=ManualClock(), key_type="p256")


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """An adapter's directory with an empty export."""
    return write_adapter(tmp_path / "adapter")


def write_adapter(directory: Path, name: str = "g22-van-ban-di") -> Path:
    """Write an adapter with an empty export."""
    (directory / "export").mkdir(parents=True)
    (directory / "files").mkdir()
    text = ADAPTER.replace("name: g22-van-ban-di", f"name: {name}")
    (directory / "adapter.yaml").write_text(text, encoding="utf-8")
    (directory / "export" / "di.csv").write_text(HEADER + "\n", encoding="utf-8")
    return directory


def files_of(pki: DevPki) -> dict[str, Path]:
    """Return the files of the test agency and its trust, by their names in configurations."""
    return {
        "key": pki.key_file("G22"),
        "certificate": pki.certificate_file("G22"),
        "anchors": pki.anchors_dir,
        "registry": pki.registry_file,
    }


@pytest.fixture
def open_office(tmp_path: Path, pki: DevPki) -> Iterator[Callable[..., Office]]:
    """Open a node with one or more adapters."""
    opened: list[Node] = []

    def make(*names: str) -> Office:
        directories = ["adapter", *(f"adapter-{name}" for name in names)]
        for directory, name in zip(directories, ("g22-van-ban-di", *names), strict=True):
            write_adapter(tmp_path / directory, name)
        (tmp_path / "password").touch(mode=0o600)
        (tmp_path / "password").write_text("x")
        text = _CONFIG.format(**files_of(pki), adapters=", ".join(directories))
        (tmp_path / "connector.yaml").write_text(text, encoding="utf-8")
        config = load_node(tmp_path / "connector.yaml")
        emitter = Emitter(CollectorRegistry())
        node = open_node(config, clock=ManualClock(), emitter=emitter)
        opened.append(node)
        return Office(tmp_path, node)

    yield make
    for node in opened:
        node.close()


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    """A node with one adapter."""
    return open_office()


@pytest.fixture
def ours() -> Ours:
    """Two agencies on one node, one below the other, and the shipped catalogue."""
    parent = Organization(organ_id="H41", organ_name="UBND tỉnh Nghệ An", email="a@example.vn")
    child = Organization(organ_id="H41.02", organ_name="Sở Nội vụ")
    agencies = {
        "H41": OurAgency(organization=parent, serves=frozenset({"H41", "H41.03"})),
        "H41.02": OurAgency(organization=child, serves=frozenset({"H41.02"})),
    }
    return Ours(agencies, load(None))
