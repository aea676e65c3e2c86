"""What a node guarantees, G1 to G8, as an operator sees it: live figures, and what touches each.

Nothing is read here: `status` counts, and this module says what the counts mean. A guarantee
holds exactly if no concern touches it, and every concern touches exactly one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from connector.errors import Text
from connector.flow import concern_codes as codes
from connector.flow.told import told
from connector.model.states import DeliveryState, InboxState

if TYPE_CHECKING:
    from connector.flow.report import NodeState

__all__ = [
    "CONNECTED",
    "Beside",
    "Concern",
    "Figure",
    "Guarantee",
    "Name",
    "Standing",
    "counted_concerns",
    "standings",
]

Figure: TypeAlias = int | str | dt.datetime | None
"""What is counted, or since when something waits."""

CONNECTED: Final = "connected"
"""What stands in `NodeState.brokers` for an agency that the broker lets in."""

_STALE: Final = dt.timedelta(minutes=15)


class Guarantee(StrEnum):
    """The guarantees of ARCHITECTURE.md, in their order."""

    G1 = "G1"
    G2 = "G2"
    G3 = "G3"
    G4 = "G4"
    G5 = "G5"
    G6 = "G6"
    G7 = "G7"
    G8 = "G8"


@dataclass(frozen=True, slots=True)
class Name:
    """How a guarantee is called in short."""

    vi: str
    en: str


_NAMES: Final[Mapping[Guarantee, Name]] = {
    Guarantee.G1: Name("không mất trên đường vào", "nothing lost on the way in"),
    Guarantee.G2: Name("không mất trên đường ra", "nothing lost on the way out"),
    Guarantee.G3: Name("có hiệu lực đúng một lần", "once in effect"),
    Guarantee.G4: Name("chỉ giao nội dung đã xác thực", "only verified content is delivered"),
    Guarantee.G5: Name("không kẹt lại trong im lặng", "nothing is stuck in silence"),
    Guarantee.G6: Name("mọi việc đều được ghi lại", "everything is on record"),
    Guarantee.G7: Name("văn bản mật không rời cơ quan", "secret documents never leave"),
    Guarantee.G8: Name("tài nguyên có giới hạn", "bounded"),
}
_OUT: Final[Mapping[DeliveryState, tuple[Guarantee, Text]]] = {
    DeliveryState.PARKED: (Guarantee.G2, codes.DELIVERIES_PARKED),
    DeliveryState.RETURNED: (Guarantee.G2, codes.DELIVERIES_RETURNED),
    DeliveryState.BLOCKED: (Guarantee.G2, codes.DELIVERIES_BLOCKED),
}
_IN: Final[Mapping[InboxState, tuple[Guarantee, Text]]] = {
    InboxState.PARKED: (Guarantee.G5, codes.MESSAGES_PARKED),
    InboxState.QUARANTINED: (Guarantee.G4, codes.MESSAGES_QUARANTINED),
    InboxState.HELD: (Guarantee.G4, codes.MESSAGES_HELD),
}
_DOCUMENTS: Final = {"en": "documents", "vi": "văn bản", "option": " --kind document"}
_UNREAD_TOO: Final = {**_DOCUMENTS, "option": ""}
_ANSWERS: Final = {"en": "answers", "vi": "phản hồi", "option": " --kind status"}


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that a person has to see to, and the guarantee that it touches."""

    guarantee: Guarantee
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is counted for the guarantees alone; all else by which they are seen is `NodeState`.

    Of the journal the newest entries are `checked` as a chain each time; `unfinished` packets
    wait for their parts; `free` is None if no disk of the state can be asked.
    """

    adapters: int
    failing_adapters: int
    failing_exchanges: int
    secret_records: int
    checked: int
    unfinished: int
    unfinished_bytes: int
    free: int | None
    largest_packet: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one guarantee stands; `concerns` is empty if nothing touches it."""

    name: Name
    figures: Mapping[str, Figure]
    concerns: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """False exactly if a concern touches it."""
        return not self.concerns

    def as_dict(self) -> dict[str, Any]:
        """Return the guarantee as ``status --json`` prints it."""
        return {
            "name": asdict(self.name),
            "holds": self.holds,
            "figures": dict(self.figures),
            "concerns": self.concerns,
        }


def standings(state: NodeState, beside: Beside, concerns: Iterable[Concern]) -> dict[str, Standing]:
    """Return how each guarantee stands, from G1 to G8."""
    all_concerns = tuple(concerns)
    figures = _figures(state, beside)
    return {
        each.value: Standing(
            name=_NAMES[each],
            figures=figures[each],
            concerns=tuple(concern.text for concern in all_concerns if concern.guarantee is each),
        )
        for each in Guarantee
    }


