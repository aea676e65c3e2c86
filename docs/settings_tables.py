"""Tables of settings, from the models that read them."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

__all__ = ["cell", "models_below", "settings_table"]

_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    Any: "see the kinds",
}


def settings_table(model: type[BaseModel]) -> str:
    """Return the table of one model: setting, Vietnamese term, meaning, kind, default."""
    lines = [
        "| setting | tên gọi | meaning | kind | default |",
        "| --- | --- | --- | --- | --- |",
    ]
    for attribute, field in model.model_fields.items():
        name = field.alias or attribute
        cells = (
            f"`{name}`",
            cell(field.title or ""),
            cell(field.description or ""),
            kind_of(field.annotation),
            default_of(field),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and those of its settings, each once, in the order of their use."""
    seen: dict[type[BaseModel], None] = {}

    def visit(one: type[BaseModel]) -> None:
        if one in seen:
            return
        seen[one] = None
        for field in one.model_fields.values():
            for inner in _models_in(field.annotation):
                visit(inner)

    visit(model)
    yield from seen


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models_in(inner)


def kind_of(annotation: Any) -> str:
    """Return what a setting holds, in words."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        return _kind_of_class(annotation) if isinstance(annotation, type) else "text"
    if origin in {Union, types.UnionType}:
        return " or ".join(kind_of(each) for each in inner if each is not type(None))
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin is dict:
        return "mapping" if inner[1] is Any else f"mapping to {kind_of(inner[1])}"
    return f"list of {kind_of(inner[0])}" if origin is tuple else kind_of(inner[0])


def _kind_of_class(kind: type) -> str:
    if issubclass(kind, Enum):
        return ", ".join(f"`{each.value}`" for each in kind)
    if issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return _PLAIN.get(kind, "transform" if kind.__name__ == "TransformCall" else "text")


def default_of(field: FieldInfo) -> str:
    """Return the default as it would be written; a required setting says so."""
    if field.is_required():
        return "**required**"
    value = field.default
    if value is None or value is PydanticUndefined or isinstance(value, BaseModel):
        return "–"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in ((), {}, ""):
        return "–"
    return f"`{value}`" if value != '"' else "`'\"'`"


def cell(text: str) -> str:
    """Return a text that may stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
