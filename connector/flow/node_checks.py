"""What of a node's configuration `run` would refuse, or what cannot work; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from connector.agencies.catalogue import Catalogue
from connector.agencies.files import load as load_catalogue
from connector.clock import Clock
from connector.config import codes as config_codes
from connector.config.load import parse
from connector.config.node import NodeConfig
from connector.config.secrets import SecretRef, check_access
from connector.config.yaml_source import Node
from connector.errors import ConnectorError, Finding, Severity
from connector.flow import codes, lint_codes
from connector.flow.adapters.adapter import Adapter
from connector.flow.adapters.adapter_set import Loader
from connector.flow.links import agency_broker
from connector.flow.node import node_sinks, node_trust, our_agencies, signing_keys
from connector.flow.places import clashes, exports_of, exports_twice
from connector.flow.states.exchange import check_exchanges
from connector.flow.status_places import check_status_files
from connector.sinks import codes as sink_codes
from connector.sinks.settings import FolderSettings
from connector.trust.codes import KEY_NOT_REGISTERED
from connector.trust.inventory import certificate_findings
from connector.trust.registry import Trust
from connector.trust.settings import parse_key_list

__all__ = ["check_node"]

_MANAGEMENT_PORTS: Final = frozenset({15671, 15672})


def check_node(config: NodeConfig, clock: Clock) -> Iterator[Finding]:
    """Yield what of a node's configuration cannot be opened, or cannot do its work.

    Keys, their certificates, trust, catalogue, adapters, broker's address, passwords, limits,
    directories and sinks; no connection is opened and nothing is written.
    """
    checks: tuple[Callable[[], object], ...] = (
        lambda: node_sinks(config),
        lambda: check_exchanges(config),
    )
    for check in checks:
        yield from _refusal(check)
    yield from _broker(config)
    yield from _secrets(config)
    yield from _limits(config)
    yield from _receiving(config)
    yield from _directories(config)
    try:
        catalogue = load_catalogue(config.catalogue.file)
    except ConnectorError as error:
        yield from error.findings
        yield from _refusal(lambda: signing_keys(config, clock))
        return
    yield from _certificates(config, catalogue, clock)
    yield from _adapters(config, catalogue, clock)


def _refusal(check: Callable[[], object]) -> tuple[Finding, ...]:
    try:
        check()
    except ConnectorError as error:
        return error.findings
    return ()


def _certificates(config: NodeConfig, catalogue: Catalogue, clock: Clock) -> Iterator[Finding]:
    """Yield what `keys check` tells; a key that nobody believes is an error of the node.

    The keys are loaded once: a token counts the wrong PINs.
    """
    try:
        keys = signing_keys(config, clock)
    except ConnectorError as error:
        yield from error.findings
        yield from _refusal(lambda: node_trust(config, catalogue, clock))
        return
    try:
        trust = node_trust(config, catalogue, clock)
    except ConnectorError as error:
        yield from error.findings
        return
    yield from _revocation(config, trust)
    places = {
        agency.code: config.key_section(index).place()
        for index, agency in enumerate(config.agencies)
    }
    for finding in certificate_findings(trust, keys, at=clock.now()):
        if finding.code == KEY_NOT_REGISTERED.code:
            place = places[finding.place]
            yield replace(finding, place=place, severity=Severity.ERROR)
        else:
            yield finding


def _revocation(config: NodeConfig, trust: Trust) -> Iterator[Finding]:
    """Yield a warning if every packet would wait for revocation lists that are not there.

    Where responders are asked as well, what is missing comes by itself.
    """
    revocations = trust.revocations
    policy, place = revocations.policy, config.section("trust", "crls_dir").place()
    if policy.crls and policy.hold and not policy.ocsp and not revocations.lists:
        yield lint_codes.NO_REVOCATION_LIST.at(place, path=config.trust.crls_dir)


def _adapters(config: NodeConfig, catalogue: Catalogue, clock: Clock) -> Iterator[Finding]:
    """Yield what the node itself would say about its adapters, and about whom they disturb."""
    can_sign = [agency.code for agency in config.agencies if agency.key is not None]
    loader = Loader(our_agencies(config, catalogue), can_sign, clock)
    loaded: list[Adapter] = []
    for directory in config.adapters:
        try:
            loaded.append(loader.load(directory, loaded))
        except ConnectorError as error:
            yield from error.findings
    exports = exports_of(config, loaded)
    yield from clashes(config, exports)
    yield from check_status_files(config, exports)
    yield from exports_twice(exports)


def _broker(config: NodeConfig) -> Iterator[Finding]:
    """Yield what is wrong with the broker's address itself, without ever showing a secret."""
    place = config.section("broker", "url").place()
    login, _, hosts = urlsplit(config.broker.url).netloc.rpartition("@")
    if ":" in login:
        yield replace(config_codes.INLINE_SECRET.at(place), severity=Severity.WARNING)
    usable = all(_is_host(host) for host in hosts.split(","))
    if not usable:
        yield codes.BROKER_HOST.at(place)
    else:
        if config.broker.url.startswith("amqp:"):
            yield from _in_the_open(hosts, place)
        yield from _management_ports(hosts, place)
    management = config.broker.management_url
    if management is not None and not _is_host(urlsplit(management).netloc.rpartition("@")[2]):
        yield lint_codes.MANAGEMENT_HOST.at(config.section("broker", "management_url").place())
    told: set[Finding] = set()
    for agency in config.agencies:
        try:
            settings = agency_broker(config.broker, agency)
        except ConnectorError as error:
            yield from error.findings
            continue
        for finding in _refusal(settings.endpoints) if usable else ():
            yield replace(finding, place=place)
        if settings.tls is not None:
            unusable = set(_refusal(settings.tls.context)) - told
            told |= unusable
            yield from unusable


