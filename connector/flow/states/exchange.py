"""The exchange of states with legacy systems that a node's agencies have configured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from connector.config.load import parse
from connector.config.node import NodeConfig
from connector.flow.ledger import Ledger
from connector.flow.operate import Operator
from connector.flow.ours import Ours
from connector.flow.states.feed import StatusFeed, StatusSourceSettings
from connector.flow.states.report import StatusReport
from connector.sinks.status_out import open_status_sink

__all__ = ["Exchange", "check_exchanges", "exchange_names", "open_exchanges"]


class Exchange(Protocol):
    """One direction for one agency."""

    @property
    def name(self) -> str:
        """How it is called in the log, and under which its cursor is kept."""
        ...

    def step(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Exchange what is new, as long as `go_on` says so; return how much that was."""
        ...


def open_exchanges(
    config: NodeConfig, ledger: Ledger, operator: Operator, ours: Ours
) -> Iterator[Exchange]:
    """Yield the exchanges of all agencies; raises ConfigError if their settings are wrong."""
    for index, agency in enumerate(config.agencies):
        if agency.status_source is not None:
            node = config.section("agencies", index, "status_source")
            yield StatusFeed(ledger, operator, agency.code, node, Path(node.path).parent)
        if agency.status_sink is not None:
            node = config.section("agencies", index, "status_sink")
            yield StatusReport(ledger, ours, agency.code, node, Path(node.path).parent)


def exchange_names(config: NodeConfig) -> Iterator[str]:
    """Yield how the exchanges of all agencies are called, without opening them."""
    for agency in config.agencies:
        if agency.status_source is not None:
            yield StatusFeed.called(agency.code)
        if agency.status_sink is not None:
            yield StatusReport.called(agency.code)


def check_exchanges(config: NodeConfig) -> None:
    """Read all settings of exchanges; raises ConfigError if they are wrong."""
    for index, agency in enumerate(config.agencies):
        if agency.status_source is not None:
            parse(StatusSourceSettings, config.section("agencies", index, "status_source"))
        if agency.status_sink is not None:
            node = config.section("agencies", index, "status_sink")
            open_status_sink(node, Path(node.path).parent)
