"""The kinds of sources by name; each is imported only when an adapter uses it.

Others can be added by packages through the entry-point group ``connector.sources``: an entry
loads a `Kind`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel

from connector.clock import Clock, SystemClock
from connector.config.load import parse
from connector.config.suggest import did_you_mean
from connector.config.yaml_source import Loc, Node
from connector.errors import ConfigError
from connector.sources import codes
from connector.sources.base import Source

__all__ = ["BUILT_IN", "Kind", "kinds", "open_source", "settings_model"]

_GROUP: Final = "connector.sources"


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a kind's settings model and its opening function are, as ``module:name``.

    The opener is called ``opener(settings, where=…, base=…, clock=…)`` and returns a `Source`;
    `extra` is what to install if an import fails.
    """

    settings: str
    opener: str
    extra: str = ""


BUILT_IN: Final = {
    "csv": Kind("connector.sources.settings:CsvSettings", "connector.sources.csv:open_csv"),
    "excel": Kind(
        "connector.sources.settings:ExcelSettings",
        "connector.sources.excel:open_excel",
        extra="excel",
    ),
    "fixed": Kind(
        "connector.sources.plain_settings:FixedSettings", "connector.sources.fixed:open_fixed"
    ),
    "json": Kind(
        "connector.sources.tree_settings:JsonSettings", "connector.sources.json:open_json"
    ),
    "xml": Kind("connector.sources.tree_settings:XmlSettings", "connector.sources.xml:open_xml"),
    "dxl": Kind("connector.sources.tree_settings:DxlSettings", "connector.sources.dxl:open_dxl"),
    "dbf": Kind(
        "connector.sources.plain_settings:DbfSettings",
        "connector.sources.dbf:open_dbf",
        extra="dbf",
    ),
    "access": Kind(
        "connector.sources.plain_settings:AccessSettings", "connector.sources.access:open_access"
    ),
    "edxml": Kind(
        "connector.sources.tree_settings:EdxmlSettings", "connector.sources.edxml:open_edxml"
    ),
    "rest": Kind(
        "connector.sources.rest_settings:RestSettings", "connector.sources.rest:open_rest"
    ),
    "odoo": Kind(
        "connector.sources.rest_settings:OdooSettings", "connector.sources.odoo:open_odoo"
    ),
    "sql": Kind("connector.sources.settings:SqlSettings", "connector.sources.sql:open_sql"),
}


def kinds() -> dict[str, Kind]:
    """Return every kind that is installed, the built-in ones first."""
    others = {
        entry.name: cast("Kind", entry.load())
        for entry in entry_points(group=_GROUP)
        if entry.name not in BUILT_IN
    }
    return BUILT_IN | others


def settings_model(kind: str) -> type[BaseModel]:
    """Return the settings model of a kind, for schema and lint; ConfigError if it is unknown."""
    return cast("type[BaseModel]", _loaded(_kind(kind, kind).settings))


def open_source(node: Node, at: Loc, base: Path, *, clock: Clock | None = None) -> Source:
    """Return the source that the settings at `at` describe, without touching the export.

    `base` is the adapter's directory, from which places are named. Raises ConfigError if the
    settings are wrong or a package is missing.
    """
    written = node.get((*at, "type"))
    if written is None:
        known = ", ".join(kinds())
        raise ConfigError(codes.KIND_MISSING.at(node.place(at), known=known))
    name = str(written)
    kind = _kind(name, node.place((*at, "type")))
    settings = parse(cast("type[BaseModel]", _loaded(kind.settings)), node, at)
    try:
        opener = cast("Callable[..., Source]", _loaded(kind.opener))
        return opener(
            settings,
            where=lambda key: node.place((*at, key)),
            base=base,
            clock=clock or SystemClock(),
        )
    except ImportError as error:
        missing, extra = error.name or str(error), kind.extra or name
        place = node.place((*at, "type"))
        finding = codes.EXTRA_MISSING.at(place, kind=name, package=missing, extra=extra)
        raise ConfigError(finding) from error


def _kind(name: str, place: str) -> Kind:
    if name in BUILT_IN:  # sources are opened every few seconds: look around for others only
        return BUILT_IN[name]
    known = kinds()
    if name not in known:
        facts = {"kind": name, "known": ", ".join(known), **did_you_mean(name, known)}
        raise ConfigError(codes.KIND_UNKNOWN.at(place, **facts))
    return known[name]


def _loaded(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
