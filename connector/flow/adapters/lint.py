"""Everything that can be said about an adapter before it runs, each finding at its line.

Beside the configuration itself, lint looks at the export: whether it opens, whether its columns
are there, whether the code tables know the values that occur in it, and whether the key tells
its records apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from connector.clock import Clock
from connector.errors import ConnectorError, Finding, NoInputError, RecordError
from connector.flow import codes
from connector.flow.adapters.adapter import Adapter, stand_alone
from connector.flow.ours import Ours
from connector.mapping import codes as mapping_codes
from connector.mapping import value_codes
from connector.mapping.settings import ADAPTER_FILE, check_columns
from connector.model.content import BytesContent, Content
from connector.model.record import Record
from connector.sources.base import Source

__all__ = ["adapters_below", "lint_adapter"]

_LOOKED_AT: Final = 1000
_LOOKUPS: Final = frozenset({"table", "document_type", "priority", "receiver_list"})
_TABLE_CODES: Final = frozenset(
    text.code
    for text in (
        mapping_codes.UNKNOWN_VALUE,
        mapping_codes.UNKNOWN_TYPE,
        mapping_codes.SECRECY_UNKNOWN,
        value_codes.RECEIVER_UNKNOWN,
        value_codes.RECEIVER_AMBIGUOUS,
        value_codes.RECEIVER_GROUP,
        value_codes.RECEIVERS_ABOVE,
    )
)
_NO_FILE: Final = BytesContent(b"-")


def adapters_below(path: Path) -> Iterator[Path]:
    """Yield the adapter directories that a path means: itself, its file, or those below it."""
    if path.name == ADAPTER_FILE and path.is_file():
        yield path.parent
    elif (path / ADAPTER_FILE).is_file():
        yield path
    else:
        yield from sorted(found.parent for found in path.rglob(ADAPTER_FILE))


def lint_adapter(directory: Path, ours: Ours, clock: Clock) -> tuple[Finding, ...]:
    """Return all findings of one adapter directory, nothing if it is clean."""
    try:
        adapter = stand_alone(directory, ours, clock)
    except NoInputError:
        raise
    except ConnectorError as error:
        return error.findings
    try:
        source = adapter.open_source()
    except ConnectorError as error:
        return error.findings
    try:
        return tuple(dict.fromkeys(_look_at_export(adapter, source)))
    except ConnectorError as error:
        return error.findings
    finally:
        source.close()


def _look_at_export(adapter: Adapter, source: Source) -> Iterator[Finding]:
    findings = check_columns(adapter.settings, source.columns())
    yield from findings
    if findings:
        return
    records: list[Record] = []
    seen = 0
    for batch in source.read(None):
        for refused in batch.refusals:
            yield from refused.findings
        for record in batch.records:
            yield from _unknown_values(adapter, record)
        records += batch.records
        seen += len(batch.records) + len(batch.refusals)
        if seen >= _LOOKED_AT:
            break
    yield from _repeated_keys(adapter, records)


def _repeated_keys(adapter: Adapter, records: Sequence[Record]) -> Iterator[Finding]:
    """Yield one finding if a key stands on rows that differ; a row that only repeats is none."""
    rows: dict[str, list[Record]] = {}
    for record in records:
        key = adapter.mapper.source_key(record)
        if key is None:
            continue
        same = rows.setdefault(key, [])
        if all(record.values != other.values for other in same):
            same.append(record)
    repeated = [same for same in rows.values() if len(same) > 1]
    if repeated:
        first, second = repeated[0][:2]
        yield codes.KEY_REPEATS.at(
            adapter.settings.node.place(("key",)),
            columns=", ".join(adapter.settings.key),
            keys=len(repeated),
            rows=sum(map(len, repeated)),
            seen=len(records),
            first=first.place,
            second=second.place,
        )


def _unknown_values(adapter: Adapter, record: Record) -> Iterator[Finding]:
    """Yield the values that a code table lacks; what else is wrong is the record's own matter."""
    try:
        adapter.mapper.map(record, _any_file)
    except RecordError as error:
        for finding in error.findings:
            if finding.code in _TABLE_CODES:
                yield replace(finding, place=_place_of(adapter, record, finding))


def _place_of(adapter: Adapter, record: Record, finding: Finding) -> str:
    """Return the line of the adapter that looks a value up, instead of the record's place."""
    settings = adapter.settings
    if finding.code == mapping_codes.SECRECY_UNKNOWN.code:
        return settings.node.place(("secrecy", "table"))
    for path, field in settings.fields.items():
        if finding.place != f"{record.place} [{', '.join(field.sources)}]":
            continue
        for index, call in enumerate(field.transforms):
            if call.transform.name in _LOOKUPS:
                return settings.node.place(("fields", path, "transforms", index))
    return finding.place


def _any_file(_record: Record, _reference: str) -> Content:
    return _NO_FILE
