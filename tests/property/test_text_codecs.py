"""For any bytes and any cut, the codecs agree with themselves."""

from __future__ import annotations

import codecs
import subprocess
import unicodedata

from hypothesis import given, settings
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


ICONV = {"tcvn3": "TCVN", "viscii": "VISCII", "cp1258": "CP1258"}


def iconv(data: bytes, charset: str) -> str:
    """Return what the C library decodes, composed."""
    command = ["iconv", "-f", ICONV[charset], "-t", "UTF-8"]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    return unicodedata.normalize("NFC", done.stdout.decode())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["tcvn3", "viscii"]), texts)
def test_the_c_library_reads_what_we_write(name: str, text: str) -> None:
    """Our bytes mean the same text to iconv, so that both tables are one."""
    register()

    assert iconv(text.encode(name), name) == text


@settings(max_examples=60, deadline=None)
@given(texts)
def test_the_c_library_and_python_agree_on_cp1258(text: str) -> None:
    """CP1258 is Python's own; composed, it is what the C library reads."""
    decomposed = "".join(map(_vietnamese_decomposed, text))
    data = decomposed.encode("cp1258")

    assert unicodedata.normalize("NFC", data.decode("cp1258")) == iconv(data, "cp1258") == text


def _vietnamese_decomposed(letter: str) -> str:
    """Return a letter as CP1258 writes it: its shape composed, its tone after it."""
    parts = unicodedata.normalize("NFD", letter)
    tone = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
    shape = "".join(part for part in parts if part not in tone)
    return unicodedata.normalize("NFC", shape) + tone


@given(st.sampled_from(["utf8-tcvn3", "utf8-vni"]), st.text(max_size=30), st.integers(0, 200))
def test_look_alikes_of_any_text_are_read_in_pieces_as_at_once(
    name: str, text: str, cut: int
) -> None:
    """A cut within a character, or between letter and mark, changes nothing."""
    register()
    data = text.encode("utf-8", "surrogatepass")
    at = cut % (len(data) + 1)
    decoder = codecs.getincrementaldecoder(name)("surrogateescape")

    pieces = decoder.decode(data[:at]) + decoder.decode(data[at:], final=True)

    assert pieces == data.decode(name, "surrogateescape")


@given(st.text(st.sampled_from("aAeoOuiydDb^(+'`?~. \n")))
def test_viqr_is_read_quickly_as_carefully(text: str) -> None:
    """A text without a backslash has a quicker way, which gives the same."""
    register()
    data = text.encode()

    assert data.decode("viqr") + " \\" == (data + b" \\\\").decode("viqr")
