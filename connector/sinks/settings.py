"""Settings of the sinks, one model a kind."""

from __future__ import annotations

import unicodedata
from typing import Literal, Self

from pydantic import Field, model_validator

from connector.config.secrets import SecretRef
from connector.config.settings import LocalPath, Scalar, SettingProblem, Settings
from connector.sinks import codes
from connector.sinks.common_settings import DateFormat, check_charset, check_fields
from connector.sinks.index_settings import IndexFile

__all__ = ["ActsTable", "AttachmentsTable", "FolderSettings", "SqlSettings", "StatusColumn"]


class FolderSettings(Settings):
    """A directory in which each document gets a directory of its own."""

    type: Literal["folder"] = Field(title="Loại đích nhận", description="Kind of the sink.")
    directory: LocalPath = Field(
        title="Thư mục",
        description="Where documents are put: YEAR/DATE-CODE-PACKET_ID/.",
    )
    desk: bool = Field(
        default=False,
        title="Văn thư tiếp nhận tại đây",
        description="Whether the clerk takes documents from here, so that 03 is reported.",
    )
    create: bool = Field(
        default=True,
        title="Tự tạo thư mục",
        description="Create the directory if it is absent; say false for mounted shares.",
    )
    index: IndexFile | None = Field(
        default=None,
        title="Tệp chỉ mục",
        description="A file in the legacy system's own shape, beside the document's own files.",
    )


class StatusColumn(Settings):
    """The column of the legacy table that tells what became of a document."""

    column: str = Field(title="Cột trạng thái", description="Name of the column.", min_length=1)
    received: Scalar | None = Field(
        default=None,
        title="Giá trị khi nhận",
        description="Value of a delivered document; absent: the database's default.",
    )
    cancelled: Scalar = Field(
        title="Giá trị khi thu hồi",
        description="Value of a document that its issuer took back.",
    )
    replaced: Scalar = Field(
        title="Giá trị khi thay thế",
        description="Value of a document that another one replaced.",
    )
    updated: Scalar | None = Field(
        default=None,
        title="Giá trị khi cập nhật",
        description="Value of a document whose receivers or transport data were changed.",
    )


class AttachmentsTable(Settings):
    """The legacy table of attached files; packet and ordinal together must be unique."""

    table: str = Field(title="Bảng tệp đính kèm", description="Name of the table.", min_length=1)
    packet_column: str = Field(title="Cột mã gói tin", description="Holds the packet id.")
    ordinal_column: str = Field(title="Cột thứ tự", description="Holds 1, 2, … in packet order.")
    name_column: str = Field(
        title="Cột tên tệp",
        description="Holds a generated name that is safe on every file system.",
    )
    content_column: str = Field(title="Cột nội dung", description="Holds the bytes.")
    original_name_column: str | None = Field(
        default=None,
        title="Cột tên gốc",
        description="Holds the name that the sender gave; never use it as a path.",
    )
    content_type_column: str | None = Field(
        default=None,
        title="Cột kiểu nội dung",
        description="Holds the media type, such as application/pdf.",
    )


class ActsTable(Settings):
    """A table that keeps recalls, updates and replacements; packet and target are unique."""

    table: str = Field(title="Bảng sự kiện", description="Name of the table.", min_length=1)
    packet_column: str = Field(
        default="packet_id",
        title="Cột mã gói tin",
        description="Holds the id of the packet that asked for it.",
    )
    target_column: str = Field(
        default="target_packet_id",
        title="Cột mã gói tin đích",
        description="Holds the id of the packet on which it acts.",
    )
    act_column: str = Field(
        default="act",
        title="Cột loại sự kiện",
        description="Holds recall, update or replace.",
    )
    at_column: str = Field(
        default="at",
        title="Cột thời điểm",
        description="Holds the time of arrival in Vietnam time.",
    )
    data_column: str = Field(
        default="data",
        title="Cột dữ liệu",
        description="Holds who, why and what as JSON.",
    )


class SqlSettings(Settings):
    """A table of the legacy system's database; one row a document."""

    type: Literal["sql"] = Field(title="Loại đích nhận", description="Kind of the sink.")
    url: str = Field(
        title="Địa chỉ cơ sở dữ liệu",
        description="SQLAlchemy URL without password, such as mssql+pyodbc://user@host/db.",
        min_length=1,
    )
    password: SecretRef | None = Field(
        default=None, title="Mật khẩu", description="Where the password is."
    )
    table_schema: str | None = Field(
        default=None, title="Lược đồ", description="Schema of the tables, such as dbo."
    )
    table: str = Field(title="Bảng văn bản đến", description="Name of the table.", min_length=1)
    key_column: str = Field(
        title="Cột khóa",
        description="Holds the packet id; must be unique in the database.",
        min_length=1,
    )
    columns: dict[str, str] = Field(
        title="Các cột",
        description="Column → field of the document, such as TrichYeu: subject.",
        min_length=1,
    )
    constants: dict[str, Scalar] = Field(
        default={},
        title="Giá trị cố định",
        description="Column → text that every document gets.",
    )
    status: StatusColumn = Field(
        title="Trạng thái",
        description="How recalled and replaced documents are marked.",
    )
    attachments: AttachmentsTable | None = Field(
        default=None, title="Tệp đính kèm", description="Where attached files are put."
    )
    acts: ActsTable | None = Field(
        default=None,
        title="Sự kiện",
        description="Where recalls, updates and replacements are kept.",
    )
    charset: str | None = Field(
        default=None,
        title="Bảng mã",
        description=(
            "Legacy charset of the text columns: bytes in binary columns, their look-alikes of "
            "cp1252 in text columns. Absent: Unicode."
        ),
    )
    small_capitals: bool = Field(
        default=False,
        title="Thay chữ hoa thiếu bằng chữ thường",
        description=(
            "Write the small letter where the charset has no capital with that mark (tcvn3); "
            "otherwise such a document waits for a person."
        ),
    )
    date_format: DateFormat = Field(
        default="yyyy-MM-dd",
        title="Dạng ngày",
        description="How dates are written into text columns.",
    )
    desk: bool = Field(
        default=False,
        title="Văn thư tiếp nhận tại đây",
        description="Whether a row is on the clerk's desk, so that 03 is reported.",
    )
    create_tables: bool = Field(
        default=False,
        title="Tự tạo bảng",
        description="Create absent tables; for demonstrations and new systems.",
    )

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        check_fields(self.columns, "columns")
        return self

    @model_validator(mode="after")
    def _each_column_once(self) -> Self:
        """Insist on columns that differ in more than large and small letters."""
        taken = {_name(self.key_column), _name(self.status.column)}
        for part in ("columns", "constants"):
            for column in getattr(self, part):
                if _name(column) in taken:
                    raise SettingProblem(
                        codes.COLUMN_TWICE, below=(part, column), of_key=True, column=column
                    )
                taken.add(_name(column))
        return self

    @model_validator(mode="after")
    def _known_charset(self) -> Self:
        check_charset(self.charset or "utf-8")
        return self


def _name(column: str) -> str:
    """Return a column's name as most databases compare it."""
    return unicodedata.normalize("NFC", column).casefold()
