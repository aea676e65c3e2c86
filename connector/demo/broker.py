"""The broker of the demonstration: the one of the environment, or a private one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from connector.broker.management import Management
from connector.broker.private import PrivateNode
from connector.broker.settings import BrokerSettings
from connector.broker.topology import apply, plan
from connector.clock import Clock
from connector.demo import codes
from connector.demo.material import Material
from connector.errors import ConfigError

__all__ = ["DemoBroker", "demo_broker"]

_COUNT_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoBroker:
    """A running broker, as its administrator sees it."""

    management: Management
    url: str
    name: str

    @property
    def anonymous_url(self) -> str:
        """Its address without a user."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def connect(self, material: Material, say: Say) -> dict[str, str]:
        """Give every agency its user, queues and exchanges; return the passwords by code."""
        passwords = {agency.code: secrets.token_urlsafe(18) for agency in material.agencies}
        made = apply(self.management, plan(passwords), passwords)
        say(f"{len(made)} exchanges, queues, bindings, policies and permissions made on the broker")
        return passwords

    def leftover(self, clock: Clock) -> int:
        """Return how many messages stay in the queues; the broker's counts come seconds late."""
        end = clock.monotonic() + _COUNT_SECONDS
        while True:
            left = sum(int(queue.get("messages", 0)) for queue in self.management.queues())
            if not left or clock.monotonic() > end:
                return left
            clock.sleep(_POLL_SECONDS)


@contextmanager
def demo_broker(directory: Path, say: Say) -> Iterator[DemoBroker]:
    """Use the broker of the environment, or start a private one and stop it again.

    Raises:
        ConfigError: RabbitMQ is not installed, or the environment names one by half.
        UnavailableError: it does not answer.
    """
    url = os.environ.get("CONNECTOR_BROKER_URL")
    if url:
        say("using the RabbitMQ of CONNECTOR_BROKER_URL, in a virtual host of its own …")
        with _virtual_host(url) as broker:
            yield broker
        return
    say("starting a private RabbitMQ node …")
    with PrivateNode(directory) as node:
        management = node.management()
        yield DemoBroker(management, node.url, f"private, {_version(management)}")


@contextmanager
def _virtual_host(url: str) -> Iterator[DemoBroker]:
    """Make a virtual host on the broker of the environment, and delete it at the end."""
    vhost = f"connector-demo-{secrets.token_hex(4)}"
    management = _given_management(url).at(vhost)
    management.put_vhost()
    try:
        management.put_permissions(management.user, ".*", ".*", ".*")
        own = urlsplit(url)._replace(path="/" + vhost).geturl()
        yield DemoBroker(management, own, f"given, {_version(management)}")
    finally:
        management.delete_vhost()


def _given_management(url: str) -> Management:
    address = os.environ.get("CONNECTOR_BROKER_MANAGEMENT_URL")
    if not address:
        raise ConfigError(codes.MANAGEMENT_NEEDED.at())
    return Management.from_settings(BrokerSettings(url=url, management_url=address))


def _version(management: Management) -> str:
    return f"RabbitMQ {management.overview()['rabbitmq_version']}"
