"""The demonstration itself: three daemons, a recall, a forgery, and the count at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connector.clock import Clock
from connector.demo import codes
from connector.demo.broker import DemoBroker, demo_broker
from connector.demo.check import Count, count, sent_deliveries
from connector.demo.corpus import Scene
from connector.demo.daemons import CONNECTOR, Daemons, complaints, indented, running_daemons
from connector.demo.forgery import throw_forgery
from connector.demo.material import Material, build
from connector.demo.nodes import DemoNode, write_nodes
from connector.errors import ConfigError, TransientError
from connector.trust import codes as trust_codes
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.soft_token import SoftToken, find_soft_module, new_soft_token

__all__ = ["Result", "run_demo"]

_KEYS_VARIABLE: Final = "CONNECTOR_DEMO_KEYS"
_PATIENCE_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.5
_QUIET_LOOKS: Final = 8
_SHOWN: Final = 3
_OPEN: Final = frozenset({"queued", "unconfirmed", "sent", "blocked", "recall requested"})
_RESTLESS: Final = _OPEN | {"arrived"}

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
class _Keys:
    """The agencies' keys: in files of the PKI, or on the token."""

    pki: DevPki
    token: SoftToken | None

    def in_reach(self) -> AbstractContextManager[None]:
        """Let this process and the daemons use them."""
        return self.token.in_force() if self.token else nullcontext()


def run_demo(directory: Path, *, clock: Clock, say: Say) -> Result:
    """Run the whole demonstration below a directory; what stood there is replaced.

    With CONNECTOR_DEMO_KEYS=pkcs11 the agencies' keys lie on a software token.

    Raises:
        ConnectorError: no broker can be had, a daemon ends, or the exchange does not come to rest.
    """
    begun = clock.monotonic()
    on_token = _keys_on_token()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    say("building three legacy exports from the legal texts …")
    material = build(directory / "exports")
    keys = _new_keys(directory, material, clock, say, on_token=on_token)
    with keys.in_reach(), demo_broker(directory / "rabbitmq", say) as broker:
        nodes = _configure(directory / "nodes", material, keys, broker, say)
        forgery = _exchange(nodes, material, broker, clock, say)
        leftover = broker.leftover(clock)
    total = count(nodes, material)
    return Result(
        nodes=tuple(nodes),
        material=material,
        count=total,
        broker=broker.name,
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


def _new_keys(
    directory: Path, material: Material, clock: Clock, say: Say, *, on_token: bool
) -> _Keys:
    """Make a key and a certificate for each agency."""
    token = _new_token(directory / "token", material, say) if on_token else None
    pki = new_dev_pki(
        directory / "pki",
        [(agency.code, agency.name) for agency in material.agencies],
        clock=clock,
        public_keys=token.public_keys if token else None,
    )
    return _Keys(pki, token)


def _new_token(directory: Path, material: Material, say: Say) -> SoftToken:
    say("making the three agencies' keys on a software token (SoftHSM2) …")
    labels = [agency.code for agency in material.agencies]
    return new_soft_token(directory, "connector-demo", labels)


def _configure(
    directory: Path, material: Material, keys: _Keys, broker: DemoBroker, say: Say
) -> list[DemoNode]:
    """Make each agency's user and queues on the broker, and write its node's configuration."""
    passwords = broker.connect(material, say)
    return write_nodes(
        directory,
        material,
        pki=keys.pki,
        token=keys.token,
        broker_url=broker.anonymous_url,
        passwords=passwords,
    )


def _exchange(
    nodes: Sequence[DemoNode], material: Material, broker: DemoBroker, clock: Clock, say: Say
) -> str:
    """Let the daemons exchange everything, recall, and return what became of the forgery."""
    say("starting three daemons; documents leave, receipts come back …")
    with running_daemons(nodes, clock, say) as daemons:
        _settle(nodes, daemons, clock, say)
        _recall(nodes, material, say)
        forgery = throw_forgery(nodes, broker.url, say)
        _settle(nodes, daemons, clock, say)
    return forgery


def _settle(nodes: Sequence[DemoNode], daemons: Daemons, clock: Clock, say: Say) -> None:
    """Wait until every delivery has its answer and some looks in a row show the same.

    Raises:
        TransientError: a daemon has ended, or nothing has moved for long.
    """
    end = clock.monotonic() + _PATIENCE_SECONDS
    before: list[tuple[str, str, str]] = []
    quiet = 0
    while quiet < _QUIET_LOOKS:
        daemons.check()
        if clock.monotonic() > end:
            raise _not_at_rest(nodes, before)
        clock.sleep(_POLL_SECONDS)
        now = _states(nodes)
        if now != before:
            end = clock.monotonic() + _PATIENCE_SECONDS
        resting = now and not any(state in _RESTLESS for _, _, state in now)
        quiet = quiet + 1 if resting and now == before else 0
        before = now
    say(f"{len(before)} deliveries have come to their end")


def _states(nodes: Sequence[DemoNode]) -> list[tuple[str, str, str]]:
    """Return packet id, receiver and state of every delivery."""
    return [
        (entry["packet_id"], entry["receiver"], entry["state"])
        for node in nodes
        for entry in sent_deliveries(node)
    ]


def _not_at_rest(
    nodes: Sequence[DemoNode], states: Sequence[tuple[str, str, str]]
) -> TransientError:
    waiting = [f"{packet} to {to}: {state}" for packet, to, state in states if state in _RESTLESS]
    lines = indented([*waiting[:_SHOWN], *complaints(nodes)])
    return TransientError(codes.NOT_AT_REST.at(count=len(waiting), lines=lines))


def _recall(nodes: Sequence[DemoNode], material: Material, say: Say) -> None:
    """Recall what is to be recalled, as its clerk does."""
    for row in material.of_scene(Scene.RECALL):
        node = next(node for node in nodes if node.agency.code == row.agency)
        command = ("recall", "--config", str(node.config), "--reason", "Gửi nhầm, xin thu hồi")
        say(f"{row.agency} takes a document back: connector recall {row.document_id}")
        done = subprocess.run(
            [*CONNECTOR, *command, row.document_id], check=False, capture_output=True, text=True
        )
        if done.returncode:
            said = " ".join(done.stderr.split())
            raise TransientError(codes.RECALL_FAILED.at(status=done.returncode, said=said))


def _findings(total: Count, forgery: str, leftover: int) -> Iterator[str]:
    for line in total.wrong:
        yield f"{line.expected.place} {line.receiver}: {line.outcome}, not {line.due}"
    if total.receipts != total.deliveries:
        yield f"{total.deliveries - total.receipts} deliveries without an answer"
    if leftover:
        yield f"{leftover} messages left in the broker's queues"
    if forgery != "quarantined":
        yield f"the forged packet: {forgery}"
