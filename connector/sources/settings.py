"""What an adapter says about its export, one model a kind; discriminated by `type`."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from connector.config.load import LocalPath, SettingProblem, Settings
from connector.config.secrets import SecretRef
from connector.config.settings import Scalar
from connector.sources import codes
from connector.sources.remote_codes import CURSOR_INCOMPLETE, SENT_INCOMPLETE, SENT_STATEMENT

__all__ = [
    "Charset",
    "CsvSettings",
    "ExcelSettings",
    "FileSettings",
    "SentSettings",
    "SheetSettings",
    "SqlSettings",
    "WithAttachments",
]

_ATTACHMENTS: Final = "Directory under which the records' files are; references may not leave it."

_CURSOR: Final = re.compile(r"(?:^|[^:\w\\]):cursor\b")
_KEY: Final = re.compile(r"(?:^|[^:\w\\]):key\b")
_WRITES: Final = re.compile(r"\s*(?:update|insert|merge|call|exec|execute)\b", re.IGNORECASE)

Charset = Annotated[str, Field(min_length=1, max_length=40)]
"""Name of a charset: ``utf-8``, ``tcvn3``, ``vni``, ``viscii``, ``vps``, ``viqr``, ``cp1258`` or
any other of Python's."""


class WithAttachments(Settings):
    """What every kind of source has."""

    attachments_directory: LocalPath | None = Field(
        default=None, title="Thư mục tệp đính kèm", description=_ATTACHMENTS
    )


class FileSettings(WithAttachments):
    """What every source of files has: which files, when they are complete, where they go then."""

    path: LocalPath = Field(
        title="Tệp kết xuất",
        description="The export, or a pattern (*, ?, [], **) that matches several.",
    )
    settle_seconds: float = Field(
        default=0,
        ge=0,
        le=86400,
        title="Thời gian chờ ghi xong (giây)",
        description="A file counts as complete when it was not written to for so many seconds.",
    )
    done_marker: str | None = Field(
        default=None,
        title="Tệp đánh dấu hoàn tất",
        description="A file counts only when this file is beside it: {name}.done, {stem}.ok, …",
        pattern=r"^[^/\\]*\{(name|stem)\}[^/\\]*$",
        max_length=100,
    )
    manifest: str | None = Field(
        default=None,
        title="Tệp kê mã băm",
        description="A file counts only when this list of SHA-256, as sha256sum writes it, is "
        "beside it and agrees: {name}.sha256, {stem}.manifest, …",
        pattern=r"^[^/\\]*\{(name|stem)\}[^/\\]*$",
        max_length=100,
    )
    archive_directory: LocalPath | None = Field(
        default=None,
        title="Thư mục lưu tệp đã nhận",
        description="Where a file is moved when everything in it is taken; it stays if not given.",
    )
    reject_directory: LocalPath | None = Field(
        default=None,
        title="Thư mục tệp không đọc được",
        description="Where a file is moved of which nothing can be read; it stays if not given.",
    )


class SheetSettings(FileSettings):
    """What exports with a header row have."""

    header_row: int = Field(
        default=1,
        ge=1,
        le=1000,
        title="Dòng tiêu đề",
        description="Number of the row that names the columns; the rows before it are skipped.",
    )


class CsvSettings(SheetSettings):
    """Text with delimiters, in any charset."""

    type: Literal["csv"] = Field(title="Loại nguồn", description="Text with delimiters.")
    charset: Charset = Field(
        default="utf-8",
        title="Bảng mã",
        description="utf-8, tcvn3, vni, viscii, vps, viqr, cp1258, …",
    )
    delimiter: str = Field(
        default=",",
        min_length=1,
        max_length=2,
        title="Ký tự phân cách",
        description="One character between the cells; \\t is the tabulator.",
        pattern=r"^([^\r\n]|\\t)$",
    )
    quotechar: str | None = Field(
        default='"',
        title="Ký tự bao chuỗi",
        description="The character around cells that hold the delimiter; null if there is none.",
        pattern=r"^[^\r\n]$",
    )

    @model_validator(mode="after")
    def _two_characters(self) -> Self:
        if self.delimiter == self.quotechar:
            raise SettingProblem(codes.BAD_DIALECT, below=("delimiter",))
        return self


