"""What a node can say about itself and about one document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from connector.broker.probe import probe
from connector.config.node import NodeConfig
from connector.errors import PermanentError
from connector.flow import codes
from connector.flow.adapters.acts import adapter_concerns
from connector.flow.concern_codes import NO_DAEMON
from connector.flow.concerns import (
    broker_concerns,
    failing_adapters,
    failing_exchanges,
    free_bytes,
    journal_concerns,
    node_concerns,
)
from connector.flow.guarantees import (
    CONNECTED,
    Beside,
    Concern,
    Guarantee,
    Standing,
    counted_concerns,
    standings,
)
from connector.flow.links import agency_broker
from connector.flow.told import told
from connector.model.states import InboxState
from connector.store import inbox, journal, outbox, parts, sources
from connector.store.conditions import Condition, ConditionKind, conditions
from connector.store.journal import Damaged, Entry
from connector.store.lock import lock_holder
from connector.store.store import Store, Transaction

__all__ = ["NodeState", "Timeline", "TimelineEvent", "node_state", "timeline"]

_MANY: Final = 100_000
_SHOWN: Final = ("action", "actor", "status", "state", "reason")
_PATIENCE: Final = dt.timedelta(days=1)
_LATELY: Final = dt.timedelta(days=7)
_CHECKED: Final = 1000
"""So many of the newest journal entries are checked each time; `journal verify` checks all."""
_HOLDS_UP: Final = frozenset(
    {ConditionKind.PAUSED, ConditionKind.WAITING, ConditionKind.NOT_RELOADED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """Counts and ages; `concerns` is empty if nothing needs attention.

    `daemon` is its process id. `lately_refused` are records of the last week without the secret
    ones, which are refused rightly; `conflicts` are those changed after sending in that week;
    `unanswered` deliveries are sent for a day without any status; of `failing` documents a sink
    wants nothing for now; `adapters` are those that are paused, wait, or could not be reloaded,
    with that word; of what is quarantined, `closed_documents` and `closed_statuses` are cases that
    a person has closed. `refused_records` are all that stand, secret ones included. `guarantees`
    shares the concerns out among G1 to G8.
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
    closed_documents: int
    closed_statuses: int
    oldest_unsent: dt.datetime | None
    oldest_undelivered: dt.datetime | None
    journal_entries: int
    journal_head: str | None
    adapters: Mapping[str, str]
    concerns: tuple[str, ...] = ()
    guarantees: Mapping[str, Standing] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the state as ``status --json`` prints it."""
        told = {name: each.as_dict() for name, each in self.guarantees.items()}
        return asdict(self) | {"guarantees": told}


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
    probed = {
        agency.code: probe(agency_broker(config.broker, agency)) for agency in config.agencies
    }
    brokers = {agency: CONNECTED if why is None else why.en for agency, why in probed.items()}
    with store.read() as tx:
        known = conditions(tx)
        held_up = [each for each in known if each.kind in _HOLDS_UP]
        state = replace(
            _counted(tx, brokers, now),
            daemon=lock_holder(config.state_dir),
            adapters={each.adapter: each.kind for each in held_up},
        )
        beside = _beside(tx, config, known, state.journal_entries)
        broken = journal.verify_newest(tx, _CHECKED)
    running = without_daemon or state.daemon is not None
    concerns = (
        *(() if running else (Concern(Guarantee.G5, told(NO_DAEMON.at())),)),
        *broker_concerns(probed),
        *counted_concerns(state, now),
        *(Concern(Guarantee.G1, text) for text in adapter_concerns(held_up)),
        *node_concerns(config, known),
        *journal_concerns(broken),
    )
    return replace(
        state,
        concerns=tuple(each.text for each in concerns),
        guarantees=standings(state, beside, concerns),
    )


def _counted(tx: Transaction, brokers: Mapping[str, str], now: dt.datetime) -> NodeState:
    """Return the counts and ages of the store; whoever else is asked is not in it yet."""
    closed_statuses, closed_documents = inbox.closed_count(tx)
    return NodeState(
        daemon=None,
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
        closed_documents=closed_documents,
        closed_statuses=closed_statuses,
        oldest_unsent=outbox.oldest_open(tx),
        oldest_undelivered=inbox.oldest_open(tx),
        journal_entries=journal.count(tx),
        journal_head=journal.head(tx),
        adapters={},
    )


def _beside(
    tx: Transaction, config: NodeConfig, known: Sequence[Condition], entries: int
) -> Beside:
    unfinished, arrived_bytes = parts.open_count(tx)
    return Beside(
        adapters=len(config.adapters),
        failing_adapters=len(failing_adapters(known)),
        failing_exchanges=len(failing_exchanges(known)),
        secret_records=sources.refused_count(tx, secrets=True),
        checked=min(entries, _CHECKED),
        unfinished=unfinished,
        unfinished_bytes=arrived_bytes,
        free=free_bytes(config),
        largest_packet=config.limits.max_packet_bytes,
    )


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
