from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exc

from connector.errors import PermanentError, TransientError, UnavailableError
from connector.model.envelope import Business, BusinessType
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks import codes, database
from connector.sinks.settings import SqlSettings
from connector.sinks.sql import SqlSink, open_sql

SCHEMA = """
CREATE TABLE VanBanDen (
    ID INTEGER PRIMARY KEY AUTOINCREMENT,
    MaGoiTin VARCHAR(64) NOT NULL UNIQUE,
    So INTEGER, SoKyHieu VARCHAR(30), TrichYeu VARCHAR(200) NOT NULL,
    NgayBanHanh DATE, NgayDen VARCHAR(20), DoKhan INTEGER, Loai VARCHAR(20),
    HanXuLy DATE CHECK (HanXuLy IS NULL OR HanXuLy > '2018-01-01'),
    TrangThai INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE Tep (
    MaGoiTin VARCHAR(64), Stt INTEGER, Ten TEXT, TenGoc TEXT, Kieu TEXT, NoiDung BLOB,
    PRIMARY KEY (MaGoiTin, Stt)
);
CREATE TABLE SuKien (
    packet_id TEXT, target_packet_id TEXT, act TEXT, at DATETIME, data TEXT
);
CREATE UNIQUE INDEX SuKien_key ON SuKien (packet_id, target_packet_id);
"""
ATTACHMENTS = {
    "table": "Tep",
    "packet_column": "MaGoiTin",
    "ordinal_column": "Stt",
    "name_column": "Ten",
    "original_name_column": "TenGoc",
    "content_type_column": "Kieu",
    "content_column": "NoiDung",
}
SETTINGS: dict[str, Any] = {
    "type": "sql",
    "url": "sqlite:///qlvb.db",
    "table": "VanBanDen",
    "key_column": "MaGoiTin",
    "columns": {
        "So": "code.number",
        "SoKyHieu": "code",
        "TrichYeu": "subject",
        "NgayBanHanh": "promulgation.date",
        "NgayDen": "arrived_at",
        "DoKhan": "priority",
    },
    "constants": {"Loai": "Đến"},
    "status": {"column": "TrangThai", "received": "1", "cancelled": "9", "replaced": "8"},
    "attachments": ATTACHMENTS,
    "acts": {"table": "SuKien"},
    "date_format": "dd/MM/yyyy",
    "desk": "true",
}


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """Return the database of a legacy system."""
    path = tmp_path / "qlvb.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
    return path


def opened(directory: Path, **changes: Any) -> SqlSink:
    """Return a sink with some other settings; None leaves a setting out."""
    given = {name: value for name, value in (SETTINGS | changes).items() if value is not None}
    return open_sql(SqlSettings.model_validate(given), directory)


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in the legacy database."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def target(item: Inbound) -> InboundTarget:
    """Return a document as an act names it."""
    return InboundTarget(item.packet_id, item.document.document_id)


def acting(item: Inbound, kind: BusinessType) -> Inbound:
    """Return a packet that acts on a document."""
    document = replace(item.document, business=Business(type=kind, reason="Lý do"))
    return replace(item, packet_id=f"act-{int(kind)}", document=document)


def test_a_row_as_the_legacy_system_has_it(legacy: Path, item: Inbound) -> None:
    """Values, constants, status and files stand in the configured columns."""
    assert opened(legacy.parent).deliver(item)
    query = "SELECT So, SoKyHieu, NgayBanHanh, NgayDen, DoKhan, Loai, TrangThai FROM VanBanDen"
    assert rows(legacy, query) == [
        (5, "05/2018/QĐ-TTg", "2018-07-12", "13/07/2018 03:30:00", 1, "Đến", 1)
    ]
    assert rows(legacy, "SELECT Stt, Ten, TenGoc, Kieu, NoiDung FROM Tep ORDER BY Stt") == [
        (1, "01-Quyet-dinh-05.pdf", "Quyết định 05.pdf", "application/pdf", _bytes(item, 0)),
        (2, "02-Quyet-dinh-05.pdf", "../../Quyết định 05.pdf", "application/pdf", _bytes(item, 1)),
    ]


def _bytes(item: Inbound, index: int) -> bytes:
    return item.document.attachments[index].name.encode()


def test_hostile_values_are_only_values(legacy: Path, item: Inbound) -> None:
    """SQL in a document is stored as text."""
    subject = "'); DROP TABLE VanBanDen; --"
    opened(legacy.parent).deliver(replace(item, document=replace(item.document, subject=subject)))
    assert rows(legacy, "SELECT TrichYeu FROM VanBanDen") == [(subject,)]


def test_legacy_charset_in_text_columns(legacy: Path, item: Inbound) -> None:
    """A TCVN3 database gets the characters that its fonts show as Vietnamese."""
    opened(legacy.parent, charset="tcvn3", columns={"TrichYeu": "sender.organ_name"}).deliver(item)
    assert rows(legacy, "SELECT TrichYeu FROM VanBanDen") == [("V\xa8n phßng ChÝnh phñ",)]


