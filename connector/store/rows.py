"""From rows to frozen dataclasses whose fields are named like the columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, Table

__all__ = ["columns_for", "make", "values_of"]

T = TypeVar("T")


def columns_for(cls: type[Any], table: Table) -> tuple[Column[Any], ...]:
    """Return the columns of a table that a dataclass is made from, in its fields' order."""
    return tuple(table.c[field.name] for field in dataclasses.fields(cls))


def make(cls: type[T], values: Sequence[Any]) -> T:
    """Return the dataclass for the values of `columns_for`."""
    names = (field.name for field in dataclasses.fields(cls))  # type: ignore[arg-type]
    return cls(**dict(zip(names, values, strict=True)))


def values_of(instance: Any) -> dict[str, Any]:
    """Return a dataclass's fields by column name."""
    return {field.name: getattr(instance, field.name) for field in dataclasses.fields(instance)}
