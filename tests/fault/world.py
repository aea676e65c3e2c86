"""The agencies of the fault suite: whole nodes in directories of their own, and `world.json`.

The first agency of a world keeps what it receives in a database, the others in folders, so that
every sink is there.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from connector.clock import SystemClock
from connector.trust.pki import DevPki, new_dev_pki

__all__ = [
    "ADAPTER",
    "CRLS",
    "EXCHANGE",
    "NAMES",
    "REVOCATION",
    "SMALL_PARTS",
    "Site",
    "build_world",
    "make_pki",
]

NAMES: Final = {
    "G22": "Văn phòng Chính phủ",
    "H41": "Ủy ban nhân dân tỉnh Nghệ An",
    "G09": "Bộ Nội vụ",
    "G15": "Bộ Tư pháp",
    "H29": "Ủy ban nhân dân thành phố Hồ Chí Minh",
}
_COLUMNS: Final = {
    "number": "So",
    "date": "Ngay",
    "subject": "TrichYeu",
    "receivers": "NoiNhan",
    "secrecy": "DoMat",
    "files": "Tep",
    "replaces": "ThayThe",
}
_HEADER: Final = "So;Ngay;Loai;TrichYeu;NguoiKy;NoiNhan;DoMat;DoKhan;Tep;ThayThe"
_CONFIG: Final = """\
config_version: 1
environment: {environment}
state_dir: state
agencies:
  - code: {code}
    name: {name}
    serves: [{code}]
{exchange}    broker_password: {{file: broker.password}}
    key: {{type: pem, key_file: "{key}", certificate_file: "{certificate}"}}
trust: {{anchors_dir: "{anchors}", registry_file: "{registry}"{revocation}}}
broker: {{url: "{url}", connect_timeout_seconds: 5, heartbeat_seconds: {heartbeat}{parts}{tls}}}
adapters: [adapter]
poll_seconds: 0.5
sinks:
{sinks}
retry: {{first_seconds: 0.1, max_seconds: 2, park_after_seconds: 3600, hold_seconds: 60}}
limits: {{max_packet_bytes: {max_packet}, max_attachment_bytes: {max_attachment}}}
{more}
"""
SMALL_PARTS: Final = ", part_bytes: 65536"
"""What lets packets of some hundred kilobytes travel in parts."""

EXCHANGE: Final = """\
    status_source:
      source: {type: csv, path: states.csv, charset: utf-8, delimiter: ";"}
      id: MaVanBan
      status: TrangThai
      table: {xong: "06"}
    status_sink: {type: csv, path: reported.csv}
"""
"""What lets a node follow the states of its legacy system, and write back those of its peers."""

CRLS: Final = "crls"
"""Where a world keeps revocation lists, if its nodes look for any."""

REVOCATION: Final = f", crls_dir: ../{CRLS}, revocation: {{mode: crl, on_missing: accept}}"
"""What stands in a connector.yaml that consults them."""

ADAPTER: Final = "van-ban-di"
"""The name of every node's adapter."""

_FOLDER: Final = "  - {type: folder, directory: sink, desk: true}\n"
_SQL: Final = """\
  - type: sql
    url: sqlite:///den.db
    table: VanBanDen
    key_column: MaGoiTin
    columns: {MaDinhDanh: document_id, SoKyHieu: code, TrichYeu: subject}
    status: {column: TrangThai, received: moi, cancelled: thu hoi, replaced: thay the}
    attachments:
      table: TepDinhKem
      packet_column: MaGoiTin
      ordinal_column: ThuTu
      name_column: TenTep
      content_column: NoiDung
    acts: {table: SuKien}
    desk: true
    create_tables: true
"""
_ADAPTER: Final = """\
adapter_version: 1
name: van-ban-di
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
  business.replaces: {{column: ThayThe, transforms: [{{split: ";"}}, trim], required: false}}
attachments:
  - {{column: Tep, split: "|"}}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """One agency's directory."""

    code: str
    directory: Path
    has_table: bool = False

    @property
    def config(self) -> Path:
        """Its connector.yaml."""
        return self.directory / "connector.yaml"

    @property
    def state(self) -> Path:
        """Its state directory."""
        return self.directory / "state"

    @property
    def export(self) -> Path:
        """The legacy system's file of outgoing documents."""
        return self.directory / "adapter" / "export" / "di.csv"

    @property
    def database(self) -> Path:
        """Its store."""
        return self.state / "store.db"

    @property
    def reported(self) -> Path:
        """Where its legacy system reads what became of its documents."""
        return self.directory / "reported.csv"

    @property
    def states(self) -> Path:
        """Where its legacy system says how far it is with documents."""
        return self.directory / "states.csv"

    def has_done(self, document: str) -> None:
        """Let the legacy system say that it has finished with a document."""
        _append(self.states, f"{document};xong\n")

    @property
    def sink(self) -> Path:
        """Its folder of received documents, if it has no table for them."""
        return self.directory / "sink"

    def document_id(self, number: str) -> str:
        """Return the id under which a number of its register goes out."""
        return f"{self.code},2026/01/05,{number}"

    def record(
        self, number: str, to: Sequence[str], *, files: int = 1, size: int = 0, **cells: str
    ) -> str:
        """Append a row to the export, whole at once, and return its DocumentId.

        With a size each of its files has so many bytes that no packing makes fewer.
        """
        noise = random.Random(number).randbytes(size)  # noqa: S311 - repeatable, not secret
        names = []
        for index in range(files):
            name = f"{number.replace('/', '-')}-{index}.pdf"
            (self.directory / "adapter" / "files" / name).write_bytes(
                f"%PDF-1.4\n{self.code} {number} {index}\n".encode() * 20 + noise
            )
            names.append(name)
        row = {
            "So": number,
            "Ngay": "05/01/2026",
            "Loai": "Công văn",
            "TrichYeu": f"V/v thử nghiệm số {number}",
            "NguoiKy": "Trần Văn A",
            "NoiNhan": ",".join(to),
            "Tep": "|".join(names),
        } | cells
        line = ";".join(_quoted(row.get(name, "")) for name in _HEADER.split(";"))
        _append(self.export, line + "\n")
        return self.document_id(number)


