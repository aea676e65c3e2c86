"""Settings of text of fixed widths and of the files of desktop databases: DBF and Access."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from connector.config.load import SettingProblem, Settings
from connector.sources import codes
from connector.sources.settings import Charset, FileSettings

__all__ = ["AccessSettings", "DbfSettings", "FixedColumn", "FixedSettings"]


class FixedColumn(Settings):
    """One column of text of fixed widths."""

    name: str = Field(
        title="Tên cột", description="Name of the column.", min_length=1, max_length=200
    )
    start: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        title="Vị trí đầu",
        description="Number of its first character, from 1; after the column before if not given.",
    )
    width: int = Field(ge=1, le=1_000_000, title="Độ rộng", description="Number of its characters.")


class FixedSettings(FileSettings):
    """Text whose columns have fixed widths, in any charset."""

    type: Literal["fixed"] = Field(title="Loại nguồn", description="Text of fixed widths.")
    charset: Charset = Field(
        default="utf-8", title="Bảng mã", description="utf-8, tcvn3, vni, viscii, vps, viqr, …"
    )
    columns: list[FixedColumn] = Field(
        title="Các cột",
        description="Name and width of each column; start too where some are left out.",
        min_length=1,
        max_length=4096,
    )
    skip_lines: int = Field(
        default=0,
        ge=0,
        le=1000,
        title="Số dòng bỏ qua",
        description="Number of lines before the first record.",
    )
    line_width: int | None = Field(
        default=None,
        ge=1,
        title="Độ dài dòng",
        description="Characters that every line has; others are refused. Any length if not given.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [column.name for column in self.columns]
        for at, name in enumerate(names):
            if name in names[:at]:
                raise SettingProblem(codes.COLUMN_DUPLICATE, below=("columns", at), column=name)
        return self

    def spans(self) -> tuple[tuple[str, slice], ...]:
        """Return each column with the slice of the line that it is."""
        spans, end = [], 0
        for column in self.columns:
            start = end if column.start is None else column.start - 1
            end = start + column.width
            spans.append((column.name, slice(start, end)))
        return tuple(spans)


class DbfSettings(FileSettings):
    """A table of dBase, FoxPro or Visual FoxPro, with its memo file."""

    type: Literal["dbf"] = Field(title="Loại nguồn", description="A dBase or FoxPro table.")
    charset: Charset = Field(
        title="Bảng mã",
        description="tcvn3, vni, cp1258, …: what the table itself says of it is mostly wrong.",
    )


class AccessSettings(FileSettings):
    """A table of a Microsoft Access database (.mdb, .accdb); needs Debian's mdbtools."""

    type: Literal["access"] = Field(title="Loại nguồn", description="A Microsoft Access table.")
    table: str = Field(
        title="Bảng",
        description="Name of the table.",
        min_length=1,
        max_length=200,
    )
    charset: Charset | None = Field(
        default=None,
        title="Bảng mã cũ",
        description="tcvn3, vni, viscii, vps or viqr if the cells were typed with such fonts.",
    )
