"""What really lies on the disks, read without a line of the program that wrote it.

Exports (csv, xlsx, sqlite), databases, sinks and packets are read here with the standard library
alone, so that a mistake of the connector cannot hide itself.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

__all__ = [
    "Agency",
    "Copy",
    "Row",
    "World",
    "broken_links",
    "digest_of",
    "packet_facts",
    "query",
    "read_exports",
    "sent_bodies",
    "sink_copies",
    "spooled",
]

_SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_NS: Final = re.compile(r"^\{[^}]*\}")
_EPOCH: Final = dt.date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class Agency:
    """Where an agency's things lie; all paths as `world.json` states them."""

    code: str
    database: Path
    spool: Path
    exports: tuple[Mapping[str, Any], ...]
    sink: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """All agencies that exchange documents."""

    agencies: Mapping[str, Agency]

    @classmethod
    def load(cls, path: Path) -> World:
        """Read `world.json`; relative paths count from its directory."""
        base = path.parent
        found = {}
        for one in json.loads(path.read_text("utf-8"))["agencies"]:
            exports = tuple(_placed(export, base) for export in one["exports"])
            found[one["code"]] = Agency(
                code=one["code"],
                database=base / one["database"],
                spool=base / one["spool"],
                exports=exports,
                sink=_placed(one["sink"], base),
            )
        return cls(found)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an export, as a person who knows the legacy system reads it."""

    agency: str
    place: str
    document_id: str
    subject: str
    receivers: tuple[str, ...]
    files: Mapping[str, str]
    secret: bool
    replaces: tuple[str, ...]
    business_type: int


@dataclass(frozen=True, slots=True)
class Copy:
    """One document in a sink."""

    packet_id: str
    document_id: str
    subject: str
    state: str
    place: str
    packet_sha256: str | None
    files: tuple[str, ...]
    replaced_by: tuple[str, ...]


def _placed(entry: Mapping[str, Any], base: Path) -> dict[str, Any]:
    paths = {name: base / entry[name] for name in ("path", "files", "database") if name in entry}
    return {**entry, **paths}


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes, None if it is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def spooled(agency: Agency, sha256: str) -> bytes | None:
    """Return a content of an agency's spool; None if it is gone or not what it was."""
    try:
        data = (agency.spool / sha256[:2] / sha256[2:]).read_bytes()
    except FileNotFoundError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def sent_bodies(agency: Agency, packets: Iterable[str] | None = None) -> dict[str, bytes | None]:
    """Return the bytes of packets in an outbox by their ids; None for those not whole any more.

    A packet is one file of the spool, or a recipe: texts, and files as they are or in base64.
    """
    wanted = None if packets is None else set(packets)
    has_recipes = query(agency.database, "SELECT 1 FROM sqlite_master WHERE name = 'outbox_recipe'")
    if has_recipes:
        statement = (
            "SELECT p.packet_id, p.body_size, r.recipe FROM outbox_packet p"
            " LEFT JOIN outbox_recipe r ON r.position = p.position"
        )
    else:
        statement = "SELECT packet_id, body_sha256 FROM outbox_packet"
    found: dict[str, bytes | None] = {}
    for row in query(agency.database, statement):
        if _wanted(row["packet_id"], wanted):
            body = _cooked(agency, row) if has_recipes else spooled(agency, row["body_sha256"])
            found[row["packet_id"]] = body
    return found


def _cooked(agency: Agency, row: Mapping[str, Any]) -> bytes | None:
    if row["recipe"] is None:
        return None
    body = b""
    for part in json.loads(row["recipe"]):
        if isinstance(part, str):
            body += part.encode()
            continue
        ((kind, file),) = part.items()
        data = spooled(agency, file["sha256"])
        if data is None:
            return None
        if kind == "base64":
            head, tail = (base64.b64decode(file[name]) for name in ("head", "tail"))
            data = base64.b64encode(head + data + tail)
        body += data
    return body if len(body) == row["body_size"] else None


