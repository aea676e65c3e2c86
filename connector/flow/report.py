"""What a node can say about itself and about one document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from connector.broker.probe import probe
from connector.config.node import NodeConfig
from connector.errors import PermanentError
from connector.flow import codes
from connector.flow.adapters.acts import adapter_concerns
from connector.flow.concerns import node_concerns
from connector.flow.links import agency_broker
from connector.model.states import DeliveryState, InboxState
from connector.store import inbox, journal, outbox, sources
from connector.store.conditions import ConditionKind, conditions
from connector.store.journal import Damaged, Entry
from connector.store.lock import lock_holder
from connector.store.store import Store, Transaction

__all__ = ["NodeState", "Timeline", "TimelineEvent", "node_state", "timeline"]

_MANY: Final = 100_000
_SHOWN: Final = ("action", "actor", "status", "state", "reason")
_STALE: Final = dt.timedelta(minutes=15)
_PATIENCE: Final = dt.timedelta(days=1)
_LATELY: Final = dt.timedelta(days=7)
_REFUSED: Final = (
    "records refused in the last 7 days, without secret ones, see `outbox refused`: {}"
)
_HOLDS_UP: Final = frozenset(
    {ConditionKind.PAUSED, ConditionKind.WAITING, ConditionKind.NOT_RELOADED}
)
_ATTENTION_OUT: Final = (DeliveryState.PARKED, DeliveryState.RETURNED, DeliveryState.BLOCKED)
_ATTENTION_IN: Final = (InboxState.PARKED, InboxState.QUARANTINED, InboxState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """Counts and ages; `concerns` is empty if nothing needs attention.

    `daemon` is its process id. `lately_refused` are records of the last week without the secret
    ones, which are refused rightly; `conflicts` are those changed after sending in that week;
    `unanswered` deliveries are sent for a day without any status; of `failing` documents a sink
    wants nothing for now; `adapters` are those that are paused, wait, or could not be reloaded,
    with that word. `refused_records` are all that stand, secret ones included.
    """

    daemon: int | None
    brokers: Mapping[str, str]
    refused_records: int
    lately_refused: int
    conflicts: int
    unanswered: int
    failing: int
    outbox_documents: Mapping[str, int]
    outbox_statuses: Mapping[str, int]
    inbox_documents: Mapping[str, int]
    inbox_statuses: Mapping[str, int]
    oldest_unsent: dt.datetime | None
    oldest_undelivered: dt.datetime | None
    journal_entries: int
    journal_head: str | None
    adapters: Mapping[str, str]
    concerns: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the state as ``status --json`` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One journal entry of a document, or of a status that answers it.

    An entry that was damaged afterwards has no time.
    """

    at: dt.datetime | None
    event: str
    receiver: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything that happened to one packet on this node."""

    direction: str
    packet_id: str
    document_id: str
    code: str | None
    subject: str | None
    states: Mapping[str, str]
    events: tuple[TimelineEvent, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return the timeline as ``status ID --json`` prints it."""
        return asdict(self)


def node_state(
    store: Store, config: NodeConfig, *, now: dt.datetime, without_daemon: bool = False
) -> NodeState:
    """Read the state of a node; the broker is asked once for each agency.

    That no daemon runs is a concern, except `without_daemon`: then something else, such as cron,
    runs the node from time to time.
    """
    brokers = {
        agency.code: probe(agency_broker(config.broker, agency)) or "connected"
        for agency in config.agencies
    }
    with store.read() as tx:
        known = conditions(tx)
        held_up = [each for each in known if each.kind in _HOLDS_UP]
        state = NodeState(
            daemon=lock_holder(config.state_dir),
            brokers=brokers,
            refused_records=sources.refused_count(tx),
            lately_refused=sources.refused_count(tx, since=now - _LATELY, secrets=False),
            conflicts=sources.conflict_count(tx, since=now - _LATELY),
            unanswered=outbox.unanswered_count(tx, now - _PATIENCE),
            failing=inbox.failing_count(tx),
            outbox_documents=_counts(outbox.counts_of(tx, "document")),
            outbox_statuses=_counts(outbox.counts_of(tx, "status")),
            inbox_documents=_counts(_unread_too(tx)),
            inbox_statuses=_counts(inbox.counts(tx, "status")),
            oldest_unsent=outbox.oldest_open(tx),
            oldest_undelivered=inbox.oldest_open(tx),
            journal_entries=journal.count(tx),
            journal_head=journal.head(tx),
            adapters={each.adapter: each.kind for each in held_up},
        )
    absent = () if without_daemon or state.daemon is not None else ("no daemon is running",)
    beside = (*adapter_concerns(held_up), *node_concerns(config, known))
    concerns = (*absent, *_concerns(state, now), *beside)
    return NodeState(**{**_fields(state), "concerns": concerns})


