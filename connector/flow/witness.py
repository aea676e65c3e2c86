"""Heads of journals that agencies show each other: each signed status carries its sender's.

Who received one has it under the sender's signature. Given back, it shows what a chain alone
cannot: that the end of a journal was cut off, or that all of it was written anew.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connector.edxml.reader import read
from connector.errors import ConnectorError, Finding, NoInputError
from connector.model.envelope import StatusReport
from connector.model.states import InboxState
from connector.store import codes, inbox
from connector.store.spool import Spool
from connector.store.store import Store

__all__ = ["Witnessed", "heads_of_peers", "read_heads"]

_AT_ONCE: Final = 500
_HEAD: Final = re.compile(r"[0-9a-f]{64}")
_PROVEN: Final = (InboxState.DELIVERED, InboxState.DUPLICATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """The head of an agency's journal, as its own signed status of that packet id stated it."""

    agency: str
    head: str
    packet_id: str
    received_at: dt.datetime

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "agency": self.agency,
            "head": self.head,
            "packet_id": self.packet_id,
            "received_at": self.received_at.isoformat(),
        }


def heads_of_peers(
    store: Store, spool: Spool, *, agency: str | None = None, limit: int
) -> Iterator[Witnessed]:
    """Yield heads from verified statuses, newest first, of one agency or of all.

    A status whose body is gone or damaged is passed by: the journal's own check tells of it.
    """
    found, offset = 0, 0
    while found < limit:
        with store.read() as tx:
            rows = inbox.list_messages(
                tx, states=_PROVEN, kind="status", limit=_AT_ONCE, offset=offset
            )
        for row in rows:
            head = _head(spool, row.body_sha256) if agency in {None, row.sender} else None
            if head is not None and row.sender and row.packet_id and found < limit:
                found += 1
                yield Witnessed(
                    agency=row.sender,
                    head=head,
                    packet_id=row.packet_id,
                    received_at=row.received_at,
                )
        offset += len(rows)
        if len(rows) < _AT_ONCE:
            return


def read_heads(
    paths: Iterable[Path], agencies: Collection[str]
) -> tuple[tuple[str, ...], list[Finding]]:
    """Return the heads of some agencies from what peers' `connector journal heads` printed.

    Each head comes once. A file that holds none of them proves nothing: that is a finding.

    Raises:
        NoInputError: a file cannot be read, or is none of that kind.
    """
    heads: list[str] = []
    findings: list[Finding] = []
    for path in paths:
        found = _heads_in(path, agencies)
        heads += found
        if not found:
            ours = ", ".join(agencies)
            findings.append(codes.NO_HEAD_COMPARED.at(str(path), agencies=ours))
    return tuple(dict.fromkeys(heads)), findings


def _heads_in(path: Path, agencies: Collection[str]) -> list[str]:
    try:
        stated = [_stated(each) for each in _listed(path.read_text("utf-8"))]
        return [_digest(head) for agency, head in stated if agency in agencies]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoInputError(codes.HEADS_UNREADABLE.at(str(path), reason=error)) from error


def _listed(text: str) -> list[Any]:
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise TypeError(f"it is no list but {type(entries).__name__}")
    return entries


def _stated(entry: Any) -> tuple[str, str]:
    agency, head = entry["agency"], entry["head"]
    if not isinstance(agency, str) or not isinstance(head, str):
        raise TypeError("an agency or a head in it is no text")
    return agency, head


def _digest(head: str) -> str:
    if not _HEAD.fullmatch(head):
        raise ValueError(f"a head in it is no SHA-256: {head[:64]!r}")
    return head


def _head(spool: Spool, sha256: str) -> str | None:
    try:
        envelope = read(spool.verify(sha256)).envelope
    except ConnectorError:
        return None
    if not isinstance(envelope, StatusReport) or envelope.evidence is None:
        return None
    return envelope.evidence.journal_head
