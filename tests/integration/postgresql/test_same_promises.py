"""A store on PostgreSQL keeps what one on SQLite promises: the same tests on the other database."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.integration.flow import (
    test_acts,
    test_exchange,
    test_failures,
    test_hostile,
    test_parts_received,
    test_status_exchange,
)
from tests.unit.store import (
    test_conditions,
    test_inbox,
    test_inbox_batches,
    test_journal,
    test_orphans,
    test_outbox,
    test_parts,
    test_recipes,
    test_sources,
)

_SUITES = (
    *(test_conditions, test_inbox, test_inbox_batches, test_journal),
    *(test_orphans, test_outbox, test_parts, test_recipes, test_sources),
    *(test_acts, test_exchange, test_failures, test_hostile, test_parts_received),
    test_status_exchange,
)
_OF_SQLITE = frozenset({"test_the_processing_order_needs_no_sorting"})
"""How SQLite plans a query."""


def _borrowed(suite: ModuleType) -> dict[str, Any]:
    """Return the tests of a module under names that say where they are from, and its fixtures."""
    origin = suite.__name__.rpartition(".")[2].removeprefix("test_")
    found: dict[str, Any] = {}
    for name, thing in vars(suite).items():
        if name.startswith("test_") and name not in _OF_SQLITE:
            found[f"test_{origin}__{name.removeprefix('test_')}"] = thing
        elif type(thing).__name__ == "FixtureFunctionDefinition":
            found[name] = thing
    return found


for _suite in _SUITES:
    globals().update(_borrowed(_suite))
