"""Folding of names, composition, and characters that XML cannot carry."""

from __future__ import annotations

import unicodedata

import pytest

from connector.text.fold import fold
from connector.text.normalise import collapse_spaces, forbidden_characters, nfc, strip_controls


@pytest.mark.parametrize(
    "name", ["SoKyHieu", "so_ky_hieu", "Số Ký Hiệu", "SỐ_KÝ HIỆU", "số\u00a0ký hiệu"]
)
def test_spellings_of_one_column_fold_alike(name: str) -> None:
    """Case, diacritics, underscores and spaces make no difference, composed or not."""
    assert fold(name) == "sokyhieu"
    assert fold(unicodedata.normalize("NFD", name)) == "sokyhieu"


def test_the_stroke_of_d_is_folded() -> None:
    """Đ is a letter of its own for Unicode, for people looking for a name it is a d."""
    assert fold("Địa điểm ĐƠN") == "diadiemdon"
    assert fold("Số/KH") == "so/kh"


def test_nfc_composes() -> None:
    """Decomposed Vietnamese becomes composed."""
    assert nfc("e\u0323\u0302") == "ệ"


def test_forbidden_characters_are_named_once() -> None:
    """Each character that XML cannot carry is named in the order of its first occurrence."""
    assert forbidden_characters("a\x00b\x0b\x00\ud800\uffff\t\n") == (
        "U+0000",
        "U+000B",
        "U+D800",
        "U+FFFF",
    )
    assert forbidden_characters("Công văn\r\n\t") == ()


def test_controls_are_removed_but_not_line_breaks() -> None:
    """What remains can be read and written as text."""
    assert strip_controls("a\x00\x1b\tb\n\x9f\x85") == "a\tb\n\x85"


def test_spaces_are_collapsed() -> None:
    """Runs of any white space are one space, none at the ends."""
    assert collapse_spaces(" a\u00a0\n b\t") == "a b"
