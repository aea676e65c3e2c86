"""Where the RabbitMQ of this machine is, and how a private node is told not to touch it."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.broker import codes
from connector.errors import ConfigError

__all__ = [
    "NODE_NAME",
    "Layout",
    "Ports",
    "environment",
    "find_epmd",
    "find_server",
    "free_ports",
    "install_hint",
    "is_installed",
    "programs",
    "write_files",
]

_PATTERNS: Final = (
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
)
_LOOPBACK: Final = "-kernel inet_dist_use_interface {127,0,0,1}"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NODE_NAME: Final = "connector@localhost"


@dataclass(frozen=True, slots=True)
class Ports:
    """The four loopback ports of one private node."""

    amqp: int
    management: int
    distribution: int
    epmd: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one private node, all below its directory."""

    root: Path

    @property
    def config(self) -> Path:
        """rabbitmq.conf."""
        return self.root / "rabbitmq.conf"

    @property
    def definitions(self) -> Path:
        """What is imported at each start: the administrator."""
        return self.root / "definitions.json"

    @property
    def logs(self) -> Path:
        """Directory of the node's log and of its standard output."""
        return self.root / "log"

    @property
    def home(self) -> Path:
        """The node's HOME, where Erlang keeps its cookie."""
        return self.root / "home"


def find_server() -> Path | None:
    """Return the `rabbitmq-server` script that does not change the user, None if there is none."""
    candidates = [
        path
        for pattern in _PATTERNS
        for path in sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True)
    ]
    on_path = shutil.which("rabbitmq-server")
    if on_path:
        candidates.append(Path(on_path).resolve())
    return next((path for path in candidates if path.with_name("rabbitmq-env").is_file()), None)


def find_epmd() -> Path | None:
    """Return Erlang's port mapper, None if Erlang is not installed."""
    found = shutil.which("epmd", path=f"{os.environ.get('PATH', '')}:{_PATH}")
    if found:
        return Path(found)
    return next(iter(Path("/").glob("usr/lib/erlang/erts-*/bin/epmd")), None)


def is_installed() -> bool:
    """Return whether a private node can be started on this machine."""
    return find_server() is not None and find_epmd() is not None


def install_hint() -> str:
    """Return how to get RabbitMQ onto this machine."""
    return (
        "sudo apt-get install --no-install-recommends rabbitmq-server; "
        "or use another broker: CONNECTOR_BROKER_URL and CONNECTOR_BROKER_MANAGEMENT_URL"
    )


def programs() -> tuple[Path, Path]:
    """Return server script and epmd; raises ConfigError with the way to install them."""
    server, epmd = find_server(), find_epmd()
    if server is None or epmd is None:
        raise ConfigError(codes.SERVER_MISSING.at(hint=install_hint()))
    return server, epmd


def free_ports() -> Ports:
    """Return four different loopback ports that are free at this moment."""
    with ExitStack() as stack:
        found = []
        for _ in range(4):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found.append(int(listener.getsockname()[1]))
    return Ports(*found)


def write_files(
    layout: Layout,
    ports: Ports,
    extra: Mapping[str, str],
    plugins: Sequence[str],
    definitions: str,
) -> None:
    """Write configuration, plugin list and administrator; readable by the owner only."""
    for directory in (layout.root, layout.home, layout.logs, layout.root / "data"):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = {
        "listeners.tcp.1": f"127.0.0.1:{ports.amqp}",
        "management.tcp.ip": "127.0.0.1",
        "management.tcp.port": str(ports.management),
        "disk_free_limit.absolute": "50MB",
        "log.console": "false",
        "log.file": "rabbit.log",
        "raft.wal_max_size_bytes": "67108864",
        "max_message_size": "134217728",
        "collect_statistics_interval": "1000",
        "load_definitions": str(layout.definitions),
        **extra,
    }
    _write(layout.config, "".join(f"{name} = {value}\n" for name, value in settings.items()))
    _write(layout.root / "advanced.config", "[].\n")
    _write(layout.root / "rabbitmq-env.conf", "")
    _write(layout.root / "enabled_plugins", f"[{','.join(plugins)}].\n")
    _write(layout.definitions, definitions)


def environment(layout: Layout, ports: Ports) -> dict[str, str]:
    """Return the whole environment of the node: nothing of the caller's, nothing of the system's.

    The server replaces its shell, so that the process that we started is the node itself.
    """
    root = layout.root
    return {
        "PATH": f"{os.environ.get('PATH', '')}:{_PATH}",
        "LANG": "C.UTF-8",
        "HOME": str(layout.home),
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_BASE": str(root),
        "RABBITMQ_MNESIA_BASE": str(root / "data"),
        "RABBITMQ_LOG_BASE": str(layout.logs),
        "RABBITMQ_CONFIG_FILE": str(layout.config),
        "RABBITMQ_CONF_ENV_FILE": str(root / "rabbitmq-env.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(root / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(root / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(root / "node.pid"),
        "RABBITMQ_NODENAME": NODE_NAME,
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports.amqp),
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _LOOPBACK,
        "RABBITMQ_CTL_ERL_ARGS": _LOOPBACK,
    }


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
