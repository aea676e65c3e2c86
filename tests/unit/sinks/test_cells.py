from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
)

from connector.errors import PermanentError
from connector.sinks import codes
from connector.sinks.cells import Cells
from connector.sinks.fields import Value
from connector.text.codecs import register
from connector.text.mojibake import repair

DAY = dt.date(2018, 7, 12)
MOMENT = dt.datetime(2018, 7, 12, 20, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (Text(), "Trích yếu", "Trích yếu"),
        (Text(), 7, "7"),
        (Text(), True, "1"),
        (Text(), DAY, "12/07/2018"),
        (Text(), MOMENT, "13/07/2018 03:30:00"),
        (Date(), DAY, DAY),
        (Date(), MOMENT, dt.date(2018, 7, 13)),
        (DateTime(), DAY, dt.datetime.fromisoformat("2018-07-12")),
        (DateTime(), MOMENT, dt.datetime.fromisoformat("2018-07-13T03:30")),
        (Integer(), "05", 5),
        (Integer(), True, 1),
        (Numeric(), 12, 12),
        (Boolean(), 1, True),
        (LargeBinary(), "đ", b"\xc4\x91"),
        (Text(), None, None),
    ],
)
def test_values_fit_their_columns(kind: Any, value: Value, written: object) -> None:
    """A value is written as its column has it, times in Vietnam time."""
    cells = Cells(date_format="dd/MM/yyyy")
    found = cells.cell(value, Column("cot", kind), "truong")
    assert (found, type(found)) == (written, type(written))


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (String(5), "Trích yếu", codes.TOO_LONG.code),
        (Integer(), "5a", codes.WRONG_KIND.code),
        (Integer(), "٥", codes.WRONG_KIND.code),
        (Integer(), DAY, codes.WRONG_KIND.code),
        (Date(), "12/07/2018", codes.WRONG_KIND.code),
    ],
)
def test_what_does_not_fit_is_refused(kind: Any, value: Value, code: str) -> None:
    """Nothing is cut or guessed: a person decides."""
    with pytest.raises(PermanentError) as caught:
        Cells().cell(value, Column("cot", kind), "truong")
    assert caught.value.code == code


def test_legacy_charset() -> None:
    """In TCVN3, text columns show font characters and binary columns hold the bytes."""
    register()
    cells = Cells("tcvn3")
    assert cells.cell("đồng", Column("cot", Text()), "truong") == "®\xe5ng"
    assert cells.cell("đồng", Column("cot", LargeBinary()), "truong") == b"\xae\xe5ng"


@pytest.mark.parametrize("text", ["ỦY BAN", "文書"])
def test_what_the_legacy_charset_lacks(text: str) -> None:
    """A character that the charset cannot write is named; no question mark is put."""
    register()
    with pytest.raises(PermanentError) as caught:
        Cells("tcvn3").cell(text, Column("cot", Text()), "truong")
    assert caught.value.code == codes.CHARSET.code
    assert text[0] in caught.value.findings[0].vi


def test_capitals_that_tcvn3_lacks() -> None:
    """On request a capital without a code is written small, as typists did; others stay."""
    register()
    written = Cells("tcvn3", small_capitals=True).cell(
        "Ủy ban, Đà Nẵng, Ủy", Column("cot", Text()), "truong"
    )
    assert repair(written, "tcvn3") == "ủy ban, Đà Nẵng, ủy"


@given(st.text(st.sampled_from("Đđấầữựờỷ “”–€…aZ09")))
def test_look_alikes_can_be_undone(text: str) -> None:
    """What is written in a legacy charset reads back as it was, quotes and dashes included."""
    register()
    written = Cells("tcvn3").cell(text, Column("cot", Text()), "truong")
    assert repair(written, "tcvn3") == text
