"""The codecs, checked against the C library's tables and in every way Python uses a codec."""

from __future__ import annotations

import codecs
import io
import random
import subprocess
import unicodedata
from pathlib import Path

import pytest

from connector.text.codecs import CODECS, register
from connector.text.tables import TCVN3, UNDEFINED

SUBJECT = "V/v triển khai Quyết định số 15/QĐ-UBND, đường Ưu Đãi: sửa đổi, bổ sung"
TCVN3_LETTERS = (
    "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ¡¢§£¤¥¦",
    "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ",
)
VNI_LETTERS = {
    "aù aø aû aõ aï": "á à ả ã ạ",
    "aâ aê aá aà aå aã aä": "â ă ấ ầ ẩ ẫ ậ",
    "aé aè aú aü aë": "ắ ằ ẳ ẵ ặ",
    "eù eø eû eõ eï eâ eá eà eå eã eä": "é è ẻ ẽ ẹ ê ế ề ể ễ ệ",
    "í ì æ ó ò": "í ì ỉ ĩ ị",
    "où oø oû oõ oï oâ oá oà oå oã oä": "ó ò ỏ õ ọ ô ố ồ ổ ỗ ộ",
    "ô ôù ôø ôû ôõ ôï": "ơ ớ ờ ở ỡ ợ",
    "uù uø uû uõ uï": "ú ù ủ ũ ụ",
    "ö öù öø öû öõ öï": "ư ứ ừ ử ữ ự",
    "yù yø yû yõ î ñ": "ý ỳ ỷ ỹ ỵ đ",
}


@pytest.fixture(autouse=True)
def _registered() -> None:
    register()


def iconv(data: bytes, charset: str) -> str | None:
    """Return what the C library decodes, None if it refuses."""
    command = ["iconv", "-f", charset, "-t", "UTF-8"]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


@pytest.mark.parametrize("code", range(0xA0, 0x100))
def test_tcvn3_is_the_c_librarys_table_without_the_capitals_of_vn1(code: int) -> None:
    """Every byte of the upper half is iconv's letter, or one that only TCVN 5712 VN1 has."""
    theirs = iconv(bytes((code, 0x20)), "TCVN")
    ours = TCVN3[code]

    assert theirs is not None
    if ours == UNDEFINED:
        assert theirs[0].isupper()
        assert len(unicodedata.normalize("NFD", theirs[0])) > 1
    else:
        assert theirs == ours + " "


def test_viscii_is_the_c_librarys_table() -> None:
    """All 256 bytes decode as iconv decodes them."""
    every = bytes(range(256))

    assert every.decode("viscii") == iconv(every, "VISCII")


def test_tcvn3_maps_the_letters_of_the_fonts() -> None:
    """The 74 pairs that .VnTime shows are decoded and encoded."""
    written, meant = TCVN3_LETTERS
    data = written.encode("latin-1")

    assert data.decode("tcvn3") == meant
    assert meant.encode("tcvn3") == data


@pytest.mark.parametrize(("written", "meant"), VNI_LETTERS.items())
def test_vni_maps_letter_and_mark(written: str, meant: str) -> None:
    """Small and capital pairs are decoded and encoded."""
    data = written.encode("latin-1")

    assert data.decode("vni") == meant
    assert meant.encode("vni") == data
    capitals = written.upper().encode("latin-1")
    assert capitals.decode("vni") == meant.upper()
    assert meant.upper().encode("vni") == capitals


def test_vni_takes_the_case_from_the_base() -> None:
    """A capital with a small mark, as people type it, is a capital."""
    assert b"A\xf9".decode("vni") == "Á"
    assert b"a\xd9".decode("vni") == "á"


@pytest.mark.parametrize("name", CODECS)
def test_text_comes_back(name: str) -> None:
    """What is encoded decodes to itself, also from decomposed text."""
    decomposed = unicodedata.normalize("NFD", SUBJECT)

    assert SUBJECT.encode(name).decode(name) == SUBJECT
    assert decomposed.encode(name).decode(name) == SUBJECT


@pytest.mark.parametrize("name", CODECS)
def test_quotes_and_dashes_of_windows_survive_where_fonts_have_them(name: str) -> None:
    """Windows programs put cp1252 punctuation between the letters of TCVN3 and VNI."""
    if name in {"viscii", "vps", "viqr"}:
        with pytest.raises(UnicodeEncodeError):
            "“x” – y…".encode(name)
    elif name.startswith("utf8-"):
        assert "“x” – y…".encode().decode("utf8-tcvn3") == "“x” – y…"
    else:
        assert b"\x93x\x94 \x96 y\x85".decode(name) == "“x” – y…"


