"""The checker itself: a clean world passes, each planted fault is noticed and named."""

# ruff: noqa: S608 - the statements are of this test's own making

from __future__ import annotations

import ast
import base64
import hashlib
import json
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fault.checker import check, open_work
from tests.fault.evidence import World, broken_links, read_exports

HERE = Path(__file__).parent
PACKET = "11111111-2222-3333-4444-555555555555"
REPLACING = "99999999-2222-3333-4444-555555555555"
DOC = "A01,2026/01/05,1/VP"
NEWER = "A01,2026/01/05,2/VP"
_TABLES = """
CREATE TABLE outbox_packet (packet_id, kind, document_id, business_type, body_sha256);
CREATE TABLE delivery (packet_id, receiver, kind, state);
CREATE TABLE inbox_message (message_key, packet_id, kind, document_id, business_type, state,
    body_sha256);
CREATE TABLE inbox_receipt (answers_packet_id, addressed_code, status_code);
CREATE TABLE source_refused (place, findings);
CREATE TABLE journal (seq, at, event, packet_id, facts, hash);
"""


class Planted:
    """A world made by hand: A01 sent one document to B02 and one that replaces it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for code in ("A01", "B02"):
            (root / code / "files").mkdir(parents=True)
            self.run(code, *_TABLES.split(";"))
        (root / "A01" / "files" / "1.pdf").write_bytes(b"%PDF one")
        (root / "A01" / "di.csv").write_text(
            "So;Ngay;TrichYeu;NoiNhan;DoMat;Tep;ThayThe\n"
            "1/VP;05/01/2026;V/v  một;B02;;1.pdf;\n"
            f"2/VP;05/01/2026;V/v hai;B02;;1.pdf;{DOC}\n",
            encoding="utf-8",
        )
        self._send(PACKET, DOC, "V/v một", 0)
        self._send(REPLACING, NEWER, "V/v hai", 3)
        notice = self.home(PACKET) / "replaced.json"
        notice.write_text(json.dumps({"replaced_by": [{"packet_id": REPLACING}]}))
        self._describe()

    def world(self) -> World:
        """Load it as the checker does."""
        return World.load(self.root / "world.json")

    def faults(self, **how: Any) -> list[str]:
        """Return what the checker finds."""
        return [str(fault) for fault in check(self.world(), **how).faults]

    def run(self, code: str, *statements: str) -> None:
        """Change a database."""
        with closing(sqlite3.connect(self.root / code / "store.db")) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def home(self, packet_id: str) -> Path:
        """Return where the receiver's clerk has a document."""
        return self.root / "B02" / "sink" / "2026" / f"20260105-x-{packet_id}"

    def body(self, code: str, packet_id: str) -> Path:
        """Return where an agency keeps a packet."""
        with closing(sqlite3.connect(self.root / "A01" / "store.db")) as connection:
            found = connection.execute(
                "SELECT body_sha256 FROM outbox_packet WHERE packet_id = ?", [packet_id]
            )
            sha256 = str(found.fetchone()[0])
        return self.root / code / "spool" / sha256[:2] / sha256[2:]

    def note(self, code: str, event: str, packet_id: str) -> None:
        """Append to a journal."""
        with closing(sqlite3.connect(self.root / code / "store.db")) as connection:
            last = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC").fetchone()
            seq, before = (last[0] + 1, last[1]) if last else (1, "")
            row: dict[str, object] = {
                "seq": seq,
                "at": "t",
                "event": event,
                "packet_id": packet_id,
                "facts": {},
            }
            text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            digest = hashlib.sha256((before + text).encode()).hexdigest()
            connection.execute(
                "INSERT INTO journal VALUES (?, 't', ?, ?, '{}', ?)",
                [seq, event, packet_id, digest],
            )
            connection.commit()

    def _send(self, packet_id: str, document_id: str, subject: str, kind: int) -> None:
        encoded = base64.b64encode(b"%PDF one").decode()
        body = (
            f"<e><DocumentId>{document_id}</DocumentId><Subject>{subject}</Subject>"
            f"<ContentTransferEncoded>{encoded}</ContentTransferEncoded></e>"
        ).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        for code in ("A01", "B02"):
            path = self.root / code / "spool" / sha256[:2] / sha256[2:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        about = f"'{packet_id}', 'document', '{document_id}', {kind}"
        self.run(
            "A01",
            f"INSERT INTO outbox_packet VALUES ({about}, '{sha256}')",
            f"INSERT INTO delivery VALUES ('{packet_id}', 'B02', 'document', 'accepted')",
        )
        self.note("A01", "document_sealed", packet_id)
        self.run(
            "B02",
            f"INSERT INTO inbox_message VALUES ('k{packet_id}', {about}, 'delivered', '{sha256}')",
            f"INSERT INTO inbox_receipt VALUES ('{packet_id}', 'B02', '01')",
            f"INSERT INTO inbox_receipt VALUES ('{packet_id}', 'B02', '03')",
        )
        self.note("B02", "document_verified", packet_id)
        self.note("B02", "document_delivered", packet_id)
        home = self.home(packet_id)
        home.mkdir(parents=True)
        (home / "packet.edxml").write_bytes(body)
        (home / "01.pdf").write_bytes(b"%PDF one")
        document = {"document_id": document_id, "subject": subject}
        data = {"document": document, "attachments": [{"file": "01.pdf"}]}
        (home / "document.json").write_text(json.dumps(data))

    def _describe(self) -> None:
        columns = {
            "number": "So",
            "date": "Ngay",
            "subject": "TrichYeu",
            "receivers": "NoiNhan",
            "secrecy": "DoMat",
            "files": "Tep",
            "replaces": "ThayThe",
        }
        export = {
            "kind": "csv",
            "path": "A01",
            "files": "A01/files",
            "charset": "utf-8",
            "delimiter": ";",
            "secret": ["Mật"],
            "columns": columns,
        }
        agencies = [
            {
                "code": code,
                "database": f"{code}/store.db",
                "spool": f"{code}/spool",
                "exports": [export] if code == "A01" else [],
                "sink": {"kind": "folder", "path": f"{code}/sink"},
            }
            for code in ("A01", "B02")
        ]
        (self.root / "world.json").write_text(json.dumps({"agencies": agencies}))


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """Give a test a clean world to spoil."""
    return Planted(tmp_path)


def test_clean_world_passes(planted: Planted) -> None:
    """Where nothing is wrong nothing is reported, and everything was looked at."""
    verdict = check(planted.world())
    assert (verdict.documents, verdict.deliveries, verdict.faults) == (2, 2, [])
    assert open_work(planted.world()) == 0
    assert check(planted.world(), only={NEWER}).documents == 1


def _export(planted: Planted, old: str, new: str) -> None:
    path = planted.root / "A01" / "di.csv"
    path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")


def _cancel(planted: Planted) -> None:
    planted.run("A01", "UPDATE delivery SET state = 'recalled'")


def _copy(planted: Planted, name: str) -> None:
    home = planted.home(PACKET)
    other = home.with_name(name)
    other.mkdir(parents=True)
    for path in home.iterdir():
        (other / path.name).write_bytes(path.read_bytes())


def _sold_twice(planted: Planted) -> None:
    stranger = "77777777-2222-3333-4444-555555555555"
    planted.run(
        "A01",
        f"INSERT INTO outbox_packet SELECT '{stranger}', kind, document_id, business_type,"
        f" body_sha256 FROM outbox_packet WHERE packet_id = '{PACKET}'",
        f"INSERT INTO delivery VALUES ('{stranger}', 'B02', 'document', 'accepted')",
    )
    planted.note("A01", "document_sealed", stranger)


def _gone_from_sink(planted: Planted) -> None:
    home = planted.home(PACKET)
    for path in home.iterdir():
        path.unlink()
    home.rmdir()


FAULTS: list[tuple[str, Callable[[Planted], object]]] = [
    ("lost: A01", lambda p: _export(p, "2/VP;", "3/VP;")),
    ("lost: A01", lambda p: _export(p, ";B02;;1.pdf;\n", ";B02,C03;;1.pdf;\n")),
    ("lost: A01", _gone_from_sink),
    ("lost: B02", _gone_from_sink),
    ("lost: A01", lambda p: p.run("A01", "DELETE FROM delivery")),
    ("altered: A01", lambda p: p.body("A01", PACKET).unlink()),
    ("lost: B02", lambda p: p.body("B02", PACKET).unlink()),
    ("duplicated: A01", lambda p: _copy(p, f"20260106-y-{PACKET}")),
    ("duplicated: A01", _sold_twice),
    (
        "duplicated: B02",
        lambda p: p.run("B02", "INSERT INTO inbox_message SELECT * FROM inbox_message"),
    ),
    ("altered: A01", lambda p: _export(p, "V/v hai", "V/v ba")),
    ("altered: A01", lambda p: _export(p, "B02;;1.pdf;\n", "B02;Mật;1.pdf;\n")),
    ("altered: A01", lambda p: (p.root / "A01" / "files" / "1.pdf").write_bytes(b"%PDF two")),
    ("altered: A01", lambda p: p.body("A01", PACKET).write_bytes(b"<e/>")),
    ("altered: B02", lambda p: p.body("B02", PACKET).write_bytes(b"<e/>")),
    ("altered: A01", lambda p: (p.home(PACKET) / "packet.edxml").write_bytes(b"<e/>")),
    ("altered: A01", lambda p: (p.home(PACKET) / "01.pdf").write_bytes(b"")),
    ("altered: A01", lambda p: (p.home(PACKET) / "01.pdf").unlink()),
    ("altered: B02", lambda p: _copy(p, f"20260105-x-{PACKET[::-1]}")),
    ("altered: B02 journal", lambda p: p.run("B02", "DELETE FROM journal WHERE seq = 2")),
    (
        "altered: A01 journal",
        lambda p: p.run("A01", "UPDATE journal SET event = 'x' WHERE seq = 1"),
    ),
    ("out of state: A01", _cancel),
    ("out of state: A01", lambda p: p.run("A01", "UPDATE delivery SET state = 'refused'")),
    ("out of state: B02", lambda p: p.run("B02", "UPDATE inbox_message SET state = 'held'")),
    ("out of state: B02", lambda p: p.run("B02", "UPDATE inbox_message SET state = 'received'")),
    ("out of state: A01", lambda p: p.note("A01", "document_sealed", PACKET)),
    ("out of state: B02", lambda p: p.note("B02", "document_delivered", PACKET)),
    ("unanswered: A01", lambda p: p.run("A01", "UPDATE delivery SET state = 'sent'")),
    ("unanswered: A01", lambda p: p.run("A01", "UPDATE delivery SET state = 'arrived'")),
    (
        "unanswered: B02",
        lambda p: p.run("B02", "DELETE FROM inbox_receipt WHERE status_code = '03'"),
    ),
]


@pytest.mark.parametrize(("expected", "spoil"), FAULTS, ids=range(len(FAULTS)))
def test_planted_fault_is_noticed(
    planted: Planted, expected: str, spoil: Callable[[Planted], object]
) -> None:
    """Each kind of fault is reported under its name and for the agency that has it."""
    spoil(planted)
    assert any(fault.startswith(expected) for fault in planted.faults()), planted.faults()


def test_what_is_under_way_is_no_fault_yet(planted: Planted) -> None:
    """While documents travel nothing is called lost or unanswered, and they are counted."""
    planted.run("A01", f"UPDATE delivery SET state = 'queued' WHERE packet_id = '{PACKET}'")
    assert planted.faults(settled=False) == []
    assert open_work(planted.world()) == 2
    assert open_work(planted.world(), ["B02"]) == 0


def test_refused_row_is_not_lost(planted: Planted) -> None:
    """A row that was refused with reasons is accounted for."""
    _export(planted, "2/VP;", "3/VP;")
    planted.run(
        "A01",
        "INSERT INTO source_refused VALUES ('export/di.csv:3', '[]')",
    )
    assert not any(fault.startswith("lost: A01 A01,2026/01/05,3") for fault in planted.faults())


def test_reads_workbooks_and_databases(planted: Planted) -> None:
    """The checker reads xlsx and SQLite exports by itself."""
    book, base = planted.root / "A01" / "di.xlsx", planted.root / "A01" / "di.db"
    _workbook(book)
    with closing(sqlite3.connect(base)) as connection:
        connection.execute("CREATE TABLE v (So, Ngay, TrichYeu, NoiNhan)")
        connection.execute("INSERT INTO v VALUES ('9/VP', '05/01/2026', 'V/v chín', 'B02')")
        connection.commit()
    described = json.loads((planted.root / "world.json").read_text())
    columns = {"number": "So", "date": "Ngay", "subject": "TrichYeu", "receivers": "NoiNhan"}
    described["agencies"][0]["exports"] = [
        {"kind": "xlsx", "path": "A01/di.xlsx", "columns": columns},
        {"kind": "sqlite", "path": "A01/di.db", "query": "SELECT * FROM v", "columns": columns},
    ]
    (planted.root / "world.json").write_text(json.dumps(described))
    rows = read_exports(planted.world().agencies["A01"])
    assert [(row.document_id, row.subject, row.receivers) for row in rows] == [
        ("A01,2026/01/05,8/VP", "V/v tám", ("B02",)),
        ("A01,2026/01/05,9/VP", "V/v chín", ("B02",)),
    ]


def _workbook(path: Path) -> None:
    texts = ["So", "Ngay", "TrichYeu", "NoiNhan", "8/VP", "V/v tám", "B02"]
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    shared = "".join(f"<si><t>{text}</t></si>" for text in texts)
    names = "".join(f'<c r="{c}1" t="s"><v>{i}</v></c>' for i, c in enumerate("ABCD"))
    cells = '<c r="A2" t="s"><v>4</v></c><c r="B2"><v>46027</v></c>'
    cells += '<c r="C2" t="s"><v>5</v></c><c r="D2" t="s"><v>6</v></c>'
    rows = f'<row r="1">{names}</row><row r="2">{cells}</row>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst {main}>{shared}</sst>")
        sheet = f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>"
        archive.writestr("xl/worksheets/sheet1.xml", sheet)


def test_chain_names_the_broken_entries(planted: Planted) -> None:
    """An entry that was changed is named by its number."""
    planted.run("A01", "UPDATE journal SET facts = '{\"a\":1}' WHERE seq = 2")
    assert broken_links(planted.root / "A01" / "store.db") == [2]


@pytest.mark.parametrize("module", ["checker", "evidence"])
def test_checker_shares_no_code_with_the_connector(module: str) -> None:
    """Neither its imports nor what they load come from the program that it judges."""
    tree = ast.parse((HERE / f"{module}.py").read_bytes())
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [
        each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names
    ]
    assert not [name for name in names if name.split(".")[0] == "connector"]
    script = f"import sys, tests.fault.{module}; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parents[1],
    ).stdout.split()
    assert not [name for name in loaded if name.split(".")[0] == "connector"]
