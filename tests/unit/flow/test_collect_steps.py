"""Which records of a batch are put into the outbox together."""

from __future__ import annotations

import datetime as dt

import pytest

from connector.flow.collect_steps import Refusal, Seen, Step, together
from connector.mapping.mapper import Mapped
from connector.model.envelope import (
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
)
from connector.store.sources import TAKEN, Taken

_NOW = dt.datetime(2026, 1, 6, tzinfo=dt.UTC)


def _step(key: str, document_id: str) -> Step:
    document = Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(),
        code=DocumentCode("05", "VPCP"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="V/v thử",
        signer=Signer(full_name="Trần Văn Mẫu"),
        document_id=document_id,
    )
    before = Taken(adapter="g22", source_key=key, state=TAKEN, place=key, at=_NOW)
    return Seen(Mapped(key, document), key, before, "")


def _refusal(key: str) -> Step:
    return Refusal(key, "", key, ())


@pytest.mark.parametrize(
    ("steps", "sizes"),
    [
        ([], []),
        ([_step("a", "1"), _step("b", "2"), _refusal("c")], [3]),
        ([_step("a", "1"), _step("b", "1")], [1, 1]),
        ([_step("a", "1"), _step("a", "2"), _step("b", "3")], [1, 2]),
        ([_step("a", "1"), _refusal("a")], [1, 1]),
        ([_refusal("a"), _step("b", "1"), _step("a", "2"), _step("c", "1")], [2, 2]),
    ],
)
def test_what_concerns_one_another_is_kept_apart(steps: list[Step], sizes: list[int]) -> None:
    """A record or document that occurs again begins a new group; the order stays."""
    groups = list(together(steps))
    assert [len(group) for group in groups] == sizes
    assert [step for group in groups for step in group] == steps
