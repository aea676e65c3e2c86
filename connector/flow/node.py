"""The composition root: from a configuration to corridors that are ready to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector import crash
from connector.agencies.catalogue import Catalogue
from connector.agencies.files import load as load_catalogue
from connector.clock import Clock
from connector.config.node import AgencyConfig, Environment, NodeConfig
from connector.edxml.parser import Limits
from connector.events import DocumentSealed, Emitter, StatusQueued
from connector.flow.adapters.adapter import Adapter
from connector.flow.adapters.adapter_set import AdapterSet, Loader
from connector.flow.adapters.reload import AdapterReload
from connector.flow.admit import Admission
from connector.flow.assembly import Assembler
from connector.flow.collect import Collector
from connector.flow.crowding import Room
from connector.flow.deliver import DeliveryDesk
from connector.flow.intake import Intake
from connector.flow.ledger import Ledger
from connector.flow.links import Link, agency_broker, open_consumer, open_publisher
from connector.flow.operate import Operator
from connector.flow.ours import OurAgency, Ours
from connector.flow.outbound import Outbound
from connector.flow.own_signature import OwnSignature
from connector.flow.places import refuse_clashes
from connector.flow.receipts import Receipts
from connector.flow.receive import Receiver
from connector.flow.relay import Relay
from connector.flow.retry import RetryPolicy
from connector.flow.states.exchange import Exchange, open_exchanges
from connector.flow.stores import open_store
from connector.flow.tidying import Tidying
from connector.flow.upkeep import Upkeep
from connector.flow.verified import JustVerified
from connector.flow.workers.checking import Checks, default_checks
from connector.flow.workers.checking import Setup as CheckSetup
from connector.flow.workers.checking import Version as CheckVersion
from connector.flow.workers.memory import keep_freed_memory
from connector.flow.workers.sealer import Sealer
from connector.flow.workers.sealing import Setup, Workers, default_workers
from connector.model.envelope import Organization
from connector.sinks.base import Sink
from connector.sinks.registry import open_sink
from connector.store.spool import Spool
from connector.store.store import Store
from connector.trust.keyring import Keyring
from connector.trust.registry import Trust
from connector.trust.settings import KeySettings, parse_key_list
from connector.trust.trust_source import TrustFiles, TrustSource

__all__ = ["Node", "node_sinks", "node_trust", "open_node", "our_agencies", "signing_keys"]


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
    tidying: Tidying
    adapter_set: AdapterSet
    reloading: AdapterReload
    outbound: Outbound
    receipts: Receipts
    collector: Collector
    intake: Intake
    admission: Admission
    desk: DeliveryDesk
    own_signature: OwnSignature
    policy: RetryPolicy
    assembler: Assembler

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The adapters that run now."""
        return self.adapter_set.current

    def operator(self, actor: str) -> Operator:
        """Return the commands of a person or script, journalled under that name."""
        return Operator(
            self.ledger,
            self.spool,
            self.outbound,
            self.ours,
            self.receipts,
            self.desk,
            self.own_signature,
            actor=actor,
        )

    def exchanges(self) -> list[Exchange]:
        """Open the exchange of states with the agencies' legacy systems; raises ConfigError."""
        operator = self.operator("status source")
        return list(open_exchanges(self.config, self.ledger, operator, self.ours))

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
        self.ledger.wake_on(publisher, DocumentSealed, StatusQueued)
        consumer = open_consumer(settings, agency.code, self.ledger.tell)
        relay = Relay(
            self.ledger,
            self.spool,
            publisher,
            self.policy,
            agency=agency.code,
            sends_for=_speaks_for(self.ours, agency.code),
            environment=self.config.environment.value,
            part_bytes=self.config.broker.part_bytes,
            fresh=self.outbound.fresh,
        )
        relay.recover()
        receiver = Receiver(
            self.ledger,
            self.spool,
            consumer,
            self.receipts,
            self.assembler,
            self.admission.arrived,
        )
        return Link(agency.code, publisher, consumer, relay, receiver, self.clock)

    def close(self) -> None:
        """End the processes beside this one and close the store."""
        self.outbound.close()
        self.admission.close()
        self.store.close()


