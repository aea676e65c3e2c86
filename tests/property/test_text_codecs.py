"""For any bytes and any cut, the codecs agree with themselves."""

from __future__ import annotations

import codecs
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from connector.text.codecs import CODECS, register
from connector.text.mojibake import repair

LETTERS = (
    "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
    "ĂÂĐÊÔƠƯ 0123456789/-.,;\n"
)
names = st.sampled_from(CODECS)
texts = st.text(st.sampled_from(LETTERS))


@given(names, texts)
def test_vietnamese_comes_back(name: str, text: str) -> None:
    """Every text of Vietnamese letters survives encoding and decoding."""
    register()

    assert text.encode(name).decode(name) == text


@given(st.sampled_from(["vni", "viscii"]), texts.map(str.upper))
def test_capitals_come_back(name: str, text: str) -> None:
    """Where a charset has all capitals, they survive too."""
    register()

    assert text.encode(name).decode(name) == text


@given(names, st.binary(), st.integers(min_value=0))
def test_cuts_change_nothing(name: str, data: bytes, cut: int) -> None:
    """Decoding in two pieces is decoding at once, errors included."""
    register()
    at = cut % (len(data) + 1)
    decoder = codecs.getincrementaldecoder(name)("surrogateescape")

    pieces = decoder.decode(data[:at]) + decoder.decode(data[at:], final=True)

    assert pieces == data.decode(name, "surrogateescape")


@given(names, st.binary())
def test_decoded_text_is_composed(name: str, data: bytes) -> None:
    """Whatever could be decoded is in NFC."""
    register()

    text = data.decode(name, "ignore")

    assert unicodedata.is_normalized("NFC", text)


@given(st.sampled_from(["tcvn3", "vni"]), texts)
def test_look_alikes_are_undone(name: str, text: str) -> None:
    """Text read as Latin-1 is repaired to exactly what it was."""
    register()

    assert repair(text.encode(name).decode("latin-1"), name) == text