def _is_host(text: str) -> bool:
    """Tell whether a text is a host with a port that can be, or without one."""
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and parts.port != 0 and not text.endswith(":")
    except ValueError:
        return False


def _in_the_open(hosts: str, place: str) -> Iterator[Finding]:
    """Yield a warning if what is not encrypted leaves this machine."""
    names = [urlsplit(f"//{host}").hostname or "" for host in hosts.split(",")]
    away = [name for name in names if not _is_loopback(name)]
    if away:
        yield lint_codes.BROKER_PLAIN.at(place, host=", ".join(away))


def _management_ports(hosts: str, place: str) -> Iterator[Finding]:
    """Yield a warning if a port is one at which RabbitMQ usually speaks HTTP."""
    ports = {urlsplit(f"//{host}").port for host in hosts.split(",")} & _MANAGEMENT_PORTS
    if ports:
        named = ", ".join(str(port) for port in sorted(filter(None, ports)))
        yield lint_codes.BROKER_MANAGEMENT_PORT.at(place, ports=named)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _secrets(config: NodeConfig) -> Iterator[Finding]:
    """Yield a warning for each file with a password or a PIN that is open to others."""
    told: set[Path] = set()
    for node, ref in _references(config):
        if ref is not None and ref.file is not None and ref.file not in told:
            told.add(ref.file)
            yield from (replace(each, place=node.place(("file",))) for each in check_access(ref))


def _references(config: NodeConfig) -> Iterator[tuple[Node, SecretRef | None]]:
    """Yield what the node's own sections refer to as secrets; sinks and sources have their own."""
    for name in ("password", "management_password"):
        yield config.section("broker", name), getattr(config.broker, name)
    yield config.section("store", "password"), config.store.password
    for index, agency in enumerate(config.agencies):
        yield config.section("agencies", index, "broker_password"), agency.broker_password
        if agency.key is not None:
            yield from _of_keys(config.key_section(index))


def _of_keys(section: Node) -> Iterator[tuple[Node, SecretRef]]:
    """Yield the passwords and PINs of an agency's keys; wrong settings are told elsewhere."""
    try:
        keys = parse_key_list(section)
    except ConnectorError:
        return
    for index, key in enumerate(keys):
        node = section.at((index,)) if isinstance(section.value, list) else section
        for name, value in key:
            if isinstance(value, SecretRef):
                yield node.at((name,)), value


def _limits(config: NodeConfig) -> Iterator[Finding]:
    """Yield a warning if the largest file fits into no packet: base64 has four bytes for three."""
    limits = config.limits
    packet, attachment = limits.max_packet_bytes, limits.max_attachment_bytes
    if 3 * packet < 4 * attachment:
        by_packet = "max_packet_bytes" in limits.model_fields_set
        name = "max_packet_bytes" if by_packet else "max_attachment_bytes"
        yield lint_codes.ATTACHMENT_BEYOND_PACKET.at(
            config.section("limits", name).place(),
            packet=packet,
            attachment=attachment,
            needed=-(-4 * attachment // 3),
            fits=3 * packet // 4,
        )


def _receiving(config: NodeConfig) -> Iterator[Finding]:
    """Yield a warning if documents would arrive that go nowhere."""
    taken = {code for sink in config.sinks for code in sink.serves or config.served}
    left = [code for code in config.served if code not in taken]
    if left:
        place = config.section("sinks").place()
        yield lint_codes.NO_SINK_FOR.at(place, receivers=", ".join(left))


def _directories(config: NodeConfig) -> Iterator[Finding]:
    yield from _directory(config.state_dir, config.section("state_dir").place())
    for index, sink in enumerate(config.sinks):
        if sink.type == "folder":
            yield from _folder(config, index)


def _folder(config: NodeConfig, index: int) -> Iterator[Finding]:
    """Yield what keeps a folder sink from its directory; what its settings lack is told before."""
    node = config.sink_section(index)
    try:
        settings = parse(FolderSettings, node)
    except ConnectorError:
        return
    path, place = settings.directory.absolute(), node.place(("directory",))
    if not settings.create and not os.path.lexists(path):
        yield sink_codes.FOLDER_ABSENT.at(place, path=path)
        return
    yield from _directory(path, place)


def _directory(path: Path, place: str) -> Iterator[Finding]:
    """Yield why this user cannot write a directory, or cannot create it where it is absent."""
    nearest = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    if _is_file(nearest):
        yield codes.NOT_A_DIRECTORY.at(place, path=path, found=nearest)
    elif not os.access(nearest, os.W_OK | os.X_OK, effective_ids=True):
        yield codes.NOT_WRITABLE.at(place, path=path, found=nearest)


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return False
