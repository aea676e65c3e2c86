"""The demonstration itself: three daemons, a recall, a forgery, and the count at the end."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from connector.broker.management import Management
from connector.broker.private import PrivateNode
from connector.broker.settings import BrokerSettings
from connector.broker.topology import apply, plan
from connector.clock import Clock
from connector.demo import codes
from connector.demo.check import Count, count, sent_deliveries
from connector.demo.corpus import Scene
from connector.demo.forgery import throw_forgery
from connector.demo.material import Material, build
from connector.demo.nodes import DemoNode, write_nodes
from connector.errors import ConfigError, TransientError
from connector.trust import codes as trust_codes
from connector.trust.pki import new_dev_pki
from connector.trust.soft_token import SoftToken, find_soft_module, new_soft_token

__all__ = ["Result", "run_demo"]

_KEYS_VARIABLE: Final = "CONNECTOR_DEMO_KEYS"
_PATIENCE_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.5
_COUNT_SECONDS: Final = 15.0
_OPEN: Final = frozenset({"queued", "unconfirmed", "sent", "blocked", "recall requested"})

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the demonstration came to."""

    nodes: tuple[DemoNode, ...]
    material: Material
    count: Count
    broker: str
    forgery: str
    leftover_messages: int
    seconds: float
    findings: tuple[str, ...] = field(default=())

    @property
    def well(self) -> bool:
        """Whether everything happened as it had to."""
        return not (self.count.lost or self.count.duplicated or self.findings)


@dataclass(frozen=True, slots=True)
class _Broker:
    management: Management
    url: str
    name: str

    @property
    def anonymous_url(self) -> str:
        """Its address without a user."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def run_demo(directory: Path, *, clock: Clock, say: Say) -> Result:
    """Run the whole demonstration below a directory; what stood there is replaced.

    With CONNECTOR_DEMO_KEYS=pkcs11 the agencies' keys lie on a software token.

    Raises:
        ConnectorError: no broker can be had, or the exchange does not come to rest.
    """
    begun = clock.monotonic()
    on_token = _keys_on_token()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    say("building three legacy exports from the legal texts …")
    material = build(directory / "exports")
    token = _new_token(directory / "token", material, say) if on_token else None
    pki = new_dev_pki(
        directory / "pki",
        [(agency.code, agency.name) for agency in material.agencies],
        clock=clock,
        public_keys=token.public_keys if token else None,
    )
    keys_in_reach = token.in_force() if token else nullcontext()
    with keys_in_reach, _broker(directory / "rabbitmq", say) as broker:
        passwords = _connect(material, broker, say)
        nodes = write_nodes(
            directory / "nodes",
            material,
            pki=pki,
            token=token,
            broker_url=broker.anonymous_url,
            passwords=passwords,
        )
        say("starting three daemons; documents leave, receipts come back …")
        with _daemons(nodes):
            _settle(nodes, clock, say)
            _recall(nodes, material, say)
            forgery = throw_forgery(nodes, broker.url, say)
            _settle(nodes, clock, say)
        leftover = _leftover(broker.management, clock)
        name = broker.name
    total = count(nodes, material)
    return Result(
        nodes=tuple(nodes),
        material=material,
        count=total,
        broker=name,
        forgery=forgery,
        leftover_messages=leftover,
        seconds=clock.monotonic() - begun,
        findings=tuple(_findings(total, forgery, leftover)),
    )


def _keys_on_token() -> bool:
    """Tell whether CONNECTOR_DEMO_KEYS asks for keys on a token, and that one can be made."""
    kind = os.environ.get(_KEYS_VARIABLE) or "pem"
    if kind not in {"pem", "pkcs11"}:
        raise ConfigError(trust_codes.KEY_SETTINGS.at(_KEYS_VARIABLE, found=kind))
    if kind == "pkcs11":
        find_soft_module()
    return kind == "pkcs11"


def _new_token(directory: Path, material: Material, say: Say) -> SoftToken:
    say("making the three agencies' keys on a software token (SoftHSM2) …")
    labels = [agency.code for agency in material.agencies]
    return new_soft_token(directory, "connector-demo", labels)


@contextmanager
def _broker(directory: Path, say: Say) -> Iterator[_Broker]:
    """Use the broker of the environment, or start a private one and stop it again."""
    url = os.environ.get("CONNECTOR_BROKER_URL")
    if url:
        say("using the RabbitMQ of CONNECTOR_BROKER_URL, in a virtual host of its own …")
        vhost = f"connector-demo-{secrets.token_hex(4)}"
        management = _given_management(url).at(vhost)
        management.put_vhost()
        try:
            management.put_permissions(management.user, ".*", ".*", ".*")
            own = urlsplit(url)._replace(path="/" + vhost).geturl()
            yield _Broker(management, own, f"given, {_version(management)}")
        finally:
            management.delete_vhost()
        return
    say("starting a private RabbitMQ node …")
    with PrivateNode(directory) as node:
        management = node.management()
        yield _Broker(management, node.url, f"private, {_version(management)}")


def _given_management(url: str) -> Management:
    address = os.environ.get("CONNECTOR_BROKER_MANAGEMENT_URL")
    if not address:
        raise ConfigError(codes.MANAGEMENT_NEEDED.at())
    return Management.from_settings(BrokerSettings(url=url, management_url=address))


def _version(management: Management) -> str:
    return f"RabbitMQ {management.overview()['rabbitmq_version']}"


def _connect(material: Material, broker: _Broker, say: Say) -> dict[str, str]:
    """Give every agency its user, queues and exchanges; return the passwords by code."""
    passwords = {agency.code: secrets.token_urlsafe(18) for agency in material.agencies}
    made = apply(broker.management, plan(passwords), passwords)
    say(f"{len(made)} exchanges, queues, bindings, policies and permissions made on the broker")
    return passwords


@contextmanager
def _daemons(nodes: Sequence[DemoNode]) -> Iterator[None]:
    """Run `connector run` for each node; stop all of them with SIGTERM."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for node in nodes:
            log = (node.directory / "daemon.log").open("wb")
            running.append(
                subprocess.Popen(
                    [*_CONNECTOR, "run", "--config", str(node.config)], stderr=log, stdout=log
                )
            )
            log.close()
        yield
        for process, node in zip(running, nodes, strict=True):
            if process.poll() is not None:
                raise TransientError(
                    codes.DAEMON_ENDED.at(
                        str(node.directory / "daemon.log"), status=process.returncode
                    )
                )
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            _wait_or_kill(process)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


