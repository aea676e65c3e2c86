from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.agencies import codes
from connector.agencies.agency import Agency, CodeStatus
from connector.agencies.catalogue import Catalogue
from connector.agencies.files import load

TODAY = dt.date(2026, 11, 20)
MERGER = dt.date(2025, 7, 1)

NGHE_AN = Agency(code="H41", name="UBND tỉnh Nghệ An", code102="000.00.00.H41")
OFFICE = Agency(code="H41.02", name="Văn phòng UBND tỉnh", code102="000.00.17.H41")
CLOSED = Agency(code="H22", name="UBND tỉnh Hà Giang", valid_to=MERGER, successors=("H60",))
CHAINED = Agency(code="H98", name="Cũ hơn", valid_to=dt.date(2024, 1, 1), successors=("H22", "H98"))
HEIR = Agency(code="H60", name="UBND tỉnh Tuyên Quang")
FUTURE = Agency(code="H90", name="Sắp lập", valid_from=dt.date(2030, 1, 1))
UNIT_OF_CLOSED = Agency(code="H22.01", name="Sở của tỉnh cũ")


@pytest.fixture
def catalogue() -> Catalogue:
    """Return a small catalogue with every kind of row."""
    return Catalogue([NGHE_AN, OFFICE, CLOSED, CHAINED, HEIR, FUTURE, UNIT_OF_CLOSED])


@pytest.mark.parametrize(
    ("given_code", "canonical"),
    [
        ("H41", "H41"),
        ("000.00.00.H41", "H41"),
        ("000.00.17.H41", "H41.02"),
        ("000.00.18.H41", None),
        ("000.00.00.H77", "H77"),
        ("H41.99", "H41.99"),
        ("h41", None),
        (" H41", None),
        ("H41.02/..", None),
        ("", None),
        ("Bộ Nội vụ", None),
        ("H41.#", None),
    ],
)
def test_canonical_spelling(catalogue: Catalogue, given_code: str, canonical: str | None) -> None:
    """Old codes below level 1 are spelled by the catalogue only, and nothing is repaired."""
    assert catalogue.canonical(given_code) == canonical


def test_old_spelling_of_a_canonical_code(catalogue: Catalogue) -> None:
    """The old spelling is known from the catalogue, at level 1 also from the letters."""
    assert catalogue.code102("H41.02") == "000.00.17.H41"
    assert catalogue.code102("G09") == "000.00.00.G09"
    assert catalogue.code102("H41.99") is None


def test_an_open_code(catalogue: Catalogue) -> None:
    """An open code resolves to its agency, whatever scheme it is written in."""
    answer = catalogue.resolve("000.00.17.H41", TODAY)
    assert (answer.status, answer.code, answer.agency) == (CodeStatus.OPEN, "H41.02", OFFICE)
    assert answer.finding is None


def test_a_closed_code_is_refused_with_its_successor(catalogue: Catalogue) -> None:
    """Nothing is redirected: the sender learns the successor and decides."""
    answer = catalogue.resolve("H22", MERGER)
    assert answer.status is CodeStatus.CLOSED
    assert answer.code == "H22"
    assert answer.successors == (HEIR,)
    assert answer.finding is not None
    assert answer.finding.code == codes.CLOSED.code
    assert "H60 UBND tỉnh Tuyên Quang" in answer.finding.vi
    assert catalogue.resolve("H22", MERGER - dt.timedelta(days=1)).is_open


def test_successors_of_successors(catalogue: Catalogue) -> None:
    """A closed successor is followed to the open one, and a circle ends."""
    assert catalogue.resolve("H98", TODAY).successors == (HEIR,)


@pytest.mark.parametrize("unit", ["H22.01", "H22.77", "H22.01.003"])
def test_units_close_with_their_province(catalogue: Catalogue, unit: str) -> None:
    """A unit below a closed code is closed too, known or not."""
    answer = catalogue.resolve(unit, TODAY)
    assert answer.status is CodeStatus.CLOSED
    assert answer.code == unit
    assert answer.successors == (HEIR,)


def test_a_code_before_its_time(catalogue: Catalogue) -> None:
    """A code is not usable before its first day."""
    answer = catalogue.resolve("H90", TODAY)
    assert answer.status is CodeStatus.NOT_YET
    assert answer.finding is not None
    assert "01/01/2030" in answer.finding.vi


def test_an_unknown_unit_of_a_known_agency(catalogue: Catalogue) -> None:
    """A unit that the catalogue does not have is unknown, but keeps its spelling for routing."""
    answer = catalogue.resolve("H41.99", TODAY)
    assert (answer.status, answer.code) == (CodeStatus.UNKNOWN, "H41.99")
    assert answer.finding is not None
    assert answer.finding.code == codes.UNKNOWN_BELOW.code
    assert "UBND tỉnh Nghệ An" in answer.finding.en


