"""The adapters that a node runs; exchanged as a whole while it runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from connector.clock import Clock
from connector.errors import ConfigError
from connector.flow import codes
from connector.flow.adapters.adapter import Adapter, load_adapter
from connector.flow.ours import Ours

__all__ = ["AdapterSet", "Loader"]


class AdapterSet:
    """Adapters by name. Who reads sees the whole set before or after an exchange, never between."""

    def __init__(self, adapters: Iterable[Adapter]) -> None:
        self._by_name: Mapping[str, Adapter] = {each.name: each for each in adapters}

    @property
    def current(self) -> tuple[Adapter, ...]:
        """All of them, in the order of connector.yaml."""
        return tuple(self._by_name.values())

    def get(self, name: str) -> Adapter | None:
        """Return the adapter that has a name now."""
        return self._by_name.get(name)

    def exchange(self, adapters: Iterable[Adapter]) -> None:
        """Put others in their place."""
        self._by_name = {each.name: each for each in adapters}


class Loader:
    """Loads adapters; each needs a name of its own and an agency that can sign (by its code)."""

    def __init__(self, ours: Ours, can_sign: Collection[str], clock: Clock) -> None:
        self.ours = ours
        self.clock = clock
        self._can_sign = can_sign

    def load(self, directory: Path, beside: Iterable[Adapter] = ()) -> Adapter:
        """Read one adapter; raises ConfigError with every finding."""
        adapter = load_adapter(directory, self.ours, self.clock)
        node = adapter.settings.node
        if any(other.name == adapter.name for other in beside):
            raise ConfigError(codes.ADAPTER_TWICE.at(node.place(("name",)), name=adapter.name))
        if adapter.agency not in self._can_sign:
            place = node.place(("agency",))
            raise ConfigError(codes.AGENCY_WITHOUT_KEY.at(place, code=adapter.agency))
        return adapter

    def load_all(self, directories: Iterable[Path]) -> tuple[Adapter, ...]:
        """Read the adapters of a node; raises ConfigError on the first that does not fit."""
        adapters: list[Adapter] = []
        for directory in directories:
            adapters.append(self.load(directory, adapters))
        return tuple(adapters)
