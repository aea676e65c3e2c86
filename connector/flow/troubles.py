"""What cannot go on by itself in the legacy systems is a concern of `status` until it does.

A failure is noted when it begins and when it becomes another, never at every look; the next
success ends it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from connector.errors import Finding
from connector.flow.ledger import Ledger
from connector.flow.told import kept
from connector.store.conditions import Condition, ConditionKind, conditions, lift, put

__all__ = ["Troubles"]


class Troubles:
    """Keeps which adapters and exchanges of states fail; safe for several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger: Final = ledger
        self._noted: Final[dict[str, str | None]] = {}
        self._followed: frozenset[str] = frozenset()
        self._noting: Final = threading.Lock()

    def follow(self, names: Iterable[str]) -> None:
        """Keep troubles under these names from now on, and forget those of all others."""
        with self._noting:
            self._followed = frozenset(names)
            with self._ledger.store.read() as tx:
                known = [each.adapter for each in conditions(tx) if _fails(each)]
            for name in known:
                if name not in self._followed:
                    self._note(name, None)
            for name in set(self._noted) - self._followed:
                del self._noted[name]

    def failed(self, name: str, finding: Finding) -> None:
        """Note why something failed; nothing is written while it fails for the same reason."""
        self._keep(name, kept(finding))

    def went_well(self, name: str) -> None:
        """Note that something succeeded; nothing is written unless it had failed before."""
        self._keep(name, None)

    def _keep(self, name: str, reason: str | None) -> None:
        with self._noting:
            noted = name in self._noted and self._noted[name] == reason
            if name in self._followed and not noted:
                self._note(name, reason)
                self._noted[name] = reason

    def _note(self, name: str, reason: str | None) -> None:
        kind = ConditionKind.FAILING
        with self._ledger.work() as work:
            if reason is None:
                lift(work.tx, name, kind)
            else:
                new = Condition(adapter=name, kind=kind.value, since=work.now, reason=reason)
                put(work.tx, new)


def _fails(found: Condition) -> bool:
    return found.kind == ConditionKind.FAILING
