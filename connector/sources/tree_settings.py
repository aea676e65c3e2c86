"""Settings of the kinds whose records are trees: JSON, XML, DXL and edXML packets."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from connector.config.load import SettingProblem
from connector.sources import codes, file_codes
from connector.sources.settings import Charset, FileSettings

__all__ = [
    "COLUMN_PATH",
    "RECORD_PATH",
    "DxlSettings",
    "EdxmlSettings",
    "JsonSettings",
    "TreeSettings",
    "XmlSettings",
]

_NAME: Final = r"[^\s/@.\[\]():=<>|*'\"][^\s/@\[\]():=<>|*'\"]*"
RECORD_PATH: Final = re.compile(rf"/?{_NAME}(/{_NAME})*")
"""Path of the records of an XML file; one that begins with a slash begins at the root."""
COLUMN_PATH: Final = re.compile(rf"\.|@{_NAME}|{_NAME}(/{_NAME})*(/@{_NAME})?")
"""Path of a column in a record: elements, an attribute as the last step, or the record itself."""

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]


class TreeSettings(FileSettings):
    """What kinds have in common in whose records a name may be absent, or stand several times."""

    list_separator: str = Field(
        default=";",
        title="Dấu nối nhiều giá trị",
        description="What is put between the values of a column that has several in a record.",
        min_length=1,
        max_length=10,
    )


class _NamedColumns(TreeSettings):
    columns: list[ColumnName] | None = Field(
        default=None,
        title="Các cột",
        description="Names to read; if not given, those of the first hundred records of a file.",
        min_length=1,
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for at, name in enumerate(self.columns or ()):
            if name in (self.columns or [])[:at]:
                raise SettingProblem(codes.COLUMN_DUPLICATE, below=("columns", at), column=name)
        return self


class JsonSettings(_NamedColumns):
    """JSON: a list of records, or a record in every line."""

    type: Literal["json"] = Field(title="Loại nguồn", description="JSON.")
    charset: Charset = Field(
        default="utf-8", title="Bảng mã", description="utf-8, utf-16, tcvn3, vni, …"
    )
    lines: bool = Field(
        default=False,
        title="Mỗi dòng một bản ghi",
        description="Whether every line is a record of its own; else the file is one JSON value.",
    )
    records: str | None = Field(
        default=None,
        title="Đường dẫn tới danh sách bản ghi",
        description="Names on the way to the list, joined by dots; the file is the list if absent.",
        min_length=1,
    )


class XmlSettings(TreeSettings):
    """XML of any shape."""

    type: Literal["xml"] = Field(title="Loại nguồn", description="XML of any shape.")
    charset: Charset | None = Field(
        default=None,
        title="Bảng mã",
        description="Charset of the file; by default the one that the file declares, else UTF-8.",
    )
    record: str = Field(
        title="Phần tử bản ghi",
        description="Element of a record: VanBan, DanhSach/VanBan or, from the root, /A/B.",
        min_length=1,
        max_length=500,
    )
    columns: dict[ColumnName, str] | None = Field(
        default=None,
        title="Các cột",
        description="Name → path in the record (ThongTin/Ngay, @ma, .); by default every path.",
        min_length=1,
    )

    @model_validator(mode="after")
    def _only_paths(self) -> Self:
        if not RECORD_PATH.fullmatch(self.record):
            raise SettingProblem(file_codes.BAD_PATH, below=("record",), path=self.record)
        for name, path in (self.columns or {}).items():
            if not COLUMN_PATH.fullmatch(path):
                raise SettingProblem(file_codes.BAD_PATH, below=("columns", name), path=path)
        return self


class DxlSettings(_NamedColumns):
    """Documents of Lotus Notes, exported as Domino XML."""

    type: Literal["dxl"] = Field(title="Loại nguồn", description="Lotus Notes export (DXL).")
    form: str | None = Field(
        default=None,
        title="Biểu mẫu",
        description="Only documents of this form are read; all documents if not given.",
        min_length=1,
    )


class EdxmlSettings(TreeSettings):
    """Packets of edXML, one a file, of either dialect."""

    type: Literal["edxml"] = Field(title="Loại nguồn", description="edXML packets in files.")