def counted_concerns(state: NodeState, now: dt.datetime) -> Iterator[Concern]:
    """Yield what a person has to see to by the counts and ages of a node."""
    yield from _in_states(state.outbox_documents, _OUT, _DOCUMENTS)
    yield from _in_states(state.outbox_statuses, _OUT, _ANSWERS)
    for counts, closed, among in (
        (state.inbox_documents, state.closed_documents, _UNREAD_TOO),
        (state.inbox_statuses, state.closed_statuses, _ANSWERS),
    ):
        quarantined = InboxState.QUARANTINED.value
        open_cases = {quarantined: counts.get(quarantined, 0) - closed}
        yield from _in_states({**counts, **open_cases}, _IN, among)
    for count, guarantee, text in (
        (state.lately_refused, Guarantee.G1, codes.RECORDS_REFUSED),
        (state.conflicts, Guarantee.G3, codes.RECORDS_CHANGED),
        (state.unanswered, Guarantee.G5, codes.UNANSWERED),
        (state.failing, Guarantee.G5, codes.NOT_TAKEN),
    ):
        if count:
            yield Concern(guarantee, told(text.at(count=count)))
    for oldest, guarantee, text in (
        (state.oldest_unsent, Guarantee.G2, codes.UNSENT),
        (state.oldest_undelivered, Guarantee.G5, codes.UNDELIVERED),
    ):
        if oldest and now - oldest > _STALE:
            yield Concern(guarantee, told(text.at()))


def _in_states(
    counts: Mapping[str, int],
    attention: Mapping[DeliveryState, tuple[Guarantee, Text]]
    | Mapping[InboxState, tuple[Guarantee, Text]],
    among: Mapping[str, str],
) -> Iterator[Concern]:
    for state, (guarantee, text) in attention.items():
        count = counts.get(state.value)
        if count:
            yield Concern(guarantee, told(text.at(count=count, **among)))


def _figures(state: NodeState, beside: Beside) -> dict[Guarantee, dict[str, Figure]]:
    return {
        **_of_documents(state, beside),
        Guarantee.G6: {
            "entries": state.journal_entries,
            "newest_checked": beside.checked,
            "head": state.journal_head,
        },
        Guarantee.G7: {"secret_records_refused": beside.secret_records},
        Guarantee.G8: {
            "free_bytes": beside.free,
            "largest_packet_bytes": beside.largest_packet,
            "unfinished_packets": beside.unfinished,
            "unfinished_bytes": beside.unfinished_bytes,
        },
    }


def _of_documents(state: NodeState, beside: Beside) -> dict[Guarantee, dict[str, Figure]]:
    """Return the figures of what documents and their answers meet on their way, G1 to G5."""
    sent, received, answers = state.outbox_documents, state.inbox_documents, state.inbox_statuses
    connected = [each for each in state.brokers.values() if each == CONNECTED]
    duplicates = [each.get(InboxState.DUPLICATE.value, 0) for each in (received, answers)]
    return {
        Guarantee.G1: {
            "adapters": beside.adapters,
            "held_up": len(state.adapters),
            "failing": beside.failing_adapters,
            "refused_in_7_days": state.lately_refused,
        },
        Guarantee.G2: {
            "agencies": len(state.brokers),
            "connected": len(connected),
            **{each.value: sent.get(each.value, 0) for each in _OUT},
            **{f"{each.value}_statuses": state.outbox_statuses.get(each.value, 0) for each in _OUT},
            "oldest_unsent": state.oldest_unsent,
        },
        Guarantee.G3: {
            "changed_after_sending_in_7_days": state.conflicts,
            "duplicates_set_aside": sum(duplicates),
        },
        Guarantee.G4: {
            "quarantined": received.get(InboxState.QUARANTINED.value, 0),
            "quarantined_statuses": answers.get(InboxState.QUARANTINED.value, 0),
            "closed_cases": state.closed_documents + state.closed_statuses,
            "held": received.get(InboxState.HELD.value, 0),
            "held_statuses": answers.get(InboxState.HELD.value, 0),
            "refused": received.get(InboxState.REFUSED.value, 0),
        },
        Guarantee.G5: {
            "daemon": state.daemon,
            "unanswered_for_a_day": state.unanswered,
            "not_taken_by_a_sink": state.failing,
            "parked": received.get(InboxState.PARKED.value, 0),
            "parked_statuses": answers.get(InboxState.PARKED.value, 0),
            "failing_exchanges": beside.failing_exchanges,
            "oldest_undelivered": state.oldest_undelivered,
        },
    }
