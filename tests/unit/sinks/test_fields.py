from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from connector.clock import VIETNAM
from connector.model.inbound import Inbound
from connector.sinks.fields import Value, kind_of, paths, value_at


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("packet_id", "0b0c5a9e-9a53-5a1a-8a6d-0d6a6c1f2e01"),
        ("served", "H41"),
        ("arrived_at", dt.datetime(2018, 7, 13, 3, 30, tzinfo=VIETNAM)),
        ("code", "05/2018/QĐ-TTg"),
        ("code.number", "05"),
        ("promulgation.date", dt.date(2018, 7, 12)),
        ("receivers.organ_name", "UBND tỉnh Nghệ An; Bộ Nội vụ"),
        ("to_places", "Như trên; Lưu: VT"),
        ("priority", 1),
        ("business_type", 3),
        ("business.paper", False),
        ("business.replacements.organ_ids", "H41; G09"),
        ("response_for.promulgation_date", "2018-07-01"),
        ("due_date", None),
        ("business.staff.email", None),
    ],
)
def test_values(item: Inbound, path: str, value: Value) -> None:
    """A path gives the value that stands in the packet, several of them joined."""
    assert value_at(item, path) == value


@pytest.mark.parametrize("path", paths())
def test_every_path_can_be_read(item: Inbound, path: str) -> None:
    """Each path that a configuration may name has a value of its kind, or none."""
    bare = replace(item, document=replace(item.document, business=None, other_info=None))
    assert isinstance(value_at(item, path), kind_of(path) | None)
    assert isinstance(value_at(bare, path), kind_of(path) | None)
