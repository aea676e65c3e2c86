"""What a transform is: a name, a pure function, its parameters, one sentence, examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import model_validator

from connector.config.settings import Settings
from connector.mapping.tables import CodeTable

__all__ = ["Example", "Lookup", "NoParameters", "Parameters", "Transform"]


@dataclass(frozen=True, slots=True)
class Example:
    """A value, what comes of it, and the argument as it stands in adapter.yaml."""

    given: Any
    result: Any
    argument: Any = None


class Parameters(Settings):
    """Base of a transform's parameters; a bare argument sets the first of them."""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        if value is None:
            return {}
        first = next(iter(cls.model_fields), None)
        return value if isinstance(value, dict) or first is None else {first: value}

    @property
    def table_name(self) -> str | None:
        """The code table that a call needs."""
        return None

    @property
    def function_name(self) -> str | None:
        """The adapter's own function that a call needs."""
        return None


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Lookup(Generic[P]):
    """What a transform gets that looks into a table: the table, and its parameters."""

    table: CodeTable
    parameters: P


class NoParameters(Parameters):
    """A transform without an argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One entry of the closed table.

    `apply` gets a value that is not empty and the parameters (with a table a `Lookup`, with an
    own function that function); it returns the new value or raises Refusal. A list is transformed
    item by item unless `on_lists` is set; empty values pass by unless `on_empty` is set.
    """

    name: str
    title: str
    doc: str
    apply: Callable[[Any, Any], Any]
    examples: tuple[Example, ...]
    parameters: type[Parameters] = NoParameters
    on_lists: bool = False
    on_empty: bool = False