@pytest.mark.parametrize("letter", ["Á", "Ế", "Ụ"])
def test_tcvn3_has_no_code_for_capitals_with_a_tone(letter: str) -> None:
    """They come from a capital font, so encoding them is an error that names the letter."""
    with pytest.raises(UnicodeEncodeError) as caught:
        f"số {letter}".encode("tcvn3")

    assert caught.value.object[caught.value.start] == letter


def test_tcvn3_reads_the_combining_tones_of_the_standard() -> None:
    """A capital and a tone of row B are the capital with the tone."""
    assert b"A\xb3".decode("tcvn3") == "Á"
    assert b"\xa2\xb0".decode("tcvn3") == "Ầ"


@pytest.mark.parametrize(
    ("name", "data", "at"),
    [
        ("tcvn3", b"C\xabng \xff", 5),
        ("tcvn3", b"b\xb3", 1),
        ("tcvn3", b"\x8a", 0),
        ("vni", b"Co\xe2ng i\xf9", 7),
        ("vni", b"\xf9", 0),
        ("vni", b"a\xf9\xf9", 2),
        ("vni", b"ok \xff", 3),
    ],
)
def test_undefined_bytes_are_errors_at_their_place(name: str, data: bytes, at: int) -> None:
    """Strict decoding says which byte of which charset."""
    with pytest.raises(UnicodeDecodeError) as caught:
        data.decode(name)

    assert (caught.value.encoding, caught.value.start) == (name, at)


def test_error_handlers_see_single_bytes() -> None:
    """Other error handlers work, and surrogateescape gives the byte back."""
    data = b"Co\xe2ng i\xf9 v\xff"

    assert data.decode("vni", "replace") == "Công i\ufffd v\ufffd"
    assert data.decode("vni", "ignore") == "Công i v"
    assert data.decode("vni", "surrogateescape") == "Công i\udcf9 v\udcff"
    assert data.decode("vni", "backslashreplace") == "Công i\\xf9 v\\xff"


@pytest.mark.parametrize("name", CODECS)
def test_a_mark_may_come_in_the_next_chunk(name: str) -> None:
    """Decoding byte by byte gives the same text as decoding at once."""
    data = SUBJECT.encode(name)
    decoder = codecs.getincrementaldecoder(name)()

    text = "".join(decoder.decode(data[i : i + 1]) for i in range(len(data)))
    assert text + decoder.decode(b"", final=True) == SUBJECT


def test_a_decoder_can_be_reset_and_restored() -> None:
    """The state between letter and mark is kept, given back and forgotten."""
    decoder = codecs.getincrementaldecoder("vni")()
    assert not decoder.decode(b"a")
    state = decoder.getstate()
    assert decoder.decode(b"\xf9") == "á"

    decoder.setstate(state)
    assert decoder.decode(b"\xe2") == "â"
    decoder.decode(b"a")
    decoder.reset()
    assert decoder.decode(b"b", final=True) == "b"


@pytest.mark.parametrize("name", CODECS)
def test_files_can_be_opened(name: str, tmp_path: Path) -> None:
    """Text files and the older codecs.open both read and write, to the very last letter."""
    path = tmp_path / "export.txt"
    text = f"{SUBJECT}\n" * 3000 + "tài liệu lưu trư a"
    path.write_text(text, encoding=name)
    assert path.read_text(encoding=name) == text

    with path.open("rb") as raw, codecs.getreader(name)(raw) as reader:
        assert reader.read() == text
    with path.open("rb") as raw, codecs.getreader(name)(raw) as reader:
        assert "".join(iter(lambda: reader.read(7), "")) == text
    with path.open("rb") as raw, codecs.getreader(name)(raw) as reader:
        assert [line.rstrip("\n") for line in reader] == text.split("\n")
    written = io.BytesIO()
    codecs.getwriter(name)(written).write(text)
    assert written.getvalue() == path.read_bytes()


def test_registering_again_changes_nothing() -> None:
    """The codec found after a second registration is the same object."""
    before = codecs.lookup("tcvn3")

    register()

    assert codecs.lookup("tcvn3") is before


def test_other_names_stay_unknown() -> None:
    """Only our names are answered."""
    with pytest.raises(LookupError):
        codecs.lookup("tcvn4")


def test_incremental_encoders_work() -> None:
    """An incremental encoder gives the bytes of each piece."""
    encoder = codecs.getincrementalencoder("vni")()

    assert encoder.encode("ế") + encoder.encode("t", final=True) == "ết".encode("vni")


@pytest.mark.parametrize("legacy", ["tcvn3", "vni", "viscii", "vps"])
def test_look_alikes_in_utf8_are_read_as_what_they_were(legacy: str) -> None:
    """Legacy text that was read as Latin-1 or cp1252 and stored as UTF-8 decodes to Vietnamese."""
    raw = SUBJECT.encode(legacy)
    assert raw.decode("latin-1").encode().decode(f"utf8-{legacy}") == SUBJECT
    if legacy in {"tcvn3", "vni"}:
        assert raw.decode("cp1252").encode().decode(f"utf8-{legacy}") == SUBJECT


