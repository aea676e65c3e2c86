"""What became of sent documents is written back, also from a journal that somebody damaged."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from connector.config.yaml_source import parse_yaml
from connector.events import DeliveryReturned, DeliverySent, Event, StatusApplied
from connector.flow.states.report import StatusReport
from connector.store import journal
from tests.unit.flow.conftest import Office

DAMAGE = [
    ("at", "'yesterday'"),
    ("facts", "'[1]'"),
    ("facts", "'nonsense'"),
    ("facts", "CAST(x'ff' AS TEXT)"),
    ("event", "CAST(x'ff' AS TEXT)"),
    ("hash", "CAST(x'ff' AS TEXT)"),
]


@pytest.mark.parametrize(("column", "value"), DAMAGE)
def test_a_damaged_entry_keeps_nothing_back(
    office: Office, row: Callable[..., str], column: str, value: str
) -> None:
    """It tells nothing that could be written; the entries before and behind it do, once."""
    office.export(row())
    office.collect()
    (packet,) = office.packets()
    for receiver in ("H41", "G09", "G01"):
        with office.node.ledger.work() as work:
            work.record(DeliverySent(packet_id=packet.packet_id, receiver=receiver))
    with office.node.store.begin() as tx:
        last = journal.count(tx)
        change = f"UPDATE journal SET {column} = {value} WHERE seq = {last - 1}"  # noqa: S608
        tx.exec_driver_sql(change)
    report = opened(office)
    assert [report.step(), report.step()] == [2, 0]
    assert [each["receiver"] for each in written(office)] == ["H41", "G01"]


SENT, BACK = "sent", "returned"
SENT_AGAIN = [
    ([SENT, SENT], [SENT, SENT]),
    ([SENT, BACK, SENT, "arrived"], [SENT, BACK, SENT, "arrived"]),
    (["arrived", SENT, "accepted"], ["arrived", "accepted"]),
    ([SENT, "accepted", SENT, "arrived", "finished"], [SENT, "accepted", "finished"]),
    ([SENT, "accepted", BACK, "refused"], [SENT, "accepted", "refused"]),
    ([SENT, "refused", SENT, "arrived", "accepted"], [SENT, "refused", "arrived", "accepted"]),
]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(("happened", "reported"), SENT_AGAIN)
def test_what_goes_back_is_not_reported(
    office: Office,
    row: Callable[..., str],
    happened: list[str],
    reported: list[str],
    *,
    at_once: bool,
) -> None:
    """A resend after an answer tells the legacy system nothing until there is a further answer."""
    office.export(row())
    office.collect()
    (packet,) = office.packets()
    for state in happened:
        with office.node.ledger.work() as work:
            work.record(event(packet.packet_id, state))
            work.record(DeliverySent(packet_id=packet.packet_id, receiver="G09"))
        if not at_once:
            opened(office).step()
    opened(office).step()
    assert [r["state"] for r in written(office) if r["receiver"] == "H41"] == reported
    assert len([r for r in written(office) if r["receiver"] == "G09"]) == len(happened)


def event(packet_id: str, state: str) -> Event:
    """Return what is journalled when the delivery to H41 gets into a state."""
    if state == SENT:
        return DeliverySent(packet_id=packet_id, receiver="H41")
    if state == BACK:
        return DeliveryReturned(packet_id=packet_id, receiver="H41", reason="x", error_code="x")
    return StatusApplied(packet_id=packet_id, receiver="H41", status="x", state=state)


def opened(office: Office) -> StatusReport:
    """Open the status sink."""
    node = office.node
    settings = parse_yaml(b"{type: csv, path: ra.csv}", office.directory / "connector.yaml")
    return StatusReport(node.ledger, node.ours, "G22", settings, office.directory)


def written(office: Office) -> list[dict[str, str]]:
    """Return the lines that the legacy system got."""
    with (office.directory / "ra.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))
