"""Looks at a sample and returns how a source of this project reads it, and what it then gives.

The sample is read by the same sources as later by the adapter, so what is seen here is what the
adapter will see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from connector.config.yaml_source import Node
from connector.errors import ConfigError, PermanentError, TransientError
from connector.mapping.settings import ADAPTER_FILE
from connector.model.record import Record
from connector.sources.base import Refused
from connector.sources.registry import open_source
from connector.text.mojibake import repair
from connector.workbench import codes
from connector.workbench.charset import cells_charset, decoded, file_charset
from connector.workbench.databases import access_source, dbf_source, sqlite_source
from connector.workbench.dialect import dialect_of, fixed_layout
from connector.workbench.evidence import Column, Finding, Look, Reason
from connector.workbench.sheets import excel_source
from connector.workbench.sniff import head_of, kind_of, text_kind
from connector.workbench.trees import dxl_source, json_source, xml_source

__all__ = ["SEEN", "look"]

SEEN: Final = 500
"""Records of a sample that are looked at."""

_TO_SAY: Final = frozenset(
    one.code for one in (codes.CHARSET_UNDECIDED, codes.CHARSET_UNKNOWN, codes.PROGRAM_ABSENT)
)
"""What is not the sample's fault: a person says more, or installs a program."""
_FONTS: Final = frozenset({"excel", "access", "sql"})
_Found = tuple[dict[str, Any], tuple[Finding, ...]]


def look(path: Path, *, charset: str | None = None) -> Look:
    """Return how a sample is read; `charset` is what a person says of it.

    Raises NoInputError if it cannot be read; PermanentError if it is of no known kind, damaged,
    or has no header or no record; ConfigError if its charset is not certain.
    """
    head = head_of(path)
    try:
        return _looked(path, head, charset)
    except TransientError as error:
        first = error.findings[0]
        broken = codes.SAMPLE_BROKEN.at(str(path), reason_en=first.en, reason_vi=first.vi)
        raise PermanentError(broken) from error
    except ConfigError as error:
        if error.code in _TO_SAY:
            raise
        raise PermanentError(*error.findings) from error


def _looked(path: Path, head: bytes, charset: str | None) -> Look:
    kind = kind_of(path, head)
    if kind is None:
        source, findings = _text(path, head, charset)
    else:
        source, findings = _BINARY[kind](path, head, charset)
    seen = _seen(Look(path, {**source, "path": str(path.resolve())}, findings))
    if kind in _FONTS:
        return _in_legacy_fonts(seen, charset)
    return seen


def _text(path: Path, head: bytes, told: str | None) -> _Found:
    charset = file_charset(path, head, told)
    text = decoded(path, head, charset.value)
    kind = text_kind(text)
    if kind == "edxml":
        return {"type": "edxml"}, (charset,)
    if kind == "dxl":
        return dxl_source(path, text, charset)
    if kind == "xml" and "<!DOCTYPE" in text[:4096]:
        raise PermanentError(codes.SAMPLE_DOCTYPE.at(str(path)))
    if kind == "xml":
        return xml_source(path, text, charset)
    if kind in {"json", "jsonl"}:
        return json_source(path, charset, lines=kind == "jsonl")
    return _lines(path, text, charset)


def _lines(path: Path, text: str, charset: Finding) -> _Found:
    dialect = dialect_of(text)
    if dialect is not None:
        source = {
            "type": "csv",
            "charset": charset.value,
            "delimiter": dialect.delimiter,
            "header_row": dialect.header_row,
        }
        shown = f"{dialect.delimiter!r}, dòng/row {dialect.header_row}"
        layout = Finding("delimiter, header_row", shown, dialect.confidence, (dialect.reason,))
        return source, (charset, layout)
    fixed = fixed_layout(text)
    if fixed is None:
        raise PermanentError(codes.HEADER_NOT_FOUND.at(str(path)))
    columns = [{"name": name, "start": at, "width": wide} for name, at, wide in fixed.columns]
    source = {"type": "fixed", "charset": charset.value, "columns": columns}
    if fixed.skip_lines:
        source["skip_lines"] = fixed.skip_lines
    return source, (charset, Finding("columns", len(columns), 0.8, (fixed.reason,)))


_BINARY: Final[dict[str, Callable[[Path, bytes, str | None], _Found]]] = {
    "excel": excel_source,
    "dbf": dbf_source,
    "access": access_source,
    "sql": sqlite_source,
}


def _seen(found: Look) -> Look:
    rows = list(islice(_rows(found), SEEN))
    records = [row for row in rows if isinstance(row, Record)]
    if not records:
        reasons = [finding for row in rows if isinstance(row, Refused) for finding in row.findings]
        raise PermanentError(codes.SAMPLE_EMPTY.at(str(found.path)), *reasons[:3])
    names = dict.fromkeys(name for record in records for name in record.values if name)
    columns = tuple(
        Column(name, tuple(record.values.get(name) for record in records), _title(found, name))
        for name in names
    )
    return replace(
        found,
        columns=columns,
        records=len(records),
        refused=len(rows) - len(records),
        places=tuple(record.place for record in records),
    )


def _title(found: Look, name: str) -> str:
    """Return a column's name with look-alikes of a legacy font turned into Vietnamese."""
    charset = found.source.get("charset")
    if found.source["type"] not in _FONTS or charset is None:
        return name
    return repair(name, str(charset)) or name


def _rows(found: Look) -> Iterator[Record | Refused]:
    node = Node(found.path.parent / ADAPTER_FILE, {"source": _settings(found)})
    with closing(open_source(node, ("source",), found.path.resolve().parent)) as source:
        source.columns()
        for batch in source.read(None):
            yield from batch.records
            yield from batch.refusals


def _settings(found: Look) -> dict[str, Any]:
    """Return the settings with the sample's own place; a database is named by its URL."""
    settings = dict(found.source)
    if settings["type"] == "sql":
        settings["url"] = f"sqlite:///{found.path.resolve()}"
        del settings["path"]
    return settings


def _in_legacy_fonts(seen: Look, told: str | None) -> Look:
    """Return the look with the charset of the cells, if they are look-alikes of one."""
    texts = [text for column in seen.columns for text in (column.name, *column.texts)]
    charset = cells_charset(texts, told)
    if charset is None:
        return seen
    source = {**seen.source, "charset": charset.value}
    reason = Reason("chữ gõ bằng phông cũ", "typed in legacy fonts")
    charset = replace(charset, reasons=(reason, *charset.reasons))
    return _seen(Look(seen.path, source, (*seen.findings, charset)))
