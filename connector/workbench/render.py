"""A proposal as the text of adapter.yaml and of its tables, with the evidence as comments."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from connector.errors import Language
from connector.mapping.undecided import UNDECIDED
from connector.workbench.evidence import joined
from connector.workbench.proposal import Entry, Proposal, TableDraft
from connector.workbench.yaml_text import comment, flow, scalar

__all__ = ["adapter_text", "table_files"]

_WORDS: Final = {
    Language.VIETNAMESE: {
        "head": "connector init đề xuất từ mẫu {name}: {records} bản ghi. Mỗi chú thích ghi độ "
        "tin cậy (0–1) và căn cứ. Hãy đối chiếu với vài văn bản thật.",
        "decide": "Cần người quyết định (dấu '?', connector lint sẽ từ chối cho đến khi xong):",
        "secrecy": "Không tìm thấy cột độ mật. Chỉ con người được quyết định: ghi column + table, "
        "hoặc not_exported kèm lý do.",
        "left_out": "Cột không dùng: {names}",
        "path": "Nhiều tệp cùng dạng: dùng mẫu, ví dụ export/*.csv",
        "key": "các cột phân biệt mọi bản ghi của mẫu",
    },
    Language.ENGLISH: {
        "head": "connector init proposes this from {name}: {records} records. Each comment gives "
        "the confidence (0 to 1) and the evidence. Compare it with a few real documents.",
        "decide": "A person has to decide ('?' is refused by connector lint until then):",
        "secrecy": "No column of secrecy was found. Only a person decides: column + table, or "
        "not_exported with the reason.",
        "left_out": "Columns not used: {names}",
        "path": "Several files of this kind: use a pattern, such as export/*.csv",
        "key": "columns that tell all records of the sample apart",
    },
}


def adapter_text(proposal: Proposal, directory: Path, language: Language) -> str:
    """Return adapter.yaml for a directory; places in it are relative to that directory."""
    lines = [
        *_head(proposal, language),
        "adapter_version: 1",
        f"name: {proposal.name}",
        *_reasoned(proposal.agency, 0, language),
        f"agency: {scalar(proposal.agency.spec['value'])}",
        "",
        *_source(proposal, directory, language),
        "",
        *comment(_WORDS[language]["key"], 0),
        f"key: {flow(proposal.key)}",
        "",
        *_secrecy(proposal, language),
        "",
        *_tables(proposal.tables),
        "fields:",
    ]
    for entry in proposal.fields:
        lines += [*_reasoned(entry, 2, language), f"  {entry.path}: {flow(entry.spec)}"]
    if proposal.attachments:
        lines += ["", "attachments:"]
        for entry in proposal.attachments:
            lines += [*_reasoned(entry, 2, language), f"  - {flow(entry.spec)}"]
    if proposal.left_out:
        names = ", ".join(proposal.left_out)
        lines += ["", *comment(_WORDS[language]["left_out"].format(names=names), 0)]
    return "\n".join(lines) + "\n"


def table_files(proposal: Proposal) -> dict[str, str]:
    """Return the tables that are files, by their paths below the adapter's directory."""
    return {f"tables/{table.name}.csv": _csv(table) for table in proposal.tables if table.in_file}


def _head(proposal: Proposal, language: Language) -> Iterator[str]:
    words = _WORDS[language]
    facts = {"name": proposal.look.path.name, "records": proposal.look.records}
    yield from comment(words["head"].format(**facts), 0)
    if proposal.decisions:
        yield from comment(words["decide"], 0)
        for decision in proposal.decisions:
            yield from comment(f"  - {decision.what}: {decision.reason.said(language)}", 0)
    for note in proposal.notes:
        yield from comment(f"* {note.said(language)}", 0)


def _reasoned(entry: Entry, indent: int, language: Language) -> list[str]:
    if not entry.reasons:
        return []
    return comment(f"{entry.confidence:.2f} · {joined(entry.reasons, language)}", indent)


def _source(proposal: Proposal, directory: Path, language: Language) -> Iterator[str]:
    yield "source:"
    for finding in proposal.look.findings:
        said = joined(finding.reasons, language)
        yield from comment(f"{finding.confidence:.2f} · {finding.name} {finding.value}: {said}", 2)
    settings = dict(proposal.look.source)
    settings.pop("path")
    yield f"  type: {settings.pop('type')}"
    place = _relative(proposal.look.path, directory)
    if proposal.look.source["type"] == "sql":
        yield f"  url: {scalar(f'sqlite:///{place}')}"
    else:
        yield f"  path: {scalar(place)}"
    for name, value in settings.items():
        if isinstance(value, list):
            yield f"  {name}:"
            yield from (f"    - {flow(one)}" for one in value)
        elif "\n" in str(value):
            yield f"  {name}: |"
            yield from (f"    {line}" for line in str(value).split("\n"))
        else:
            yield f"  {name}: {_setting(value)}"
    if proposal.attachments_directory is not None:
        there = _relative(Path(proposal.attachments_directory), directory)
        yield f"  attachments_directory: {scalar(there)}"


def _setting(value: Any) -> str:
    return f'"{value}"' if value in {",", ";", "|", "\\t", "^", "~"} else scalar(value)


def _relative(path: Path, directory: Path) -> str:
    return Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix()


def _secrecy(proposal: Proposal, language: Language) -> Iterator[str]:
    if "column" in proposal.secrecy.spec:
        yield from _reasoned(proposal.secrecy, 0, language)
        yield f"secrecy: {flow(proposal.secrecy.spec)}"
        return
    yield from comment(_WORDS[language]["secrecy"], 0)
    yield f'secrecy: "{UNDECIDED}"'


def _tables(tables: list[TableDraft]) -> Iterator[str]:
    if not tables:
        return
    yield "tables:"
    for table in tables:
        if table.in_file:
            yield f"  {table.name}: {{file: tables/{table.name}.csv}}"
            continue
        yield f"  {table.name}:"
        for value, to, note in table.rows:
            yield f"    {scalar(value)}: {scalar(to)}{f'  # {note}' if note else ''}"
    yield ""


def _csv(table: TableDraft) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("from", "to", "note"))
    writer.writerows(table.rows)
    return text.getvalue()
