"""Transforms of text and of lists of text."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from connector.config.settings import Scalar
from connector.mapping import codes
from connector.mapping.transform import Example, Parameters, Transform
from connector.mapping.values import Refusal, is_empty, shown, text_of, whole_number
from connector.text.fold import fold
from connector.text.normalise import collapse_spaces, nfc, strip_controls

__all__ = ["TEXT_TRANSFORMS"]

_YES: Final = ("1", "true", "có", "x", "yes")
_NO: Final = ("0", "false", "không", "no")


class Separator(Parameters):
    """The separator of split and join."""

    separator: str = Field(
        title="Dấu phân cách", description="Text between two items.", min_length=1
    )


class Replacement(Parameters):
    """What replace looks for and writes instead."""

    find: str = Field(title="Cần tìm", description="Text that is looked for.", min_length=1)
    by: Scalar = Field(default="", title="Thay bằng", description="Text that stands instead.")


class Affix(Parameters):
    """The text of prefix and strip_prefix."""

    text: Scalar = Field(title="Phần đầu", description="Text at the beginning.", min_length=1)


class Default(Parameters):
    """The value of default."""

    value: Scalar = Field(
        title="Giá trị", description="Value used where the record has none.", min_length=1
    )


class Words(Parameters):
    """The words of boolean."""

    yes: tuple[Scalar, ...] = Field(
        default=_YES, title="Từ chỉ 'có'", description="Words that mean yes.", min_length=1
    )
    no: tuple[Scalar, ...] = Field(
        default=_NO, title="Từ chỉ 'không'", description="Words that mean no.", min_length=1
    )


def _trim(value: object, _: Any) -> object:
    return value.strip() if isinstance(value, str) else value


def _collapse(value: object, _: Any) -> str:
    return collapse_spaces(text_of(value))


def _nfc(value: object, _: Any) -> str:
    return nfc(text_of(value))


def _upper(value: object, _: Any) -> str:
    return nfc(text_of(value)).upper()


def _lower(value: object, _: Any) -> str:
    return nfc(text_of(value)).lower()


def _strip_controls(value: object, _: Any) -> str:
    return strip_controls(text_of(value))


def _split(value: object, parameters: Separator) -> tuple[str, ...]:
    parts = (part.strip() for part in text_of(value).split(parameters.separator))
    return tuple(part for part in parts if part)


def _join(value: object, parameters: Separator) -> str:
    items = value if isinstance(value, tuple) else (value,)
    return parameters.separator.join(text_of(item) for item in items if item is not None)


def _replace(value: object, parameters: Replacement) -> str:
    return text_of(value).replace(parameters.find, parameters.by)


def _prefix(value: object, parameters: Affix) -> str:
    return parameters.text + text_of(value)


def _strip_prefix(value: object, parameters: Affix) -> str:
    text = text_of(value)
    return text.removeprefix(parameters.text) if text.startswith(parameters.text) else text


def _default(value: object, parameters: Default) -> object:
    return parameters.value if is_empty(value) else value


def _integer(value: object, _: Any) -> int:
    return whole_number(value)


def _boolean(value: object, parameters: Words) -> bool:
    if isinstance(value, bool):
        return value
    word = fold(text_of(value))
    if word in map(fold, parameters.yes):
        return True
    if word in map(fold, parameters.no):
        return False
    raise Refusal(
        codes.NOT_A_BOOLEAN,
        value=shown(value),
        yes=", ".join(parameters.yes),
        no=", ".join(parameters.no),
    )


TEXT_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name="trim",
        title="Bỏ khoảng trắng hai đầu",
        doc="Removes white space at both ends.",
        apply=_trim,
        examples=(Example("  Công văn ", "Công văn"),),
    ),
    Transform(
        name="collapse_spaces",
        title="Gộp khoảng trắng",
        doc="Makes every run of white space, line breaks too, one space and trims the ends.",
        apply=_collapse,
        examples=(Example(" về việc \n  báo cáo", "về việc báo cáo"),),
    ),
    Transform(
        name="nfc",
        title="Chuẩn hóa Unicode dựng sẵn",
        doc="Composes letters and marks (NFC); done to every text at the end in any case.",
        apply=_nfc,
        examples=(Example("ti\u00ea\u0301ng", "tiếng"),),
    ),
    Transform(
        name="strip_controls",
        title="Xóa ký tự điều khiển",
        doc="Removes control characters except tab and line breaks.",
        apply=_strip_controls,
        examples=(Example("báo\u0007 cáo", "báo cáo"),),
    ),
    Transform(
        name="upper",
        title="Chữ hoa",
        doc="Writes the text in capitals.",
        apply=_upper,
        examples=(Example("qđ-ttg", "QĐ-TTG"),),
    ),
    Transform(
        name="lower",
        title="Chữ thường",
        doc="Writes the text in small letters.",
        apply=_lower,
        examples=(Example("KHẨN", "khẩn"),),
    ),
    Transform(
        name="capitals",
        title="Phục hồi chữ hoa của phông .VnTimeH",
        doc="Restores a text that a TCVN3 capital font (.VnTimeH) showed in capitals and that "
        "decodes to mixed case.",
        apply=_upper,
        examples=(Example("QUYếT địNH", "QUYẾT ĐỊNH"), Example("CộNG HòA", "CỘNG HÒA")),
    ),
    Transform(
        name="split",
        title="Tách danh sách",
        doc="Cuts a text at a separator into a list; items are trimmed, empty ones dropped.",
        apply=_split,
        parameters=Separator,
        examples=(Example("H41; G09;", ("H41", "G09"), ";"),),
    ),
    Transform(
        name="join",
        title="Nối danh sách",
        doc="Joins a list to one text.",
        apply=_join,
        parameters=Separator,
        on_lists=True,
        examples=(Example(("28", "QĐ-TTg"), "28/QĐ-TTg", "/"),),
    ),
    Transform(
        name="replace",
        title="Thay chuỗi",
        doc="Replaces every occurrence of a text; no patterns.",
        apply=_replace,
        parameters=Replacement,
        examples=(
            Example("7816 / VPCP", "7816/VPCP", {"find": " / ", "by": "/"}),
            Example("V/v báo cáo", "báo cáo", {"find": "V/v "}),
        ),
    ),
    Transform(
        name="prefix",
        title="Thêm phần đầu",
        doc="Puts a text in front.",
        apply=_prefix,
        parameters=Affix,
        examples=(Example("2020/12.pdf", "scan/2020/12.pdf", "scan/"),),
    ),
    Transform(
        name="strip_prefix",
        title="Bỏ phần đầu",
        doc="Removes a text from the beginning where it stands there.",
        apply=_strip_prefix,
        parameters=Affix,
        examples=(Example("Số: 28/QĐ-BNV", "28/QĐ-BNV", "Số: "), Example("28/QĐ", "28/QĐ", "Số: ")),
    ),
    Transform(
        name="default",
        title="Giá trị mặc định",
        doc="Gives a fixed value where the record has none; only for what is the same always.",
        apply=_default,
        parameters=Default,
        on_lists=True,
        on_empty=True,
        examples=(Example("", "Hà Nội", "Hà Nội"), Example("Huế", "Huế", "Hà Nội")),
    ),
    Transform(
        name="integer",
        title="Số nguyên",
        doc="Reads a whole number from digits or from a number without fraction.",
        apply=_integer,
        examples=(Example("05", 5), Example(12.0, 12)),
    ),
    Transform(
        name="boolean",
        title="Có/không",
        doc="Reads yes or no from fixed words; any other word is refused.",
        apply=_boolean,
        parameters=Words,
        examples=(
            Example("Có", True),
            Example("0", False),
            Example("kèm bản giấy", True, {"yes": ["kèm bản giấy"], "no": ["không kèm"]}),
        ),
    ),
)
