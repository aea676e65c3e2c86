"""Envelope → JSON-ready data, the same for every dialect (``connector show --json``)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from enum import Enum
from typing import Any

from connector.clock import VIETNAM
from connector.model.envelope import Attachment, Envelope, StatusReport

__all__ = ["as_data"]


def as_data(envelope: Envelope) -> dict[str, Any]:
    """Return what a packet says; of attachments names, sizes and digests instead of bytes.

    Days are ISO dates, moments ISO times in Vietnam; absent values are left out.
    """
    kind = "status" if isinstance(envelope, StatusReport) else "document"
    return {"kind": kind, **_fields(envelope)}


def _fields(value: Any) -> dict[str, Any]:
    return {
        name: item if type(item) is str else _plain(item)
        for name in _names(value.__class__)
        if (item := getattr(value, name)) is not None and item != ()
    }


@functools.cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of a dataclass; nothing else has any."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(field.name for field in dataclasses.fields(kind))


def _plain(value: Any) -> Any:
    if isinstance(value, Attachment):
        return _attachment(value)
    if _names(value.__class__):
        return _fields(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return _iso(value) if isinstance(value, dt.date) else value


def _iso(value: dt.date) -> str:
    local = value.astimezone(VIETNAM) if isinstance(value, dt.datetime) else value
    return local.isoformat()


def _attachment(attachment: Attachment) -> dict[str, Any]:
    described = {
        "content_id": attachment.content_id,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "description": attachment.description,
        "size": attachment.content.size,
        "sha256": attachment.content.sha256,
    }
    return {name: value for name, value in described.items() if value is not None}
