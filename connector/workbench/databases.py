"""Files of databases: which of their tables holds the documents, and how it is asked for."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from connector.errors import ConfigError, PermanentError
from connector.text.codecs import register
from connector.text.detect import detect
from connector.text.fold import fold
from connector.workbench import codes
from connector.workbench.aliases import alias_of
from connector.workbench.charset import reasons_of, undecided
from connector.workbench.evidence import Finding, Reason

__all__ = ["access_source", "dbf_source", "sqlite_source"]

_Found = tuple[dict[str, Any], tuple[Finding, ...]]
_SECONDS: Final = 30
_SIMPLE: Final = re.compile("[A-Z][A-Za-z0-9_]*[a-z0-9_]")
_LIST: Final = re.compile("^(?:DM_?|DanhMuc_?|tbl_?|tb_?)", re.IGNORECASE)
_NAME: Final = re.compile("ten|name|title|ten(?!tat|viettat|khac).*|mota")


def dbf_source(path: Path, head: bytes, told: str | None) -> _Found:
    """Return the settings of a DBF table; its charset is that of the rows, not what it claims."""
    register()
    memos = (path.with_suffix(suffix) for suffix in (".fpt", ".FPT", ".dbt", ".DBT"))
    memo = b"".join(one.read_bytes()[: 1 << 20] for one in memos if one.is_file())
    rows = head[int.from_bytes(head[8:10], "little") :] + memo
    guess = detect(rows.replace(b"\0", b" "))
    charset = told or {"ascii": "utf-8"}.get(guess.charset or "", guess.charset)
    if charset is None:
        raise ConfigError(undecided(path, guess))
    reasons = reasons_of(guess)
    return {"type": "dbf", "charset": charset}, (
        Finding("charset", charset, 1.0 if told else guess.score, reasons),
    )


def access_source(path: Path, _head: bytes, _told: str | None) -> _Found:
    """Return the settings of an Access database; needs Debian's mdbtools."""
    tables = _run(path, "mdb-tables", "-1", str(path)).split("\n")
    names = [name for name in tables if name.strip() and not name.startswith("MSys")]
    headers = {
        name: _run(path, "mdb-export", str(path), name).partition("\n")[0].split(",")
        for name in names
    }
    table = _best(path, {name: [cell.strip('"') for cell in row] for name, row in headers.items()})
    return {"type": "access", "table": table}, (_chosen(table, len(names)),)


def sqlite_source(path: Path, _head: bytes, _told: str | None) -> _Found:
    """Return the settings of an SQLite file: a query of its table of documents."""
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            rows = database.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                "AND name NOT LIKE 'sqlite_%' ORDER BY name"
            )
            headers = {str(name): _columns_of(database, str(name)) for (name,) in rows}
            links = {name: _links_of(database, name, headers) for name in headers}
    except sqlite3.Error as error:
        broken = codes.SAMPLE_BROKEN.at(str(path), reason_en=str(error), reason_vi=str(error))
        raise PermanentError(broken) from error
    table = _best(path, {name: [column for column, _ in row] for name, row in headers.items()})
    keys = [column for column, is_key in headers[table] if is_key]
    source: dict[str, Any] = {"type": "sql"}
    condition = ""
    if len(keys) == 1:
        source["cursor_column"] = keys[0]
        condition = f"\nWHERE v.{_quoted(keys[0])} > :cursor"
    order = ", ".join(f"v.{_quoted(key)}" for key in keys) or "v.rowid"
    listed, joins = _joined(headers, table, links[table])
    source["query"] = (
        f"SELECT {listed}\nFROM {_quoted(table)} v{joins}{condition}\nORDER BY {order}"
    )
    return source, (_chosen(table, len(headers)),)


def _joined(
    headers: dict[str, list[tuple[str, bool]]], table: str, links: list[tuple[str, str, str]]
) -> tuple[str, str]:
    """Return columns and joins: a number that stands for an entry of a list becomes its name."""
    named = {column: f"v.{_quoted(column)}" for column, _ in headers[table]}
    joins = ""
    for number, (column, other, key) in enumerate(links, start=1):
        names = [name for name, _ in headers.get(other, ()) if _NAME.fullmatch(fold(name))]
        alias = _LIST.sub("", other)
        if len(names) != 1 or column not in named or alias in named or other == table:
            continue
        named[column] = f"d{number}.{_quoted(names[0])} AS {_quoted(alias)}"
        joins += (
            f"\nLEFT JOIN {_quoted(other)} d{number} "
            f"ON d{number}.{_quoted(key)} = v.{_quoted(column)}"
        )
    return ",\n       ".join(_in_lines(list(named.values()))), joins


def _in_lines(columns: list[str]) -> list[str]:
    return [", ".join(columns[at : at + 5]) for at in range(0, len(columns), 5)]


def _links_of(
    database: sqlite3.Connection, table: str, headers: dict[str, list[tuple[str, bool]]]
) -> list[tuple[str, str, str]]:
    """Return the columns that are keys of other tables: column, table, key there."""
    rows = database.execute(f"PRAGMA foreign_key_list({_quoted(table)})").fetchall()
    single = [row for row in rows if sum(other[0] == row[0] for other in rows) == 1]
    found = []
    for _, _, other, column, key, *_ in sorted(single, key=lambda row: str(row[3])):
        keys = [name for name, is_key in headers.get(str(other), ()) if is_key]
        if key or len(keys) == 1:
            found.append((str(column), str(other), str(key or keys[0])))
    return found


def _columns_of(database: sqlite3.Connection, table: str) -> list[tuple[str, bool]]:
    """Return the columns of a table, each with whether it is a whole-number key."""
    return [
        (str(name), bool(key) and "INT" in str(kind).upper())
        for _, name, kind, _, _, key in database.execute(f"PRAGMA table_info({_quoted(table)})")
    ]


def _best(path: Path, headers: dict[str, Sequence[str]] | dict[str, list[str]]) -> str:
    """Return the table with the most columns that documents have."""
    scores = {
        name: sum(max((fit for _, fit in alias_of(column)), default=0.0) for column in columns)
        for name, columns in headers.items()
    }
    if not scores or max(scores.values()) <= 0:
        raise PermanentError(codes.NOTHING_FOUND.at(str(path), columns=", ".join(headers)))
    return max(scores, key=lambda name: scores[name])


def _chosen(table: str, count: int) -> Finding:
    reason = Reason(
        f"bảng '{table}' có nhiều tên cột đã biết nhất trong {count} bảng",
        f"of {count} tables '{table}' has the most known names",
    )
    return Finding("table", table, 0.8 if count > 1 else 0.95, (reason,))


def _quoted(name: str) -> str:
    if _SIMPLE.fullmatch(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def _run(path: Path, *command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
    except OSError as error:
        raise ConfigError(codes.PROGRAM_ABSENT.at(str(path), program=command[0])) from error
    except subprocess.SubprocessError as error:
        said = f"{command[0]}: {error}"[:200]
        broken = codes.SAMPLE_BROKEN.at(str(path), reason_en=said, reason_vi=said)
        raise PermanentError(broken) from error
    return done.stdout.decode("utf-8", "replace")
