"""Adapters are exchanged while the node runs; what is wrong leaves the old one in force."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock
from connector.config.node import load_node
from connector.errors import ConfigError, Finding
from connector.events import Emitter
from connector.flow.adapters.acts import adapter_concerns
from connector.flow.adapters.codes import NEEDS_RESTART, RELOAD_REFUSED
from connector.flow.collect import Collected
from connector.flow.node import open_node
from connector.store import journal
from connector.store.conditions import conditions
from tests.unit.flow.conftest import HEADER, Office, write_adapter

Row = Callable[..., str]
NAME = "g22-van-ban-di"


def change(path: Path, old: str, new: str) -> None:
    """Edit a file as an integrator does."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def alarms(office: Office) -> list[object]:
    """Return the codes of all alarms."""
    with office.node.store.read() as tx:
        entries = journal.entries(tx, limit=1000)
    return [e.facts["error_code"] for e in entries if e.event == "alarm_raised"]


def concerns(office: Office) -> list[str]:
    """Return what `status` says of the adapters."""
    with office.node.store.read() as tx:
        return adapter_concerns(conditions(tx))


def test_a_changed_adapter_takes_the_place_of_the_old(office: Office, row: Row) -> None:
    """The next pass maps by the new configuration, and the packet bears its hash."""
    old = office.node.adapters[0]
    change(office.adapter / "adapter.yaml", "value: Hà Nội", "value: Đà Nẵng")
    result = office.node.reloading.reload()
    assert (result.changed, result.refused, result.moved) == ([NAME], {}, 1)
    assert office.node.adapters[0] is not old
    office.export(row())
    assert office.node.intake.collect(office.node.adapters[0]) == Collected(sealed=1)
    (packet,) = office.packets()
    assert packet.config_hash == office.node.adapters[0].config_hash != old.config_hash
    assert "Đà Nẵng" in office.bytes_of(packet).decode()
    assert "adapters_reloaded" in office.events()


def test_what_is_the_same_stays_the_same(office: Office) -> None:
    """A reload of nothing exchanges nothing and says nothing."""
    old = office.node.adapters
    assert office.node.reloading.reload().moved == 0
    assert [a is b for a, b in zip(office.node.adapters, old, strict=True)] == [True]
    assert office.events() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("subject:", "subjekt:"),
        ("column: TrichYeu", "column: KhongCo"),
        ("agency: G22", "agency: H41"),
        ("name: g22-van-ban-di", "name: second"),
    ],
    ids=["unknown field", "only lint sees it", "foreign agency", "a name twice"],
)
def test_a_bad_one_keeps_the_old_running(
    open_office: Callable[..., Office], row: Row, old: str, new: str
) -> None:
    """The alarm says why, `status` counts it, and the correction settles it."""
    office = open_office("second")
    before = office.node.adapters
    (office.directory / "connector.yaml").write_text(
        (office.directory / "connector.yaml")
        .read_text(encoding="utf-8")
        .replace("[adapter, adapter-second]", "[adapter-second, adapter]"),
        encoding="utf-8",
    )
    path = office.adapter / "adapter.yaml"
    good = path.read_text(encoding="utf-8")
    change(path, old, new)
    result = office.node.reloading.reload()
    assert list(result.refused) == [NAME]
    assert {each.name: each for each in office.node.adapters} == {e.name: e for e in before}
    assert alarms(office) == [RELOAD_REFUSED.code]
    (concern,) = concerns(office)
    assert NAME in concern
    assert "sau đó gửi lại SIGHUP / correct it" in concern
    facts = reloaded(office)[-1]
    assert (facts["refused"], facts["error_code"]) == (NAME, RELOAD_REFUSED.code)
    office.export(row())
    assert office.node.intake.collect(before[0]) == Collected(sealed=1)
    path.write_text(good, encoding="utf-8")
    assert office.node.reloading.reload().refused == {}
    assert concerns(office) == []


def reloaded(office: Office) -> list[dict[str, Any]]:
    """Return what is journalled of all reloads."""
    with office.node.store.read() as tx:
        entries = journal.entries(tx, limit=1000)
    return [dict(each.facts) for each in entries if each.event == "adapters_reloaded"]


def test_adapters_come_and_go_by_the_list(office: Office) -> None:
    """What connector.yaml names now runs; what it names no more does not."""
    write_adapter(office.directory / "another", "another")
    config = office.directory / "connector.yaml"
    change(config, "adapters: [adapter]", "adapters: [adapter, another]")
    assert office.node.reloading.reload().added == ["another"]
    assert [each.name for each in office.node.adapters] == [NAME, "another"]
    change(config, "adapters: [adapter, another]", "adapters: [another]")
    assert office.node.reloading.reload().removed == [NAME]
    assert [each.name for each in office.node.adapters] == ["another"]