class ExcelSettings(SheetSettings):
    """A worksheet of an .xlsx, .xls, .xlsb or .ods file."""

    type: Literal["excel"] = Field(title="Loại nguồn", description="A worksheet.")
    sheet: str | None = Field(
        default=None,
        title="Trang tính",
        description="Name of the sheet, or its number from 1; the first if not given.",
        min_length=1,
    )
    charset: Charset | None = Field(
        default=None,
        title="Bảng mã cũ",
        description="tcvn3, vni or viscii if the cells were typed with fonts of that charset.",
    )


class SentSettings(Settings):
    """A mark that the legacy system keeps of what was taken over, set after it is durable here."""

    key_column: str = Field(
        min_length=1,
        title="Cột khóa",
        description="Column of the query that identifies the row to mark.",
    )
    statement: str = Field(
        min_length=1,
        title="Câu lệnh đánh dấu",
        description="UPDATE … WHERE key = :key, or a procedure; run for each row, again after a "
        "crash. Its user needs the right to change that one column.",
    )

    @model_validator(mode="after")
    def _for_one_row(self) -> Self:
        for wrong, reason in (
            (_KEY.search(self.statement) is None, ":key"),
            (_WRITES.match(self.statement) is None, "UPDATE, INSERT, MERGE, CALL, EXEC"),
        ):
            if wrong:
                raise SettingProblem(SENT_STATEMENT, below=("statement",), reason=reason)
        return self


class SqlSettings(WithAttachments):
    """A query on a database, which is only read unless `sent` says what to mark."""

    type: Literal["sql"] = Field(title="Loại nguồn", description="A query on a database.")
    url: str = Field(
        min_length=1,
        title="Địa chỉ cơ sở dữ liệu",
        description="SQLAlchemy URL; sqlite:///file.db is relative to the adapter's directory.",
    )
    password: SecretRef | None = Field(
        default=None, title="Mật khẩu", description="Where the password is; never in the URL."
    )
    query: str = Field(
        min_length=1,
        title="Câu truy vấn",
        description="SELECT with ORDER BY; :cursor stands for the last value of cursor_column.",
    )
    cursor_column: str | None = Field(
        default=None,
        min_length=1,
        title="Cột mốc",
        description="Ascending column after whose last value reading goes on (WHERE ID > :cursor).",
    )
    cursor_start: Scalar = Field(
        default="0",
        title="Mốc đầu tiên",
        description="Value of :cursor at the very first reading.",
    )
    id_column: str | None = Field(
        default=None,
        min_length=1,
        title="Cột định danh",
        description="Tells rows with the same value of cursor_column apart, a time of change for "
        "example; the query then has to ask for what is equal too (>= :cursor).",
    )
    sent: SentSettings | None = Field(
        default=None,
        title="Đánh dấu đã nhận",
        description="Instead of cursor_column: the query gives what is not marked yet.",
    )
    charset: Charset | None = Field(
        default=None,
        title="Bảng mã cũ",
        description="tcvn3, vni or viscii if text columns hold bytes of that charset.",
    )

    @model_validator(mode="after")
    def _cursor_on_both_sides(self) -> Self:
        if (self.cursor_column is not None) != (_CURSOR.search(self.query) is not None):
            raise SettingProblem(codes.CURSOR_MISSING_IN_QUERY, below=("query",))
        if self.sent is not None and self.cursor_column is not None:
            raise SettingProblem(SENT_INCOMPLETE, below=("sent",))
        if self.id_column is not None and self.cursor_column is None:
            raise SettingProblem(CURSOR_INCOMPLETE, name="id_column", needs="cursor_column")
        return self
