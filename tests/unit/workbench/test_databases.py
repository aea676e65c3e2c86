"""Database files: the table of documents, names for numbers, programs that answer."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from connector.errors import PermanentError
from connector.workbench.databases import dbf_source
from connector.workbench.look import look

LISTS = """
CREATE TABLE DM_DoMat (Ma INTEGER PRIMARY KEY, Ten TEXT, GhiChu TEXT);
CREATE TABLE DM_HaiTen (Ma INTEGER PRIMARY KEY, Ten TEXT, TenKhacHan TEXT, TenNgan TEXT);
CREATE TABLE VanBanDi (
    ID INTEGER PRIMARY KEY, SoKyHieu TEXT, NgayBanHanh TEXT, TrichYeu TEXT,
    MaDoMat INTEGER REFERENCES DM_DoMat (Ma), Hai INTEGER REFERENCES DM_HaiTen,
    "thu tu" TEXT, "order" TEXT
);
INSERT INTO DM_DoMat VALUES (0, 'Thường', ''), (1, 'Mật', '');
INSERT INTO DM_HaiTen VALUES (1, 'a', 'b', 'c');
INSERT INTO VanBanDi VALUES (1, '1/A-B', '05/01/2026', 'một', 0, 1, 'x', 'y'),
    (2, '2/A-B', '05/01/2026', 'hai', 1, 1, 'x', 'y');
"""


def database(path: Path, script: str) -> Path:
    """Write an SQLite file."""
    with closing(sqlite3.connect(path)) as base:
        base.executescript(script)
    return path


def test_numbers_of_lists_become_their_names(tmp_path: Path) -> None:
    """A foreign key to a list with one column of names is joined; others stay as they are."""
    found = look(database(tmp_path / "vb.db", LISTS))
    columns = {column.name: column.values for column in found.columns}
    assert columns["DoMat"] == ("Thường", "Mật")
    assert columns["Hai"] == (1, 1)
    assert columns["thu tu"] == ("x", "x")
    assert columns["order"] == ("y", "y")
    assert found.source["cursor_column"] == "ID"
    assert "LEFT JOIN DM_DoMat" in found.source["query"]


def test_a_table_without_key_is_read_in_the_order_of_its_rows(tmp_path: Path) -> None:
    """Without a whole-number key there is no cursor, and the order is that of the table."""
    script = "CREATE TABLE vb (SoKyHieu TEXT, TrichYeu TEXT); INSERT INTO vb VALUES ('1/A', 'x');"
    found = look(database(tmp_path / "vb.db", script))
    assert "cursor_column" not in found.source
    assert found.source["query"].endswith("ORDER BY v.rowid")


def test_cells_in_legacy_fonts_are_noticed(tmp_path: Path) -> None:
    """Look-alikes in text columns give the charset, and then Vietnamese."""
    from connector.text.codecs import register

    register()
    subject = "Về việc triển khai quyết định của ủy ban nhân dân".lower()
    alike = subject.encode("tcvn3").decode("cp1252")
    path = database(
        tmp_path / "vb.db",
        "CREATE TABLE vb (ID INTEGER PRIMARY KEY, SoKyHieu TEXT, TrichYeu TEXT);",
    )
    with closing(sqlite3.connect(path)) as base, base:
        rows = [("1/A", alike), ("2/A", alike)]
        base.executemany("INSERT INTO vb (SoKyHieu, TrichYeu) VALUES (?, ?)", rows)
    found = look(path)
    assert found.source["charset"] == "tcvn3"
    assert found.columns[2].values[0] == subject


@pytest.mark.parametrize("content", [b"SQLite format 3\0broken", b"SQLite format 3\0" + bytes(100)])
def test_broken_or_empty_databases_are_told(tmp_path: Path, content: bytes) -> None:
    """What cannot be opened, or has no table of documents, is a finding."""
    path = tmp_path / "vb.db"
    path.write_bytes(content)
    with pytest.raises(PermanentError) as caught:
        look(path)
    assert caught.value.code in {"EDX-9111", "EDX-9107"}


def test_access_is_asked_through_mdbtools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table with the most known names is chosen; only Access writes such files."""
    programs = tmp_path / "programs"
    programs.mkdir()
    answers = {
        "mdb-tables": r"print('NguoiDung\nVan ban di\nMSysObjects')",
        "mdb-export": (
            "print('SoKyHieu,TrichYeu,DoMat\\n1/A,x,Mật' if 'Van ban di' in sys.argv else 'ID,Ten')"
        ),
    }
    for name, body in answers.items():
        program = programs / name
        program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    path = tmp_path / "vb.mdb"
    path.write_bytes(b"\0\1\0\0Standard Jet DB\0" + bytes(99))
    found = look(path)
    assert found.source["table"] == "Van ban di"
    assert [column.name for column in found.columns] == ["SoKyHieu", "TrichYeu", "DoMat"]
    (programs / "mdb-tables").write_text(f"#!{sys.executable}\nraise SystemExit(1)\n", "utf-8")
    with pytest.raises(PermanentError) as caught:
        look(path)
    assert caught.value.code == "EDX-9111"


def test_the_charset_of_a_table_may_be_said(tmp_path: Path) -> None:
    """What a person says of a DBF counts; without letters it is UTF-8."""
    head = b"\x03" + bytes(7) + (33).to_bytes(2, "little") + b"\2\0" + bytes(20) + b"\r" + b" x"
    assert dbf_source(tmp_path / "a.dbf", head, "vni")[0]["charset"] == "vni"
    assert dbf_source(tmp_path / "a.dbf", head, None)[0]["charset"] == "utf-8"
