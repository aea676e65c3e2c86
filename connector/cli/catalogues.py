"""`connector list`: the closed lists that integrators choose from, straight from the code."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Final

import click

import connector
from connector.cli.nodes import json_option
from connector.cli.output import print_json

if TYPE_CHECKING:
    from connector.errors import Text

__all__ = ["WHAT", "all_texts", "catalogues", "facts_of"]

WHAT: Final = ("sources", "sinks", "fields", "transforms", "rules", "errors", "events")
"""The lists that there are."""


@click.command("list")
@json_option
@click.argument("what", type=click.Choice(WHAT))
def catalogues(what: str, *, as_json: bool) -> None:
    """List what there is to choose from, or what may be reported."""
    rows = facts_of(what)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        first, *others = row
        click.echo(row[first])
        for name in others:
            if row[name]:
                click.echo(f"  {name}: {row[name]}")


def facts_of(what: str) -> list[dict[str, Any]]:
    """Return one list as rows of equal keys."""
    return {
        "sources": _sources,
        "sinks": _sinks,
        "fields": _fields,
        "transforms": _transforms,
        "rules": _rules,
        "errors": _errors,
        "events": _events,
    }[what]()


def all_texts() -> tuple[Text, ...]:
    """Return the messages of all rooms, by code: the catalogues of all modules named …codes."""
    modules = (module.name for module in pkgutil.walk_packages(connector.__path__, "connector."))
    rooms = [importlib.import_module(name) for name in modules if name.endswith("codes")]
    texts = {entry.code: entry for room in rooms for entry in room.CATALOGUE}
    return tuple(texts[code] for code in sorted(texts))


def _sources() -> list[dict[str, Any]]:
    from connector.sources.registry import kinds, settings_model

    return [
        {"source": name, "settings": ", ".join(settings_model(name).model_fields)}
        for name in kinds()
    ]


def _sinks() -> list[dict[str, Any]]:
    from connector.sinks.registry import kinds, settings_model

    return [
        {"sink": name, "settings": ", ".join(settings_model(name).model_fields)} for name in kinds()
    ]


def _fields() -> list[dict[str, Any]]:
    from connector.mapping.fields import FIELDS

    return [
        {
            "field": field.path,
            "vi": field.title,
            "en": field.doc,
            "holds": f"{'a list, each ' if field.many else ''}{field.kind.en}",
            "required": field.required,
        }
        for field in FIELDS.values()
    ]


def _transforms() -> list[dict[str, Any]]:
    from connector.mapping.transforms import TRANSFORMS
    from connector.mapping.values import spelled

    return [
        {
            "transform": transform.name,
            "does": transform.doc,
            "example": f"{spelled(transform.examples[0].given)} → "
            f"{spelled(transform.examples[0].result)}",
        }
        for transform in TRANSFORMS.values()
    ]


def _rules() -> list[dict[str, Any]]:
    from connector.edxml.rules import RULES

    return [
        {
            "rule": rule.name,
            "law": rule.law,
            "en": rule.en,
            "vi": rule.vi,
        }
        for rule in RULES
    ]


def _errors() -> list[dict[str, Any]]:
    return [
        {
            "code": text.code,
            "severity": text.severity.value,
            "en": text.en,
            "vi": text.vi,
            "hint_en": text.hint_en,
            "hint_vi": text.hint_vi,
        }
        for text in all_texts()
    ]


def _events() -> list[dict[str, Any]]:
    from connector import events

    kinds = [getattr(events, name) for name in events.__all__]
    return [
        {"event": kind.name(), "level": kind.level, "meaning": (kind.__doc__ or "").strip()}
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, events.Event) and kind is not events.Event
    ]
