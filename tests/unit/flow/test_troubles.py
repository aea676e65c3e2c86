"""What an adapter or an exchange of states cannot do is a concern of `status` until it can."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from connector.clock import ManualClock
from connector.errors import UnavailableError
from connector.flow.adapters.acts import AdapterActs
from connector.flow.report import node_state
from connector.flow.troubles import Troubles
from connector.service.daemon import Daemon, Stage
from connector.sinks import system_codes
from connector.store.conditions import ConditionKind, conditions
from tests.unit.flow.conftest import Office

NAME = "g22-van-ban-di"
SINK = "status sink G22"
FOREIGN = system_codes.FILE_FOREIGN.at("ra.csv", path="ra.csv")
DOWN = system_codes.FILE_DOWN.at("ra.csv", reason="Permission denied")


def concerns(office: Office, code: str) -> list[str]:
    """Return what `status` of a node without a daemon tells under a code."""
    node = office.node
    state = node_state(node.store, node.config, now=node.clock.now(), without_daemon=True)
    return [each for each in state.concerns if each.startswith(code)]


def noted(office: Office) -> list[tuple[str, dt.datetime]]:
    """Return what is kept as failing, and since when."""
    with office.node.store.read() as tx:
        found = conditions(tx)
    return [(each.adapter, each.since) for each in found if each.kind == ConditionKind.FAILING]


def changes(office: Office) -> int:
    """Return a number that rises with each change of the store."""
    with office.node.store.begin() as tx:
        return int(tx.exec_driver_sql("SELECT total_changes()").scalar_one())


def test_an_export_that_cannot_be_read(office: Office, row: Callable[..., str]) -> None:
    """`run --once` leaves the concern in both languages, with code and remedy; success ends it."""
    office.export(row())
    gone = office.adapter / "weg"
    (office.adapter / "export").rename(gone)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="EDX-4008"):
            Daemon(office.node, frozenset({Stage.COLLECT})).once()
    (concern,) = concerns(office, "EDX-4008")
    assert concern.startswith(f"EDX-4008: {NAME}: ")
    assert "không đọc được tệp kết xuất" in concern
    assert f" / {NAME}: " in concern
    assert "the export cannot be read" in concern
    assert " → " in concern
    assert noted(office) == [(NAME, office.node.clock.now())]
    gone.rename(office.adapter / "export")
    Daemon(office.node, frozenset({Stage.COLLECT})).once()
    assert concerns(office, "EDX-4008") == []
    assert len(office.packets()) == 1


def test_the_same_failure_is_written_once(office: Office) -> None:
    """Looking again writes nothing, neither a condition nor an entry; another reason does."""
    troubles = Troubles(office.node.ledger)
    troubles.follow([NAME, SINK])
    troubles.failed(SINK, FOREIGN)
    since, events = noted(office), office.events()
    clock = office.node.clock
    assert isinstance(clock, ManualClock)
    clock.sleep(60)
    before = changes(office)
    troubles.failed(SINK, FOREIGN)
    assert (changes(office), noted(office), office.events()) == (before, since, events)
    assert len(concerns(office, "EDX-8039: status sink G22: ")) == 1
    troubles.failed(SINK, DOWN)
    assert (len(concerns(office, "EDX-8039")), len(concerns(office, "EDX-8038"))) == (0, 1)
    troubles.went_well(SINK)
    before = changes(office)
    troubles.went_well(SINK)
    assert (changes(office), noted(office)) == (before, [])


def test_a_restart_keeps_a_trouble_until_it_is_over(office: Office) -> None:
    """Another process finds the concern, and its first success ends it."""
    first = Troubles(office.node.ledger)
    first.follow([SINK])
    first.failed(SINK, FOREIGN)
    second = Troubles(office.node.ledger)
    second.follow([SINK])
    assert len(concerns(office, "EDX-8039")) == 1
    second.went_well(SINK)
    assert concerns(office, "EDX-8039") == []


def test_what_is_gone_is_no_concern(office: Office) -> None:
    """An adapter that was taken out fails no more, though its last step ends afterwards."""
    troubles = Troubles(office.node.ledger)
    troubles.follow([NAME, SINK])
    troubles.failed(SINK, FOREIGN)
    troubles.failed(NAME, DOWN)
    troubles.follow([NAME])
    troubles.failed(SINK, FOREIGN)
    assert [name for name, _ in noted(office)] == [NAME]
    troubles.follow([NAME, SINK])
    troubles.failed(SINK, FOREIGN)
    assert [name for name, _ in noted(office)] == [NAME, SINK]


def test_a_failing_adapter_may_be_paused_too(office: Office) -> None:
    """Both are concerns; the word of what holds it up is still that a person did."""
    troubles = Troubles(office.node.ledger)
    troubles.follow([NAME])
    troubles.failed(NAME, DOWN)
    AdapterActs(office.node.ledger, [NAME], actor="lan").pause(NAME, "bảo trì")
    node = office.node
    state = node_state(node.store, node.config, now=node.clock.now(), without_daemon=True)
    assert state.adapters == {NAME: "paused"}
    told = concerns(office, "EDX-8038"), concerns(office, "EDX-7079")
    assert [len(each) for each in told] == [1, 1]
