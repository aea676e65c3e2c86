"""The block "Nơi nhận" of a document as a list of names; what is no receiver is left out.

The names are then codes by a table, or agencies that the catalogue knows by exactly that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field

from connector.mapping import value_codes
from connector.mapping.transform import Example, Parameters, Transform
from connector.mapping.values import Refusal, is_empty, shown, text_of
from connector.text.fold import fold
from connector.text.normalise import collapse_spaces, nfc

__all__ = ["RECEIVER_TRANSFORMS", "is_group", "receiver_names"]

_SEPARATORS: Final = re.compile(r"[;\n\r]+")
_LABEL: Final = re.compile(r"^\s*(?:nơi nhận|kính gửi)\s*:", re.IGNORECASE)
_BULLET: Final = re.compile(r"^(?:[-–—+*•●▪·\uf0b7]|[0-9]{1,2}[.)]|[a-zđ]\))\s*")
_END: Final = re.compile(r"[\s.,/]+$")
_REMARK: Final = re.compile(
    r"\s*\((?:để|b/?c|báo cáo|p/?h|phối hợp|t/?h|thực hiện|t/?d|theo dõi|đ/?b|biết|chỉ đạo|qua|"
    r"gửi|bản|[0-9])[^()]*\)\s*$",
    re.IGNORECASE,
)
_KEPT: Final = re.compile(r"^lưu\b(?!\s+hành)", re.IGNORECASE)
_ABOVE: Final = re.compile(r"^như (?:trên|kính gửi|điều [0-9]+.*)$", re.IGNORECASE)
_GROUP: Final = re.compile(r"(?<!\w)các(?!\w)", re.IGNORECASE)


class ReceiverList(Parameters):
    """How the block is read."""

    as_above: Literal["refuse", "drop"] = Field(
        default="refuse",
        title="Khi gặp 'Như trên'",
        description="refuse, unless the receivers above stand in a column before this one; or "
        "drop, where they are receivers already.",
    )


def receiver_names(value: object, parameters: ReceiverList) -> tuple[str, ...]:
    """Return the names in one or several columns; raises Refusal for "Như trên" on its own."""
    cells = value if isinstance(value, tuple) else (value,)
    found: list[str] = []
    for cell in cells:
        before = len(found)
        for item in _items(text_of(cell)) if not is_empty(cell) else ():
            if not _ABOVE.match(item):
                found.append(item)
            elif parameters.as_above == "refuse" and before == 0:
                raise Refusal(value_codes.RECEIVERS_ABOVE, value=shown(item))
    return tuple(dict.fromkeys(found))


def is_group(name: str) -> bool:
    """Tell whether a name means several agencies: "các Bộ", "UBND các tỉnh"."""
    return _GROUP.search(nfc(name)) is not None or fold(name).startswith("toanthe")


def _items(text: str) -> Iterator[str]:
    for part in _SEPARATORS.split(_LABEL.sub("", nfc(text))):
        item = _BULLET.sub("", collapse_spaces(part))
        item = _END.sub("", item)
        while _REMARK.search(item):
            item = _END.sub("", _REMARK.sub("", item))
        if item and not _KEPT.match(item):
            yield item


RECEIVER_TRANSFORMS: Final[tuple[Transform, ...]] = (
    Transform(
        name="receiver_list",
        title="Đọc khối 'Nơi nhận'",
        doc="Reads receivers from free text: items end at ; or at the line, bullets and remarks "
        "such as '(để b/c)' are removed, 'Lưu: VT' is no receiver. 'Như trên' is refused unless "
        "the receivers above stand in a column before: columns: [KinhGui, NoiNhan]. The field "
        "receivers takes codes and names that the catalogue knows exactly; nothing is guessed.",
        apply=receiver_names,
        parameters=ReceiverList,
        on_lists=True,
        examples=(
            Example(
                "Bộ Nội vụ; UBND tỉnh Nghệ An (để b/c); Lưu: VT, TCCB.",
                ("Bộ Nội vụ", "UBND tỉnh Nghệ An"),
            ),
            Example("- Như trên;\n- Bộ Tài chính;", ("Bộ Tài chính",), "drop"),
            Example(("Bộ Nội vụ", "- Như trên; - Lưu VT"), ("Bộ Nội vụ",)),
        ),
    ),
)
