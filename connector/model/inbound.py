"""What a sink is given: one verified packet and what it asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.model.content import Content
from connector.model.envelope import Document

__all__ = ["Inbound", "InboundTarget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A verified document packet on its way into the legacy system.

    `served` are the canonical codes of the packet's receivers that this node speaks for;
    `verification` is the JSON-ready verdict that is stored beside the document.
    """

    packet_id: str
    packet: Content
    digest: str
    document: Document
    served: tuple[str, ...]
    arrived_at: dt.datetime
    verification: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InboundTarget:
    """An earlier delivered packet on which a recall, update or replacement acts."""

    packet_id: str
    document_id: str
