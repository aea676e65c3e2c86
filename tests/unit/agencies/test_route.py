from __future__ import annotations

import datetime as dt

import pytest

from connector.agencies.agency import Agency
from connector.agencies.catalogue import Catalogue
from connector.agencies.route import explain
from connector.errors import Language

TODAY = dt.date(2026, 11, 20)
CATALOGUE = Catalogue(
    [
        Agency(code="H41", name="UBND tỉnh Nghệ An", code102="000.00.00.H41", verified=True),
        Agency(code="H41.02", name="Sở Nội vụ", code102="000.00.17.H41"),
        Agency(code="H41.02.03", name="Chi cục", verified=True),
        Agency(code="G04", name="Bộ GTVT", valid_to=dt.date(2025, 4, 14), successors=("H41",)),
    ]
)


@pytest.mark.parametrize(
    ("connected", "destination"),
    [
        ({"H41.02.03", "H41"}, "H41.02.03"),
        ({"H41.02", "H41"}, "H41.02"),
        ({"H41"}, "H41"),
        ({"H41.01", "H4"}, None),
        (set(), None),
    ],
)
def test_the_nearest_connected_agency_at_or_above(
    connected: set[str], destination: str | None
) -> None:
    """A unit with a node gets its own mail; other mail falls to the agency above."""
    assert explain(CATALOGUE, "H41.02.03", TODAY, connected).destination == destination


def test_steps_of_an_old_code() -> None:
    """The explanation names spelling, agency, doubt, exchange, queue and who serves."""
    told = explain(CATALOGUE, "000.00.17.H41", TODAY, {"H41"})
    assert [step.name for step in told.steps] == [
        "spelling",
        "agency",
        "unverified",
        "published",
        "not connected",
        "delivered",
        "served above",
    ]
    text = "\n".join(told.lines())
    assert "edoc.H41.inbox" in text
    assert "02" in told.lines(Language.VIETNAMESE)[-1]


def test_urgent_documents_have_their_lane() -> None:
    """Urgent mail is explained with the names of the urgent lane."""
    text = "\n".join(explain(CATALOGUE, "H41", TODAY, {"H41"}, urgent=True).lines())
    assert "edoc.urgent " in text
    assert "edoc.H41.inbox.urgent" in text


def test_a_closed_code_goes_nowhere() -> None:
    """A refused code is explained with its reason and never routed."""
    told = explain(CATALOGUE, "G04", TODAY, {"G04", "H41"})
    assert told.destination is None
    assert [step.name for step in told.steps] == ["refused"]
    assert "H41" in told.steps[0].en


def test_without_knowledge_of_the_broker() -> None:
    """If nobody knows who is connected, the candidates are named in order."""
    told = explain(CATALOGUE, "H41.02", TODAY)
    assert told.destination is None
    assert "H41.02, H41" in told.steps[-1].en
    assert told.as_dict()["steps"][-1]["name"] == "candidates"
