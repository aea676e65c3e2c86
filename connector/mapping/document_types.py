"""Kinds of documents: list A (văn bản QPPL) and list B (văn bản hành chính).

Numbers after SĐ1:2022 QCVN 102, names and abbreviations of list B after NĐ 30/2020 Phụ lục III.
Receivers match on the name. Type is 1 for list A and 2 for list B, TypeDetail the number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from connector.config.suggest import did_you_mean
from connector.mapping import codes
from connector.mapping.values import Refusal, TypeChoice, shown
from connector.model.envelope import DocumentType
from connector.text.fold import fold
from connector.text.normalise import collapse_spaces, nfc

__all__ = ["ADMINISTRATIVE", "NORMATIVE", "type_choice"]

_NORMATIVE_TYPE: Final = 1
_ADMINISTRATIVE_TYPE: Final = 2

NORMATIVE: Final[tuple[tuple[int, str, str], ...]] = (
    (1, "Hiến pháp", ""),
    (2, "Luật", ""),
    (3, "Pháp lệnh", ""),
    (4, "Lệnh", ""),
    (5, "Nghị quyết", "NQ"),
    (6, "Nghị quyết liên tịch", "NQLT"),
    (7, "Nghị định", "NĐ"),
    (8, "Quyết định", "QĐ"),
    (9, "Thông tư", "TT"),
    (10, "Thông tư liên tịch", "TTLT"),
    (11, "Chỉ thị", "CT"),
    (12, "Bộ luật", ""),
)
"""List A: number, name, abbreviation."""

ADMINISTRATIVE: Final[tuple[tuple[int, str, str], ...]] = (
    (1, "Nghị quyết", "NQ"),
    (2, "Quyết định", "QĐ"),
    (3, "Chỉ thị", "CT"),
    (4, "Quy chế", "QC"),
    (5, "Quy định", "QyĐ"),
    (6, "Thông cáo", "TC"),
    (7, "Thông báo", "TB"),
    (8, "Hướng dẫn", "HD"),
    (9, "Chương trình", "CTr"),
    (10, "Kế hoạch", "KH"),
    (11, "Phương án", "PA"),
    (12, "Đề án", "ĐA"),
    (13, "Dự án", "DA"),
    (14, "Báo cáo", "BC"),
    (15, "Biên bản", "BB"),
    (16, "Tờ trình", "TTr"),
    (17, "Hợp đồng", "HĐ"),
    (18, "Công văn", ""),
    (19, "Công điện", "CĐ"),
    (20, "Bản ghi nhớ", "BGN"),
    (21, "Bản cam kết", ""),
    (22, "Bản thỏa thuận", "BTT"),
    (23, "Giấy chứng nhận", ""),
    (24, "Giấy ủy quyền", "GUQ"),
    (25, "Giấy mời", "GM"),
    (26, "Giấy giới thiệu", "GGT"),
    (27, "Giấy nghỉ phép", "GNP"),
    (28, "Giấy đi đường", ""),
    (29, "Giấy biên nhận hồ sơ", ""),
    (30, "Phiếu gửi", "PG"),
    (31, "Phiếu chuyển", "PC"),
    (32, "Thư công", ""),
)
"""List B: number, name, abbreviation; "cá biệt" after the first three names is understood."""

_INDIVIDUAL: Final = "cá biệt"


def type_choice(value: str) -> TypeChoice:
    """Return what a name or abbreviation means in both lists; raises Refusal if unknown.

    Spelling is tried first exactly, then without case, then without diacritics; at each step it
    must mean one name only. "Quyết định cá biệt" means list B alone.
    """
    text = collapse_spaces(nfc(value)).rstrip(".:)")
    only_administrative = text.casefold().endswith(_INDIVIDUAL)
    if only_administrative:
        text = text[: -len(_INDIVIDUAL)].rstrip(" ()")
    name = _name_of(text)
    normative = None if only_administrative else _by_name(NORMATIVE, _NORMATIVE_TYPE).get(name)
    return TypeChoice(_by_name(ADMINISTRATIVE, _ADMINISTRATIVE_TYPE).get(name), normative)


def _name_of(text: str) -> str:
    for step in range(3):
        name = _spellings(step).get(_key(text, step))
        if name is not None:
            return name
    raise Refusal(
        codes.UNKNOWN_TYPE, value=shown(text), **did_you_mean(text, _spellings(0).values())
    )


def _key(text: str, step: int) -> str:
    return (text, text.casefold(), fold(text))[step]


@lru_cache(maxsize=3)
def _spellings(step: int) -> dict[str, str]:
    """Return names by what spells them at a step; a spelling of two names spells none."""
    found: dict[str, set[str]] = {}
    for _, name, abbreviation in (*NORMATIVE, *ADMINISTRATIVE):
        found.setdefault(_key(name, step), set()).add(name)
        # abbreviations differ by their diacritics alone (QC, QyĐ): they are never folded
        if abbreviation and step < 2:
            found.setdefault(_key(abbreviation, step), set()).add(name)
    return {spelling: names.pop() for spelling, names in found.items() if len(names) == 1}


@lru_cache(maxsize=2)
def _by_name(rows: tuple[tuple[int, str, str], ...], kind: int) -> dict[str, DocumentType]:
    return {
        name: DocumentType(type=kind, type_name=name, type_detail=number)
        for number, name, _ in rows
    }
