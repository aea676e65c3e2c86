"""Every observable event is a small dataclass; emitting it logs one line and counts.

Document ids and free text never become metric labels; subjects and bodies are never logged.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import structlog
from prometheus_client import CollectorRegistry, Counter

__all__ = [
    "AdaptersReloaded",
    "AlarmRaised",
    "BrokerConnected",
    "BrokerLost",
    "DeliveryBlocked",
    "DeliveryParked",
    "DeliveryReturned",
    "DeliverySent",
    "DeliveryUnconfirmed",
    "DocumentCancelled",
    "DocumentDelivered",
    "DocumentDuplicated",
    "DocumentHeld",
    "DocumentRefused",
    "DocumentSealed",
    "DocumentUpdated",
    "DocumentVerified",
    "Emitter",
    "Event",
    "KeysReloaded",
    "MessageQuarantined",
    "MessageReceived",
    "NodeStarted",
    "NodeStopped",
    "OperatorActed",
    "RecordConflicted",
    "RecordRefused",
    "RecordRepeated",
    "RecordsSkipped",
    "SinkFailed",
    "SourceFailed",
    "SpoolTidied",
    "StatusApplied",
    "StatusIgnored",
    "StatusQueued",
    "TrustChanged",
]

_WORD_BREAK: Final = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def _name_of(kind: type[Any]) -> str:
    return _WORD_BREAK.sub("_", kind.__name__).lower()


@cache
def _fields_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events; `packet_id` ties it to a document's timeline."""

    level: ClassVar[str] = "info"
    packet_id: str | None = None

    @classmethod
    def name(cls) -> str:
        """Return the event's name: noun and past verb, ``document_sealed``."""
        kind: Any = cls  # mypy takes a class for unhashable
        return _name_of(kind)

    def facts(self) -> dict[str, Any]:
        """Return the event's non-empty facts, JSON-ready."""
        kind: Any = type(self)
        return {
            name: value for name in _fields_of(kind) if (value := getattr(self, name)) is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _DeliveryEvent(Event):
    receiver: str
    reason: str | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _DocumentEvent(Event):
    document_id: str | None = None
    sender: str | None = None
    reason: str | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecordEvent(Event):
    adapter: str
    place: str
    source_key: str | None = None
    error_code: str | None = None


class NodeStarted(Event):
    """The daemon is ready."""


class NodeStopped(Event):
    """The daemon has drained and ends."""


class BrokerConnected(Event):
    """A connection to RabbitMQ is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLost(Event):
    """A connection to RabbitMQ is gone; it is being opened again."""

    level: ClassVar[str] = "warning"
    reason: str


class RecordRefused(_RecordEvent):
    """A record cannot become a document; it is kept with its reasons."""

    level: ClassVar[str] = "warning"


class RecordRepeated(_RecordEvent):
    """A record was exported again unchanged; nothing is sent."""


class RecordConflicted(_RecordEvent):
    """A record changed after it was sent; nothing is sent, a person decides."""

    level: ClassVar[str] = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsSkipped(Event):
    """A pass over an export skipped records before `start_from`; nothing of them is kept."""

    adapter: str
    count: int
    start_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptersReloaded(Event):
    """Adapters were read anew; those refused go on as before, see the alarms."""

    level: ClassVar[str] = "warning"
    added: str | None = None
    changed: str | None = None
    removed: str | None = None
    refused: str | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed(Event):
    """A source could not be read; it is tried again."""

    level: ClassVar[str] = "error"
    adapter: str
    reason: str
    error_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSealed(_DocumentEvent):
    """A signed packet is durable in the outbox."""

    adapter: str | None = None
    place: str | None = None
    config_hash: str | None = None


class DeliveryUnconfirmed(_DeliveryEvent):
    """A message was given to the broker; its answer is outstanding."""

    level: ClassVar[str] = "debug"


class DeliverySent(_DeliveryEvent):
    """The broker confirmed a message."""


class DeliveryReturned(_DeliveryEvent):
    """The broker knows no way to the receiver."""

    level: ClassVar[str] = "warning"


class DeliveryBlocked(_DeliveryEvent):
    """The broker refused a message for now; it is sent again later."""

    level: ClassVar[str] = "warning"


class DeliveryParked(_DeliveryEvent):
    """A delivery was given up; an operator decides."""

    level: ClassVar[str] = "error"


class MessageReceived(_DocumentEvent):
    """A message is durable in the inbox."""


class MessageQuarantined(_DocumentEvent):
    """A message was set aside with reasons; nothing of it was delivered."""

    level: ClassVar[str] = "error"


class DocumentVerified(_DocumentEvent):
    """Signature, chain, identity, schema and rules hold."""


class DocumentDelivered(_DocumentEvent):
    """The sink has taken the document."""


class DocumentDuplicated(_DocumentEvent):
    """A packet arrived again; its stored receipts are sent again."""


class DocumentRefused(_DocumentEvent):
    """A received document was refused; the sender gets a signed 02."""

    level: ClassVar[str] = "warning"


class DocumentHeld(_DocumentEvent):
    """An act waits for the document that it names."""


class DocumentCancelled(_DocumentEvent):
    """A document was taken back by its issuer."""


class DocumentUpdated(_DocumentEvent):
    """Receivers or transport data of a document were changed by its issuer."""


class SinkFailed(_DocumentEvent):
    """A sink could not take a document; it is tried again."""

    level: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusQueued(_DocumentEvent):
    """A signed status is durable in the outbox; `answers` is the packet that it answers."""

    status: str
    answers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusApplied(_DeliveryEvent):
    """A receiver's status moved a delivery."""

    status: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusIgnored(Event):
    """A status changed nothing: repeated, backward, or not ours."""

    status: str
    reason: str
    sender: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(Event):
    """Something a person responsible must see at once (NĐ 30/2020 Đ21(2b))."""

    level: ClassVar[str] = "error"
    error_code: str
    reason: str
    sender: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustChanged(Event):
    """Anchors, registry or revocation data were read anew; refused ones change nothing."""

    level: ClassVar[str] = "warning"
    accepted: bool
    registry_version: int
    added: str | None = None
    removed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysReloaded(Event):
    """The signing keys of an agency were read anew."""

    level: ClassVar[str] = "warning"
    agency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolTidied(Event):
    """Files that nothing refers to, left by a process that died before its commit, were removed."""

    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed(Event):
    """A person used a command that changes state."""

    action: str
    actor: str
    target: str
    reason: str | None = None


class Emitter:
    """Logs and counts events; one per process, made by the composition root."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry: Final = registry or CollectorRegistry()
        self._log: Final = structlog.get_logger("connector")
        self._events: Final = Counter(
            "connector_events_total",
            "Events by name and error code.",
            ("event", "error_code"),
            registry=self.registry,
        )
        self._counters: Final[dict[tuple[str, str], Counter]] = {}

    def emit(self, event: Event) -> None:
        """Log one line and count one."""
        name, facts = event.name(), event.facts()
        counted = name, facts.get("error_code", "")
        counter = self._counters.get(counted)
        if counter is None:
            counter = self._counters[counted] = self._events.labels(*counted)
        counter.inc()
        getattr(self._log, event.level)(name, **facts)
