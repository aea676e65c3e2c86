"""When an adapter may collect: pauses, the first day, and from where it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.errors import ConfigError, PermanentError
from connector.flow.adapters.acts import AdapterActs, Resumed, adapter_concerns
from connector.flow.adapters.adapter import Adapter, load_adapter
from connector.flow.adapters.codes import FIRST_COLLECT_WAITS, UNKNOWN_ADAPTER
from connector.flow.collect import Collected
from connector.mapping.start import StartSettings
from connector.mapping.value_codes import START_UNREADABLE
from connector.store import configs, journal
from connector.store.conditions import conditions
from tests.unit.flow.conftest import Office

Row = Callable[..., str]
NAME = "g22-van-ban-di"


def acts(office: Office) -> AdapterActs:
    """Return the commands of a person."""
    return AdapterActs(office.node.ledger, [NAME], actor="lan")


def adapter(office: Office, **settings: object) -> Adapter:
    """Return the adapter with other settings."""
    first = office.node.adapters[0]
    return replace(first, settings=first.settings.model_copy(update=settings))


def facts(office: Office, event: str) -> list[dict[str, object]]:
    """Return the facts of all journalled events of a name."""
    with office.node.store.read() as tx:
        return [dict(e.facts) for e in journal.entries(tx, limit=1000) if e.event == event]


def concerns(office: Office) -> list[str]:
    """Return what `status` says of the adapters."""
    with office.node.store.read() as tx:
        return adapter_concerns(conditions(tx))


def test_a_paused_adapter_takes_nothing(office: Office, row: Row) -> None:
    """A pause holds until somebody resumes; both are journalled with name and reason."""
    office.export(row())
    assert acts(office).pause(NAME, "bảo trì")
    assert not acts(office).pause(NAME, "bảo trì")
    assert office.node.intake.collect(office.node.adapters[0]) == Collected()
    (concern,) = concerns(office)
    assert f"adapter {NAME} is paused by lan: bảo trì" in concern
    assert acts(office).resume(NAME, yes=False) == Resumed(True, False, False)
    assert acts(office).resume(NAME, yes=False) == Resumed(False, False, False)
    assert office.node.intake.collect(office.node.adapters[0]) == Collected(sealed=1)
    said = [(each["action"], each["actor"]) for each in facts(office, "operator_acted")]
    assert said == [("pause", "lan"), ("resume", "lan")]
    assert concerns(office) == []


def test_a_pause_ends_a_pass_after_its_batch(office: Office, row: Row) -> None:
    """What is said while an export is read holds before the next batch is begun."""
    office.export(*(row(f"{n:02d}/VPCP-KSTT") for n in range(1, 100)))

    def pausing() -> bool:
        acts(office).pause(NAME, None)
        return True

    taken = office.node.intake.collect(office.node.adapters[0], pausing)
    assert 0 < taken.sealed < 99
    acts(office).resume(NAME, yes=False)
    rest = office.node.intake.collect(office.node.adapters[0])
    assert taken.sealed + rest.sealed == 99


def test_an_unknown_adapter_is_refused_with_the_known_names(office: Office) -> None:
    """Who mistypes a name is told the right ones."""
    for act in (
        lambda: acts(office).pause("g23", None),
        lambda: acts(office).resume("g23", yes=True),
    ):
        with pytest.raises(PermanentError, match=NAME) as caught:
            act()
        assert caught.value.findings[0].code == UNKNOWN_ADAPTER.code


def test_a_large_first_collect_waits_for_a_yes(office: Office, row: Row) -> None:
    """Nothing is taken, one alarm is raised however often it is tried, then all goes out."""
    office.export(*(row(f"{n:02d}/VPCP-KSTT") for n in range(1, 5)))
    small = adapter(office, first_collect_limit=3)
    for _ in range(3):
        assert office.node.intake.collect(small) == Collected()
    assert office.cursor() is None
    assert [each["error_code"] for each in facts(office, "alarm_raised")] == [
        FIRST_COLLECT_WAITS.code
    ]
    finding = office.node.intake.waits(small)
    assert finding is not None
    assert "more than 3 records" in finding.en
    assert "more than 3 records" in concerns(office)[0]
    assert acts(office).resume(NAME, yes=False).waits
    assert office.node.intake.collect(small) == Collected()
    assert acts(office).resume(NAME, yes=True) == Resumed(False, True, False)
    assert office.node.intake.waits(small) is None
    assert office.node.intake.collect(small) == Collected(sealed=4)
    assert concerns(office) == []


def test_a_waiting_adapter_waits_even_if_its_export_shrinks(office: Office, row: Row) -> None:
    """Once a person was asked, the answer counts, not what the export does meanwhile."""
    office.export(row("01/VPCP-KSTT"), row("02/VPCP-KSTT"))
    small = adapter(office, first_collect_limit=1)
    office.node.intake.collect(small)
    office.export(row("01/VPCP-KSTT"))
    assert office.node.intake.collect(small) == Collected()


def test_a_yes_that_comes_first_counts(office: Office, row: Row) -> None:
    """`run --once --yes` is said before anything was read."""
    office.export(row("01/VPCP-KSTT"), row("02/VPCP-KSTT"))
    assert acts(office).confirm(NAME)
    assert not acts(office).confirm(NAME)
    small = adapter(office, first_collect_limit=1)
    assert office.node.intake.collect(small) == Collected(sealed=2)


def test_only_the_first_collect_is_asked_about(office: Office, row: Row) -> None:
    """An adapter that has taken something takes any number of new records."""
    small = adapter(office, first_collect_limit=1)
    office.export(row("01/VPCP-KSTT"))
    assert office.node.intake.collect(small) == Collected(sealed=1)
    office.export(*(row(f"{n:02d}/VPCP-KSTT") for n in range(1, 5)))
    assert office.node.intake.collect(small) == Collected(sealed=3, repeated=1)


def test_earlier_documents_are_skipped_and_counted(office: Office, row: Row) -> None:
    """Of what lies before the start nothing is kept, not even a refusal; the sum is journalled."""
    office.export(
        row("01/VPCP-KSTT", Ngay="31/12/2025"),
        row("02/VPCP-KSTT", Ngay="30/12/2025", Loai="không có loại này"),
        row("03/VPCP-KSTT", Ngay="29/12/2025", DoMat="Mật"),
        row("04/VPCP-KSTT", Ngay="01/01/2026"),
        row("05/VPCP-KSTT", Ngay="không rõ"),
    )
    start = StartSettings.model_validate("2026-01-01")
    dated = adapter(office, start_from=start, first_collect_limit=0)
    assert office.node.intake.collect(dated) == Collected(sealed=1, refused=1)
    assert [packet.code for packet in office.packets()] == ["04/VPCP-KSTT"]
    assert len(office.refusals()) == 1
    (skipped,) = facts(office, "records_skipped")
    assert skipped == {"adapter": NAME, "count": 3, "start_from": "2026-01-01"}
    assert office.cursor() is not None


def test_records_before_a_number_are_skipped(office: Office, row: Row) -> None:
    """A record without a number is refused: nobody can tell whether it is an old one."""
    office.export(
        row("01/VPCP-KSTT", DoKhan="9"),
        row("02/VPCP-KSTT", DoKhan="10"),
        row("03/VPCP-KSTT", DoKhan="mười"),
    )
    fields = dict(office.node.adapters[0].settings.fields)
    del fields["other_info.priority"]
    path = office.adapter / "adapter.yaml"
    text = path.read_text().replace("  other_info.priority: ", "  # other_info.priority: ")
    path.write_text(text + "start_from: {column: DoKhan, number: 10}\n")
    numbered = load_adapter(office.adapter, office.node.ours, office.node.clock)
    assert office.node.intake.collect(numbered) == Collected(sealed=1, refused=1)
    assert [packet.code for packet in office.packets()] == ["02/VPCP-KSTT"]
    (refusal,) = office.refusals()
    assert refusal.findings[0]["code"] == START_UNREADABLE.code


def test_everything_needs_no_yes(office: Office, row: Row) -> None:
    """Who writes `everything` has been asked."""
    office.export(row("01/VPCP-KSTT"), row("02/VPCP-KSTT"))
    everything = StartSettings.model_validate("everything")
    assert str(everything) == "everything"
    willing = adapter(office, start_from=everything, first_collect_limit=0)
    assert office.node.intake.collect(willing) == Collected(sealed=2)
    assert facts(office, "records_skipped") == []


def test_a_start_that_is_given_later_ends_the_waiting(office: Office, row: Row) -> None:
    """Writing `start_from` into the adapter answers the question, too."""
    office.export(row("01/VPCP-KSTT"), row("02/VPCP-KSTT"))
    office.node.intake.collect(adapter(office, first_collect_limit=1))
    start = StartSettings.model_validate("2026-01-01")
    assert office.node.intake.collect(adapter(office, start_from=start)) == Collected(sealed=2)
    assert concerns(office) == []


@pytest.mark.parametrize(
    "text",
    [
        "start_from: hôm nay",
        "start_from: 2026-02-30",
        "start_from: {column: So}",
        "start_from: {column: So, number: nhiều}",
        "start_from: {day: 2026-01-01, column: So, number: 1}",
        'start_from: "?"',
        "first_collect_limit: -1",
    ],
)
def test_a_start_that_says_nothing_is_refused(office: Office, text: str) -> None:
    """A wrong start is found by lint, at its line, not on the first day."""
    path = office.adapter / "adapter.yaml"
    path.write_text(path.read_text() + text + "\n")
    with pytest.raises(ConfigError) as caught:
        load_adapter(office.adapter, office.node.ours, office.node.clock)
    assert f"{path}:" in caught.value.findings[0].place


def test_the_configuration_of_a_collect_is_kept(office: Office, row: Row) -> None:
    """What made a packet can be found by the hash that the packet's row bears."""
    office.export(row())
    office.node.intake.collect(office.node.adapters[0])
    (packet,) = office.packets()
    assert packet.config_hash is not None
    with office.node.store.read() as tx:
        kept = configs.config(tx, packet.config_hash)
    assert kept == {"adapter.yaml": (office.adapter / "adapter.yaml").read_bytes()}
