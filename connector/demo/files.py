"""The attachments of the demonstration, made from recipes of the corpus.

A real document carries its own text, cut at its chapters and appendices. A sample carries a page
that says so, and often a passage of one of the two legal texts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from connector.demo.agencies import NAMES
from connector.demo.corpus import CorpusDocument, Sending
from connector.demo.legal import LegalText, Passage, load_legal
from connector.demo.pdf import Pdf, Typesetter
from connector.demo.workbook import abbreviations_workbook

__all__ = ["Files", "LegacyFile"]

_OFFICIAL: Final = {
    "QD28": "Quyết định số 28/2018/QĐ-TTg ngày 12/7/2018 của Thủ tướng Chính phủ",
    "ND30": "Nghị định số 30/2020/NĐ-CP ngày 05/3/2020 của Chính phủ",
}
_GAZETTE: Final = {
    "QD28": "Công báo số 811 + 812 ngày 28-7-2018",
    "ND30": "Công báo số 283 + 284 ngày 17-3-2020",
}
_DISCLAIMER: Final = (
    "Trang này do bộ dữ liệu trình diễn tạo ra để thử phần mềm. Không cơ quan nào ban hành văn bản "
    "này; người ký là người giả định."
)
_ROMAN: Final = ("", "I", "II", "III", "IV", "V", "VI", "VII")
_ABBREVIATION: Final = re.compile(r"(\d+)\. (.+) (\S+)")


@dataclass(frozen=True, slots=True)
class LegacyFile:
    """One attached file: a name in ASCII, a title as Vietnamese users name files, its bytes."""

    name: str
    title: str
    data: bytes
    pages: int


class Files:
    """Makes the files of sendings; a passage that is asked for twice is set once."""

    def __init__(self, typesetter: Typesetter) -> None:
        self._typesetter = typesetter
        self._texts = {name: load_legal(name) for name in _OFFICIAL}
        self._made: dict[str, LegacyFile] = {}
        self._kinds: dict[str, Callable[[LegalText, str], tuple[str, Passage]]] = {
            "preamble": lambda text, _: ("can-cu", text.preamble()),
            "article": lambda text, number: (
                f"dieu-{int(number):02d}",
                text.article(int(number)),
            ),
            "chapter": lambda text, number: (
                f"chuong-{_ROMAN.index(number)}",
                text.chapter(number),
            ),
            "appendix": lambda text, number: (
                f"phu-luc-{_ROMAN.index(number)}",
                text.appendix(number),
            ),
        }

    def of(self, sending: Sending) -> tuple[LegacyFile, ...]:
        """Return the files of one row of an export, the document itself first."""
        return tuple(self._make(sending, recipe) for recipe in sending.attachments)

    def _make(self, sending: Sending, recipe: str) -> LegacyFile:
        if recipe == "page":
            return _file("van-ban", _title(sending.document), self._page(sending))
        if recipe not in self._made:
            self._made[recipe] = self._passage_or_special(recipe)
        return self._made[recipe]

    def _passage_or_special(self, recipe: str) -> LegacyFile:
        if recipe == "scan":
            heading = "BẢN QUÉT MẪU (khoảng 2 MB)"
            return _file("ban-quet", "Bản quét mẫu", self._typesetter.scan(heading))
        name, _, rest = recipe.partition(":")
        kind, _, number = rest.partition(" ")
        if kind == "abbreviations":
            data = abbreviations_workbook(_abbreviations(self._texts[name]))
            return LegacyFile("bang-chu-viet-tat.xlsx", "Bảng chữ viết tắt.xlsx", data, 0)
        slug, passage = self._kinds[kind](self._texts[name], number)
        heading = f"{passage.label} - {_OFFICIAL[name]}"
        note = (
            f"[Chép từ {_GAZETTE[name]}. Trang này do bộ dữ liệu trình diễn dàn lại: không phải "
            "bản chính, không mang chữ ký số của cơ quan ban hành.]"
        )
        title = f"{passage.label} {_OFFICIAL[name].partition(' ngày')[0].replace('/', '-')}"
        pdf = self._typesetter.text(heading, [*passage.paragraphs, note])
        return _file(f"{name.lower()}-{slug}", title, pdf)

    def _page(self, sending: Sending) -> Pdf:
        document = sending.document
        receivers = "; ".join(NAMES.get(code, code.lstrip("?")) for code in sending.receivers)
        return self._typesetter.text(
            f"VĂN BẢN MẪU - {NAMES[sending.agency]}",
            [
                f"Số: {document.code}",
                f"{document.place}, {_day_in_words(document.date)}",
                f"{document.type}: {document.subject}",
                f"Kính gửi: {receivers}.",
                _DISCLAIMER,
                f"{document.competence} {document.position}",
                document.signer,
            ],
        )


def _file(slug: str, title: str, pdf: Pdf) -> LegacyFile:
    return LegacyFile(f"{slug}.pdf", f"{title}.pdf", pdf.data, pdf.pages)


def _title(document: CorpusDocument) -> str:
    return f"{document.type} {document.code.replace('/', '-')}"


def _day_in_words(date: str) -> str:
    year, month, day = date.split("-")
    try:
        dt.date.fromisoformat(date)
    except ValueError:
        return f"ngày {day}/{month}/{year}"
    shown = month if int(month) < 3 else str(int(month))
    return f"ngày {day} tháng {shown} năm {year}"


def _abbreviations(text: LegalText) -> tuple[tuple[int, str, str], ...]:
    lines = text.lines[text.lines.index("STT Tên loại văn bản hành chính Chữ viết tắt") + 1 :]
    rows: list[tuple[int, str, str]] = []
    for line in lines:
        found = _ABBREVIATION.fullmatch(line)
        if line.startswith("Bản sao văn bản"):
            break
        if found:
            rows.append((int(found[1]), found[2], found[3]))
    return tuple(rows)
