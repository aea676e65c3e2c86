"""Charsets are told apart over whole samples, and not at all when nothing is certain."""

from __future__ import annotations

import unicodedata

import pytest

from connector.text.charsets import DETECTABLE
from connector.text.codecs import register
from connector.text.detect import detect, detect_mojibake
from connector.text.mojibake import repair, to_bytes
from connector.text.syllables import is_abbreviation, is_syllable

SAMPLE = (
    "15/QĐ-UBND;Về việc triển khai kế hoạch phát triển kinh tế - xã hội năm 2026;"
    "đường Nguyễn Huệ, quận nhất, thành phố; Người ký: Trần Văn Hưởng"
)


@pytest.fixture(autouse=True)
def _registered() -> None:
    register()


@pytest.mark.parametrize("name", [*DETECTABLE, "utf-8"])
def test_a_sample_is_recognised(name: str) -> None:
    """Each charset is found from a few cells, with the counts as evidence."""
    guess = detect(SAMPLE.encode(name))

    assert guess.charset == name
    assert guess.score > 0.9
    assert guess.evidence


def test_cp1258_is_recognised() -> None:
    """Base letters with combining tones are Vietnamese after composition."""
    tones_last = "".join(map(_tone_last, SAMPLE))

    assert detect(tones_last.encode("cp1258")).charset == "cp1258"


def _tone_last(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    tones = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
    rest = "".join(part for part in parts if part not in tones)
    return unicodedata.normalize("NFC", rest) + tones


@pytest.mark.parametrize("name", ["tcvn3", "vni"])
def test_a_notation_alone_is_evidence(name: str) -> None:
    """Q§-UBND and QÑ-UBND can be nothing else."""
    assert detect("15/QĐ-UBND".encode(name)).charset == name


@pytest.mark.parametrize("sample", [b"\xe0", b"\xff\x81\x90" * 20, "Ñöôøng".encode("latin-1")])
def test_too_little_or_nonsense_is_not_guessed(sample: bytes) -> None:
    """Nobody is told a charset for one cell or for binary data."""
    assert detect(sample).charset is None


def test_marks_at_the_beginning_decide() -> None:
    """A byte order mark is taken at its word."""
    assert detect(SAMPLE.encode("utf-8-sig")).charset == "utf-8"
    assert detect(SAMPLE.encode("utf-16")).charset == "utf-16"


def test_ascii_and_cut_utf8_are_recognised() -> None:
    """A sample that ends within a letter is still UTF-8."""
    assert detect(b"SoKyHieu;TrichYeu").charset == "ascii"
    assert detect("Quyết định".encode()[:-1]).charset == "utf-8"


@pytest.mark.parametrize("name", ["tcvn3", "vni"])
def test_look_alikes_are_recognised_and_undone(name: str) -> None:
    """A column of look-alikes is detected as a whole and each cell repaired exactly."""
    latin = [cell.encode(name).decode("latin-1") for cell in SAMPLE.split(";")]

    assert detect_mojibake(latin).charset == name
    assert ";".join(repair(cell, name) or "" for cell in latin) == SAMPLE


@pytest.mark.parametrize("cells", [["Hà Nội"], ["Thông báo", "Công văn"], ["café à la crème"]])
def test_real_unicode_is_left_alone(cells: list[str]) -> None:
    """Text that is what it says is not taken for look-alikes."""
    assert detect_mojibake(cells).charset == "utf-8"


def test_ascii_needs_no_repair() -> None:
    """ASCII is its own repair, and its column says so."""
    assert detect_mojibake(["SoKyHieu"]).charset == "ascii"
    assert repair("15/CV", "tcvn3") == "15/CV"


def test_repair_refuses_what_cannot_be_look_alikes() -> None:
    """Real Vietnamese and bytes that the charset does not define are not touched."""
    assert repair("Quyết định", "tcvn3") is None
    assert repair("ÿ", "tcvn3") is None
    assert to_bytes("Ở") is None


def test_repair_undoes_cp1252_too() -> None:
    """Quotes that cp1252 made of bytes 93 and 94 find back to them."""
    assert repair("C«ng v¨n “x”", "tcvn3") == "Công văn “x”"
    assert repair("Coâng vaên – y", "vni") == "Công văn – y"


@pytest.mark.parametrize(
    "word", ["nghiêng", "Quyết", "HOẠCH", "đường", "khuỷu", "giếng", "yêu", "thuở", "xoong", "gì"]
)
def test_syllables_are_accepted(word: str) -> None:
    """Onset, rhyme and tone that occur together."""
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["strấ", "hoàc", "ếế", "Vieät", "qẹ", "ÿ", "bãt"])
def test_other_letters_are_not_syllables(word: str) -> None:
    """Wrong onsets, two tones, or a tone that a stop does not allow."""
    assert not is_syllable(word)


def test_abbreviations_are_capitals() -> None:
    """The letters of a notation are known; words are not taken for them."""
    assert is_abbreviation("QĐ")
    assert not is_abbreviation("Qđ")


@pytest.mark.parametrize("name", ["viqr", "vps"])
def test_what_only_people_can_tell_is_not_detected(name: str) -> None:
    """VIQR is ASCII like any other, and VPS is never the answer."""
    assert detect(SAMPLE.encode(name)).charset in {"ascii", None}


def test_look_alikes_of_configured_charsets_are_repaired() -> None:
    """Capitals of VPS among the control characters come back, VIQR is spelled out."""
    look_alike = "HỌC TẬP".encode("vps").decode("latin-1")

    assert repair(look_alike, "vps") == "HỌC TẬP"
    assert repair("So^' 1", "viqr") == "Số 1"
    assert repair("Số", "viqr") is None


@pytest.mark.parametrize("name", ["tcvn3", "vni"])
def test_utf8_of_look_alikes_has_a_charset_of_its_own(name: str) -> None:
    """A UTF-8 file of look-alikes is told with the codec that reads it, and with the evidence."""
    text = "Công văn về việc triển khai Quyết định của Ủy ban nhân dân tỉnh".lower() + " qđ-ubnd\n"
    data = (text * 20).encode(name).decode("latin-1").encode()

    guess = detect(data)

    assert guess.charset == f"utf8-{name}"
    assert data.decode(guess.charset) == text * 20
    assert "read as Latin-1 before" in guess.evidence
