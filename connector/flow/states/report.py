"""From the journal to the legacy system: what became of the documents that it sent.

What happens to a document that is sent again after it was answered is no news to it: that it was
accepted stands, and answers are reported if they go no further back (architecture: States).

The journal's sequence number is the id of a change, so after a crash the same change comes again
under the same id, and no change is left out. An entry that somebody damaged tells nothing that
could be written back; `connector journal verify` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from connector import crash
from connector.clock import VIETNAM
from connector.config.yaml_source import Node
from connector.errors import PermanentError
from connector.events import (
    AlarmRaised,
    DeliveryBlocked,
    DeliveryParked,
    DeliveryReturned,
    DeliverySent,
    StatusApplied,
)
from connector.flow.ledger import Ledger
from connector.flow.ours import Ours
from connector.model.states import DELIVERY_PROGRESS, DeliveryState
from connector.sinks.status_out import Reported, open_status_sink
from connector.store import journal, outbox, sources
from connector.store.journal import Entry
from connector.store.store import Transaction

__all__ = ["StatusReport"]

_AT_ONCE: Final = 500
_MANY: Final = 100_000
_PROGRESS: Final = tuple(state.value for state in DELIVERY_PROGRESS)
_ENDS: Final = frozenset({DeliveryState.REFUSED.value, DeliveryState.RECALLED.value})
_STATES: Final[Mapping[str, DeliveryState]] = {
    DeliverySent.name(): DeliveryState.SENT,
    DeliveryReturned.name(): DeliveryState.RETURNED,
    DeliveryBlocked.name(): DeliveryState.BLOCKED,
    DeliveryParked.name(): DeliveryState.PARKED,
}


class StatusReport:
    """Follows the journal for one agency."""

    def __init__(self, ledger: Ledger, ours: Ours, agency: str, node: Node, base: Path) -> None:
        self._sink, self._states = open_status_sink(node, base)
        self._ledger: Final = ledger
        self._ours: Final = ours
        self._agency: Final = agency
        self.name: Final = self.called(agency)

    @staticmethod
    def called(agency: str) -> str:
        """Return how the status sink of an agency is called."""
        return f"status sink {agency}"

    def step(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Write back what changed since the last look; return how many changes that were.

        Raises:
            TransientError: the legacy system does not answer; nothing is left out.
        """
        total = 0
        while True:
            read, written = self._some()
            total += written
            if read < _AT_ONCE or not go_on():
                return total

    def _some(self) -> tuple[int, int]:
        """Return how many entries of the journal were read, and how many changes they held."""
        with self._ledger.store.read() as tx:
            after = int(sources.cursor(tx, self.name) or 0)
            entries = journal.rows(tx, after=after, limit=_AT_ONCE)
            told = _Told(tx)
            whole = (entry for entry in entries if isinstance(entry, Entry) and told.is_news(entry))
            changes = [change for entry in whole if (change := self._change(tx, entry)) is not None]
        if entries:
            alarms = self._written(changes)
            crash.point("report.written")
            with self._ledger.work() as work:
                sources.set_cursor(work.tx, self.name, str(entries[-1].seq))
                for alarm in alarms:
                    work.record(alarm)
                crash.point("report.cursor")
        return len(entries), len(changes)

    def _written(self, changes: list[Reported]) -> list[AlarmRaised]:
        """Write changes; one that the legacy system never takes is an alarm, the others go on."""
        if not changes:
            return []
        try:
            self._sink.write(changes)
        except PermanentError:
            return [alarm for each in changes if (alarm := self._alone(each)) is not None]
        return []

    def _alone(self, change: Reported) -> AlarmRaised | None:
        try:
            self._sink.write([change])
        except PermanentError as error:
            finding = error.findings[0]
            return AlarmRaised(
                packet_id=str(change["packet_id"]), error_code=finding.code, reason=finding.en
            )
        return None

    def _change(self, tx: Transaction, entry: Entry) -> Reported | None:
        receiver = entry.facts.get("receiver")
        state = _state_of(entry)
        if state is None or receiver is None or entry.packet_id is None:
            return None
        packet = outbox.packet(tx, entry.packet_id)
        if packet is None or packet.kind != "document":
            return None
        agency = self._ours.agency_for(packet.sender)
        shown = self._states.get(state, None if self._states else state)
        if agency is None or agency.code != self._agency or shown is None:
            return None
        return {
            "event_id": entry.seq,
            "packet_id": packet.packet_id,
            "document_id": packet.document_id,
            "code": packet.code,
            "adapter": packet.adapter,
            "source_key": packet.source_key,
            "receiver": str(receiver),
            "state": shown,
            "status": entry.facts.get("status"),
            "reason": entry.facts.get("reason"),
            "at": entry.at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S"),
        }


class _Told:
    """How far each delivery had come, as the journal tells it, before an entry of it."""

    def __init__(self, tx: Transaction) -> None:
        self._tx: Final = tx
        self._reached: Final[dict[str, dict[str, int]]] = {}

    def is_news(self, entry: Entry) -> bool:
        """Tell whether an entry takes a delivery no further back; entries come in their order."""
        state, receiver, packet_id = _state_of(entry), entry.facts.get("receiver"), entry.packet_id
        if state is None or packet_id is None:
            return False
        reached = self._reached.get(packet_id)
        if reached is None:
            reached = self._reached[packet_id] = self._before(packet_id, entry.seq)
        before, rank = reached.get(str(receiver), 0), _rank(state)
        reached[str(receiver)] = max(before, rank)
        return rank >= before or state in _ENDS

    def _before(self, packet_id: str, seq: int) -> dict[str, int]:
        reached: dict[str, int] = {}
        for entry in journal.rows(self._tx, packet_id=packet_id, limit=_MANY):
            state = _state_of(entry) if isinstance(entry, Entry) and entry.seq < seq else None
            if isinstance(entry, Entry) and state is not None:
                receiver = str(entry.facts.get("receiver"))
                reached[receiver] = max(reached.get(receiver, 0), _rank(state))
        return reached


def _rank(state: str) -> int:
    """Return how far a state is; one in which the document never arrived is as far as sent.

    A refusal is an answer: behind it only answers are news.
    """
    if state in _PROGRESS:
        return _PROGRESS.index(state)
    return _PROGRESS.index(DeliveryState.ARRIVED if state in _ENDS else DeliveryState.SENT)


def _state_of(entry: Entry) -> str | None:
    if entry.event == StatusApplied.name():
        return str(entry.facts.get("state"))
    state = _STATES.get(entry.event)
    return None if state is None else state.value
