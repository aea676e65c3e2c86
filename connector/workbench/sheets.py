"""Workbooks: which sheet holds the register, and in which row its columns are named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from connector.errors import PermanentError
from connector.sources.workbook import check_size
from connector.text.codecs import register
from connector.text.detect import detect_mojibake
from connector.text.mojibake import repair
from connector.workbench import codes
from connector.workbench.aliases import is_known
from connector.workbench.dialect import header_row
from connector.workbench.evidence import Finding, Reason

__all__ = ["excel_source"]

_ROWS: Final = 60


def excel_source(
    path: Path, _head: bytes, told: str | None
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Return the settings of a workbook; raises PermanentError if no sheet has a header."""
    with _translated(path), path.open("rb") as stream:
        check_size(stream, path.name)
        sheets = _sheets(path)
    found = [
        (sum(is_known(str(cell)) for cell in rows[at]), -index, name, at)
        for index, (name, cells) in enumerate(sheets)
        if (at := header_row(rows := _mended(cells, told))) is not None
    ]
    if not found:
        raise PermanentError(codes.HEADER_NOT_FOUND.at(str(path)))
    known, _, name, at = max(found)
    reason = Reason(
        f"dòng {at + 1} của trang '{name}' có {known} tên cột đã biết",
        f"row {at + 1} of sheet '{name}' has {known} known names",
    )
    confidence = min(0.99, 0.5 + known / 10)
    finding = Finding("sheet, header_row", f"{name}, {at + 1}", confidence, (reason,))
    source: dict[str, Any] = {"type": "excel", "header_row": at + 1}
    if len(sheets) > 1:
        source["sheet"] = name
    return source, (finding,)


def _sheets(path: Path) -> list[tuple[str, list[list[Any]]]]:
    """Return the first rows of every sheet."""
    import python_calamine as calamine

    workbook = calamine.CalamineWorkbook.from_path(str(path))
    return [
        (name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_ROWS))
        for name in workbook.sheet_names
    ]


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn what calamine raises, its panics too, into a finding on the sample."""
    try:
        yield
    except PermanentError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = str(error)[:200] or type(error).__name__
        broken = codes.SAMPLE_BROKEN.at(str(path), reason_en=reason, reason_vi=reason)
        raise PermanentError(broken) from error


def _mended(cells: list[list[Any]], told: str | None) -> list[list[Any]]:
    """Return the cells in Unicode, so that a header in a legacy font is known too."""
    register()
    texts = [cell for row in cells for cell in row if isinstance(cell, str)]
    charset = told or detect_mojibake(texts).charset
    if charset in {None, "ascii", "utf-8"}:
        return cells
    return [
        [(repair(cell, str(charset)) or cell) if isinstance(cell, str) else cell for cell in row]
        for row in cells
    ]
