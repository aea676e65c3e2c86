"""What settings of several sinks share: charsets, formats of dates, fields of documents."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from connector.config.settings import SettingProblem
from connector.config.suggest import did_you_mean
from connector.sinks import codes, fields
from connector.text.codecs import CODECS, register

__all__ = ["RAW_VALUES", "DateFormat", "check_charset", "check_fields"]

DateFormat = Literal["yyyy-MM-dd", "dd/MM/yyyy", "yyyy/MM/dd"]

RAW_VALUES: Final[Any] = Field(
    default=False,
    title="Giữ nguyên giá trị",
    description="Of csv: no apostrophe before what a spreadsheet takes for a formula (= + - @), "
    "and quotes only where they are needed. Only for an import that reads the file as it is; never "
    "where people open it in a spreadsheet.",
)
"""The setting that switches the guard off; the same for every file of CSV."""

_NO_CHARSETS: Final = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7")
"""What Python codes as text, but no file of a legacy system is written in."""


def check_charset(charset: str, below: tuple[str, ...] = ("charset",)) -> None:
    """Raise SettingProblem unless a charset is one in which a legacy system may read text."""
    register()
    try:
        "a".encode(charset)  # refuses what does not code text, such as base64
        known = codecs.lookup(charset).name not in _NO_CHARSETS
    except (LookupError, ValueError):
        known = False
    if not known:
        facts: dict[str, Any] = {"charset": charset, **did_you_mean(charset, CODECS)}
        raise SettingProblem(codes.UNKNOWN_CHARSET, below=below, **facts)


def check_fields(columns: Mapping[str, str], below: str) -> None:
    """Raise SettingProblem unless each column is filled from a field that documents have."""
    for column, path in columns.items():
        if path not in fields.paths():
            suggestion: dict[str, Any] = did_you_mean(path, fields.paths())
            place = (below, column)
            raise SettingProblem(codes.UNKNOWN_PATH, below=place, path=path, **suggestion)