def test_real_vietnamese_among_look_alikes_is_an_error() -> None:
    """What no legacy byte looks like is refused, or escaped byte by byte, never passed through."""
    data = "C«ng v¨n số".encode()
    with pytest.raises(UnicodeDecodeError) as caught:
        data.decode("utf8-tcvn3")
    assert caught.value.encoding == "utf8-tcvn3"
    escaped = data.decode("utf8-tcvn3", "surrogateescape")
    assert escaped == "Công văn s" + "ố".encode().decode("ascii", "surrogateescape")
    assert b"C\xab".decode("utf8-tcvn3", "surrogateescape") == "C\udcab"
    assert codecs.lookup("utf8-tcvn3") is codecs.lookup("UTF8_TCVN3")


VPS_SAMPLES = [
    (
        "Cộng hòa xã hội chủ nghĩa Việt Nam",
        b"C\xb6ng h\xf2a x\xe3 h\xb6i ch\xfb ngh\xefa Vi\x8ct Nam",
    ),
    ("Ộ Ẫ Ữ", b"\x12 \x1c \x1d"),
    ("đường Ưu Đãi", b"\xc7\xdc\xa9ng \xd0u \xf1\xe3i"),
]


@pytest.mark.parametrize(("text", "data"), VPS_SAMPLES)
def test_vps_is_the_table_on_which_public_ones_agree(text: str, data: bytes) -> None:
    """Letters of the upper half, and capitals among the control characters."""
    assert data.decode("vps") == text
    assert text.encode("vps") == data


def test_vps_has_every_vietnamese_letter_once() -> None:
    """All 134 letters that are not ASCII have one byte each, and no byte is undefined."""
    text = bytes(range(256)).decode("vps")
    marks = ("", *"\u0300\u0309\u0303\u0301\u0323")
    letters = {unicodedata.normalize("NFC", b + m) for b in "aăâeêioôơuưyđ" for m in marks}
    letters = {letter for letter in letters if len(letter) == 1 and not letter.isascii()}

    assert len(letters) == 67
    assert all(text.count(letter) == text.count(letter.upper()) == 1 for letter in letters)


VIQR_SAMPLES = [
    ("Vie^.t Nam ddo^.c la^.p", "Việt Nam độc lập"),
    (
        "To^i ye^u tie^'ng nu+o+'c to^i tu+` khi mo+'i ra ddo+`i\\.",
        "Tôi yêu tiếng nước tôi từ khi mới ra đời.",
    ),
    ("A(?, DDo^\\' Dda` dD", "Ẳ, Đô' Đà dD"),
    ("so^' 15/QDD-UBND (1+1)", "số 15/QĐ-UBND (1+1)"),
    ("scan\\2020\\doc.pdf", "scan\\2020\\doc.pdf"),
    ("d\\d \\ddd \\\\.", "dd dđ \\."),
    ("a'^ b' e+ i( d", "á^ b' e+ i( d"),
]


@pytest.mark.parametrize(("written", "meant"), VIQR_SAMPLES)
def test_viqr_spells_letters_with_signs(written: str, meant: str) -> None:
    """A sign is a mark only where it makes a letter, and a backslash keeps it a sign."""
    assert written.encode().decode("viqr") == meant


@pytest.mark.parametrize("seed", range(200))
def test_viqr_brings_any_text_back(seed: int) -> None:
    """Signs and letters in any order survive, also when they are decoded byte by byte."""
    alphabet = "aâăoơơuưiydđDĐbAÊỆẳờ'`?~.^+(\\ \n"
    text = "".join(random.Random(seed).choices(alphabet, k=60))  # noqa: S311 - no secret
    data = text.encode("viqr")
    decoder = codecs.getincrementaldecoder("viqr")()

    assert data.decode("viqr") == text
    pieces = "".join(decoder.decode(data[i : i + 1]) for i in range(len(data)))
    assert pieces + decoder.decode(b"", final=True) == text


def test_viqr_is_ascii() -> None:
    """Other bytes and other characters are errors at their place."""
    with pytest.raises(UnicodeDecodeError) as decoding:
        b"Vie^.t \xe1".decode("viqr")
    with pytest.raises(UnicodeEncodeError) as encoding:
        "số €".encode("viqr")

    assert (decoding.value.start, encoding.value.start) == (7, 3)
    assert b"a'\xe1b".decode("viqr", "surrogateescape") == "á\udce1b"
    assert "a€b".encode("viqr", "replace") == b"a?b"
