"""Transforms of codes, names from lists, and titles of signers."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from pydantic import Field

from connector.config.suggest import did_you_mean
from connector.mapping import codes
from connector.mapping.document_types import type_choice
from connector.mapping.signer_titles import divided_title
from connector.mapping.transform import Example, Lookup, Parameters, Transform
from connector.mapping.values import Refusal, SignerTitle, TypeChoice, is_empty, shown, text_of
from connector.model.envelope import DocumentCode, DocumentType, Priority
from connector.text.fold import fold
from connector.text.normalise import nfc

__all__ = ["CODE_TRANSFORMS", "TableName", "split_code"]

_CODE: Final = re.compile(
    r"(?P<number>[0-9]+(?:bis|ter|[A-Za-zĐđ])?)(?:/(?P<plain>[^\s/-][^\s]*)|(?P<party>-[^\s/-][^\s]*))"
)
_UNFINISHED: Final = re.compile(r"[/-]{2}|[/-]$")
_PRIORITIES: Final[dict[str, Priority]] = {
    "Thường": Priority.NORMAL,
    "Khẩn": Priority.URGENT,
    "Thượng khẩn": Priority.VERY_URGENT,
    "Hỏa tốc": Priority.IMMEDIATE,
    "Hỏa tốc hẹn giờ": Priority.IMMEDIATE_TIMED,
}
_FOLDED_PRIORITIES: Final = {
    **{fold(name): priority for name, priority in _PRIORITIES.items()},
    fold("Bình thường"): Priority.NORMAL,
}
_ONLY_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")


class TableName(Parameters):
    """Which code table is meant."""

    table: str = Field(
        title="Bảng mã", description="Name of a table declared under tables.", min_length=1
    )
    unknown: Literal["refuse", "keep"] = Field(
        default="refuse",
        title="Giá trị không có trong bảng",
        description="refuse it; or keep it for the transforms that follow, or for the field.",
    )

    @property
    def table_name(self) -> str:
        """The code table that the call needs."""
        return self.table


def split_code(text: str) -> DocumentCode:
    """Split số và ký hiệu at the first ``/``, Party style at the first ``-``; joins to the same.

    The year of QPPL stays in the notation, so that nothing is lost (NĐ 30/2020 PL I: no spaces).
    """
    match = _CODE.fullmatch(nfc(text))
    if match is None or _UNFINISHED.search(text) or _ONLY_YEAR.fullmatch(match["plain"] or ""):
        raise Refusal(codes.BAD_CODE, value=shown(text))
    return DocumentCode(match["number"], match["plain"] or match["party"])


def _split_code(value: object, _: Any) -> DocumentCode:
    return value if isinstance(value, DocumentCode) else split_code(text_of(value))


def _table(value: object, lookup: Lookup[TableName]) -> object:
    table = lookup.table
    text = "" if is_empty(value) else text_of(value)
    found = table.get(text)
    if found is None and (not text or lookup.parameters.unknown == "keep"):
        return value
    if found is None:
        raise Refusal(
            codes.UNKNOWN_VALUE,
            value=shown(text),
            table=table.name,
            **did_you_mean(text, table.entries),
        )
    return found


def _document_type(value: object, _: Any) -> TypeChoice:
    return type_choice(text_of(value))


def _priority(value: object, _: Any) -> Priority:
    found = _FOLDED_PRIORITIES.get(fold(text_of(value)))
    if found is None:
        raise Refusal(codes.UNKNOWN_PRIORITY, value=shown(value), known=", ".join(_PRIORITIES))
    return found


def _competence_position(value: object, _: Any) -> SignerTitle:
    return divided_title(text_of(value))


def _kind(number: int, name: str, detail: int) -> DocumentType:
    return DocumentType(type=number, type_name=name, type_detail=detail)


CODE_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name="split_code",
        title="Tách số và ký hiệu",
        doc="Splits số và ký hiệu; the year of QPPL and the dash of Party documents stay in the "
        "notation, so that the two join to the same text.",
        apply=_split_code,
        examples=(
            Example("7816/VPCP-TTĐT", DocumentCode("7816", "VPCP-TTĐT")),
            Example("28/2018/QĐ-TTg", DocumentCode("28", "2018/QĐ-TTg")),
            Example("05/NQ-CP", DocumentCode("05", "NQ-CP")),
            Example("01-NQ/TW", DocumentCode("01", "-NQ/TW")),
            Example("12a/BC-UBND", DocumentCode("12a", "BC-UBND")),
        ),
    ),
    Transform(
        name="table",
        title="Bảng mã",
        doc="Looks a value up in a code table; a value that is not in it is refused, or kept for "
        "what follows with unknown: keep.",
        apply=_table,
        parameters=TableName,
        on_empty=True,
        examples=(
            Example("UBND tỉnh Nghệ An", "H41", "noi_nhan"),
            Example("Bộ Y tế", "Bộ Y tế", {"table": "noi_nhan", "unknown": "keep"}),
        ),
    ),
    Transform(
        name="document_type",
        title="Tên loại văn bản",
        doc="Reads the kind of document from its name or abbreviation; names that are both QPPL "
        "and administrative are told apart by the year in the document's code.",
        apply=_document_type,
        examples=(
            Example("Công văn", TypeChoice(_kind(2, "Công văn", 18), None)),
            Example("TTr", TypeChoice(_kind(2, "Tờ trình", 16), None)),
            Example("QUYẾT ĐỊNH", TypeChoice(_kind(2, "Quyết định", 2), _kind(1, "Quyết định", 8))),
        ),
    ),
    Transform(
        name="priority",
        title="Độ khẩn",
        doc="Reads the degree of urgency from its name.",
        apply=_priority,
        examples=(
            Example("Hỏa tốc", Priority.IMMEDIATE),
            Example("THƯỢNG KHẨN", Priority.VERY_URGENT),
        ),
    ),
    Transform(
        name="competence_position",
        title="Tách thẩm quyền và chức vụ",
        doc="Divides the lines above a signature into the authority (TM., KT., TL., TUQ., with "
        "whose it is; Q.) and the signer's own position, at the line break or before the last "
        "position that is named; for the field signer.",
        apply=_competence_position,
        examples=(
            Example("KT. BỘ TRƯỞNG\nTHỨ TRƯỞNG", SignerTitle("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG")),
            Example("KT. BỘ TRƯỞNG THỨ TRƯỞNG", SignerTitle("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG")),
            Example(
                "TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH",
                SignerTitle("TM. ỦY BAN NHÂN DÂN KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
            ),
            Example("Q. GIÁM ĐỐC", SignerTitle("Q.", "GIÁM ĐỐC")),
            Example("CHỦ TỊCH", SignerTitle(None, "CHỦ TỊCH")),
        ),
    ),
)
