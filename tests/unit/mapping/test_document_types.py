from __future__ import annotations

import pytest

from connector.mapping.document_types import ADMINISTRATIVE, NORMATIVE, type_choice
from connector.mapping.values import Refusal
from connector.model.envelope import DocumentCode, DocumentType

WITH_YEAR = DocumentCode("28", "2018/QĐ-TTg")
WITHOUT_YEAR = DocumentCode("28", "QĐ-BNV")


def read(text: str, code: DocumentCode = WITHOUT_YEAR) -> tuple[int, int | None, str]:
    """Return type, detail and name that a text means for a code."""
    chosen = type_choice(text).chosen_for(code)
    assert chosen is not None
    return chosen.type, chosen.type_detail, chosen.type_name


@pytest.mark.parametrize("row", ADMINISTRATIVE, ids=lambda row: row[1])
def test_administrative_names_and_abbreviations(row: tuple[int, str, str]) -> None:
    """Every name and abbreviation of list B is read, in capitals and without diacritics too."""
    number, name, abbreviation = row
    for spelling in filter(None, (name, name.upper(), name.lower(), abbreviation)):
        assert read(spelling) == (2, number, name)


@pytest.mark.parametrize("row", NORMATIVE, ids=lambda row: row[1])
def test_normative_names(row: tuple[int, str, str]) -> None:
    """Every name and abbreviation of list A is read where the code carries the year."""
    number, name, abbreviation = row
    for spelling in filter(None, (name, name.upper(), abbreviation)):
        assert read(spelling, WITH_YEAR) == (1, number, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("thong bao", "Thông báo"),
        ("Quyet dinh", "Quyết định"),
        ("Bản thoả thuận", "Bản thỏa thuận"),
        ("  Tờ   trình ", "Tờ trình"),
        ("Công văn.", "Công văn"),
        ("CTR", "Chương trình"),
        ("Ba\u0301o ca\u0301o", "Báo cáo"),
    ],
)
def test_spelling_is_forgiven_where_it_is_clear(text: str, name: str) -> None:
    """Case, spaces, diacritics and tone placement do not matter if one name remains."""
    assert read(text)[2] == name


def test_the_code_decides_between_the_lists() -> None:
    """Quyết định with a year in its code is QPPL, without one it is administrative."""
    assert read("Quyết định", WITH_YEAR)[0] == 1
    assert read("Quyết định", WITHOUT_YEAR)[0] == 2
    assert type_choice("Quyết định").chosen_for(None) == DocumentType(
        type=2, type_name="Quyết định", type_detail=2
    )


@pytest.mark.parametrize("text", ["Quyết định cá biệt", "Nghị quyết (cá biệt)", "CHỈ THỊ CÁ BIỆT"])
def test_individual_documents_are_administrative(text: str) -> None:
    """'cá biệt' says that a document is of list B whatever its code looks like."""
    assert read(text, WITH_YEAR)[0] == 2


@pytest.mark.parametrize("text", ["Quyết địng", "XYZ", "QD", "1", "văn bản"])
def test_unknown_names_are_refused(text: str) -> None:
    """A kind that is in no list is refused; abbreviations need their diacritics."""
    with pytest.raises(Refusal) as caught:
        type_choice(text)
    assert caught.value.text.code == "EDX-1248"


def test_abbreviations_that_differ_by_capitals() -> None:
    """Abbreviations close to each other are told apart."""
    assert read("TTr")[2] == "Tờ trình"
    assert read("TT", WITH_YEAR)[2] == "Thông tư"
    assert read("CT")[2] == "Chỉ thị"
    assert read("CTr")[2] == "Chương trình"
