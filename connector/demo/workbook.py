"""Excel workbooks of the demonstration, the same bytes each time.

openpyxl writes the time of saving into the file and its ZIP entries; both are set back.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["abbreviations_workbook", "saved"]

_ENTRY_TIME: Final = (2020, 1, 1, 0, 0, 0)
_SAVING_TIME: Final = re.compile(rb"(<dcterms:(\w+) [^>]*>)[^<]*(</dcterms:\2>)")


def saved(book: Workbook) -> bytes:
    """Return a workbook's file without the time at which it was saved."""
    target = io.BytesIO()
    book.save(target)
    fixed = io.BytesIO()
    with zipfile.ZipFile(target) as source, zipfile.ZipFile(fixed, "w") as clean:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ENTRY_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            data = _SAVING_TIME.sub(rb"\g<1>2020-01-01T00:00:00Z\g<3>", source.read(name))
            clean.writestr(entry, data)
    return fixed.getvalue()


def abbreviations_workbook(rows: Iterable[Sequence[object]]) -> bytes:
    """Return the abbreviations of document types (NĐ 30/2020 PL III) as a workbook."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Phụ lục III"
    sheet.append(["STT", "Tên loại văn bản hành chính", "Chữ viết tắt"])
    for row in rows:
        sheet.append(list(row))
    return saved(book)
