"""Conditions: a field is read only where a column of the record says so."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from connector.config.settings import Scalar, SettingProblem, Settings
from connector.config.suggest import did_you_mean
from connector.mapping import codes, value_codes
from connector.mapping.values import Refusal, is_empty, text_of
from connector.model.record import Record
from connector.text.normalise import collapse_spaces, nfc

__all__ = ["Condition"]


class Condition(Settings):
    """When a field has a value: by what another column of the record says."""

    column: str = Field(title="Cột", description="Column that is looked at.", min_length=1)
    is_: tuple[Scalar, ...] | None = Field(
        default=None,
        alias="is",
        title="Bằng",
        description="The column has one of these values.",
        min_length=1,
    )
    is_not: tuple[Scalar, ...] | None = Field(
        default=None,
        title="Khác",
        description="The column has none of these values.",
        min_length=1,
    )
    empty: bool | None = Field(
        default=None,
        title="Để trống",
        description="true: the column says nothing; false: it says something.",
    )

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if sum(given is not None for given in (self.is_, self.is_not, self.empty)) != 1:
            raise SettingProblem(value_codes.CONDITION_UNCLEAR)
        return self

    def holds(self, record: Record) -> bool:
        """Tell whether the record meets the condition; white space and Unicode form do not count.

        Raises Refusal if the record has no such column, or a value that is no text.
        """
        if self.column not in record.values:
            suggestion = did_you_mean(self.column, record.values)
            raise Refusal(codes.COLUMN_ABSENT, column=self.column, **suggestion)
        value = record.values[self.column]
        if self.empty is not None:
            return is_empty(value) is self.empty
        text = "" if is_empty(value) else _key(text_of(value))
        if self.is_ is not None:
            return text in map(_key, self.is_)
        return text not in map(_key, self.is_not or ())


def _key(text: str) -> str:
    return collapse_spaces(nfc(text))
