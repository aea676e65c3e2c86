from __future__ import annotations

import datetime as dt
from typing import Any

from connector.model.envelope import (
    Business,
    BusinessType,
    DocumentCode,
    DocumentType,
    InformationChange,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Staff,
)
from tests.unit.mapping.desk import (
    ADAPTER,
    refused,
    run,
    with_field,
)


def test_the_code_decides_the_list_of_the_kind() -> None:
    """A Quyết định with a year in its code is QPPL."""
    document = run(SoKyHieu="28/2018/QĐ-TTg", Loai="Quyết định").document
    assert document.document_type == DocumentType(type=1, type_name="Quyết định", type_detail=8)


def test_replacement_names_all_receivers() -> None:
    """Documents that are replaced make it type 3, for all receivers."""
    text = with_field("business.replaces: {column: Thay, transforms: [{split: ';'}]}")
    business = run(text, Thay="id1; id2").document.business
    assert business == Business(
        type=BusinessType.REPLACE,
        reason="Văn bản thay thế",
        replacements=(Replacement("id1", ("H41", "G09")), Replacement("id2", ("H41", "G09"))),
    )
    assert run(text, Thay="").document.business_type is BusinessType.NEW


def test_recall_names_the_recalled_document_three_times_alike() -> None:
    """Header, Bussiness/DocumentId and ResponseFor agree on what is taken back."""
    document = run(with_field("business.type: {value: 1}")).document
    assert document.business is not None
    assert document.business.reason == "Thu hồi văn bản điện tử"
    assert document.business.document_id == document.document_id
    assert document.response_for == (
        ResponseFor(
            organ_id="G22",
            code="7816/VPCP-TTĐT",
            promulgation_date=dt.date(2025, 9, 30),
            document_id=document.document_id,
        ),
    )


def test_update_carries_changed_receivers() -> None:
    """An update adds and removes receivers; closed codes can be removed, not added."""
    line = (
        "business.type: {column: Loai2}\n  business.added: {column: Them}\n"
        "  business.removed: {column: Bot}"
    )
    text = with_field(line)
    business = run(text, Loai2="2", Them="000.00.00.H41", Bot="H40").document.business
    assert business is not None
    assert business.changes == (
        InformationChange(
            document_info=False,
            document_receiver=True,
            receivers=(ReceiverChange("H41", added=True), ReceiverChange("H40", added=False)),
        ),
    )
    assert business.document_id == "G22,2025/09/30,7816/VPCP-TTĐT"
    assert [f.code for f in refused(text, Loai2="2", Them="", Bot="")] == ["EDX-1264"]
    assert [f.code for f in refused(text, Loai2="0", Them="H41", Bot="")] == ["EDX-1265"]
    assert refused(text, Loai2="2", Them="H40", Bot="")[0].code.startswith("EDX-85")


def test_contradicting_business_is_refused() -> None:
    """Replacing without a name, and a name without replacing, are refused."""
    text = with_field("business.type: {column: L}\n  business.replaces: {column: T}")
    assert [f.code for f in refused(text, L="3", T="")] == ["EDX-1262"]
    assert [f.code for f in refused(text, L="0", T="id")] == ["EDX-1261"]


def test_answers_staff_and_the_rest() -> None:
    """Answered documents are read in parallel lists; staff and further fields stand as given."""
    line = (
        "response_for.organ_id: {column: Q, transforms: [{split: ';'}]}\n"
        "  response_for.code: {column: R, transforms: [{split: ';'}]}\n"
        "  response_for.promulgation_date: {column: S, transforms: [{split: ';'}, date]}\n"
        "  response_for.document_id: {column: T, transforms: [{split: ';'}]}\n"
        "  business.staff.department: {value: Vụ TH}\n"
        "  business.reason: {value: Gửi lại}\n"
        "  business.paper: {value: 'x', transforms: [boolean]}"
    )
    text = with_field(line)
    cells: dict[str, Any] = {
        "Q": "H41;G09",
        "R": "1/A;2/B",
        "S": "01/02/2025;02/02/2025",
        "T": "i;j",
    }
    document = run(text, **cells).document
    assert [one.code for one in document.response_for] == ["1/A", "2/B"]
    assert document.response_for[1].promulgation_date == dt.date(2025, 2, 2)
    assert document.business == Business(
        reason="Gửi lại", paper=True, staff=(Staff(department="Vụ TH"),)
    )
    assert [f.code for f in refused(text, **{**cells, "T": "i"})] == ["EDX-1263"]
    assert [f.code for f in refused(text, **{**cells, "S": "x;y"})] == ["EDX-1242"]


def test_codes_and_kinds_in_several_columns() -> None:
    """Number, notation and kind can come from columns of their own."""
    text = (
        ADAPTER.replace(
            "  code: {column: SoKyHieu, transforms: [trim, split_code]}\n",
            "  code.number: {column: So}\n  code.notation: {column: KyHieu}\n",
        )
        .replace(
            "  document_type: {column: Loai, transforms: [document_type]}\n",
            "  document_type.type: {value: 2}\n  document_type.type_name: {column: Loai}\n",
        )
        .replace(
            "  signer: {column: ChucVu, transforms: [competence_position]}\n",
            "  signer.position: {column: ChucVu}\n",
        )
    )
    document = run(text, So=5.0, KyHieu="NQ-CP").document
    assert document.code == DocumentCode("5", "NQ-CP")
    assert document.document_type == DocumentType(type=2, type_name="Công văn")
    assert document.signer.position == "KT. CHỦ NHIỆM"
    assert [f.code for f in refused(text, So="", KyHieu="A")] == ["EDX-1240"]
    assert [f.code for f in refused(text, So="1", KyHieu="A", Loai="")] == ["EDX-1240"]