def test_a_new_adapter_that_is_wrong_does_not_start(office: Office) -> None:
    """It is named by its directory, since nobody can tell its name."""
    write_adapter(office.directory / "another", "another")
    (office.directory / "another" / "adapter.yaml").write_text("gì đây")
    change(
        office.directory / "connector.yaml", "adapters: [adapter]", "adapters: [adapter, another]"
    )
    assert list(office.node.reloading.reload().refused) == ["another"]
    assert [each.name for each in office.node.adapters] == [NAME]


def read_from_the_sink(adapter: Path) -> None:
    """Let an adapter read what lies where the node's sink writes: an export like any other."""
    (adapter.parent / "sink").mkdir()
    (adapter.parent / "sink" / "di.csv").write_text(HEADER + "\n", encoding="utf-8")
    change(adapter / "adapter.yaml", "path: export/*.csv", "path: ../sink/*.csv")


def test_a_new_adapter_that_reads_where_a_sink_writes(office: Office) -> None:
    """It is refused as at start, with the place in the file as it is now; the others go on."""
    read_from_the_sink(write_adapter(office.directory / "another", "another"))
    config = office.directory / "connector.yaml"
    change(config, "adapters: [adapter]", "adapters:\n  - adapter\n  - another")
    result = office.node.reloading.reload()
    assert list(result.refused) == ["another"]
    assert result.added == []
    found = result.refused["another"]
    assert (found.code, "adapter another" in found.en) == ("EDX-1112", True)
    line = config.read_text("utf-8").splitlines().index("  - another") + 2
    assert found.place.startswith(f"{config}:{line}:")
    assert refusal_at_start(config) == (found,)
    assert [each.name for each in office.node.adapters] == [NAME]
    assert alarms(office) == [RELOAD_REFUSED.code]
    assert "EDX-1112" in concerns(office)[0]


def refusal_at_start(config: Path) -> tuple[Finding, ...]:
    """Return with what a node of this configuration is not opened."""
    with pytest.raises(ConfigError) as refusal:
        open_node(
            load_node(config), clock=ManualClock(), emitter=Emitter(CollectorRegistry())
        ).close()
    return refusal.value.findings


def test_an_adapter_that_moves_to_where_a_sink_writes(office: Office, row: Row) -> None:
    """The version before goes on, and the correction settles it."""
    (before,) = office.node.adapters
    read_from_the_sink(office.adapter)
    assert office.node.reloading.reload().refused[NAME].code == "EDX-1112"
    assert office.node.adapters == (before,)
    office.export(row())
    assert office.node.intake.collect(before) == Collected(sealed=1)
    change(office.adapter / "adapter.yaml", "path: ../sink/*.csv", "path: export/*.csv")
    assert office.node.reloading.reload().refused == {}
    assert concerns(office) == []


def test_sinks_are_where_they_were_until_a_restart(office: Office) -> None:
    """An adapter may not read yet where a sink writes that will be elsewhere."""
    read_from_the_sink(write_adapter(office.directory / "another", "another"))
    config = office.directory / "connector.yaml"
    change(config, "adapters: [adapter]", "adapters: [adapter, another]")
    change(config, "directory: sink,", "directory: elsewhere,")
    (office.directory / "elsewhere").mkdir()
    result = office.node.reloading.reload()
    assert result.refused["another"].code == "EDX-1112"
    assert result.restart is not None
    assert [each.name for each in office.node.adapters] == [NAME]


def test_a_new_name_is_a_new_adapter(office: Office) -> None:
    """Its cursor is another, so the old one counts as gone."""
    change(office.adapter / "adapter.yaml", f"name: {NAME}", "name: moi")
    result = office.node.reloading.reload()
    assert (result.added, result.removed) == (["moi"], [NAME])


def test_a_wrong_node_configuration_changes_nothing(office: Office) -> None:
    """A connector.yaml that cannot be read keeps everything as it is, loudly."""
    config = office.directory / "connector.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text + "nonsense: true\n", encoding="utf-8")
    assert list(office.node.reloading.reload().refused) == ["connector.yaml"]
    assert alarms(office) == [RELOAD_REFUSED.code]
    assert len(office.node.adapters) == 1
    config.write_text(text + "poll_seconds: 5\n", encoding="utf-8")
    result = office.node.reloading.reload()
    assert result.restart is not None
    assert "poll_seconds" in result.restart.en
    assert alarms(office)[1:] == [NEEDS_RESTART.code]


def test_a_start_forgets_what_was_wrong_before(office: Office) -> None:
    """A node that started has read everything well."""
    change(office.adapter / "adapter.yaml", "subject:", "subjekt:")
    office.node.reloading.reload()
    assert concerns(office)
    office.node.reloading.begin()
    assert concerns(office) == []