def timeline(store: Store, text: str) -> list[Timeline]:
    """Return the timelines of all packets that a text means, sent and received.

    Raises:
        PermanentError: nothing is known under it.
    """
    with store.read() as tx:
        found = [
            *(_sent(tx, packet) for packet in outbox.find(tx, text=text)),
            *(
                _received(tx, row)
                for row in inbox.find(tx, text=text)
                if row.state is not InboxState.DUPLICATE
            ),
        ]
    if not found:
        raise PermanentError(codes.UNKNOWN_ID.at(text=text))
    return found


def _sent(tx: Transaction, packet: outbox.OutboxPacket) -> Timeline:
    states = {d.receiver: d.state.value for d in outbox.deliveries(tx, packet.packet_id)}
    return Timeline(
        direction=f"sent {packet.kind}",
        packet_id=packet.packet_id,
        document_id=packet.document_id,
        code=packet.code,
        subject=packet.subject,
        states=states,
        events=_events(tx, [packet.packet_id]),
    )


def _received(tx: Transaction, row: inbox.InboxMessage) -> Timeline:
    answers = row.packet_id or row.message_key
    return Timeline(
        direction=f"received {row.kind or 'message'}",
        packet_id=answers,
        document_id=row.document_id or "",
        code=row.code,
        subject=row.subject,
        states=dict.fromkeys(row.served or ("",), row.state.value),
        events=_events(tx, dict.fromkeys([row.message_key, answers])),
    )


def _events(tx: Transaction, ids: Iterable[str]) -> tuple[TimelineEvent, ...]:
    """Return what is journalled under some ids, and of the statuses that answer them."""
    entries: list[Entry | Damaged] = []
    for name in ids:
        entries += journal.rows(tx, packet_id=name, limit=_MANY)
        for receipt in inbox.receipts(tx, name):
            entries += journal.rows(tx, packet_id=receipt.receipt_packet_id, limit=_MANY)
    return tuple(_event(entry) for entry in sorted(entries, key=lambda entry: entry.seq))


def _event(entry: Entry | Damaged) -> TimelineEvent:
    if isinstance(entry, Damaged):
        seen = f"`connector journal show --after {entry.seq - 1}`"
        return TimelineEvent(at=None, event="damaged / hư hỏng", receiver="", detail=seen)
    facts = entry.facts
    shown = [facts[name] for name in _SHOWN if facts.get(name)]
    return TimelineEvent(
        at=entry.at,
        event=entry.event,
        receiver=str(facts.get("receiver", "")),
        detail=" · ".join(str(value) for value in shown),
    )


def _unread_too(tx: Transaction) -> dict[InboxState, int]:
    """Count documents and all of which nobody knows yet what it is: it needs attention, too."""
    statuses = inbox.counts(tx, "status")
    return {state: n - statuses.get(state, 0) for state, n in inbox.counts(tx).items()}


def _counts(counts: Mapping[Any, int]) -> dict[str, int]:
    return {state.value: count for state, count in counts.items() if count}


def _fields(state: NodeState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in NodeState.__slots__}


def _concerns(state: NodeState, now: dt.datetime) -> list[str]:
    concerns = [
        f"broker of {agency}: {problem}"
        for agency, problem in state.brokers.items()
        if problem != "connected"
    ]
    for counts, attention in (
        (state.outbox_documents, _ATTENTION_OUT),
        (state.inbox_documents, _ATTENTION_IN),
    ):
        concerns += [
            f"{counts[name.value]} {name.value}" for name in attention if counts.get(name.value)
        ]
    concerns += [
        text.format(count)
        for count, text in (
            (state.lately_refused, _REFUSED),
            (state.conflicts, "records changed after sending in the last 7 days: {}"),
            (state.unanswered, "deliveries sent more than a day ago without any answer: {}"),
            (state.failing, "verified documents that a sink does not take for now: {}"),
        )
        if count
    ]
    if state.oldest_unsent and now - state.oldest_unsent > _STALE:
        concerns.append("documents wait unsent for more than 15 minutes")
    if state.oldest_undelivered and now - state.oldest_undelivered > _STALE:
        concerns.append("documents wait undelivered for more than 15 minutes")
    return concerns
