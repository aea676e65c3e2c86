"""What became of sent documents is written back, also from a journal that somebody damaged."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from connector.config.yaml_source import parse_yaml
from connector.events import DeliverySent
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
    node = office.node
    settings = parse_yaml(b"{type: csv, path: ra.csv}", office.directory / "connector.yaml")
    report = StatusReport(node.ledger, node.ours, "G22", settings, office.directory)
    assert [report.step(), report.step()] == [2, 0]
    with (office.directory / "ra.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert [each["receiver"] for each in rows] == ["H41", "G01"]
