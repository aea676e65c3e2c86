"""What is no mistake in adapter.yaml, but should not stay unseen."""

from __future__ import annotations

from collections.abc import Iterator

from connector.config.load import parse
from connector.config.yaml_source import Node
from connector.errors import ConfigError, Finding
from connector.mapping import value_codes
from connector.mapping.python_functions import python_warnings
from connector.mapping.settings import AdapterSettings
from connector.mapping.tables import TableSettings, load_tables

__all__ = ["review", "review_tables"]


def review(settings: AdapterSettings) -> Iterator[Finding]:
    """Yield warnings: tables that nothing uses, code that the adapter brings.

    Raises ConfigError if the file of functions cannot be read.
    """
    used = {call.table for field in settings.fields.values() for call in field.transforms}
    for name in settings.tables:
        if name not in used and name != settings.secrecy.table:
            place = settings.node.place_of_key(("tables", name))
            yield value_codes.TABLE_UNUSED.at(place, name=name)
    yield from python_warnings(settings.python, settings.node.at(("python",)))


def review_tables(node: Node) -> Iterator[Finding]:
    """Yield what is wrong with the tables of an adapter.yaml of which other parts are wrong too.

    So what a person has to decide is told at once, not table by table.
    """
    tables = node.get(("tables",))
    for name in tables if isinstance(tables, dict) else ():
        try:
            settings = parse(TableSettings, node, ("tables", name))
            load_tables({name: settings}, node.at(("tables",)))
        except ConfigError as error:
            yield from error.findings
