"""What a person says about adapters: pause, resume, yes to the first collect. All journalled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from connector import crash
from connector.config.node import NodeConfig
from connector.errors import ConnectorError, Finding, PermanentError
from connector.events import OperatorActed
from connector.flow.adapters.codes import RELOAD_REFUSED, UNKNOWN_ADAPTER
from connector.flow.concern_codes import ADAPTER_PAUSED, ADAPTER_WAITS
from connector.flow.ledger import Ledger, Work
from connector.flow.told import inside, read, told
from connector.mapping.settings import load_adapter
from connector.store.conditions import (
    Condition,
    ConditionKind,
    condition,
    conditions,
    lift,
    put,
)
from connector.store.store import Transaction

__all__ = ["AdapterActs", "Resumed", "adapter_concerns", "adapter_directories"]

_SAID: Final = frozenset({ConditionKind.PAUSED, ConditionKind.WAITING})


@dataclass(frozen=True, slots=True)
class Resumed:
    """What `resume` changed; `waits` if the first collect still needs a yes."""

    unpaused: bool
    confirmed: bool
    waits: bool


class AdapterActs:
    """Carries out the commands in somebody's name; a running daemon follows at once."""

    def __init__(self, ledger: Ledger, names: Iterable[str], *, actor: str) -> None:
        self._ledger = ledger
        self._names = tuple(names)
        self._actor = actor

    def pause(self, name: str, reason: str | None) -> bool:
        """Stop collecting; False if the adapter is paused for that reason already.

        Raises:
            PermanentError: no adapter has that name.
        """
        with self._ledger.work() as work:
            self._check(work.tx, name)
            fresh = put(
                work.tx,
                Condition(
                    adapter=name,
                    kind=ConditionKind.PAUSED.value,
                    since=work.now,
                    actor=self._actor,
                    reason=reason,
                ),
            )
            if fresh:
                self._acted(work, "pause", name, reason)
        return fresh

    def resume(self, name: str, *, yes: bool) -> Resumed:
        """Let an adapter collect again; with `yes` its first collect may take everything.

        Raises:
            PermanentError: no adapter has that name.
        """
        with self._ledger.work() as work:
            self._check(work.tx, name)
            unpaused = lift(work.tx, name, ConditionKind.PAUSED)
            confirmed = yes and self._confirm(work, name)
            waits = condition(work.tx, name, ConditionKind.WAITING) is not None
            if unpaused or confirmed:
                said = "first collect confirmed" if confirmed else None
                self._acted(work, "resume", name, said)
        return Resumed(unpaused, confirmed, waits)

    def confirm(self, name: str) -> bool:
        """Let the first collect of an adapter take everything; False if that was said before."""
        with self._ledger.work() as work:
            self._check(work.tx, name)
            fresh = self._confirm(work, name)
            if fresh:
                self._acted(work, "confirm", name, "first collect confirmed")
        return fresh

    def waits(self, name: str) -> bool:
        """Tell whether an adapter waits for a yes to its first collect."""
        with self._ledger.store.read() as tx:
            self._check(tx, name)
            return condition(tx, name, ConditionKind.WAITING) is not None

    def _confirm(self, work: Work, name: str) -> bool:
        lift(work.tx, name, ConditionKind.WAITING)
        if condition(work.tx, name, ConditionKind.CONFIRMED) is not None:
            return False
        kind = ConditionKind.CONFIRMED.value
        return put(work.tx, Condition(adapter=name, kind=kind, since=work.now, actor=self._actor))

    def _check(self, tx: Transaction, name: str) -> None:
        said = {each.adapter for each in conditions(tx) if each.kind in _SAID}
        known = sorted({*self._names, *said})
        if name not in known:
            raise PermanentError(UNKNOWN_ADAPTER.at(name=name, known=", ".join(known) or "-"))

    def _acted(self, work: Work, action: str, name: str, reason: str | None) -> None:
        work.record(OperatorActed(action=action, actor=self._actor, target=name, reason=reason))
        crash.point("adapter.said")


def adapter_directories(config: NodeConfig) -> dict[str, Path]:
    """Return the directories of a node's adapters by name, without those that are wrong."""
    found: dict[str, Path] = {}
    for directory in config.adapters:
        try:
            found[load_adapter(directory).name] = directory
        except ConnectorError:
            continue
    return found


def adapter_concerns(found: Sequence[Condition]) -> list[str]:
    """Return what a person has to know of adapters that do not do what they are there for."""
    return [told(finding) for each in found if (finding := _concern(each)) is not None]


def _concern(found: Condition) -> Finding | None:
    """Return what a condition means for a person, None for one that is no concern."""
    kind, facts = ConditionKind(found.kind), asdict(found)
    if kind is ConditionKind.PAUSED:
        return ADAPTER_PAUSED.at(**facts)
    if kind is ConditionKind.WAITING:
        return ADAPTER_WAITS.at(**facts)
    if kind is ConditionKind.NOT_RELOADED:
        return RELOAD_REFUSED.at(adapter=found.adapter, **inside(read(found.reason)))
    return None
