"""The kinds of sinks: name → where it is; a kind is loaded when a node uses it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from connector.config.load import parse
from connector.config.settings import Settings
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Loc, Node
from connector.errors import ConfigError
from connector.sinks import codes
from connector.sinks.base import Sink

__all__ = ["SINKS", "kinds", "open_sink", "settings_model"]

SINKS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "folder": (
            "connector.sinks.settings:FolderSettings",
            "connector.sinks.folder:open_folder",
        ),
        "sql": (
            "connector.sinks.settings:SqlSettings",
            "connector.sinks.sql:open_sql",
        ),
        "rest": (
            "connector.sinks.system_settings:RestSettings",
            "connector.sinks.rest:open_rest",
        ),
        "command": (
            "connector.sinks.system_settings:CommandSettings",
            "connector.sinks.command:open_command",
        ),
    }
)
"""Settings model and opening function of each kind."""


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(SINKS)


def settings_model(kind: str) -> type[Settings]:
    """Return the settings model of a kind."""
    model: type[Settings] = _load(SINKS[kind][0])
    return model


def open_sink(node: Node, at: Loc = (), base: Path | None = None) -> Sink:
    """Return the sink that a part of a configuration describes.

    Relative paths count from the file's directory, SQLite files from `base` if it is given.
    Raises ConfigError with a finding per problem; nothing is written yet.
    """
    part = node.at(at)
    kind = part.get(("type",))
    if not isinstance(kind, str) or kind not in SINKS:
        facts = {"kind": kind or "", "known": ", ".join(kinds())}
        suggestion = did_you_mean(str(kind), kinds())
        raise ConfigError(codes.UNKNOWN_KIND.at(part.place(("type",)), **facts, **suggestion))
    settings = parse(settings_model(kind), node, at)
    sink: Sink = _load(SINKS[kind][1])(settings, base or node.path.parent)
    return sink


def _load(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
