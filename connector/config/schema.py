"""JSON Schema (draft-07) of settings models: what editors check while a file is written."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

__all__ = ["draft07"]

_DIALECT: Final = "http://json-schema.org/draft-07/schema#"


def draft07(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the draft-07 schema of a settings model, its keys as they stand in the file."""
    body = _older(model.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": _DIALECT, **body, "title": title}


def _older(value: Any) -> Any:
    if isinstance(value, list):
        return [_older(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {_renamed(key): _older(item) for key, item in value.items() if key != "discriminator"}
    reference = schema.pop("$ref", None)
    if reference is None:
        return schema
    target = {"$ref": str(reference).replace("#/$defs/", "#/definitions/")}
    return {"allOf": [target], **schema} if schema else target


def _renamed(key: str) -> str:
    return "definitions" if key == "$defs" else key
