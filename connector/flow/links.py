"""The broker connections of one agency: its own user, one connection a direction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from connector.broker.consumer import Consumer
from connector.broker.management import Management
from connector.broker.publisher import Publisher
from connector.broker.settings import BrokerSettings, TlsSettings
from connector.broker.topology import dead_queue, queues_of
from connector.clock import Clock
from connector.config.node import AgencyConfig, BrokerConfig, TlsConfig
from connector.config.secrets import resolve
from connector.events import Event
from connector.flow.receive import Receiver
from connector.flow.relay import Relay

__all__ = ["Link", "agency_broker", "broker_management", "open_consumer", "open_publisher"]

_DRAIN_SECONDS: Final = 10.0
_MOST_AHEAD: Final = 16
"""Messages a queue that the broker sends ahead: of parts it holds as many in memory for us."""


@dataclass(frozen=True, slots=True)
class Link:
    """Everything that moves one agency's messages."""

    agency: str
    publisher: Publisher
    consumer: Consumer
    relay: Relay
    receiver: Receiver
    clock: Clock

    @property
    def connected(self) -> bool:
        """Tell whether both directions are open."""
        return self.publisher.connected and self.consumer.connected

    @property
    def idle(self) -> bool:
        """Tell whether nothing is outstanding at the broker."""
        return self.relay.idle

    def wait_connected(self, timeout_seconds: float) -> bool:
        """Wait until both directions are open; False if they are not in time."""
        end = self.clock.monotonic() + timeout_seconds
        while not self.connected:
            if self.clock.monotonic() >= end:
                return False
            self.clock.sleep(0.05)
        return True

    def close(self) -> None:
        """Take the last confirms, then close both connections."""
        self.publisher.stop(_DRAIN_SECONDS)
        self.relay.pump(0.0)
        self.consumer.stop()


def agency_broker(broker: BrokerConfig, agency: AgencyConfig) -> BrokerSettings:
    """Return the connection settings of an agency: the URL's user, or one named by its code."""
    parts = urlsplit(broker.url)
    reference = agency.broker_password or broker.password
    login = parts.netloc.rpartition("@")[0]
    if agency.broker_password is not None or not login:
        login = quote(agency.code, safe="")
    if reference is not None:
        login = f"{login.partition(':')[0]}:{quote(resolve(reference), safe='')}"
    hosts = parts.netloc.rpartition("@")[2]
    return BrokerSettings(
        url=urlunsplit(parts._replace(netloc=f"{login}@{hosts}")),
        management_url=broker.management_url,
        window=broker.window,
        heartbeat_seconds=broker.heartbeat_seconds,
        connect_timeout_seconds=broker.connect_timeout_seconds,
        tls=_tls(broker.tls, by_certificate=reference is None) if broker.tls else None,
    )


def _tls(tls: TlsConfig, *, by_certificate: bool) -> TlsSettings:
    return TlsSettings(
        ca_file=tls.ca_file,
        certificate_file=tls.certificate_file,
        key_file=tls.key_file,
        external=by_certificate and tls.certificate_file is not None,
    )


def broker_management(broker: BrokerConfig) -> Management:
    """Return the client of the management API that a configuration describes.

    Raises:
        ConfigError: it names no management_url or no user.
    """
    url = broker.management_url
    if url and broker.management_user and broker.management_password:
        parts = urlsplit(url)
        secret = quote(resolve(broker.management_password), safe="")
        login = f"{quote(broker.management_user, safe='')}:{secret}"
        url = urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
    parts = urlsplit(broker.url)
    login = parts.netloc.rpartition("@")[0] or "nobody"
    full = urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))
    return Management.from_settings(BrokerSettings(url=full, management_url=url))


def open_publisher(settings: BrokerSettings, on_event: Callable[[Event], None]) -> Publisher:
    """Start the sending direction; it connects, and reconnects, by itself."""
    publisher = Publisher(settings, on_event)
    publisher.start()
    return publisher


def open_consumer(
    settings: BrokerSettings, agency: str, on_event: Callable[[Event], None]
) -> Consumer:
    """Start the receiving direction: urgent mail, then the rest, then what was given up."""
    queues = [*queues_of(agency), dead_queue(agency)]
    consumer = Consumer(settings, queues, min(settings.window, _MOST_AHEAD), on_event)
    consumer.start()
    return consumer
