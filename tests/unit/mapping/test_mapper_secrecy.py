from __future__ import annotations

import datetime as dt

import pytest

from connector.mapping.mapper import SecretRefused
from connector.model.content import Content
from connector.model.record import Record
from tests.unit.mapping.desk import (
    ADAPTER,
    ROW,
    attach,
    mapper,
    run,
)


@pytest.mark.parametrize("value", ["Mật", " Mật ", "Ma\u0323\u0302t"])
def test_secret_record_is_refused_without_content(value: str) -> None:
    """A secret record leaves only place and rule (G7)."""
    with pytest.raises(SecretRefused) as caught:
        run(DoMat=value)
    (found,) = caught.value.findings
    assert (found.code, found.place) == ("EDX-1201", "vb.csv:2")
    told = str([one.as_dict() for one in caught.value.findings])
    assert not any(str(cell) in told for name, cell in ROW.items() if name != "DoMat")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", ["Tối mật", "Thuong", "hạn chế", b"\x00", dt.date(2020, 1, 1)])
def test_unknown_secrecy_is_refused_and_not_shown(value: object) -> None:
    """A value that the table does not know is refused like a secret one and never repeated."""
    with pytest.raises(SecretRefused) as caught:
        run(DoMat=value)
    (found,) = caught.value.findings
    assert found.code == "EDX-1202"
    assert str(value) not in str(found.as_dict())


def test_record_without_the_secrecy_column_is_refused() -> None:
    """No column, no proof that the record is open."""
    row = {name: cell for name, cell in ROW.items() if name != "DoMat"}
    with pytest.raises(SecretRefused) as caught:
        mapper().map(Record("vb.csv:2", row), attach)
    assert caught.value.code == "EDX-1203"


def test_empty_secrecy_counts_only_if_the_table_says_so() -> None:
    """An empty value is open because the table maps it; without that it is refused."""
    assert run(DoMat=None).document.subject
    with pytest.raises(SecretRefused):
        run(ADAPTER.replace('"": open, ', ""), DoMat=None)


def test_secrecy_is_looked_at_before_anything_else() -> None:
    """Of a secret record no file is opened and no field is read."""

    def never(record: Record, reference: str) -> Content:
        raise AssertionError(record.place + reference)

    with pytest.raises(SecretRefused) as caught:
        mapper().map(Record("p", {**ROW, "DoMat": "Mật", "SoKyHieu": "bad"}), never)
    assert len(caught.value.findings) == 1


def test_not_exported_is_doubted_if_a_secrecy_column_speaks() -> None:
    """A filled column named like secrecy refuses records of an adapter that denies having one."""
    text = ADAPTER.replace("{column: DoMat, table: do_mat}", "{not_exported: chỉ văn bản thường}")
    assert run(text, DoMat="").document.subject
    with pytest.raises(SecretRefused) as caught:
        run(text, DoMat="Thường")
    assert caught.value.code == "EDX-1204"