_CONNECTOR: Final = (sys.executable, "-m", "connector")


def _settle(nodes: Sequence[DemoNode], clock: Clock, say: Say) -> None:
    """Wait until every delivery has its answer and two looks in a row show the same."""
    end = clock.monotonic() + _PATIENCE_SECONDS
    before: list[tuple[str, str, str]] = []
    quiet = 0
    while quiet < 8:
        if clock.monotonic() > end:
            waiting = [entry for entry in before if entry[2] in _OPEN]
            raise TransientError(codes.NOT_AT_REST.at(count=len(waiting), first=waiting[:3]))
        clock.sleep(_POLL_SECONDS)
        now = [
            (entry["packet_id"], entry["receiver"], entry["state"])
            for node in nodes
            for entry in sent_deliveries(node)
        ]
        resting = now and not any(_restless(state) for _, _, state in now)
        quiet = quiet + 1 if resting and now == before else 0
        before = now
    say(f"{len(before)} deliveries have their answer")


def _restless(state: str) -> bool:
    return state in _OPEN or state == "arrived"


def _recall(nodes: Sequence[DemoNode], material: Material, say: Say) -> None:
    for row in material.of_scene(Scene.RECALL):
        node = next(node for node in nodes if node.agency.code == row.agency)
        say(f"connector recall {row.code}")
        subprocess.run(
            [
                *_CONNECTOR,
                "recall",
                "--config",
                str(node.config),
                "--reason",
                "Gửi nhầm, xin thu hồi",
                row.document_id,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _leftover(management: Management, clock: Clock) -> int:
    """Return how many messages stay in the broker's queues; its counts come seconds late."""
    end = clock.monotonic() + _COUNT_SECONDS
    while True:
        left = sum(int(queue.get("messages", 0)) for queue in management.queues())
        if not left or clock.monotonic() > end:
            return left
        clock.sleep(_POLL_SECONDS)


def _findings(total: Count, forgery: str, leftover: int) -> Iterator[str]:
    for line in total.wrong:
        yield f"{line.expected.place} {line.receiver}: {line.outcome}, not {line.due}"
    if total.receipts != total.deliveries:
        yield f"{total.deliveries - total.receipts} deliveries without an answer"
    if leftover:
        yield f"{leftover} messages left in the broker's queues"
    if forgery != "quarantined":
        yield f"the forged packet: {forgery}"