def test_the_row_and_its_files_are_one(legacy: Path, item: Inbound) -> None:
    """If a file cannot be stored, the document is not there either."""
    with closing(sqlite3.connect(legacy)) as connection:
        connection.execute("INSERT INTO Tep (MaGoiTin, Stt) VALUES (?, 2)", (item.packet_id,))
        connection.commit()
    with pytest.raises(PermanentError) as caught:
        opened(legacy.parent).deliver(item)
    assert caught.value.code == codes.CONSTRAINT.code
    assert rows(legacy, "SELECT * FROM VanBanDen") == []


def test_a_row_that_appears_in_between(
    legacy: Path, item: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Losing the race against another process counts as delivered."""
    first, second = opened(legacy.parent), opened(legacy.parent)
    insert = second._insert
    raced: list[bool] = []

    def late(*arguments: Any) -> bool:
        if not raced:
            raced.append(first.deliver(item))
            raise exc.IntegrityError("INSERT", None, Exception("UNIQUE"))
        return insert(*arguments)

    monkeypatch.setattr(second, "_insert", late)
    assert second.deliver(item)
    assert len(rows(legacy, "SELECT * FROM VanBanDen")) == 1


def test_acts_are_kept(legacy: Path, item: Inbound) -> None:
    """Recalls, updates and replacements stand in their table with who, when and why."""
    sink = opened(legacy.parent)
    sink.deliver(item)
    sink.update(acting(item, BusinessType.UPDATE), target(item))
    sink.cancel(acting(item, BusinessType.RECALL), target(item))
    found = rows(legacy, "SELECT packet_id, act, at, data FROM SuKien ORDER BY rowid")
    assert [row[:2] for row in found] == [("act-2", "update"), ("act-1", "recall")]
    assert str(found[0][2]).startswith("2018-07-13 03:30:00")
    assert json.loads(found[1][3])["reason"] == "Lý do"
    assert rows(legacy, "SELECT TrangThai FROM VanBanDen") == [(9,)]


def test_an_update_repeated_does_not_undo_the_clerk(legacy: Path, item: Inbound) -> None:
    """Doing an update again leaves the status that the legacy system has set since."""
    status = SETTINGS["status"] | {"updated": "7"}
    sink = opened(legacy.parent, status=status)
    sink.deliver(item)
    sink.update(acting(item, BusinessType.UPDATE), target(item))
    assert rows(legacy, "SELECT TrangThai FROM VanBanDen") == [(7,)]
    with closing(sqlite3.connect(legacy)) as connection:
        connection.execute("UPDATE VanBanDen SET TrangThai = 3")
        connection.commit()
    sink.update(acting(item, BusinessType.UPDATE), target(item))
    assert rows(legacy, "SELECT TrangThai FROM VanBanDen") == [(3,)]


def test_an_update_without_a_place(legacy: Path, item: Inbound) -> None:
    """An update that cannot be recorded goes to a person instead of vanishing."""
    with pytest.raises(PermanentError) as caught:
        opened(legacy.parent, acts=None).update(item, target(item))
    assert caught.value.code == codes.NOWHERE_TO_RECORD.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"table": "Khong"}, codes.TABLE_MISMATCH.code),
        ({"columns": {"Khong": "subject"}}, codes.TABLE_MISMATCH.code),
        ({"key_column": "SoKyHieu", "columns": {"TrichYeu": "subject"}}, codes.KEY_NOT_UNIQUE.code),
        ({"acts": {"table": "Tep"}}, codes.TABLE_MISMATCH.code),
    ],
)
def test_tables_that_do_not_fit(
    legacy: Path, item: Inbound, changes: dict[str, Any], code: str
) -> None:
    """A wrong table makes documents wait, and the check says what is wrong."""
    sink = opened(legacy.parent, **changes)
    with pytest.raises(TransientError) as caught:
        sink.deliver(item)
    assert caught.value.code == code
    assert [finding.code for finding in sink.check()] == [code]
    assert rows(legacy, "SELECT * FROM VanBanDen") == []


def test_a_repaired_table_is_taken(legacy: Path, item: Inbound) -> None:
    """After the administrator has widened a column, the waiting document goes in."""
    sink = opened(legacy.parent, columns={"Loai": "subject", "TrichYeu": "code"}, constants={})
    with pytest.raises(PermanentError) as caught:
        sink.deliver(item)
    assert caught.value.code == codes.TOO_LONG.code
    with closing(sqlite3.connect(legacy)) as connection:
        connection.executescript(
            "DROP TABLE VanBanDen;"
            + SCHEMA.split(";", maxsplit=1)[0].replace("Loai VARCHAR(20)", "Loai TEXT")
        )
    assert sink.deliver(item)


def test_a_constraint_of_the_database(legacy: Path, item: Inbound) -> None:
    """What the database refuses is parked with its reason, without the document's content."""
    sink = opened(legacy.parent, columns={"TrichYeu": "content", "SoKyHieu": "subject"})
    short = replace(item, document=replace(item.document, subject="bí mật nhỏ"))
    with pytest.raises(PermanentError) as caught:
        sink.deliver(short)
    assert caught.value.code == codes.CONSTRAINT.code
    assert "TrichYeu" in str(caught.value)
    assert "bí mật" not in str(caught.value)


def test_a_database_that_is_away(tmp_path: Path, item: Inbound) -> None:
    """Without its database a document waits."""
    with pytest.raises(UnavailableError) as caught:
        opened(tmp_path / "absent").deliver(item)
    assert caught.value.code == codes.DATABASE_DOWN.code


def test_a_database_that_is_locked(legacy: Path, item: Inbound) -> None:
    """A lock held by the legacy system makes the document wait, and nothing is half written."""
    sink = opened(legacy.parent, url="sqlite:///qlvb.db?timeout=0")
    with closing(sqlite3.connect(legacy, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnavailableError):
            sink.deliver(item)
        connection.execute("ROLLBACK")
    assert sink.deliver(item)


_MORE_ARGUMENTS: dict[type[exc.SQLAlchemyError], tuple[Any, ...]] = {
    exc.CircularDependencyError: ((), ()),
    exc.NoReferencedColumnError: ("bang", "cot"),
    exc.NoReferencedTableError: ("bang",),
    exc.UnsupportedCompilationError: (str,),
}


def _subclasses(kind: type[exc.SQLAlchemyError]) -> set[type[exc.SQLAlchemyError]]:
    below = {sub for direct in kind.__subclasses__() for sub in _subclasses(direct)}
    return {kind, *below}


@pytest.mark.parametrize("kind", sorted(_subclasses(exc.SQLAlchemyError), key=str))
def test_no_foreign_error_leaks(kind: type[exc.SQLAlchemyError]) -> None:
    """Every error of SQLAlchemy has a disposition of ours."""
    arguments: tuple[Any, ...]
    if issubclass(kind, exc.DBAPIError):
        arguments = ("INSERT", None, Exception("lý do"))
    elif issubclass(kind, exc.StatementError):
        arguments = ("lý do", "INSERT", None, None)
    else:
        arguments = ("lý do", *_MORE_ARGUMENTS.get(kind, ()))
    with pytest.raises((TransientError, PermanentError)), database.border():
        raise kind(*arguments)


def test_dispositions() -> None:
    """Lost servers wait, refused rows are parked."""
    cause = Exception("lý do")
    for kind, expected in (
        (exc.OperationalError, UnavailableError),
        (exc.InterfaceError, UnavailableError),
        (exc.IntegrityError, PermanentError),
        (exc.DataError, PermanentError),
        (exc.ProgrammingError, TransientError),
    ):
        with pytest.raises(expected), database.border():
            raise kind("INSERT", None, cause)


def test_a_plain_table_without_files_and_acts(legacy: Path, item: Inbound) -> None:
    """A sink that knows only its document table delivers, cancels and replaces."""
    sink = opened(legacy.parent, attachments=None, acts=None)
    sink.deliver(item)
    sink.replace(acting(item, BusinessType.REPLACE), [target(item)])
    sink.cancel(acting(item, BusinessType.RECALL), target(item))
    query = "SELECT MaGoiTin, TrangThai FROM VanBanDen ORDER BY ID"
    assert rows(legacy, query) == [(item.packet_id, 9), ("act-3", 1)]
    assert rows(legacy, "SELECT * FROM Tep") == []


def test_the_database_sets_the_first_status(legacy: Path, item: Inbound) -> None:
    """Without a value for received documents the column's default stands."""
    status = {"column": "TrangThai", "cancelled": "9", "replaced": "8"}
    opened(legacy.parent, status=status, columns={"TrichYeu": "subject"}).deliver(item)
    assert rows(legacy, "SELECT TrangThai FROM VanBanDen") == [(0,)]


def test_a_conditional_index_is_not_unique(legacy: Path, item: Inbound) -> None:
    """An index over some of the rows does not keep documents single."""
    with closing(sqlite3.connect(legacy)) as connection:
        connection.execute("CREATE UNIQUE INDEX part ON VanBanDen (SoKyHieu) WHERE TrangThai = 1")
    sink = opened(legacy.parent, key_column="SoKyHieu", columns={"TrichYeu": "subject"})
    assert [finding.code for finding in sink.check()] == [codes.KEY_NOT_UNIQUE.code]


def test_the_password_comes_from_its_file(tmp_path: Path) -> None:
    """The password is read when the sink opens and stays out of what is shown."""
    (tmp_path / "password").write_text("mật khẩu\n", encoding="utf-8")
    settings = SETTINGS | {
        "url": "postgresql+psycopg://edoc@localhost/qlvb",
        "password": {"file": str(tmp_path / "password")},
    }
    url = database.address_of(SqlSettings.model_validate(settings), tmp_path)
    assert url.password == "mật khẩu"
    assert "mật khẩu" not in str(url)
