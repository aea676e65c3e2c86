"""systemd's notification protocol: one datagram a message, nothing without a socket."""

from __future__ import annotations

import os
import socket

__all__ = ["notify", "watchdog_interval_seconds"]


def notify(*lines: str) -> bool:
    """Send state lines such as ``READY=1``; False if nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.sendto("\n".join(lines).encode(), address)
    except OSError:
        return False
    return True


def watchdog_interval_seconds() -> float | None:
    """Return how often the watchdog wants a sign of life, half of its limit; None without one."""
    limit = os.environ.get("WATCHDOG_USEC", "")
    return int(limit) / 2_000_000 if limit.isdigit() and int(limit) else None
