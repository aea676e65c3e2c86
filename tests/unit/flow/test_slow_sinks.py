"""Sinks that take their time or do not answer: signs of life, commits on the way, no long waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from connector.errors import PermanentError, StorageError, TransientError, UnavailableError
from connector.model.inbound import Inbound
from connector.model.states import InboxState
from connector.sinks import system_codes
from connector.store import codes as store_codes
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.trust.pki import DevPki
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office

TIMEOUT = 240.0
STALLED = 300.0


@dataclass
class Service:
    """What takes documents one by one and lets the clock of the node run meanwhile."""

    office: Office
    seconds: float = 0.0
    fails: Callable[[str], bool] = lambda _number: False
    declines: Callable[[str], bool] = lambda _number: False
    asked: list[str] = field(default_factory=list)
    delivered: dict[str, int] = field(default_factory=dict)

    __hash__ = object.__hash__

    def deliver(self, item: Inbound) -> bool:
        """Take a document, or fail when the time is over."""
        number = item.document.code.number
        self.asked.append(number)
        cast("Any", self.office.node.clock).sleep(self.seconds)
        if self.fails(number):
            raise UnavailableError(system_codes.SERVICE_DOWN.at("x", reason="timed out"))
        if self.declines(number):
            raise TransientError(system_codes.SERVICE_DOWN.at("x", reason="500"))
        self.delivered[number] = delivered(self.office)
        return True


class Together(Service):
    """What takes documents together, too, unless one of them fails."""

    def deliver_many(self, items: Sequence[Inbound]) -> list[bool]:
        """Take all or none."""
        return [self.deliver(item) for item in items]


@pytest.fixture
def verified(office: Office, pki: DevPki) -> Callable[[int], Office]:
    """Let a node have some verified documents."""

    def make(count: int) -> Office:
        packets = [packet(pki, number) for number in range(1, count + 1)]
        receiver_of(office.node, AtHand(messages_of(packets))).pump()
        while office.node.admission.pump():
            pass
        return office

    return make


def use(office: Office, *sinks: Any) -> None:
    """Let these be the sinks of the node's agency."""
    cast("Any", office.node.desk)._sinks = {"G22": list(sinks)}


def rows(office: Office) -> list[InboxMessage]:
    """Return all documents in the order in which they came."""
    with office.node.store.read() as tx:
        found = inbox.list_messages(tx, limit=99)
    return sorted(found, key=lambda row: row.document_id or "")


def delivered(office: Office) -> int:
    """Return how many documents count as delivered, whatever happens next."""
    return sum(row.state is InboxState.DELIVERED for row in rows(office))


@dataclass
class Signs:
    """The signs of life of a step, as the daemon notes them."""

    office: Office
    end_after: int = 1_000_000
    last: float = 0.0
    longest: float = 0.0
    count: int = 0

    def __call__(self) -> bool:
        """Note one; False once enough were given."""
        self.note()
        self.count += 1
        return self.count <= self.end_after

    def note(self) -> None:
        """Note how long ago the last one was."""
        now = self.office.node.clock.monotonic()
        self.longest, self.last = max(self.longest, now - self.last), now


@pytest.mark.parametrize("kind", [Service, Together])
@pytest.mark.parametrize("hangs", [False, True])
def test_a_slow_sink_is_no_dead_daemon(
    verified: Callable[[int], Office], kind: type[Service], hangs: bool
) -> None:
    """There is a sign of life before each hand-over that waits for its sink alone."""
    office = verified(4)
    use(office, kind(office, TIMEOUT if kind is Service or hangs else 1.0, lambda _: hangs))
    signs = Signs(office, last=office.node.clock.monotonic())
    office.node.desk.pump(signs)
    signs.note()
    assert signs.longest < STALLED


def test_what_a_slow_sink_has_taken_is_committed_before_the_next(
    verified: Callable[[int], Office],
) -> None:
    """Whenever the daemon ends, at most one such document is handed over again."""
    office = verified(4)
    service = Service(office, 10.0)
    use(office, service)
    office.node.desk.pump()
    assert list(service.delivered.values()) == [0, 1, 2, 3]
    assert delivered(office) == 4


def test_what_a_fast_service_takes_is_committed_together(
    verified: Callable[[int], Office],
) -> None:
    """Where no time passes there is one commit, as for sinks that take several at once."""
    office = verified(4)
    service = Service(office, 0.01)
    use(office, service)
    office.node.desk.pump()
    assert list(service.delivered.values()) == [0, 0, 0, 0]
    assert delivered(office) == 4


def test_the_daemon_may_end_between_two_documents(verified: Callable[[int], Office]) -> None:
    """What was handed over until then is committed; the rest stays as it was."""
    office = verified(4)
    service = Service(office, 0.01)
    use(office, service)
    before = rows(office)
    office.node.desk.pump(Signs(office, end_after=4))
    done = len(service.asked)
    assert 0 < done < 4
    assert delivered(office) == done
    assert rows(office)[done:] == before[done:]
    office.node.desk.pump()
    assert service.asked == ["01", "02", "03", "04"]


