"""The fields of a received document by dotted path, as configurations name them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any, Final

from connector.clock import VIETNAM
from connector.model.envelope import Attachment, Document, DocumentCode
from connector.model.inbound import Inbound

__all__ = ["Value", "kind_of", "paths", "value_at"]

Value = str | int | bool | dt.date | dt.datetime | None

_OF_ITEM: Final[dict[str, type]] = {
    "packet_id": str,
    "digest": str,
    "served": str,
    "arrived_at": dt.datetime,
}
_OF_DOCUMENT: Final[dict[str, type]] = {"priority": int, "business_type": int}
_JOINT: Final = "; "


def paths() -> tuple[str, ...]:
    """Return all paths, in the order of the packet."""
    return tuple(_kinds())


def kind_of(path: str) -> type:
    """Return the Python type of a field's values: str, int, bool, date or datetime."""
    return _kinds()[path]


def value_at(item: Inbound, path: str) -> Value:
    """Return a field of a document; several values are joined by ``; ``, None if it is absent.

    ``arrived_at`` is in Vietnam time (QĐ 28/2018 Đ14(4)).
    """
    if path == "arrived_at":
        return item.arrived_at.astimezone(VIETNAM)
    if path in _OF_ITEM:
        return _plain(getattr(item, path))
    found: Any = item.document
    for name in path.split("."):
        found = _step(found, name)
    return _plain(found)


@cache
def _kinds() -> dict[str, type]:
    return {**_OF_ITEM, **_OF_DOCUMENT, **dict(_walk(Document, ""))}


def _walk(model: Any, prefix: str) -> Iterator[tuple[str, type]]:
    for name, hint in typing.get_type_hints(model).items():
        inner, many = _unwrap(hint)
        if inner is Attachment:
            continue
        if dataclasses.is_dataclass(inner):
            if inner is DocumentCode:
                yield prefix + name, str
            yield from (
                (path, str if many else kind) for path, kind in _walk(inner, f"{prefix}{name}.")
            )
        else:
            yield prefix + name, str if many else _scalar(inner)


def _unwrap(hint: Any) -> tuple[Any, bool]:
    """Return the type of one value, and whether there can be several."""
    arguments = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    if typing.get_origin(hint) is types.UnionType:
        return _unwrap(arguments[0])
    return (arguments[0], True) if typing.get_origin(hint) is tuple else (hint, False)


def _scalar(kind: type) -> type:
    return next((base for base in (bool, int, str) if issubclass(kind, base)), kind)


def _step(found: Any, name: str) -> Any:
    if isinstance(found, tuple):
        return tuple(_step(one, name) for one in found)
    return None if found is None else getattr(found, name)


def _plain(found: Any) -> Value:
    if isinstance(found, tuple):
        parts = [str(plain) for one in found if (plain := _plain(one)) is not None]
        return _JOINT.join(parts) or None
    if isinstance(found, Enum):
        return typing.cast("Value", found.value)
    return str(found) if isinstance(found, DocumentCode) else typing.cast("Value", found)