def test_a_unit_two_levels_below(catalogue: Catalogue) -> None:
    """The nearest known agency above an unknown unit is named, however far it is."""
    answer = catalogue.resolve("H41.88.003", TODAY)
    assert answer.finding is not None
    assert answer.finding.code == codes.UNKNOWN_BELOW.code
    assert "H41.88" not in catalogue
    assert "H41" in catalogue


def test_an_unknown_old_code_is_not_computed(catalogue: Catalogue) -> None:
    """An old sub-level code without a row stays unknown instead of being guessed."""
    answer = catalogue.resolve("000.00.18.H41", TODAY)
    assert (answer.status, answer.code) == (CodeStatus.UNKNOWN, None)
    assert answer.finding is not None
    assert answer.finding.code == codes.UNKNOWN_OLD.code


def test_an_unknown_level_one_code(catalogue: Catalogue) -> None:
    """A well-formed code that nobody has is unknown, with a near code as a suggestion."""
    answer = catalogue.resolve("H42", TODAY)
    assert answer.status is CodeStatus.UNKNOWN
    assert answer.finding is not None
    assert "H41" in answer.finding.en


@pytest.mark.parametrize("text", ["h41", "H4I", "", "Nghệ An", "H41 ", "\u202eH41", "А41"])
def test_malformed_codes(catalogue: Catalogue, text: str) -> None:
    """What is no code is malformed, look-alikes of other alphabets included."""
    answer = catalogue.resolve(text, TODAY)
    assert answer.status in {CodeStatus.MALFORMED, CodeStatus.UNKNOWN}
    assert answer.agency is None
    assert answer.finding is not None


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("h41", "H41"), ("H14", "H41"), ("Nghệ An", "H41"), ("H4102", "H41.02")],
)
def test_did_you_mean(catalogue: Catalogue, text: str, suggestion: str) -> None:
    """Slips and names lead to the code that was meant."""
    assert suggestion in catalogue.similar(text)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("H41", "H41"),
        ("000.00.00.h41", "H41"),
        ("nghe an", "H41"),
        ("Ủy ban nhân dân tỉnh Nghệ An", "H41"),
        ("UỶ BAN NHÂN DÂN THÀNH PHỐ HÀ NỘI", "H26"),
        ("tp hà nội", "H26"),
        ("vpcp", "G22"),
        ("noi vu", "G09"),
        ("hồ chí minh", "H29"),
        ("văn hóa du lịch", "G16"),
        ("btnvmt", "G13"),
    ],
)
def test_find(text: str, first: str) -> None:
    """People find an agency by code, name without marks, part of a name or initials."""
    found = load().find(text, limit=5)
    hits = {match.agency.code for match in found if match.score == found[0].score}
    assert first in hits


def test_find_ranks_whole_names_first() -> None:
    """The exact name stands before longer names that contain it."""
    found = load().find("Bộ Xây dựng")
    assert (found[0].agency.code, found[0].score) == ("G17", 1.0)
    assert all(0 < match.score <= 1 for match in found)
    assert found[0].as_dict()["name"] == "Bộ Xây dựng"


def test_find_nothing(catalogue: Catalogue) -> None:
    """No agency fits a text that is in no name, or no text at all."""
    assert catalogue.find("Hogwarts") == []
    assert catalogue.find("") == []
    assert catalogue.find("...") == []


def test_get_without_a_day_is_the_latest() -> None:
    """Without a day the present name is what people mean."""
    agency = load().get("G10")
    assert agency is not None
    assert agency.name == "Bộ Nông nghiệp và Môi trường"


def test_answers_are_json_ready(catalogue: Catalogue) -> None:
    """Answers go to --json as they are."""
    data = catalogue.resolve("H22", TODAY).as_dict()
    assert data["status"] == "closed"
    assert data["agency"]["valid_to"] == "2025-07-01"
    assert data["successors"][0]["code"] == "H60"
    assert data["finding"]["code"] == codes.CLOSED.code


@given(st.text(max_size=40), st.dates())
def test_any_text_gets_an_answer(text: str, day: dt.date) -> None:
    """No text makes the catalogue fail; what is not open carries a finding."""
    answer = Catalogue([NGHE_AN, OFFICE, CLOSED, HEIR]).resolve(text, day)
    assert answer.is_open == (answer.finding is None)


@given(st.sampled_from(["H41", "H41.02", "000.00.17.H41", "000.00.00.G09", "G09.77"]))
def test_canonical_is_idempotent(code: str) -> None:
    """The canonical spelling of a canonical spelling is itself."""
    small = Catalogue([NGHE_AN, OFFICE])
    canonical = small.canonical(code)
    assert canonical is not None
    assert small.canonical(canonical) == canonical
