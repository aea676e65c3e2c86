"""States of the legacy system about documents of which one cannot be read any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from connector.config.yaml_source import parse_yaml
from connector.errors import StorageError, Text
from connector.flow.states.feed import StatusFeed
from connector.model.states import InboxState
from connector.service.daemon import Daemon
from connector.store import codes as store_codes
from connector.store import inbox, journal, outbox
from connector.store.inbox import InboxMessage
from connector.trust.pki import DevPki
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office

FEED = """
source: {type: csv, path: states.csv, charset: utf-8, delimiter: ";", settle_seconds: 0}
id: Ma
status: TrangThai
table: {Xong: "06"}
"""


@pytest.fixture
def received(office: Office, pki: DevPki) -> list[InboxMessage]:
    """Return two documents that were delivered."""
    node = office.node
    receiver_of(node, AtHand(messages_of([packet(pki, number) for number in (1, 2)]))).pump()
    while node.admission.pump() or node.desk.pump():
        pass
    with node.store.read() as tx:
        return inbox.list_messages(tx, states=[InboxState.DELIVERED], limit=9)


def feed(office: Office) -> StatusFeed:
    """Open the source of states."""
    node = parse_yaml(FEED.encode(), office.directory / "connector.yaml")
    operator = office.node.operator("status source")
    return StatusFeed(office.node.ledger, operator, "G22", node, office.directory)


def tell(office: Office, rows: list[InboxMessage], more: str = "") -> None:
    """Write the legacy system's table: all documents are finished."""
    lines = ["Ma;TrangThai", *(f"{row.packet_id};Xong" for row in rows)]
    (office.directory / "states.csv").write_text("\n".join(lines) + "\n" + more, encoding="utf-8")


def finished(office: Office) -> set[str | None]:
    """Return the documents of which a 06 waits to be sent."""
    with office.node.store.read() as tx:
        sent = [each for each, _ in outbox.list_deliveries(tx, kind="status", limit=99)]
    return {each.document_id for each in sent if each.status_code == "06"}


def alarms(office: Office) -> list[tuple[str, str]]:
    """Return code and reason of each alarm."""
    with office.node.store.read() as tx:
        entries = journal.entries(tx, limit=999)
    told = [entry.facts for entry in entries if entry.event == "alarm_raised"]
    return [(facts["error_code"], facts["reason"]) for facts in told]


def test_a_lost_body_keeps_back_its_own_status_alone(
    office: Office, received: list[InboxMessage]
) -> None:
    """An alarm names it once; the others are sent, and it as well once the body is restored."""
    lost, whole = received
    spool = office.node.spool
    path = spool.get(lost.body_sha256).path
    body = path.read_bytes()
    spool.remove(lost.body_sha256)
    tell(office, received)
    assert feed(office).step() == 1
    assert finished(office) == {whole.document_id}
    ((code, reason),) = alarms(office)
    assert code == store_codes.BODY_MISSING.code
    assert f"'Xong' of '{lost.packet_id}'" in reason
    tell(office, received, "x;Xong\n")
    assert feed(office).step() == 0
    assert len(alarms(office)) == 1
    path.write_bytes(body)
    tell(office, received)
    assert feed(office).step() == 1
    assert finished(office) == {whole.document_id, lost.document_id}


def test_a_changed_body_ends_no_daemon(office: Office, received: list[InboxMessage]) -> None:
    """What is wrong with one document is on record; the other stages go on."""
    path = office.node.spool.get(received[0].body_sha256).path
    path.write_bytes(path.read_bytes() + b" ")
    tell(office, received)
    daemon, states = Daemon(office.node), feed(office)
    assert daemon._exchanging(states)(lambda: True) == 1
    assert daemon._source_errors == {}
    assert [code for code, _ in alarms(office)] == [store_codes.BODY_CHANGED.code]


def test_a_broken_disk_is_no_trouble_of_one_document(
    office: Office, received: list[InboxMessage]
) -> None:
    """Nothing is noted, no row is passed by: it is read again once the disk is there."""
    path = office.node.spool.get(received[0].body_sha256).path
    body = path.read_bytes()
    path.unlink()
    path.mkdir()
    tell(office, received)
    with pytest.raises(StorageError, match=store_codes.FILE_FAILED.code):
        feed(office).step()
    assert (alarms(office), finished(office)) == ([], set())
    path.rmdir()
    path.write_bytes(body)
    assert feed(office).step() == 2


class _Failing:
    """An exchange that fails in a certain way."""

    name = "statuses of G22"

    def __init__(self, text: Text, **facts: Any) -> None:
        self.error = StorageError(text.at("x", **facts))

    def step(self, _go_on: Callable[[], bool]) -> int:
        """Fail."""
        raise self.error


def test_an_exchange_that_misses_a_body_is_told_and_tried_again(office: Office) -> None:
    """It is trouble of that source; a failing disk still ends the daemon."""
    daemon = Daemon(office.node)
    lost = _Failing(store_codes.BODY_MISSING, sha256="0" * 64)
    assert daemon._exchanging(cast("Any", lost))(lambda: True) == 0
    assert daemon._source_errors == {lost.name: lost.error}
    broken = _Failing(store_codes.FILE_FAILED, reason="Input/output error")
    with pytest.raises(StorageError):
        daemon._exchanging(cast("Any", broken))(lambda: True)
