"""From a Node to frozen settings, with every problem at its place."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connector.config.complaints import complaints
from connector.config.settings import LocalPath, SettingProblem, Settings
from connector.config.yaml_source import Loc, Node, load_yaml
from connector.errors import ConfigError, Finding

__all__ = ["LocalPath", "SettingProblem", "Settings", "findings_of", "load_yaml", "parse"]

M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], node: Node, at: Loc = ()) -> M:
    """Return the settings of one part of a file; relative paths count from the file's directory.

    Raises ConfigError with one finding per problem.
    """
    part = node.at(at)
    try:
        return _validated(model, part)
    except ValidationError as error:
        raise ConfigError(*complaints(error, model, part)) from None


def findings_of(model: type[BaseModel], node: Node, at: Loc = ()) -> tuple[Finding, ...]:
    """Return what is wrong with one part of a file, nothing if it can be parsed."""
    try:
        parse(model, node, at)
    except ConfigError as error:
        return error.findings
    return ()


def _validated(model: type[M], part: Node) -> M:
    value = {} if part.value is None else part.value
    return model.model_validate(value, context={"base": part.path.parent, "node": part})