@pytest.mark.parametrize("kind", [Service, Together])
def test_a_service_that_hangs_is_asked_once(
    verified: Callable[[int], Office], kind: type[Service]
) -> None:
    """The other documents wait with its reason, without an attempt; afterwards all are taken."""
    office = verified(5)
    service = kind(office, TIMEOUT, lambda _: True)
    use(office, service)
    office.node.desk.pump()
    assert service.asked == ["01"] * (1 if kind is Service else 2)  # first with the others
    assert [row.attempts for row in rows(office)] == [1, 0, 0, 0, 0]
    for row in rows(office):
        assert row.state is InboxState.VERIFIED
        assert [each["code"] for each in row.findings] == [system_codes.SERVICE_DOWN.code]
    assert office.node.desk.pump() == 0
    service.fails = lambda _: False
    cast("Any", office.node.clock).sleep(60)
    office.node.desk.pump()
    assert delivered(office) == 5


def test_a_document_that_always_fails_holds_up_no_other(
    verified: Callable[[int], Office],
) -> None:
    """The service answers late for one document only: those behind it get their turn."""
    office = verified(4)
    use(office, Service(office, 0.01, lambda number: number == "01"))
    for _ in range(10):
        office.node.desk.pump()
        cast("Any", office.node.clock).sleep(10)
    assert delivered(office) == 3
    assert rows(office)[0].state is InboxState.VERIFIED


@pytest.mark.parametrize("kind", [Service, Together])
def test_documents_that_a_service_cannot_take_hold_up_no_other(
    verified: Callable[[int], Office], kind: type[Service]
) -> None:
    """An answer, though it is no for now, concerns one document: the next one is asked at once."""
    office = verified(5)
    use(office, kind(office, 0.01, declines=lambda number: number in {"01", "02", "04"}))
    office.node.desk.pump()
    assert delivered(office) == 2
    assert [row.attempts for row in rows(office)] == [1, 1, 0, 1, 0]


def test_a_service_that_hangs_keeps_nothing_from_other_agencies(
    verified: Callable[[int], Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of its documents are due, those of other sinks come in the same step."""
    office = verified(6)
    hanging, other = Service(office, TIMEOUT, lambda _: True), Service(office)
    desk = office.node.desk
    monkeypatch.setattr("connector.flow.deliver._BATCH", 2)
    last = rows(office)[-1].packet_id
    with office.node.store.begin() as tx:
        tx.exec_driver_sql(
            "UPDATE inbox_message SET served = '[\"G09\"]' WHERE packet_id = ?", (last,)
        )
    cast("Any", desk)._sinks = {"G22": [hanging], "G09": [other]}
    desk.pump()
    assert (hanging.asked, other.asked) == (["01"], ["06"])


def test_the_other_sinks_of_a_document_do_not_wait(verified: Callable[[int], Office]) -> None:
    """They have it at once and once, though it counts as delivered only when all have it."""
    office = verified(4)
    desk, hanging = Service(office), Service(office, TIMEOUT, lambda _: True)
    use(office, desk, hanging)
    office.node.desk.pump()
    assert (desk.asked, hanging.asked) == (["01", "02", "03", "04"], ["01"])
    assert delivered(office) == 0
    cast("Any", office.node.clock).sleep(60)
    office.node.desk.pump()
    assert (desk.asked[4:], hanging.asked) == (["01"], ["01", "01"])
    hanging.fails = lambda _: False
    cast("Any", office.node.clock).sleep(600)
    office.node.desk.pump()
    assert set(hanging.delivered) == {"01", "02", "03", "04"}
    assert delivered(office) == 4


def test_a_sink_that_is_away_is_not_asked_by_acts(
    verified: Callable[[int], Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acts of a batch wait like its documents do."""
    office = verified(3)
    service = Service(office, TIMEOUT, lambda _: True)
    use(office, service)
    monkeypatch.setattr("connector.flow.deliver._is_plain", lambda _row: False)
    office.node.desk.pump()
    assert service.asked == ["01"]


def test_one_damaged_body_is_no_failure_of_its_sink(verified: Callable[[int], Office]) -> None:
    """The documents behind it are handed over in the same step."""
    office = verified(3)
    service = Service(office)
    deliver = service.deliver

    def missing(item: Inbound) -> bool:
        if item.document.code.number == "01":
            raise StorageError(store_codes.BODY_MISSING.at("x", sha256=item.digest))
        return deliver(item)

    cast("Any", service).deliver = missing
    use(office, service)
    office.node.desk.pump()
    assert service.asked == ["02", "03"]
    assert delivered(office) == 2


def test_a_refusal_concerns_one_document(verified: Callable[[int], Office]) -> None:
    """What a service refuses is set aside; the others are handed over."""
    office = verified(3)
    service = Service(office)
    deliver = service.deliver

    def refusing(item: Inbound) -> bool:
        if item.document.code.number == "02":
            raise PermanentError(
                system_codes.SERVICE_REFUSED.at("x", status=422, reason="no such unit")
            )
        return deliver(item)

    cast("Any", service).deliver = refusing
    use(office, service)
    office.node.desk.pump()
    states = [row.state for row in rows(office)]
    assert states == [InboxState.DELIVERED, InboxState.PARKED, InboxState.DELIVERED]
