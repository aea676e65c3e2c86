"""A node that is closed while it works: what it cannot do any more is no fault of a document."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from connector.flow.collect import Collected
from connector.flow.outbound import Outbound
from tests.unit.flow.conftest import Office

ROWS = 20


@pytest.fixture
def ready_office(office: Office, row: Callable[..., str]) -> Office:
    """A node with an export of some documents, each with a file of its own."""
    names = [f"{number}.pdf" for number in range(10, 10 + ROWS)]
    for name in names:
        (office.adapter / "files" / name).write_bytes(b"%PDF-1.4 " + name.encode())
    office.export(*[row(f"{name[:2]}/VPCP-KSTT", Tep=name) for name in names])
    return office


def test_what_is_collected_after_closing_is_taken(ready_office: Office) -> None:
    """The threads and processes that work ahead are gone; the one that asks does it all."""
    ready_office.node.outbound.close()
    assert ready_office.collect() == Collected(sealed=ROWS)


def test_files_that_stood_in_line_are_kept_all_the_same(
    ready_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing drops what was to be made durable ahead; the commit does it then."""
    outbound = ready_office.node.outbound
    held, real = threading.Event(), Outbound.keep_ahead
    outbound._keeper.submit(held.wait)

    def interrupted(self: Outbound, documents: list[object]) -> object:
        ahead = real(self, documents)  # type: ignore[arg-type]
        closing = threading.Thread(target=self.close)
        closing.start()
        while not ahead.cancelled():
            held.wait(0.01)
        held.set()
        closing.join()
        return ahead

    monkeypatch.setattr(Outbound, "keep_ahead", interrupted)
    assert ready_office.collect() == Collected(sealed=ROWS)
    assert len({ready_office.bytes_of(packet) for packet in ready_office.packets()}) == ROWS