def query(database: Path, statement: str, *values: object) -> list[dict[str, Any]]:
    """Run one reading statement; a database that is not there, or empty, has no rows."""
    if not database.exists():
        return []
    try:
        return _asked(f"file:{database}?mode=ro", statement, values)
    except sqlite3.OperationalError as error:
        if "readonly" not in str(error):
            raise
        return _asked(f"file:{database}?mode=rw", statement, values)  # a kill left its journal


def _asked(uri: str, statement: str, values: Sequence[object]) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return []
        return [dict(row) for row in connection.execute(statement, values)]


def read_exports(agency: Agency) -> list[Row]:
    """Return every row of an agency's exports."""
    rows: list[Row] = []
    for export in agency.exports:
        reader = {"csv": _csv_rows, "xlsx": _xlsx_rows, "sqlite": _sqlite_rows}[export["kind"]]
        rows += (_row(agency.code, export, place, cells) for place, cells in reader(export))
    return rows


def _csv_rows(export: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for path in sorted(export["path"].glob("*.csv")):
        text = path.read_text(encoding=export["charset"])
        table = csv.DictReader(io.StringIO(text), delimiter=export["delimiter"])
        for number, cells in enumerate(table, start=2):
            yield f"{path.name}:{number}", {str(name): cell or "" for name, cell in cells.items()}


def _sqlite_rows(export: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for number, cells in enumerate(query(export["path"], export["query"]), start=1):
        yield (
            f"{export['path'].name}:{number}",
            {name: "" if cell is None else str(cell) for name, cell in cells.items()},
        )


def _xlsx_rows(export: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    with zipfile.ZipFile(export["path"]) as book:
        shared = _shared_strings(book)
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own file
    names: list[str] = []
    for number, row in enumerate(sheet.iter(f"{_SHEET}row"), start=1):
        cells = _xlsx_cells(row, shared)
        if not names:
            names = [cells.get(index, "") for index in range(max(cells, default=-1) + 1)]
            continue
        values = {name: cells.get(index, "") for index, name in enumerate(names)}
        if any(values.values()):
            yield f"{export['path'].name}:{number}", values


def _shared_strings(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    root = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - our own file
    return ["".join(item.itertext()) for item in root.iter(f"{_SHEET}si")]


def _xlsx_cells(row: ET.Element, shared: Sequence[str]) -> dict[int, str]:
    found = {}
    for cell in row.iter(f"{_SHEET}c"):
        letters = re.sub(r"\d", "", cell.get("r", "A"))
        index = 0
        for letter in letters:
            index = index * 26 + ord(letter) - 64
        text = "".join(cell.itertext())
        found[index - 1] = shared[int(text)] if cell.get("t") == "s" else text
    return found


def _row(agency: str, export: Mapping[str, Any], place: str, cells: Mapping[str, str]) -> Row:
    columns = export["columns"]
    named = {key: cells.get(column, "").strip() for key, column in columns.items()}
    number, day = named["number"], _day(named["date"], export.get("date", "%d/%m/%Y"))
    replaces = tuple(_split(named.get("replaces", ""), ";"))
    kind = named.get("type") or ("3" if replaces else "0")
    files = _split(named.get("files", ""), "|")
    return Row(
        agency=agency,
        place=place,
        document_id=named.get("document_id") or f"{agency},{day:%Y/%m/%d},{number}",
        subject=" ".join(named["subject"].split()),
        receivers=tuple(dict.fromkeys(_split(named["receivers"], ","))),
        files={name: digest_of(export["files"] / name) or "absent" for name in files},
        secret=named.get("secrecy", "") in export.get("secret", ()),
        replaces=replaces,
        business_type=int(kind),
    )


def _day(text: str, form: str) -> dt.date:
    if text.replace(".", "", 1).isdigit():  # a workbook counts days
        return _EPOCH + dt.timedelta(days=int(float(text)))
    return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no zone


def _split(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def sink_copies(agency: Agency, packets: Iterable[str] | None = None) -> list[Copy]:
    """Return what stands in an agency's sink; of some packets only, if they are named."""
    wanted = None if packets is None else set(packets)
    if agency.sink["kind"] == "sqlite":
        return [copy for copy in _sql_copies(agency.sink) if _wanted(copy.packet_id, wanted)]
    return list(_folder_copies(agency.sink["path"], wanted))


def _wanted(packet_id: str, wanted: set[str] | None) -> bool:
    return wanted is None or packet_id in wanted


def _folder_copies(root: Path, wanted: set[str] | None) -> Iterator[Copy]:
    places = [(path, "there") for path in root.glob("[0-9][0-9][0-9][0-9]/*")]
    places += [(path, "cancelled") for path in root.glob("_cancelled/*")]
    for home, state in places:
        packet_id = home.name[-36:]
        if not _wanted(packet_id, wanted) or not (home / "document.json").is_file():
            continue
        data = json.loads((home / "document.json").read_bytes())
        notice = home / "replaced.json"
        acts = json.loads(notice.read_bytes())["replaced_by"] if notice.is_file() else []
        files = (digest_of(home / one["file"]) or "absent" for one in data["attachments"])
        yield Copy(
            packet_id=packet_id,
            document_id=data["document"]["document_id"],
            subject=data["document"]["subject"],
            state=state,
            place=str(home),
            packet_sha256=digest_of(home / "packet.edxml") or "absent",
            files=tuple(sorted(files)),
            replaced_by=tuple(act["packet_id"] for act in acts),
        )


def _sql_copies(sink: Mapping[str, Any]) -> Iterator[Copy]:
    names = sink["columns"]
    files: dict[str, list[str]] = {}
    for row in query(sink["path"], f"SELECT * FROM {sink['files_table']}"):  # noqa: S608 - ours
        content = hashlib.sha256(row[names["content"]]).hexdigest()
        files.setdefault(row[names["packet"]], []).append(content)
    acts: dict[str, list[str]] = {}
    for row in query(sink["path"], f"SELECT * FROM {sink['acts_table']}"):  # noqa: S608 - ours
        if row["act"] == "replace":
            acts.setdefault(row["target_packet_id"], []).append(row["packet_id"])
    for row in query(sink["path"], f"SELECT * FROM {sink['table']}"):  # noqa: S608 - ours
        key = row[names["key"]]
        status = row[names["status"]]
        yield Copy(
            packet_id=key,
            document_id=row[names["document_id"]],
            subject=row[names["subject"]],
            state="cancelled" if status == sink["cancelled"] else "there",
            place=f"{sink['path']}:{key}",
            packet_sha256=None,
            files=tuple(sorted(files.get(key, ()))),
            replaced_by=tuple(acts.get(key, ())),
        )


def packet_facts(data: bytes) -> dict[str, Any]:
    """Return what a packet says of itself; attachments by the digests of their bytes."""
    root = ET.fromstring(data)  # noqa: S314 - what our own nodes wrote
    facts: dict[str, Any] = {"files": []}
    for element in root.iter():
        name = _NS.sub("", element.tag)
        if name in {"DocumentId", "Subject", "StatusCode", "Digest"}:
            facts.setdefault(name, element.text or "")
        elif name == "ContentTransferEncoded":
            facts["files"].append(hashlib.sha256(_decoded(element.text or "")).hexdigest())
    facts["files"].sort()
    return facts


def _decoded(text: str) -> bytes:
    data = base64.b64decode(text)
    if not data.startswith(b"PK\x03\x04"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = archive.namelist()
        return archive.read(name)


def broken_links(database: Path) -> list[int]:
    """Return the entries of a journal whose hash does not follow from the one before."""
    before, last, broken = "", 0, []
    for row in query(database, "SELECT * FROM journal ORDER BY seq"):
        plain = {name: row[name] for name in ("seq", "at", "event", "packet_id")}
        plain["facts"] = json.loads(row["facts"])
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        found = hashlib.sha256((before + text).encode("utf-8", "surrogatepass")).hexdigest()
        if found != row["hash"] or row["seq"] != last + 1:
            broken.append(row["seq"])
        before, last = row["hash"], row["seq"]
    return broken
