"""The base of every settings model, and the types that settings share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.fields import FieldInfo

from connector.config.yaml_source import Loc
from connector.errors import Text

__all__ = [
    "LocalPath",
    "NestedProblem",
    "Scalar",
    "Seconds",
    "SettingProblem",
    "SettingProblems",
    "Settings",
]

Seconds = Annotated[float, Field(le=315_360_000)]
"""A time in seconds, ten years at the most: more cannot be added to a date."""

_WHOLE: Final = re.compile(r"[+-]?[0-9]+")


class SettingProblem(ValueError):
    """What a validator of a settings model raises: a catalogue text, its facts, a place below."""

    def __init__(self, text: Text, *, below: Loc = (), of_key: bool = False, **facts: Any) -> None:
        super().__init__(text.code)
        self.text = text
        self.below = below
        self.of_key = of_key
        self.facts = facts


class SettingProblems(ValueError):
    """Several problems that one validator found."""

    def __init__(self, problems: Iterable[SettingProblem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class NestedProblem(ValueError):
    """Errors of a model that a validator applied itself to what lies `below`."""

    def __init__(self, error: ValidationError, model: type[BaseModel], below: Loc) -> None:
        super().__init__()
        self.error = error
        self.model = model
        self.below = below


class Settings(BaseModel):
    """Frozen settings from a file: unknown keys are refused, conversions are exact.

    Fields carry the Vietnamese term as `title` and an English `description`; schema and
    reference pages are made from them.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=False,
        regex_engine="rust-regex",
    )

    @model_validator(mode="before")
    @classmethod
    def _only_exact(cls, values: Any) -> Any:
        """Read only ``true``/``false`` as booleans and only digits as whole numbers."""
        if not isinstance(values, dict):
            return values
        return {key: _exact(cls.model_fields.get(key), value) for key, value in values.items()}


class _Inexact:
    """Stands for a text that pydantic would convert too kindly; it fits no field."""


def _exact(field: FieldInfo | None, value: object) -> object:
    kind = field.annotation if field else None
    if kind in {bool, bool | None} and isinstance(value, str) and value not in {"true", "false"}:
        return _Inexact()
    if kind in {int, int | None} and isinstance(value, str) and not _WHOLE.fullmatch(value):
        return _Inexact()
    return value


def _anchored(path: Path, info: ValidationInfo) -> Path:
    base = info.context.get("base") if isinstance(info.context, dict) else None
    return path if base is None else Path(base) / path


LocalPath = Annotated[Path, AfterValidator(_anchored)]
"""A path; a relative one counts from the directory of the file in which it is written."""

Scalar = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""A text that people may write without quotes, digits included."""
