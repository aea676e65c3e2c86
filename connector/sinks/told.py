"""What a legacy system is told of a document, under its own names."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from connector.model.inbound import Inbound, InboundTarget
from connector.sinks import fields, notices
from connector.sinks.cells import Cells
from connector.sinks.system_settings import SystemSettings

__all__ = ["MOST_SAID", "one_line", "put", "told_act", "told_document"]

MOST_SAID: Final = 4096
"""Bytes of an answer that are looked at; all else is dropped."""

_SHOWN: Final = 300


def told_document(settings: SystemSettings, item: Inbound) -> dict[str, Any]:
    """Return the fields of a document JSON-ready; the whole document if none are named."""
    if not settings.fields:
        return notices.document_data(item) | dict(settings.constants)
    told: dict[str, Any] = {}
    cells = Cells(date_format=settings.date_format)
    for name, path in settings.fields.items():
        value = fields.value_at(item, path)
        put(told, name, cells.text(value) if isinstance(value, dt.date) else value)
    for name, text in settings.constants.items():
        put(told, name, text)
    return told


def told_act(item: Inbound, target: InboundTarget) -> dict[str, Any]:
    """Return an act on an earlier document: who asks what of which, when and why."""
    return notices.act_data(item, target) | notices.changes_data(item)


def one_line(said: bytes) -> str:
    """Return the beginning of what a foreign system said, harmless in a log."""
    text = said[:MOST_SAID].decode("utf-8", "replace")
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:_SHOWN] or "-"


def put(told: dict[str, Any], name: str, value: Any) -> None:
    """Put a value under a name in which each dot leads into an object."""
    *above, last = name.split(".")
    for step in above:
        inner = told.setdefault(step, {})
        told = inner if isinstance(inner, dict) else told
    told[last] = value
