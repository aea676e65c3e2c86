"""One connection with one channel, kept open by one I/O thread of its own.

Only the I/O thread touches pika. Other threads hand work over with `Link.call`; what happens on
the channel is the business of a `Session`, whose methods run on the I/O thread.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from pika import ConnectionParameters, PlainCredentials, SelectConnection, SSLOptions, exceptions
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.credentials import ExternalCredentials

from connector.broker import codes
from connector.broker.backoff import Backoff
from connector.broker.inflow import InflowConnection
from connector.broker.settings import BrokerSettings, Endpoint
from connector.broker.trouble import NEEDS_PERSON, explain
from connector.errors import Finding
from connector.events import AlarmRaised, BrokerConnected, BrokerLost, Event

__all__ = ["Link", "Session", "connection_parameters"]

_LOG: Final = logging.getLogger(__name__)
_CLOSE_SECONDS: Final = 3.0


class Session(Protocol):
    """What is done with the channel; every method runs on the I/O thread."""

    def opened(self, channel: Channel) -> None:
        """Set a fresh channel up; call `Link.ready` once it can be used."""

    def closed(self, error: BaseException, finding: Finding) -> bool:
        """Forget everything of the channel; True opens the next one at once, False after a wait."""

    def changed(self) -> None:
        """Wake whoever waits for the connection."""


class Link:
    """Opens, watches and reopens the connection until it is stopped."""

    def __init__(
        self,
        settings: BrokerSettings,
        session: Session,
        on_event: Callable[[Event], None],
        *,
        name: str,
    ) -> None:
        self.trouble: Finding | None = None
        self._settings: Final = settings
        self._name: Final = name
        self._targets: Final = settings.endpoints()
        for endpoint in self._targets:
            connection_parameters(settings, endpoint, name)  # unusable files are said at once
        self._session: Final = session
        self._listener: Final = on_event
        self._lock: Final = threading.Lock()
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name=f"broker-{name}", daemon=True)
        self._backoff: Final = _backoff(settings)
        self._channel_backoff: Final = _backoff(settings)
        self._loop: IOLoop | None = None
        self._connection: SelectConnection | None = None
        self._broker: Endpoint = self._targets[0]
        self._announced: bool | None = None
        self._alarmed: str | None = None
        self._ready = False
        self._blocked = False

    @property
    def broker(self) -> Endpoint:
        """The host in use or being tried."""
        return self._broker

    @property
    def connected(self) -> bool:
        """Whether the channel can be used now; False while the broker blocks publishers."""
        return self._ready and not self._blocked

    @property
    def blocked(self) -> bool:
        """Whether the broker refuses publishers because of its memory or disk alarm."""
        return self._blocked

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Start the I/O thread; it goes on trying whatever happens."""
        pika_log = logging.getLogger("pika")
        if pika_log.level == logging.NOTSET:  # what it says, our events say in one line
            pika_log.setLevel(logging.CRITICAL)
        self._thread.start()

    def stop(self) -> None:
        """Close the connection within some seconds and end the thread; may be called twice."""
        self._stopping.set()
        self.call(self._shut)
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()
        self._session.changed()

    def call(self, action: Callable[[], None]) -> bool:
        """Run something on the I/O thread; False if there is no connection to run it on."""
        with self._lock:
            if self._loop is None:
                return False
            self._loop.add_callback_threadsafe(action)
            return True

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run something later on the I/O thread, unless the connection is gone by then."""
        if self._loop is not None:
            self._loop.call_later(seconds, action)

    def ready(self) -> None:
        """Note that the channel is usable (called by the session)."""
        self._ready = True
        self._backoff.reset()
        self._channel_backoff.reset()
        if not self._blocked:
            self._announce_connected()
        self._session.changed()

    def lost(self, finding: Finding) -> None:
        """Say once that there is no usable channel, and alarm if a person is needed."""
        self.trouble = finding
        if self._announced is not False:
            self._announced = False
            self._emit(BrokerLost(reason=finding.en))
        if finding.code in NEEDS_PERSON and finding.code != self._alarmed:
            self._alarmed = finding.code
            self._emit(AlarmRaised(error_code=finding.code, reason=finding.en))

    def abort(self, error: Exception) -> None:
        """Drop the connection without asking the broker, which may be frozen."""
        if self._connection is not None and not self._connection.is_closed:
            # pika has no public call for this; its own heartbeat uses the same one.
            self._connection._terminate_stream(error)  # noqa: SLF001

    def _emit(self, event: Event) -> None:
        try:
            self._listener(event)
        except Exception:  # noqa: BLE001  # whoever listens must not cost us the connection
            _LOG.exception("the listener failed on %s", event.name())

    def _announce_connected(self) -> None:
        self.trouble = None
        self._alarmed = None
        if self._announced is not True:
            self._announced = True
            self._emit(BrokerConnected())

    def _run(self) -> None:
        for endpoint in itertools.cycle(self._targets):
            if self._stopping.is_set():
                break
            self._broker = endpoint
            try:  # the files of certificates are read each time: they are renewed under us
                self._connect(connection_parameters(self._settings, endpoint, self._name))
            except Exception as error:  # noqa: BLE001  # a bug must not end the thread in silence
                self._over(error, opening=False)
            if not self._stopping.is_set():
                self._stopping.wait(self._backoff.next_seconds())

    def _connect(self, parameters: ConnectionParameters) -> None:
        """Open one connection and serve it until it has ended."""
        loop = IOLoop()
        connection = InflowConnection(
            parameters,
            on_open_callback=self._opened,
            on_open_error_callback=lambda _, error: self._over(_exception(error), opening=True),
            on_close_callback=lambda _, error: self._over(error, opening=False),
            custom_ioloop=loop,
        )
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        with self._lock:
            self._loop, self._connection = loop, connection
        if self._stopping.is_set():  # stop() came before there was a loop to tell
            self.call(self._shut)
        try:
            loop.start()
        except BaseException as error:
            self._clear(loop, error)
            raise
        finally:
            with self._lock:
                self._loop = self._connection = None
            loop.close()

    def _clear(self, loop: IOLoop, error: BaseException) -> None:
        """Close the socket of a connection whose callback failed."""
        loop.call_later(_CLOSE_SECONDS, loop.stop)
        self.abort(_exception(error))
        loop.start()

    def _opened(self, connection: SelectConnection) -> None:
        if self._stopping.is_set():
            self._shut()
        else:
            self._open_channel(connection)

    def _open_channel(self, connection: SelectConnection) -> None:
        if connection.is_open and not self._stopping.is_set():
            connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._channel_closed)
        self._session.opened(channel)

    def _channel_closed(self, channel: Channel, error: BaseException) -> None:
        connection: Any = channel.connection
        if not connection.is_open:
            return  # `_over` follows
        self._ready = False
        at_once = self._session.closed(error, explain(error, self._broker))
        self._session.changed()
        wait = 0.0 if at_once else self._channel_backoff.next_seconds()
        self.later(wait, lambda: self._open_channel(connection))

    def _over(self, error: BaseException, *, opening: bool) -> None:
        """Note the end of a connection or of the attempt to open one."""
        finding = explain(error, self._broker, opening=opening)
        self._ready = self._blocked = False
        self._session.closed(error, finding)
        if not self._stopping.is_set():
            self.lost(finding)
        self._session.changed()
        if self._loop is not None:
            self._loop.stop()

    def _on_blocked(self, _connection: object, frame: Any) -> None:
        self._blocked = True
        self.lost(codes.BLOCKED.at(broker=self._broker, reason=frame.method.reason))
        self._session.changed()

    def _on_unblocked(self, _connection: object, _frame: object) -> None:
        self._blocked = False
        if self._ready:
            self._announce_connected()
        self._session.changed()

    def _shut(self) -> None:
        connection = self._connection
        if connection is None or connection.is_closed or connection.is_closing:
            return
        self.later(_CLOSE_SECONDS, lambda: self.abort(exceptions.ConnectionOpenAborted()))
        connection.close()


def connection_parameters(
    settings: BrokerSettings, endpoint: Endpoint, name: str
) -> ConnectionParameters:
    """Return pika's parameters for one host; raises ConfigError on unusable TLS files."""
    tls = settings.tls
    context = None
    if endpoint.secure:
        from connector.broker.settings import TlsSettings

        context = (tls or TlsSettings()).context()
    external = tls is not None and tls.external
    server_name = (tls.server_name if tls is not None else None) or endpoint.host
    return ConnectionParameters(
        host=endpoint.host,
        port=endpoint.port,
        virtual_host=endpoint.vhost,
        credentials=ExternalCredentials()
        if external
        else PlainCredentials(endpoint.user, endpoint.password),
        heartbeat=settings.heartbeat_seconds,
        ssl_options=SSLOptions(context, server_name) if context else None,
        connection_attempts=1,
        socket_timeout=settings.connect_timeout_seconds,
        stack_timeout=settings.handshake_timeout_seconds,
        blocked_connection_timeout=settings.blocked_timeout_seconds,
        client_properties={"connection_name": name},
    )


def _backoff(settings: BrokerSettings) -> Backoff:
    return Backoff(settings.first_wait_seconds, settings.max_wait_seconds)


def _exception(error: object) -> Exception:
    return error if isinstance(error, Exception) else exceptions.AMQPConnectionError(str(error))
