"""The three nodes of the demonstration: their configuration files, as an operator writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.demo.agencies import DemoAgency
from connector.demo.material import Material
from connector.trust.pki import DevPki
from connector.trust.soft_token import SoftToken

__all__ = ["DemoNode", "write_nodes"]

_SQL_SINK: Final = """\
  - type: sql
    url: sqlite:///van-ban-den.db
    table: VanBanDen
    key_column: MaGoiTin
    columns:
      MaDinhDanh: document_id
      SoKyHieu: code
      NgayBanHanh: promulgation.date
      CoQuanBanHanh: sender.organ_name
      TrichYeu: subject
    status: {column: TrangThai, received: "moi", cancelled: "thu hoi", replaced: "thay the"}
    attachments:
      table: TepVanBanDen
      packet_column: MaGoiTin
      ordinal_column: ThuTu
      name_column: TenTep
      content_column: NoiDung
    acts: {table: SuKienVanBan}
    desk: true
    create_tables: true
"""
_FOLDER_SINK: Final = """\
  - {type: folder, directory: van-ban-den, desk: true}
"""
_KEY_IN_FILE: Final = " {{type: pem, key_file: {key_file}, certificate_file: {certificate_file}}}"
_KEY_ON_HSM: Final = """
      type: pkcs11
      module: {module}
      token_label: {token_label}
      key_label: {code}
      pin: {{file: {pin_file}}}
      certificate_file: {certificate_file}\
"""
_CONFIG: Final = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: {code}
    name: {name}
    serves: [{serves}]
    key:{key}
    broker_password: {{file: broker.password}}
trust:
  anchors_dir: {anchors}
  registry_file: {registry}
catalogue: {{file: {catalogue}}}
broker:
  url: {url}
adapters: [{adapter}]
poll_seconds: 2
sinks:
{sinks}retry: {{first_seconds: 1, max_seconds: 10, hold_seconds: 120}}
"""


@dataclass(frozen=True, slots=True)
class DemoNode:
    """One node: the agency it speaks for and where its files are."""

    agency: DemoAgency
    directory: Path

    @property
    def config(self) -> Path:
        """Its connector.yaml."""
        return self.directory / "connector.yaml"

    @property
    def log(self) -> Path:
        """What its daemon says."""
        return self.directory / "daemon.log"

    @property
    def store(self) -> Path:
        """Its SQLite store."""
        return self.directory / "state" / "store.db"

    @property
    def has_sql_sink(self) -> bool:
        """Whether received documents go into a database instead of a folder."""
        return self.agency.code.startswith("H")


def write_nodes(
    directory: Path,
    material: Material,
    *,
    pki: DevPki,
    token: SoftToken | None,
    broker_url: str,
    passwords: Mapping[str, str],
) -> list[DemoNode]:
    """Write one directory a node; `broker_url` names no user, each agency has its own.

    The keys lie in files of the PKI, or on the token.
    """
    nodes = []
    for agency in material.agencies:
        node = DemoNode(agency, directory / agency.code)
        node.directory.mkdir(parents=True)
        secret = node.directory / "broker.password"
        secret.touch(mode=0o600)
        secret.write_text(passwords[agency.code], encoding="utf-8")
        text = _CONFIG.format(
            code=agency.code,
            name=agency.name,
            serves=", ".join(agency.serves),
            key=_key(agency.code, pki, token),
            anchors=pki.anchors_dir,
            registry=pki.registry_file,
            catalogue=material.catalogue,
            url=broker_url,
            adapter=material.adapters[agency.code],
            sinks=_SQL_SINK if node.has_sql_sink else _FOLDER_SINK,
        )
        node.config.write_text(text, encoding="utf-8")
        nodes.append(node)
    return nodes


def _key(code: str, pki: DevPki, token: SoftToken | None) -> str:
    certificate_file = pki.certificate_file(code)
    if token is None:
        return _KEY_IN_FILE.format(key_file=pki.key_file(code), certificate_file=certificate_file)
    return _KEY_ON_HSM.format(
        code=code,
        module=token.module,
        token_label=token.label,
        pin_file=token.pin_file,
        certificate_file=certificate_file,
    )
