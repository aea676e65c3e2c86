"""Findings that are kept for `status`, and how they are told."""

from __future__ import annotations

import pytest

from connector.flow.told import inside, kept, read, told
from connector.sinks import system_codes

FINDING = system_codes.FILE_FOREIGN.at("ra.csv", path="ra.csv")


def test_a_finding_is_read_as_it_was_kept() -> None:
    """Code, place, both languages and both remedies stay."""
    assert read(kept(FINDING)) == FINDING


def test_each_language_is_told_once() -> None:
    """First the code, then Vietnamese and English, then what to do in both."""
    found = FINDING
    assert told(found) == f"EDX-8039: {found.vi} / {found.en} → {found.hint_vi} / {found.hint_en}"
    assert inside(found)["vi"] == f"EDX-8039 ra.csv: {found.vi}"
    assert inside(found)["en"] == f"EDX-8039 ra.csv: {found.en}"


@pytest.mark.parametrize("reason", ["g22.key không đọc được / unreadable", "[1]", "{}", "7"])
def test_a_reason_of_an_older_version_speaks_for_itself(reason: str) -> None:
    """What is no kept finding is told as it stands."""
    assert inside(read(reason)) == {"vi": reason, "en": reason}


def test_no_reason_is_told_as_none() -> None:
    """A condition without a reason does not stop `status`."""
    assert inside(read(None)) == {"vi": "-", "en": "-"}
