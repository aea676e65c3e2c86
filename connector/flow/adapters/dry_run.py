"""Dry runs of an adapter: records to packets, nothing stored, nothing sent."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from connector.clock import vietnam_date
from connector.edxml.pack import pack
from connector.errors import Finding, PermanentError, RecordError
from connector.flow.adapters.adapter import Adapter
from connector.flow.workers.sealer import stamp
from connector.mapping.mapper import Mapped, SecretRefused
from connector.model.packet import Packet
from connector.model.record import Record
from connector.sources.base import Refused, Source

__all__ = ["DryRun", "dry_run"]

_NUMBER = re.compile(r"\d+$")


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a record would become: a packet, or findings; of a secret one only the findings."""

    place: str
    packet: Packet | None
    mapped: Mapped | None
    findings: tuple[Finding, ...]


def dry_run(
    adapter: Adapter, *, now: dt.datetime, limit: int | None = None, explain: bool = False
) -> Iterator[DryRun]:
    """Yield what the first records of an export would become, in its order.

    Raises:
        ConfigError: the source's settings do not fit the export.
        UnavailableError: the export is not there.
    """
    source = adapter.open_source()
    count = 0
    try:
        for batch in source.read(None, batch_size=min(limit or 100, 100)):
            rows: list[Record | Refused] = [*batch.records, *batch.refusals]
            for row in sorted(rows, key=_row_number):
                if limit is not None and count >= limit:
                    return
                count += 1
                if isinstance(row, Refused):
                    yield DryRun(row.place, None, None, row.findings)
                else:
                    yield _try(adapter, source, row, now, explain=explain)
            if count == limit:
                return
    finally:
        source.close()


def _row_number(row: Record | Refused) -> int:
    """Return the number at the end of a row's place: a batch is of one file or query."""
    digits = _NUMBER.search(row.place)
    return int(digits[0]) if digits else 0


def _try(
    adapter: Adapter, source: Source, record: Record, now: dt.datetime, *, explain: bool
) -> DryRun:
    mapped = None
    try:
        mapped = adapter.map(record, source, explain=explain)
        document = stamp(mapped.document, now)
        packet = pack(document, adapter.options, today=vietnam_date(now))
    except SecretRefused as error:
        return DryRun(record.place, None, None, error.findings)
    except (RecordError, PermanentError) as error:
        return DryRun(record.place, None, mapped, error.findings)
    return DryRun(record.place, packet, mapped, ())
