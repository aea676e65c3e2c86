"""The shipped seed of level 1."""

from __future__ import annotations

import datetime as dt

import pytest

from connector.agencies.agency import CodeStatus
from connector.agencies.catalogue import Catalogue
from connector.agencies.files import import_csv, load, seed_path, written

TODAY = dt.date(2026, 11, 20)


@pytest.fixture(scope="module")
def seed() -> Catalogue:
    """Return the shipped catalogue."""
    return load()


def test_the_seed_has_no_finding() -> None:
    """The shipped file reads without a warning and contradicts itself nowhere."""
    assert import_csv(seed_path()).findings == ()


def test_the_seed_is_written_as_it_is_saved() -> None:
    """Saving the seed again gives the same bytes, so imports make readable differences."""
    assert written(import_csv(seed_path()).agencies) == seed_path().read_text("utf-8")


@pytest.mark.parametrize("letter", ["H", "K"])
def test_34_provinces_are_open_after_the_mergers(seed: Catalogue, letter: str) -> None:
    """Of 63 codes 34 survive 1 July 2025, and each closed one leads to an open one."""
    answers = [seed.resolve(f"{letter}{number:02d}", TODAY) for number in range(1, 64)]
    closed = [answer for answer in answers if not answer.is_open]
    assert len(closed) == 29
    for answer in closed:
        assert answer.status is CodeStatus.CLOSED
        (successor,) = answer.successors
        assert seed.resolve(successor.code, TODAY).is_open


def test_all_63_provinces_were_open_the_day_before(seed: Catalogue) -> None:
    """The last day of the old provinces is 30 June 2025."""
    day = dt.date(2025, 6, 30)
    assert all(seed.resolve(f"H{number:02d}", day).is_open for number in range(1, 64))


@pytest.mark.parametrize(
    ("code", "day", "name"),
    [
        ("H41", TODAY, "UBND tỉnh Nghệ An"),
        ("H26", TODAY, "UBND thành phố Hà Nội"),
        ("H29", TODAY, "UBND Thành phố Hồ Chí Minh"),
        ("K29", TODAY, "HĐND Thành phố Hồ Chí Minh"),
        ("H57", dt.date(2024, 12, 31), "UBND tỉnh Thừa Thiên Huế"),
        ("H57", dt.date(2025, 1, 1), "UBND thành phố Huế"),
        ("G10", dt.date(2025, 4, 13), "Bộ Nông nghiệp và Phát triển nông thôn"),
        ("G10", dt.date(2025, 4, 14), "Bộ Nông nghiệp và Môi trường"),
        ("G21", TODAY, "Bộ Dân tộc và Tôn giáo"),
        ("G22", TODAY, "Văn phòng Chính phủ"),
    ],
)
def test_names_are_those_of_the_day(seed: Catalogue, code: str, day: dt.date, name: str) -> None:
    """A renamed agency has the name that it had on the day asked for."""
    agency = seed.resolve(code, day).agency
    assert agency is not None
    assert agency.name == name


@pytest.mark.parametrize(
    ("code", "successor"),
    [("G04", "G17"), ("G05", "G12"), ("G07", "G09"), ("G13", "G10"), ("G14", "G06")],
)
def test_closed_ministries_name_their_successor(seed: Catalogue, code: str, successor: str) -> None:
    """A ministry closed by QĐ 09/2025 is refused with the ministry that took over."""
    answer = seed.resolve(code, TODAY)
    assert answer.status is CodeStatus.CLOSED
    assert [agency.code for agency in answer.successors] == [successor]


def test_every_code_has_its_old_spelling(seed: Catalogue) -> None:
    """Level 1 has the same letter group in both schemes."""
    assert all(agency.code102 == f"000.00.00.{agency.code}" for agency in seed)


def test_only_confirmed_codes_are_verified(seed: Catalogue) -> None:
    """Interpolated numbers do not pretend to be confirmed."""
    verified = {agency.code for agency in seed if agency.verified}
    numbers = (3, 14, 17, 19, 29, 30, 37, 38, 41, 47, 48, 49, 53, 55, 56, 57)
    assert verified == {"G22", *(f"H{number:02d}" for number in numbers)}
