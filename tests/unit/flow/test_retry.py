"""`connector outbox retry` where it is not possible: what is said is of the receiver asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import structlog

from connector.model.states import DeliveryState
from connector.store import outbox
from tests.unit.cli.conftest import Said, Terminal
from tests.unit.flow.conftest import Office

Retry = Callable[..., Said]


@pytest.fixture
def retry(
    office: Office, row: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> Iterator[Retry]:
    """What tries to send a packet again that is in the given states, by receiver."""

    def run(*options: str, **states: DeliveryState) -> Said:
        office.export(row(NoiNhan="Nghệ An,Nội vụ" if "G09" in states else "Nghệ An"))
        office.collect()
        (packet,) = office.packets()
        now = office.node.clock.now()
        with office.node.store.begin() as tx:
            for code, state in states.items():
                if state is not DeliveryState.QUEUED:
                    outbox.set_state(tx, packet.packet_id, code, state, now=now)
        office.node.close()
        config = ("--config", office.directory / "connector.yaml")
        return Terminal(capsys).run("outbox", "retry", *config, *options, packet.packet_id)

    yield run
    structlog.reset_defaults()


def test_a_receiver_that_the_packet_does_not_have(retry: Retry) -> None:
    """It is said that there is none; the packet has not left, so it is not to be resent."""
    said = retry("--receiver", "G09", "--dry-run", H41=DeliveryState.QUEUED)
    assert said.status == 65
    assert "no such receiver" in said.err
    assert "không có cơ quan nhận này" in said.err
    assert "resend" not in said.err


def test_who_refused_is_not_told_by_what_another_got(retry: Retry) -> None:
    """What has left for another receiver has not left for this one."""
    states = {"H41": DeliveryState.SENT, "G09": DeliveryState.REFUSED}
    said = retry("--receiver", "G09", "--dry-run", **states)
    assert said.status == 65
    assert "G09 refused" in said.err
    assert "H41" not in said.err
    assert "resend" not in said.err


def test_who_got_it_is_told_how_to_send_it_again(retry: Retry) -> None:
    """The receiver asked for has it already."""
    states = {"H41": DeliveryState.SENT, "G09": DeliveryState.QUEUED}
    said = retry("--receiver", "H41", "--dry-run", **states)
    assert said.status == 65
    assert "it has left already: H41 sent" in said.err
    assert "connector resend" in said.err


def test_the_receiver_asked_for_is_chosen(retry: Retry) -> None:
    """Of several that wait only one is sent again."""
    states = {"H41": DeliveryState.QUEUED, "G09": DeliveryState.QUEUED}
    said = retry("--receiver", "G09", "--dry-run", **states)
    assert said.status == 0
    assert "to G09 again" in said.out + said.err
