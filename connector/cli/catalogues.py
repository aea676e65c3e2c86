"""`connector list`: the closed lists that integrators choose from, straight from the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connector.cli.nodes import json_option
from connector.cli.output import print_json, table

if TYPE_CHECKING:
    from connector.errors import Text

__all__ = ["all_texts", "catalogues", "facts_of"]


@click.command("list")
@json_option
@click.argument("what", type=click.Choice(["sources", "transforms", "rules", "errors", "events"]))
def catalogues(what: str, *, as_json: bool) -> None:
    """List the sources, transforms, rules, errors or events that there are."""
    rows = facts_of(what)
    if as_json:
        print_json(rows)
        return
    header = list(rows[0])
    table(header, [[row[name] for name in header] for row in rows])


def facts_of(what: str) -> list[dict[str, Any]]:
    """Return one list as rows of equal keys."""
    return {
        "sources": _sources,
        "transforms": _transforms,
        "rules": _rules,
        "errors": _errors,
        "events": _events,
    }[what]()


def all_texts() -> tuple[Text, ...]:
    """Return the messages of all rooms, by code."""
    from connector.agencies import codes as agencies
    from connector.broker import codes as broker
    from connector.cli import files
    from connector.config import codes as config
    from connector.demo import codes as demo
    from connector.edxml import codes as edxml
    from connector.edxml import rule_codes
    from connector.flow import codes as flow
    from connector.mapping import codes as mapping
    from connector.service import codes as service
    from connector.sinks import codes as sinks
    from connector.sources import codes as sources
    from connector.store import codes as store
    from connector.trust import codes as trust

    rooms: list[Any] = [agencies, broker, config, demo, edxml, rule_codes, files, flow]
    rooms += [mapping, service, sinks, sources, store, trust]
    texts = {entry.code: entry for room in rooms for entry in room.CATALOGUE}
    return tuple(texts[code] for code in sorted(texts))


def _sources() -> list[dict[str, Any]]:
    from connector.sources.registry import kinds, settings_model

    return [
        {"source": name, "settings": ", ".join(settings_model(name).model_fields)}
        for name in kinds()
    ]


def _transforms() -> list[dict[str, Any]]:
    from connector.mapping.transforms import TRANSFORMS

    return [
        {
            "transform": transform.name,
            "does": transform.doc,
            "example": f"{transform.examples[0].given!r} → {transform.examples[0].result!r}",
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
        {"code": text.code, "severity": text.severity.value, "en": text.en, "vi": text.vi}
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