def _append(path: Path, text: str) -> None:
    whole = path.with_suffix(".tmp")
    whole.write_text(path.read_text("utf-8") + text, encoding="utf-8")
    whole.replace(path)


def _quoted(cell: str) -> str:
    return f'"{cell}"' if ";" in cell else cell


def make_pki(directory: Path) -> DevPki:
    """Make keys and certificates of all agencies."""
    return new_dev_pki(directory, list(NAMES.items()), clock=SystemClock(), key_type="p256")


def build_world(
    root: Path,
    pki: DevPki,
    broker: Sandbox | Callable[[str], BrokerSettings],
    codes: Sequence[str] = ("G22", "H41"),
    **options: Any,
) -> dict[str, Site]:
    """Write the files of some agencies' nodes and the checker's `world.json`."""
    settings = broker.settings if isinstance(broker, Sandbox) else broker
    sites = {code: Site(code, root / code, has_table=code == codes[0]) for code in codes}
    for code, site in sites.items():
        _write_node(site, pki, settings(code), options)
    described = {"agencies": [_described(site) for site in sites.values()]}
    (root / "world.json").write_text(json.dumps(described, indent=1), encoding="utf-8")
    return sites


def _write_node(
    site: Site, pki: DevPki, broker: BrokerSettings, options: Mapping[str, Any]
) -> None:
    adapter = site.directory / "adapter"
    (adapter / "export").mkdir(parents=True)
    (adapter / "files").mkdir()
    site.export.write_text(_HEADER + "\n", encoding="utf-8")
    site.states.write_text("MaVanBan;TrangThai\n", encoding="utf-8")
    (adapter / "adapter.yaml").write_text(_ADAPTER.format(code=site.code), encoding="utf-8")
    secret = site.directory / "broker.password"
    secret.touch(mode=0o600)
    secret.write_text(broker.endpoints()[0].password)
    host = urlsplit(broker.url)
    values = {
        "environment": "test",
        "code": site.code,
        "name": NAMES[site.code],
        "key": pki.key_file(site.code),
        "certificate": pki.certificate_file(site.code),
        "anchors": pki.anchors_dir,
        "registry": pki.registry_file,
        "url": host._replace(netloc=host.netloc.rpartition("@")[2]).geturl(),
        "sinks": _SQL if site.has_table else _FOLDER,
        "max_packet": 10_000_000,
        "max_attachment": 5_000_000,
        "heartbeat": 30,
        "tls": "",
        "parts": "",
        "exchange": "",
        "revocation": "",
        "more": "",
    }
    site.config.write_text(_CONFIG.format(**{**values, **options}), encoding="utf-8")


def _described(site: Site) -> dict[str, Any]:
    here = os.path.relpath(site.directory, site.directory.parent)
    export = {
        "kind": "csv",
        "path": f"{here}/adapter/export",
        "files": f"{here}/adapter/files",
        "charset": "utf-8",
        "delimiter": ";",
        "secret": ["Mật"],
        "columns": _COLUMNS,
    }
    folder = {"kind": "folder", "path": f"{here}/sink"}
    table = {
        "kind": "sqlite",
        "path": f"{here}/den.db",
        "table": "VanBanDen",
        "files_table": "TepDinhKem",
        "acts_table": "SuKien",
        "cancelled": "thu hoi",
        "columns": {
            "key": "MaGoiTin",
            "document_id": "MaDinhDanh",
            "subject": "TrichYeu",
            "status": "TrangThai",
            "packet": "MaGoiTin",
            "content": "NoiDung",
        },
    }
    return {
        "code": site.code,
        "database": f"{here}/state/store.db",
        "spool": f"{here}/state/spool",
        "exports": [export],
        "sink": table if site.has_table else folder,
    }
