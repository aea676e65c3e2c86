"""Health and metrics over HTTP on loopback: /livez, /readyz, /metrics. Read-only."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

__all__ = ["HealthServer"]


class _Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class HealthServer:
    """Serves what a monitoring system asks for; its failure changes nothing in the exchange.

    `listen` is ``host:port`` or ``[IPv6]:port``. Raises OSError if it cannot listen there.
    """

    def __init__(
        self,
        listen: str,
        registry: CollectorRegistry,
        live: Callable[[], bool],
        ready: Callable[[], Mapping[str, Any]],
    ) -> None:
        host, _, port = listen.rpartition(":")
        kind = _Server6 if ":" in host else ThreadingHTTPServer
        address = host.strip("[]"), int(port)
        self._server = kind(address, _handler(registry, live, ready))
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(
    registry: CollectorRegistry,
    live: Callable[[], bool],
    ready: Callable[[], Mapping[str, Any]],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "connector"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(registry), "text/plain; version=0.0.4")
            elif self.path == "/livez":
                alive = live()
                self._answer(200 if alive else 503, b"ok\n" if alive else b"stalled\n")
            elif self.path == "/readyz":
                state = ready()
                body = json.dumps(state).encode()
                self._answer(200 if state["ready"] else 503, body, "application/json")
            else:
                self._answer(404, b"not found\n")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Keep requests out of the log."""

    return Handler
