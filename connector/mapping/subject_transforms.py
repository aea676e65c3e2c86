"""Registers of NĐ 30/2020 PL IV write the kind of document and its subject in one column."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from connector.mapping import value_codes
from connector.mapping.document_types import ADMINISTRATIVE, NORMATIVE, type_choice
from connector.mapping.transform import Example, Transform
from connector.mapping.values import Refusal, TypeChoice, shown, text_of
from connector.model.envelope import DocumentType
from connector.text.normalise import collapse_spaces, nfc

__all__ = ["SUBJECT_TRANSFORMS", "leading_type"]

_LETTER: Final = "Công văn"
_ABOUT: Final = re.compile(r"(?:V/v|Về việc)(?!\w)", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"^\s*(?:Số\s*/\s*(?:KH|Ký hiệu)|Số,? ký hiệu|Số|Ký hiệu|Ngày|Trích yếu|Người ký|Ban hành)"
    r"\s*[:.]\s*|^\s*Số\s+(?=[0-9])",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(r"\s*\([^()]*\)\s*$")
_PLACE: Final = re.compile(r"(?P<place>[^,;]{1,50}),\s*ngày\b.*", re.IGNORECASE | re.DOTALL)


def leading_type(text: str) -> tuple[str, str] | None:
    """Return the kind of document at the beginning and the rest; None if there is none.

    "V/v" without a name before it is a công văn, the only kind that bears no name.
    """
    text = collapse_spaces(nfc(text))
    match = _names().match(text)
    if match is not None:
        return match[1], text[match.end() :].lstrip(" :-–,.;")
    return (_LETTER, text) if _ABOUT.match(text) else None


def _type(value: object, _: Any) -> TypeChoice:
    found = leading_type(text_of(value))
    if found is None:
        raise Refusal(value_codes.NO_LEADING_TYPE, value=shown(value))
    return type_choice(found[0])


def _subject(value: object, _: Any) -> str:
    text = collapse_spaces(nfc(text_of(value)))
    found = leading_type(text)
    return found[1] if found is not None and found[1] else text


def _without_label(value: object, _: Any) -> str:
    text = _LABEL.sub("", collapse_spaces(nfc(text_of(value))))
    return _AFTER.sub("", text).strip()


def _place(value: object, _: Any) -> str:
    match = _PLACE.fullmatch(collapse_spaces(nfc(text_of(value))))
    if match is None:
        raise Refusal(value_codes.NO_PLACE, value=shown(value))
    return match["place"].strip()


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    """Return what finds a name of both lists at the beginning of a text, the longest first."""
    names = {name for _, name, _ in (*ADMINISTRATIVE, *NORMATIVE)}
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"({'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)


SUBJECT_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name="leading_type",
        title="Tên loại ở đầu 'tên loại và trích yếu'",
        doc="Reads the kind of document from the beginning of a column that holds kind and subject "
        "(NĐ 30/2020 PL IV); a text that begins with V/v is a công văn; any other is refused.",
        apply=_type,
        examples=(
            Example(
                "Kế hoạch triển khai chuyển đổi số",
                TypeChoice(DocumentType(type=2, type_name="Kế hoạch", type_detail=10), None),
            ),
            Example(
                "V/v báo cáo định kỳ",
                TypeChoice(DocumentType(type=2, type_name="Công văn", type_detail=18), None),
            ),
        ),
    ),
    Transform(
        name="without_type",
        title="Trích yếu không kèm tên loại",
        doc="Removes the kind of document from the beginning of a column that holds kind and "
        "subject; a text without it stays as it is.",
        apply=_subject,
        examples=(
            Example("Quyết định về việc gửi, nhận", "về việc gửi, nhận"),
            Example("V/v báo cáo định kỳ", "V/v báo cáo định kỳ"),
        ),
    ),
    Transform(
        name="without_label",
        title="Bỏ nhãn và ghi chú trong ngoặc",
        doc="Removes a label such as 'Số:' before a value, and a remark in parentheses after it.",
        apply=_without_label,
        examples=(
            Example("Số: 28/QĐ-BNV", "28/QĐ-BNV"),
            Example("Số/KH: 182/CCDSTE-DSTE (số đến: )", "182/CCDSTE-DSTE"),
            Example("28/QĐ-BNV", "28/QĐ-BNV"),
        ),
    ),
    Transform(
        name="place_before_date",
        title="Địa danh trước ngày",
        doc="Takes the place of issue from 'Hà Nội, ngày 05 tháng 01 năm 2020'.",
        apply=_place,
        examples=(Example("Hà Nội, ngày 05 tháng 01 năm 2020", "Hà Nội"),),
    ),
)
