"""What services and programs are told of a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.model.inbound import Inbound
from connector.sinks.system_settings import CommandSettings
from connector.sinks.told import told_document


@pytest.mark.parametrize(
    ("form", "day", "moment"),
    [
        ("yyyy-MM-dd", "2018-07-12", "2018-07-13 03:30:00"),
        ("dd/MM/yyyy", "12/07/2018", "13/07/2018 03:30:00"),
        ("yyyy/MM/dd", "2018/07/12", "2018/07/13 03:30:00"),
    ],
)
def test_dates_as_the_system_reads_them(item: Inbound, form: str, day: str, moment: str) -> None:
    """Dates have their format, times are those of Vietnam, all else keeps its type."""
    names = {"ngay": "promulgation.date", "luc": "arrived_at", "han": "due_date"}
    names |= {"vb.so": "code", "vb.khan": "priority"}
    settings = CommandSettings.model_validate(
        {"type": "command", "program": Path("x"), "fields": names, "date_format": form}
    )
    assert told_document(settings, item) == {
        "ngay": day,
        "luc": moment,
        "han": None,
        "vb": {"so": "05/2018/QĐ-TTg", "khan": int(item.document.priority)},
    }
