"""Each adapter of the cookbook is right, and makes a document of what its system would give."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.config.load import parse
from connector.config.yaml_source import load_yaml
from connector.flow.adapters.dry_run import dry_run
from connector.model.content import BytesContent, Content
from connector.model.record import Record
from connector.resources import examples_dir
from connector.sources.registry import settings_model
from connector.testing.golden import adapter_at
from tests.docs.blocks import ROOT, blocks_of
from tests.integration.databases import Server

PAGE = ROOT / "docs" / "cookbook.md"
ADAPTERS = {
    str(re.findall(r"^name: (\S+)$", block.text, re.MULTILINE)[0]): block.text
    for block in blocks_of(PAGE)
    if "adapter_version:" in block.text
}
COMMON = {"trich_yeu": "Văn bản mẫu", "nguoi_ky": "Nguyễn Văn Mẫu"}
ROWS: dict[str, dict[str, Any]] = {
    "ioffice-van-ban-di": {
        "MaCongVan": 7,
        "MaCongVanSo": "01/KH-VBM",
        "NoiDung": "Văn bản mẫu",
        "NguoiKy": "Nguyễn Văn Mẫu",
        "TenLoai": "Kế hoạch",
        "SoTrang": 2,
        "DuongDanFileScan": "2026/01.pdf",
        "NgayPhatHanh": "05/01/2026",
        "NoiNhan_KhongDanhMuc": "12|000.00.00.G22, 31|000.00.00.G09",
        "DoMat": None,
    },
    "voffice-van-ban-di": {
        **COMMON,
        "document_id": 7,
        "ngay_sua": "2026-01-05 08:00:00",
        "so_ky_hieu": "01/KH-VBM",
        "loai": "Kế hoạch",
        "ngay_ban_hanh": "05/01/2026",
        "do_khan": "Khẩn",
        "do_mat": "Thường",
        "noi_nhan": "G22;G09",
        "tep": "a.pdf",
    },
    "egov-van-ban-di": {
        "DocumentId": 7,
        "DocCode": "01/KH-VBM",
        "Compendium": "Văn bản mẫu",
        "DatePublished": "05/01/2026",
        "TypeName": "Kế hoạch",
        "Signer": "Nguyễn Văn Mẫu",
        "UrgentId": 5,
        "SecurityId": 1,
        "Receivers": "G22;G09",
        "FileName": "a.pdf",
        "FileContent": b"%PDF-1.7",
    },
    "eoffice-van-ban-di": {
        "id": 7,
        "phien_ban": 2001,
        "number": "01",
        "notation": "KH-VBM",
        "abstract": "Văn bản mẫu",
        "publish_date": "05/01/2026",
        "type_name": "Kế hoạch",
        "signer": "Nguyễn Văn Mẫu",
        "urgent_id": 0,
        "secret_id": 0,
        "receivers": "G22;G09",
        "file_path": "a.pdf",
    },
    "odoo-van-ban-di": {
        **COMMON,
        "id": 7,
        "so_van_ban": "01/KH-VBM",
        "ngay_ban_hanh": "2026-01-05",
        "loai_van_ban_id": "Kế hoạch",
        "noi_nhan": "Văn phòng Chính phủ; Bộ Nội vụ; Lưu: VT",
        "do_mat": "thuong",
        "tep_ids": "31/a.pdf",
    },
}


def adapter_of(name: str, tmp_path: Path) -> Path:
    """Write an adapter of the page as its reader would."""
    (tmp_path / "adapter.yaml").write_text(ADAPTERS[name], encoding="utf-8")
    return tmp_path


def any_file(_record: Record, _reference: str) -> Content:
    """Return a file for every reference."""
    return BytesContent(b"%PDF-1.7")


def test_the_page_has_all_systems() -> None:
    """Seven systems, each with one adapter."""
    assert len(ADAPTERS) == 7
    assert set(ROWS) | {"notes-van-ban-di", "so-van-ban-di-2026"} == set(ADAPTERS)


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_settings_are_right(name: str, tmp_path: Path) -> None:
    """Mapping, tables and the settings of the source are read without a finding."""
    directory = adapter_of(name, tmp_path)
    assert adapter_at(directory).name
    node = load_yaml(directory / "adapter.yaml")
    kind = str(node.get(("source", "type")))

    assert parse(settings_model(kind), node, ("source",)).model_dump()["type"] == kind


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_system_becomes_a_document(name: str, tmp_path: Path) -> None:
    """What the query or the service would give is mapped; nothing is refused."""
    adapter = adapter_at(adapter_of(name, tmp_path))
    document = adapter.mapper.map(Record("qlvb:7", ROWS[name]), any_file).document

    assert str(document.code) == "01/KH-VBM"
    assert [to.organ_id for to in document.receivers] == ["G22", "G09"]
    assert document.subject == "Văn bản mẫu"
    assert [one.name.rpartition(".")[2] for one in document.attachments] == ["pdf"]


@pytest.mark.parametrize(
    ("name", "example", "there"),
    [
        ("notes-van-ban-di", "lotus-dxl/vanban.dxl", "/srv/notes"),
        ("so-van-ban-di-2026", "register-excel/so-van-ban-di.xlsx", None),
    ],
)
def test_exports_of_files_are_read(
    name: str, example: str, there: str | None, tmp_path: Path
) -> None:
    """With a sample in the place that is named, all documents that are open become packets."""
    shutil.copytree((examples_dir() / example).parent, tmp_path, dirs_exist_ok=True)
    adapter_of(name, tmp_path)
    file = tmp_path / "adapter.yaml"
    if there is not None:
        text = file.read_text(encoding="utf-8").replace(there, str(tmp_path))
        file.write_text(text.replace("settle_seconds: 30", "settle_seconds: 0"), encoding="utf-8")
    runs = list(dry_run(adapter_at(tmp_path), now=ManualClock().now()))

    assert sum(run.packet is not None for run in runs) == 3
    assert all(run.packet or run.findings[0].code == "EDX-1201" for run in runs)


def test_the_query_of_egov_runs_on_a_real_server(mariadb_server: Server, tmp_path: Path) -> None:
    """MariaDB takes the statement as it stands, and its BLOB is the attachment."""
    kinds = {int: "int", bytes: "longblob", str: "text"}
    row = ROWS["egov-van-ban-di"]
    columns = ", ".join(f"{column} {kinds[type(value)]}" for column, value in row.items())
    mariadb_server.run(
        "DROP TABLE IF EXISTS edoc_document",
        f"CREATE TABLE edoc_document ({columns})",
        "GRANT SELECT ON edoc_document TO doc@localhost",
    )
    mariadb_server.insert("edoc_document", [row])
    text = ADAPTERS["egov-van-ban-di"]
    text = re.sub(r"url: .*", f"url: {mariadb_server.reader}", text)
    text = re.sub(r"  password: .*\n", "", text)
    (tmp_path / "adapter.yaml").write_text(text, encoding="utf-8")
    [run] = dry_run(adapter_at(tmp_path), now=ManualClock().now())

    assert run.findings == ()
    assert run.packet is not None
