"""From what the transforms made to what a field of a document holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar

from connector.clock import vietnam_date
from connector.mapping import codes
from connector.mapping.fields import Field, Kind
from connector.mapping.text import checked
from connector.mapping.values import (
    Refusal,
    SignerTitle,
    TypeChoice,
    is_empty,
    shown,
    text_of,
    whole_number,
)
from connector.model.envelope import BusinessType, DocumentCode, Priority

__all__ = ["fitted"]

_E = TypeVar("_E", bound=IntEnum)


def fitted(field: Field, value: object) -> Any:
    """Return the value as the field holds it; None, or () for a list, if it says nothing.

    Raises Refusal if it does not fit: nothing is converted that has more than one reading.
    """
    items = value if isinstance(value, tuple) else (value,)
    present = [item for item in items if not is_empty(item)]
    if field.many:
        return tuple(_single(field, item) for item in present)
    if len(present) > 1:
        raise Refusal(codes.NOT_ONE_VALUE, field=field.path, count=len(present))
    return _single(field, present[0]) if present else None


def _single(field: Field, value: object) -> object:
    try:
        fit = _FITS[field.kind](value)
    except Refusal as refusal:
        if refusal.text is not codes.BAD_NUMBER:
            raise
        fit = None
    if fit is None:
        raise Refusal(
            codes.BAD_KIND,
            value=shown(value),
            field=field.path,
            kind_en=field.kind.en,
            kind_vi=field.kind.vi,
            transforms=field.kind.transforms,
        )
    return fit


def _text(value: object) -> str:
    return checked(str(value) if isinstance(value, DocumentCode) else text_of(value))


def _day(value: object) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return vietnam_date(value) if value.tzinfo else value.date()
    return value if isinstance(value, dt.date) else None


def _boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _code(value: object) -> DocumentCode | None:
    if not isinstance(value, DocumentCode):
        return None
    return DocumentCode(checked(value.number), checked(value.notation))


def _type(value: object) -> TypeChoice | None:
    return value if isinstance(value, TypeChoice) else None


def _signer(value: object) -> SignerTitle | None:
    if not isinstance(value, SignerTitle):
        return None
    return SignerTitle(value.competence, checked(value.position))


def _member(kind: type[_E]) -> Callable[[object], _E | None]:
    def fit(value: object) -> _E | None:
        number = whole_number(value)
        return kind(number) if number in {int(member) for member in kind} else None

    return fit


_FITS: Final[Mapping[Kind, Callable[[object], object]]] = MappingProxyType(
    {
        Kind.TEXT: _text,
        Kind.DATE: _day,
        Kind.WHOLE: whole_number,
        Kind.BOOLEAN: _boolean,
        Kind.CODE: _code,
        Kind.DOCUMENT_TYPE: _type,
        Kind.SIGNER: _signer,
        Kind.PRIORITY: _member(Priority),
        Kind.BUSINESS_TYPE: _member(BusinessType),
    }
)
