"""Adapters are read anew while the node runs: lint first, then the whole set is exchanged.

What is wrong stays out: the version before goes on, with an alarm and a line in `status`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connector.config.node import NodeConfig, load_node
from connector.errors import ConfigError, ConnectorError, Finding, Severity
from connector.events import AdaptersReloaded, AlarmRaised
from connector.flow.adapters.adapter import Adapter
from connector.flow.adapters.adapter_set import AdapterSet, Loader
from connector.flow.adapters.codes import (
    NEEDS_RESTART,
    RELOAD_REFUSED,
    RELOAD_UNEXPECTED,
)
from connector.flow.adapters.lint import lint_adapter
from connector.flow.ledger import Ledger, Work
from connector.flow.places import refuse_clashes
from connector.flow.told import inside, kept
from connector.store.conditions import Condition, ConditionKind, conditions, lift, put

__all__ = ["AdapterReload", "Reloaded"]


@dataclass(slots=True)
class Reloaded:
    """What became of the adapters, by name; `refused` with the first reason of each."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: dict[str, Finding] = field(default_factory=dict)
    restart: Finding | None = None

    @property
    def moved(self) -> int:
        """How many adapters are others than before."""
        return len(self.added) + len(self.changed) + len(self.removed)


class AdapterReload:
    """Compares what runs with what connector.yaml and the adapters' files say now."""

    def __init__(
        self, ledger: Ledger, adapters: AdapterSet, loader: Loader, config: NodeConfig
    ) -> None:
        self._ledger = ledger
        self._adapters = adapters
        self._loader = loader
        self._config = config

    def begin(self) -> None:
        """Note that everything was read well: a node whose adapters are wrong does not start."""
        with self._ledger.work() as work:
            _forget(work)

    def reload(self) -> Reloaded:
        """Take over what is right; safe while the adapters collect.

        Raises:
            StorageError: the journal cannot be written; nothing was exchanged.
        """
        file = Path(self._config.section().path)
        result = Reloaded()
        try:
            config = load_node(file)
        except ConnectorError as error:
            result.refused[file.name] = error.findings[0]
            adapters: Sequence[Adapter] = self._adapters.current
        else:
            result.restart = self._needs_restart(config)
            adapters = self._read(config, result)
        with self._ledger.work() as work:
            self._record(work, result)
        self._adapters.exchange(adapters)
        return result

    def _read(self, config: NodeConfig, result: Reloaded) -> list[Adapter]:
        # Until a restart sinks and state are where they were; else lines are those of the new file.
        in_force = config if result.restart is None else self._config
        before = {each.directory: each for each in self._adapters.current}
        adapters: list[Adapter] = []
        for directory in config.adapters:
            old = before.pop(directory, None)
            new = self._one(directory, old, adapters, in_force)
            if isinstance(new, Finding):
                result.refused[old.name if old else directory.name] = new
                if old is not None and not any(each.name == old.name for each in adapters):
                    adapters.append(old)
                continue
            adapters.append(new)
            if old is None or old.name != new.name:
                result.added.append(new.name)
                result.removed += [] if old is None else [old.name]
            elif new is not old:
                result.changed.append(new.name)
        result.removed += [old.name for old in before.values()]
        return adapters

    def _one(
        self, directory: Path, old: Adapter | None, beside: Sequence[Adapter], in_force: NodeConfig
    ) -> Adapter | Finding:
        """Return the adapter of a directory, or what speaks against it."""
        try:
            return self._linted(directory, old, beside, in_force)
        except ConnectorError as error:
            return error.findings[0]
        except Exception as error:  # noqa: BLE001 - what runs goes on, whatever is in the files
            return RELOAD_UNEXPECTED.at(directory=directory, reason=repr(error))

    def _linted(
        self, directory: Path, old: Adapter | None, beside: Sequence[Adapter], in_force: NodeConfig
    ) -> Adapter:
        """Load and lint an adapter; the same as before if its files are the same."""
        new = self._loader.load(directory, beside)
        if old is not None and old.config_hash == new.config_hash:
            return old
        refuse_clashes(in_force, (new,))
        found = lint_adapter(directory, self._loader.ours, self._loader.clock)
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        if errors:
            raise ConfigError(*errors)
        return new

    def _needs_restart(self, config: NodeConfig) -> Finding | None:
        old, new = self._config.model_dump(), config.model_dump()
        sections = [name for name in new if name != "adapters" and new[name] != old[name]]
        return NEEDS_RESTART.at(sections=", ".join(sections)) if sections else None

    def _record(self, work: Work, result: Reloaded) -> None:
        _forget(work)
        for name, reason in result.refused.items():
            kind = ConditionKind.NOT_RELOADED.value
            put(work.tx, Condition(adapter=name, kind=kind, since=work.now, reason=kept(reason)))
            refused = RELOAD_REFUSED.at(adapter=name, **inside(reason))
            work.record(AlarmRaised(error_code=refused.code, reason=refused.en))
        if result.restart is not None:
            work.record(AlarmRaised(error_code=result.restart.code, reason=result.restart.en))
        if result.moved or result.refused:
            work.record(
                AdaptersReloaded(
                    added=", ".join(result.added) or None,
                    changed=", ".join(result.changed) or None,
                    removed=", ".join(result.removed) or None,
                    refused=", ".join(result.refused) or None,
                    error_code=RELOAD_REFUSED.code if result.refused else None,
                )
            )


def _forget(work: Work) -> None:
    for each in conditions(work.tx):
        if each.kind == ConditionKind.NOT_RELOADED:
            lift(work.tx, each.adapter, ConditionKind.NOT_RELOADED)
