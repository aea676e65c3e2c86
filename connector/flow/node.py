"""The composition root: from a configuration to corridors that are ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.agencies.catalogue import Catalogue
from connector.agencies.files import load as load_catalogue
from connector.clock import Clock
from connector.config.node import AgencyConfig, NodeConfig
from connector.edxml.parser import Limits
from connector.errors import ConfigError, ConnectorError, Finding
from connector.events import Emitter
from connector.flow import codes
from connector.flow.adapter import Adapter, load_adapter
from connector.flow.admit import Admission
from connector.flow.collect import Collector
from connector.flow.deliver import DeliveryDesk
from connector.flow.ledger import Ledger
from connector.flow.links import Link, agency_broker, open_consumer, open_publisher
from connector.flow.operate import Operator
from connector.flow.ours import OurAgency, Ours
from connector.flow.outbound import Outbound
from connector.flow.receipts import Receipts
from connector.flow.receive import Receiver
from connector.flow.relay import Relay
from connector.flow.retry import RetryPolicy
from connector.flow.upkeep import Upkeep
from connector.model.envelope import Organization
from connector.sinks.base import Sink
from connector.sinks.registry import open_sink
from connector.store.spool import Spool
from connector.store.store import Store
from connector.trust.keyring import Keyring
from connector.trust.keys import SigningKey
from connector.trust.registry import Trust
from connector.trust.settings import parse_key_list
from connector.trust.trust_source import TrustFiles, TrustSource

__all__ = ["Node", "check_node", "node_trust", "open_node", "our_agencies", "signing_keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One installation: its configuration and all of its rooms, wired."""

    config: NodeConfig
    clock: Clock
    emitter: Emitter
    store: Store
    spool: Spool
    ledger: Ledger
    ours: Ours
    upkeep: Upkeep
    adapters: tuple[Adapter, ...]
    outbound: Outbound
    receipts: Receipts
    collector: Collector
    admission: Admission
    desk: DeliveryDesk
    policy: RetryPolicy

    def operator(self, actor: str) -> Operator:
        """Return the commands of a person or script, journalled under that name."""
        return Operator(
            self.ledger,
            self.spool,
            self.outbound,
            self.ours,
            self.receipts,
            self.desk,
            actor=actor,
        )

    def open_links(self) -> list[Link]:
        """Connect every agency to the broker; connecting goes on in the background."""
        links: list[Link] = []
        try:
            for agency in self.config.agencies:
                links.append(self._link(agency))  # noqa: PERF401 - those before must be closed
        except BaseException:
            for link in links:
                link.close()
            raise
        return links

    def _link(self, agency: AgencyConfig) -> Link:
        settings = agency_broker(self.config.broker, agency)
        publisher = open_publisher(settings, self.ledger.tell)
        consumer = open_consumer(settings, agency.code, self.ledger.tell)
        relay = Relay(
            self.ledger,
            self.spool,
            publisher,
            self.policy,
            agency=agency.code,
            sends_for=_speaks_for(self.ours, agency.code),
            environment=self.config.environment.value,
        )
        relay.recover()
        receiver = Receiver(self.ledger, self.spool, consumer, self.receipts)
        return Link(agency.code, publisher, consumer, relay, receiver, self.clock)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def open_node(config: NodeConfig, *, clock: Clock, emitter: Emitter) -> Node:
    """Open store, spool, keys, trust, adapters and sinks of a configuration.

    Raises:
        ConfigError: something in it does not fit; nothing was changed.
        StorageError: the store cannot be used.
    """
    catalogue = load_catalogue(config.catalogue.file)
    ours = our_agencies(config, catalogue)
    keys = signing_keys(config, clock)
    source = TrustSource(
        TrustFiles(config=config.trust, state_dir=config.state_dir),
        clock=clock,
        canonical=catalogue.canonical,
    )
    adapters = _adapters(config, ours, keys, clock)
    sinks = _sinks(config)
    store = Store.open(config.store.url or config.state_dir, clock=clock)
    spool = Spool(config.state_dir / "spool")
    ledger = Ledger(store, emitter, clock)
    limits, policy = _limits(config), _policy(config)
    outbound = Outbound(
        spool=spool, keys=keys, clock=clock, canonical=ours.canonical, limits=limits
    )
    receipts = Receipts(ledger, outbound, ours)
    environment, hold_seconds = config.environment.value, config.retry.hold_seconds
    return Node(
        config=config,
        clock=clock,
        emitter=emitter,
        store=store,
        spool=spool,
        ledger=ledger,
        ours=ours,
        upkeep=Upkeep(ledger, source, keys),
        adapters=adapters,
        outbound=outbound,
        receipts=receipts,
        collector=Collector(ledger, outbound),
        admission=Admission(ledger, spool, source, ours, receipts, policy, limits, environment),
        desk=DeliveryDesk(ledger, spool, ours, receipts, sinks, policy, limits, hold_seconds),
        policy=policy,
    )


