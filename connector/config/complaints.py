"""From pydantic's errors to findings of the catalogue: the one border, in two languages."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.config import codes
from connector.config.settings import NestedProblem, SettingProblem, SettingProblems
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Loc, Node
from connector.errors import Finding

__all__ = ["complaints"]

_LONGEST: Final = 60
_PASSWORD: Final = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")
_SECRET_KEY: Final = re.compile(r"password|secret|token|passphrase", re.IGNORECASE)
_LIMITS: Final = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", "≥"),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "≤"),
    "multiple_of": ("multiple_of", "×"),
}
_LENGTHS: Final = {
    "string_too_short": ("min_length", "≥"),
    "string_too_long": ("max_length", "≤"),
    "too_short": ("min_length", "≥"),
    "too_long": ("max_length", "≤"),
    "bytes_too_short": ("min_length", "≥"),
    "bytes_too_long": ("max_length", "≤"),
}
_LIST: Final = ("a list", "danh sách")
_MAPPING: Final = ("a group of settings 'key: value'", "nhóm thiết lập dạng 'khóa: giá trị'")
_KINDS: Final = {
    "int": ("a whole number", "số nguyên"),
    "float": ("a number", "số"),
    "finite": ("a finite number", "số hữu hạn"),
    "decimal": ("a decimal number", "số thập phân"),
    "bool": ("true or false", "true hoặc false"),
    "string": ("a text", "văn bản"),
    "bytes": ("a text", "văn bản"),
    "date": ("a date such as 2026-01-31", "ngày dạng 2026-01-31"),
    "datetime": ("a moment such as 2026-01-31T08:00:00", "thời điểm dạng 2026-01-31T08:00:00"),
    "time": ("a time such as 08:00", "giờ dạng 08:00"),
    "timezone": ("a moment with the right zone", "thời điểm có múi giờ phù hợp"),
    "list": _LIST,
    "tuple": _LIST,
    "set": _LIST,
    "frozen": _LIST,
    "iterable": _LIST,
    "dict": _MAPPING,
    "mapping": _MAPPING,
    "model": _MAPPING,
    "dataclass": _MAPPING,
    "url": ("an address (URL)", "địa chỉ (URL)"),
    "path": ("a path", "đường dẫn"),
    "uuid": ("a UUID", "mã UUID"),
    "none": ("empty", "để trống"),
}


def complaints(error: ValidationError, model: type[BaseModel], node: Node) -> tuple[Finding, ...]:
    """Return the findings for the errors of `model` read from `node`, each once."""
    details = error.errors(include_url=False)
    found = [finding for detail in details for finding in _complaints(detail, model, node)]
    return tuple(dict.fromkeys(found))


def _complaints(error: ErrorDetails, model: type[BaseModel], node: Node) -> Iterator[Finding]:
    problem = error.get("ctx", {}).get("error")
    loc = _existing(node, error["loc"])
    if isinstance(problem, NestedProblem):
        yield from complaints(problem.error, problem.model, node.at((*loc, *problem.below)))
    elif isinstance(problem, SettingProblem | SettingProblems):
        several = problem.problems if isinstance(problem, SettingProblems) else (problem,)
        for one in several:
            inner = (*loc, *one.below)
            place = node.place_of_key(inner) if one.of_key else node.place(inner)
            yield one.text.at(place, **one.facts)
    else:
        yield _plain(error, loc, model, node)


def _plain(error: ErrorDetails, loc: Loc, model: type[BaseModel], node: Node) -> Finding:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return codes.MISSING.at(node.place(loc), key=error["loc"][-1])
    if kind == "extra_forbidden":
        return _unknown_key(str(error["loc"][-1]), loc, error["loc"], model, node)
    return _wrong_value(kind, context, loc, node, error["msg"])


def _unknown_key(key: str, loc: Loc, full: Loc, model: type[BaseModel], node: Node) -> Finding:
    known = sorted(_names_at(model, full[:-1]))
    return codes.UNKNOWN_KEY.at(
        node.place_of_key(loc), key=key, known=", ".join(known), **did_you_mean(key, known)
    )


def _wrong_value(kind: str, context: dict[str, Any], loc: Loc, node: Node, message: str) -> Finding:
    place, found = node.place(loc), _shown(node.get(loc), loc)
    if kind in _LIMITS:
        name, sign = _LIMITS[kind]
        return codes.OUT_OF_RANGE.at(place, found=found, limit=f"{sign} {context.get(name)}")
    rule = _rule(kind, context)
    if rule is not None:
        return codes.WRONG_SHAPE.at(place, found=found, rule=rule)
    if kind in {"literal_error", "enum"}:
        return _not_one_of(loc, node, str(context.get("expected")))
    if kind.startswith("union_tag"):
        return _wrong_tag(kind, context, loc, node)
    words = _KINDS.get(kind.partition("_")[0])
    if words is None:
        return codes.OTHER.at(place, found=found, reason=message)
    return codes.WRONG_KIND.at(place, found=found, expected_en=words[0], expected_vi=words[1])


def _rule(kind: str, context: dict[str, Any]) -> str | None:
    if kind == "string_pattern_mismatch":
        return str(context.get("pattern"))
    if kind in _LENGTHS:
        name, sign = _LENGTHS[kind]
        return f"{sign} {context.get(name)}"
    return None


def _wrong_tag(kind: str, context: dict[str, Any], loc: Loc, node: Node) -> Finding:
    tag = str(context.get("discriminator")).strip("'").removesuffix("()")
    if kind == "union_tag_not_found":
        return codes.MISSING.at(node.place(loc), key=tag)
    return _not_one_of((*loc, tag), node, str(context.get("expected_tags")))


def _not_one_of(loc: Loc, node: Node, expected: str) -> Finding:
    value = node.get(loc)
    names = re.findall(r"'([^']*)'", expected) or [expected]
    return codes.NOT_ONE_OF.at(
        node.place(loc),
        found=_shown(value, loc),
        expected=", ".join(names),
        **did_you_mean(str(value), names),
    )


def _existing(node: Node, loc: Iterable[str | int]) -> Loc:
    """Drop the steps that pydantic adds for unions and tags: only keys that are in the file."""
    kept: Loc = ()
    for step in loc:
        missing = object()
        if node.get((*kept, step), missing) is not missing:
            kept = (*kept, step)
    return kept


def _shown(value: Any, loc: Loc) -> str:
    if value is None:
        return "(null)"
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list):
        return "[…]"
    if any(isinstance(step, str) and _SECRET_KEY.search(step) for step in loc):
        return "'***'"
    text = _PASSWORD.sub(r"\1***@", str(value))
    return f"'{text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}'"


def _names_at(model: type[BaseModel], loc: Loc) -> set[str]:
    models = {model}
    for step in loc:
        fields = [
            field.annotation
            for candidate in models
            for name, field in candidate.model_fields.items()
            if (field.alias or name) == step
        ]
        if fields:
            models = {found for annotation in fields for found in _models_in(annotation)}
    return {
        field.alias or name
        for candidate in models
        for name, field in candidate.model_fields.items()
    }


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in typing.get_args(annotation) for model in _models_in(part)}
