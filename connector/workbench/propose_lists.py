"""The receivers: codes, names that the catalogue knows, and a table for all others."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

from connector.agencies.names import AgencyNames, spelled
from connector.mapping.receiver_transforms import ReceiverList, is_group, receiver_names
from connector.mapping.undecided import UNDECIDED
from connector.model.organ import scheme_of
from connector.workbench.evidence import Reason
from connector.workbench.meanings import Meaning
from connector.workbench.proposal import Entry, Proposal, TableDraft

__all__ = ["propose_receivers"]

_ABOVE: Final = re.compile(r"(?<!\w)như (?:trên|điều [0-9])", re.IGNORECASE)
_SEPARATORS: Final = (";", ",", "|")
_NAMED: Final = 5


def propose_receivers(
    proposal: Proposal, found: dict[str, Meaning], names: AgencyNames, today: dt.date
) -> None:
    """Add the field receivers, and a table of the names that the catalogue does not know."""
    meaning, above = found.get("receivers"), found.get("addressees")
    if meaning is None and above is None:
        proposal.fields.append(Entry("receivers", {"column": UNDECIDED}, 0.0, ()))
        proposal.decide("fields.receivers", "cột nơi nhận", "the column of the receivers")
        return
    columns = [one.column for one in (above, meaning) if one is not None]
    best = meaning or above
    texts = [text for column in columns for text in column.texts]
    spec: dict[str, Any] = {"column": columns[0].name}
    if len(columns) > 1:
        spec = {"columns": [column.name for column in columns]}
    separator = _separator_of_codes(texts)
    if separator is not None:
        chain: list[Any] = [{"split": separator}, "trim"]
    else:
        chain = ["receiver_list", *_with_table(proposal, texts, names, today)]
        if above is None and any(_ABOVE.search(text) for text in texts):
            _note_above(proposal)
    confidence = best.confidence if best is not None else 0.0
    reasons = best.reasons if best is not None else ()
    proposal.fields.append(Entry("receivers", {**spec, "transforms": chain}, confidence, reasons))


def _separator_of_codes(texts: list[str]) -> str | None:
    """Return what divides codes; None if the values are names."""
    for separator in _SEPARATORS:
        items = [item.strip() for text in texts for item in text.split(separator) if item.strip()]
        if items and all(scheme_of(item) is not None for item in items):
            return separator
    return None


def _with_table(
    proposal: Proposal, texts: list[str], names: AgencyNames, today: dt.date
) -> list[Any]:
    """Return the table's transforms, if there are names that the catalogue does not know."""
    items = dict.fromkeys(
        item for text in texts for item in receiver_names(text, ReceiverList(as_above="drop"))
    )
    rows = [
        (item, UNDECIDED, _note(item, names, today))
        for item in items
        if scheme_of(item) is None
        and len(names.named(item, today).open) != 1
        and not names.divided(item, today)
    ]
    if not rows:
        return []
    proposal.tables.append(TableDraft("noi_nhan", tuple(rows), in_file=True))
    shown = ", ".join(f"'{item}'" for item, _, _ in rows[:_NAMED])
    proposal.decide(
        "tables.noi_nhan",
        f"mã của {len(rows)} nơi nhận không có trong danh mục: {shown}",
        f"the codes of {len(rows)} receivers that the catalogue does not have: {shown}",
    )
    return [{"table": {"table": "noi_nhan", "unknown": "keep"}}, {"split": ";"}]


def _note(item: str, names: AgencyNames, today: dt.date) -> str:
    named = names.named(item, today)
    if is_group(item):
        return "nhóm cơ quan: liệt kê các mã, cách nhau bằng ;"
    if named.closed:
        return f"đã đóng: {spelled(named.closed)}"
    return f"gần giống: {spelled(named.near)}" if named.near else ""


def _note_above(proposal: Proposal) -> None:
    proposal.notes.append(
        Reason(
            "có 'Như trên': cần thêm cột 'Kính gửi' (columns: [KinhGui, NoiNhan]), nếu không bản "
            "ghi đó bị từ chối",
            "there is 'Như trên': the column 'Kính gửi' is needed too (columns: [KinhGui, "
            "NoiNhan]), else such records are refused",
        )
    )