def _limits(config: NodeConfig) -> Limits:
    return Limits(
        max_bytes=config.limits.max_packet_bytes,
        max_attachment_bytes=config.limits.max_attachment_bytes,
    )


def _policy(config: NodeConfig) -> RetryPolicy:
    return RetryPolicy(
        first_seconds=config.retry.first_seconds,
        max_seconds=config.retry.max_seconds,
        park_after_seconds=config.retry.park_after_seconds,
    )


def check_node(config: NodeConfig, clock: Clock) -> Iterator[Finding]:
    """Yield what of a node's configuration cannot be opened: keys, trust, catalogue, sinks."""
    checks: tuple[Callable[[], object], ...] = (
        lambda: load_catalogue(config.catalogue.file),
        lambda: signing_keys(config, clock),
        lambda: node_trust(config, load_catalogue(config.catalogue.file), clock),
        lambda: _sinks(config),
        lambda: [agency_broker(config.broker, agency) for agency in config.agencies],
    )
    for check in checks:
        try:
            check()
        except ConnectorError as error:
            yield from error.findings


def node_trust(config: NodeConfig, catalogue: Catalogue, clock: Clock) -> Trust:
    """Load whom a configuration believes, codes spelled by its catalogue."""
    files = TrustFiles(config=config.trust, state_dir=config.state_dir)
    return files.load(catalogue.canonical, at=clock.now())


def our_agencies(config: NodeConfig, catalogue: Catalogue) -> Ours:
    """Return the agencies of a configuration as the corridors see them."""
    agencies = {
        agency.code: OurAgency(organization=_organization(agency), serves=frozenset(agency.codes))
        for agency in config.agencies
    }
    return Ours(agencies, catalogue)


def signing_keys(config: NodeConfig, clock: Clock) -> Keyring:
    """Load the keys of all agencies that have one, each once per process."""
    settings = {
        agency.code: parse_key_list(config.key_section(index))
        for index, agency in enumerate(config.agencies)
        if agency.key is not None
    }
    return Keyring(settings, clock=clock)


def _organization(agency: AgencyConfig) -> Organization:
    extra = agency.organization.model_dump(exclude_none=True)
    return Organization(**{"organ_id": agency.code, "organ_name": agency.name, **extra})


def _adapters(
    config: NodeConfig, ours: Ours, keys: Mapping[str, SigningKey], clock: Clock
) -> tuple[Adapter, ...]:
    """Load the adapters; each needs a name of its own and an agency that can sign."""
    adapters: dict[str, Adapter] = {}
    for path in config.adapters:
        adapter = load_adapter(path, ours, clock)
        node = adapter.settings.node
        if adapter.name in adapters:
            raise ConfigError(codes.ADAPTER_TWICE.at(node.place(("name",)), name=adapter.name))
        if adapter.agency not in keys:
            place = node.place(("agency",))
            raise ConfigError(codes.AGENCY_WITHOUT_KEY.at(place, code=adapter.agency))
        adapters[adapter.name] = adapter
    return tuple(adapters.values())


def _speaks_for(ours: Ours, agency: str) -> Callable[[str], bool]:
    """Return the test whether packets of a sender leave by one agency's broker user."""

    def sends_for(sender: str) -> bool:
        found = ours.agency_for(sender)
        return found is not None and found.code == agency

    return sends_for


def _sinks(config: NodeConfig) -> dict[str, list[Sink]]:
    """Open the sinks; by served code, as each sink says which codes' documents go to it."""
    by_code: dict[str, list[Sink]] = {code: [] for code in config.served}
    for index, settings in enumerate(config.sinks):
        node = config.sink_section(index)
        sink = open_sink(node, (), Path(node.path).parent)
        for code in settings.serves or config.served:
            by_code[code].append(sink)
    return by_code
