"""Set the demonstration's pages in PDF, the same bytes each time.

The font is Noto Sans, reduced once to the Vietnamese letters in one weight; each page then
costs some milliseconds.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from fpdf import FPDF

__all__ = ["Pdf", "Typesetter"]

_CREATED: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_FAMILY: Final = "demo"
_LETTERS: Final = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *(0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *range(0x1EA0, 0x1EFA),
    *range(0x2010, 0x2030),
)
_MARGIN: Final = 25.0
_SIZE: Final = 12.0
_LINE: Final = 6.0
_SCAN_SIZE: Final = (1654, 2339)
_PAPER: Final = bytes(240 + value % 16 for value in range(256))


@dataclass(frozen=True, slots=True)
class Pdf:
    """A finished file and how many pages it has."""

    data: bytes
    pages: int


class Typesetter:
    """Sets pages; the font lives in a temporary file as long as the `with` block."""

    def __init__(self) -> None:
        self._room = tempfile.TemporaryDirectory(prefix="connector-demo-")
        self._font = Path(self._room.name) / "font.ttf"
        self._widths: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._font.write_bytes(_reduced_font())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._room.cleanup()

    def text(self, heading: str, paragraphs: Iterable[str]) -> Pdf:
        """Return a heading in large letters and paragraphs below it, on as many pages as needed."""
        sheet = self._new(heading)
        height = self._headed(sheet, heading)
        for line in self._lines(sheet, paragraphs):
            if height > sheet.h - _MARGIN:
                sheet.add_page()
                height = _MARGIN
            sheet.text(_MARGIN, height, line)
            height += _LINE
        return _finished(sheet)

    def scan(self, heading: str) -> Pdf:
        """Return one page that looks like scanned paper and has about 2 MB."""
        from PIL import Image

        width, height = _SCAN_SIZE
        noise = hashlib.shake_256(heading.encode()).digest(width * height).translate(_PAPER)
        sheet = self._new(heading)
        sheet.image(Image.frombytes("L", _SCAN_SIZE, noise), x=0, y=0, w=sheet.w, h=sheet.h)
        self._headed(sheet, heading)
        return _finished(sheet)

    def _new(self, title: str) -> FPDF:
        from fpdf import FPDF

        sheet = FPDF(format="A4")
        sheet.set_creation_date(_CREATED)
        sheet.set_title(title)
        sheet.set_lang("vi")
        sheet.add_font(_FAMILY, fname=self._font)
        sheet.add_page()
        return sheet

    def _headed(self, sheet: FPDF, heading: str) -> float:
        sheet.set_font(_FAMILY, size=_SIZE)
        lines = list(self._lines(sheet, [heading]))
        for number, line in enumerate(lines):
            sheet.text(_MARGIN, _MARGIN + number * _LINE, line)
        below = _MARGIN + (len(lines) - 1) * _LINE + _LINE / 2
        sheet.line(_MARGIN, below, sheet.w - _MARGIN, below)
        return below + _LINE

    def _lines(self, sheet: FPDF, paragraphs: Iterable[str]) -> Iterator[str]:
        space, width = self._width(sheet, " "), sheet.w - 2 * _MARGIN
        for paragraph in paragraphs:
            line, used = "", 0.0
            for word in paragraph.split():
                needed = self._width(sheet, word)
                if line and used + space + needed > width:
                    yield line
                    line, used = word, needed
                else:
                    line = f"{line} {word}".strip()
                    used += needed + space
            yield line

    def _width(self, sheet: FPDF, word: str) -> float:
        if word not in self._widths:
            self._widths[word] = sheet.get_string_width(word)
        return self._widths[word]


def _finished(sheet: FPDF) -> Pdf:
    return Pdf(bytes(sheet.output()), sheet.pages_count)


def _reduced_font() -> bytes:
    import fontpkg_noto_sans
    from fontTools.ttLib import TTFont

    subset: Any = import_module("fontTools.subset")  # without types
    instancer: Any = import_module("fontTools.varLib.instancer")
    path = Path(fontpkg_noto_sans.__file__).parent / "files" / "NotoSans[wdth,wght].ttf"
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=_LETTERS)
    with TTFont(path, recalcTimestamp=False) as font:
        subsetter.subset(font)
        reduced = instancer.instantiateVariableFont(font, {"wght": 400, "wdth": 100})
        target = io.BytesIO()
        reduced.save(target)
    return target.getvalue()