def open_node(config: NodeConfig, *, clock: Clock, emitter: Emitter) -> Node:
    """Open store, spool, keys, trust, adapters and sinks of a configuration.

    Raises:
        ConfigError: something in it does not fit; nothing was changed.
        StorageError: the store cannot be used.
    """
    keep_freed_memory()
    crash.arm_from(os.environ, production=config.environment is Environment.PRODUCTION)
    given = _given(config, clock)
    ground = _ground(given, emitter)
    ledger, outbound = ground.ledger, _outbound(given, ground)
    receipts = Receipts(ledger, outbound, given.ours)
    collector = Collector(ledger, outbound)
    just_verified = JustVerified()
    return Node(
        config=config,
        clock=clock,
        emitter=emitter,
        store=ground.store,
        spool=ground.spool,
        ledger=ledger,
        ours=given.ours,
        upkeep=Upkeep(ledger, given.source, given.keys),
        tidying=Tidying(ledger, (ground.spool, ground.parts)),
        adapter_set=given.adapter_set,
        reloading=AdapterReload(ledger, given.adapter_set, given.loader, config),
        outbound=outbound,
        receipts=receipts,
        collector=collector,
        intake=Intake(ledger, collector),
        admission=_admission(given, ground, receipts, just_verified),
        desk=_desk(given, ground, receipts, just_verified),
        own_signature=OwnSignature(given.keys, given.source, clock),
        policy=given.policy,
        assembler=_assembler(given, ground),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What a configuration and the files that it names say."""

    config: NodeConfig
    clock: Clock
    catalogue: Catalogue
    ours: Ours
    keys: Keyring
    source: TrustSource
    loader: Loader
    adapter_set: AdapterSet
    sinks: Mapping[str, Sequence[Sink]]
    limits: Limits
    policy: RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where a node keeps what it must not forget."""

    store: Store
    spool: Spool
    parts: Spool
    ledger: Ledger


def _given(config: NodeConfig, clock: Clock) -> _Given:
    """Read what the configuration names; nothing is changed."""
    catalogue = load_catalogue(config.catalogue.file)
    ours = our_agencies(config, catalogue)
    keys = signing_keys(config, clock)
    files = TrustFiles(config=config.trust, state_dir=config.state_dir)
    source = TrustSource(files, clock=clock, canonical=catalogue.canonical)
    loader = Loader(ours, keys, clock)
    adapters, sinks = loader.load_all(config.adapters), node_sinks(config)
    refuse_clashes(config, adapters)
    return _Given(
        config=config,
        clock=clock,
        catalogue=catalogue,
        ours=ours,
        keys=keys,
        source=source,
        loader=loader,
        adapter_set=AdapterSet(adapters),
        sinks=sinks,
        limits=_limits(config),
        policy=_policy(config),
    )


def _ground(given: _Given, emitter: Emitter) -> _Ground:
    state_dir, store = given.config.state_dir, open_store(given.config, clock=given.clock)
    return _Ground(
        store=store,
        spool=Spool(state_dir / "spool"),
        parts=Spool(state_dir / "parts"),
        ledger=Ledger(store, emitter, given.clock),
    )


def _outbound(given: _Given, ground: _Ground) -> Outbound:
    return Outbound(
        spool=ground.spool,
        keys=given.keys,
        clock=given.clock,
        canonical=given.ours.canonical,
        limits=given.limits,
        workers=_workers(given),
    )


def _admission(
    given: _Given, ground: _Ground, receipts: Receipts, just_verified: JustVerified
) -> Admission:
    return Admission(
        ground.ledger,
        ground.spool,
        source=given.source,
        ours=given.ours,
        receipts=receipts,
        policy=given.policy,
        limits=given.limits,
        environment=given.config.environment.value,
        just_verified=just_verified,
        checks=_checks(given),
    )


def _desk(
    given: _Given, ground: _Ground, receipts: Receipts, just_verified: JustVerified
) -> DeliveryDesk:
    return DeliveryDesk(
        ground.ledger,
        ground.spool,
        ours=given.ours,
        receipts=receipts,
        sinks=given.sinks,
        policy=given.policy,
        limits=given.limits,
        hold_seconds=given.config.retry.hold_seconds,
        just_verified=just_verified,
    )


def _assembler(given: _Given, ground: _Ground) -> Assembler:
    return Assembler(
        ground.ledger,
        ground.spool,
        ground.parts,
        max_bytes=given.limits.max_bytes,
        expire_seconds=given.config.broker.parts_expire_seconds,
        room=Room(
            packets=given.config.limits.max_unfinished_packets,
            size=given.config.limits.max_unfinished_bytes,
        ),
    )


def _limits(config: NodeConfig) -> Limits:
    return Limits(
        max_bytes=config.limits.max_packet_bytes,
        max_attachment_bytes=config.limits.max_attachment_bytes,
    )


def _workers(given: _Given) -> Workers:
    """Return the processes that will sign, none of them started yet."""
    setup = Setup(_key_settings(given.config), given.clock)
    return Workers(Sealer(given.keys, given.limits), setup, _count(given.config, default_workers()))


def _checks(given: _Given) -> Checks:
    """Return the processes that will verify, none of them started yet."""
    config, limits = given.config, given.limits
    files = TrustFiles(config=config.trust, state_dir=config.state_dir)
    setup = CheckSetup(files, config.catalogue.file, given.clock, limits)
    version, count = CheckVersion(given.catalogue), _count(config, default_checks())
    return Checks(setup, given.source, version, count)


def _count(config: NodeConfig, default: int) -> int:
    given = config.seal_worker_count
    return default if given is None else given


def _policy(config: NodeConfig) -> RetryPolicy:
    return RetryPolicy(
        first_seconds=config.retry.first_seconds,
        max_seconds=config.retry.max_seconds,
        park_after_seconds=config.retry.park_after_seconds,
    )


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
    return Keyring(_key_settings(config), clock=clock)


def _key_settings(config: NodeConfig) -> dict[str, tuple[KeySettings, ...]]:
    return {
        agency.code: tuple(parse_key_list(config.key_section(index)))
        for index, agency in enumerate(config.agencies)
        if agency.key is not None
    }


def _organization(agency: AgencyConfig) -> Organization:
    extra = agency.organization.model_dump(exclude_none=True)
    return Organization(**{"organ_id": agency.code, "organ_name": agency.name, **extra})


def _speaks_for(ours: Ours, agency: str) -> Callable[[str], bool]:
    """Return the test whether packets of a sender leave by one agency's broker user."""

    def sends_for(sender: str) -> bool:
        found = ours.agency_for(sender)
        return found is not None and found.code == agency

    return sends_for


def node_sinks(config: NodeConfig) -> dict[str, list[Sink]]:
    """Open the sinks; by served code, as each sink says which codes' documents go to it."""
    by_code: dict[str, list[Sink]] = {code: [] for code in config.served}
    for index, settings in enumerate(config.sinks):
        node = config.sink_section(index)
        sink = open_sink(node, (), Path(node.path).parent)
        for code in settings.serves or config.served:
            by_code[code].append(sink)
    return by_code
