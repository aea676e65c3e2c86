"""Settings of the kinds that ask a web service: REST with JSON answers, and Odoo."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from connector.config.load import LocalPath, SettingProblem, Settings
from connector.config.secrets import SecretRef
from connector.config.settings import Scalar
from connector.sources import remote_codes as codes
from connector.sources.settings import WithAttachments
from connector.sources.tree_settings import ColumnName

__all__ = [
    "AuthSettings",
    "FilesSettings",
    "OdooSettings",
    "PagingSettings",
    "RestSettings",
    "WebSettings",
]

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OURS: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "host",
        "connection",
        "content-length",
        "content-type",
        "transfer-encoding",
        "accept-encoding",
    }
)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE: Final = re.compile(r"[\x20-\x7e]*")


def _address(url: str) -> str:
    """Return the address of a web service; SettingProblem says why it is none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where there is no number
    except ValueError as error:
        raise SettingProblem(codes.BAD_ADDRESS, reason=error) from error
    for wrong, reason in (
        (not _VISIBLE.fullmatch(url) or " " in url, "space or letters outside of ASCII"),
        (parts.scheme not in {"https", "http"}, f"scheme '{parts.scheme}'"),
        (not parts.hostname, "no host"),
        (parts.username is not None or parts.password is not None, "user or password in it"),
        (bool(parts.fragment), "#"),
    ):
        if wrong:
            raise SettingProblem(codes.BAD_ADDRESS, reason=reason)
    return url


Address = Annotated[str, Field(max_length=2000), AfterValidator(_address)]
"""An http or https address without secrets."""


class WebSettings(WithAttachments):
    """What every kind has that asks a web service."""

    ca_file: LocalPath | None = Field(
        default=None,
        title="Chứng thư của CA",
        description="PEM file of the authority of the server's certificate; by default the "
        "system's. The certificate is always checked.",
    )
    plain_http: bool = Field(
        default=False,
        title="Cho phép HTTP không mã hóa",
        description="Whether a secret may be sent over http:// to another machine.",
    )
    timeout_seconds: float = Field(
        default=60,
        gt=0,
        le=3600,
        title="Thời gian chờ (giây)",
        description="Longest time for one answer, from connecting to its last byte.",
    )
    max_page_bytes: int = Field(
        default=32 << 20,
        ge=1024,
        le=256 << 20,
        title="Kích thước tối đa của một trang",
        description="Bytes of one answer with records, which is held in memory.",
    )
    max_attachment_bytes: int = Field(
        default=100_000_000,
        ge=1,
        le=1 << 30,
        title="Kích thước tối đa của tệp đính kèm",
        description="Bytes of one attachment that is fetched.",
    )


class AuthSettings(Settings):
    """How the program shows the service who it is."""

    scheme: Literal["bearer", "basic", "header"] = Field(
        default="bearer",
        title="Cách xác thực",
        description="bearer: as a token; basic: with user; header: in a header of its own.",
    )
    secret: SecretRef = Field(title="Khóa bí mật", description="Where token or password is.")
    user: str | None = Field(
        default=None, title="Tài khoản", description="User name, for basic.", min_length=1
    )
    name: str | None = Field(
        default=None, title="Tên tiêu đề", description="Name of the header, for header."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.user is not None) != (self.scheme == "basic"):
            raise SettingProblem(codes.CURSOR_INCOMPLETE, name="user", needs="scheme: basic")
        if (self.name is not None) != (self.scheme == "header"):
            raise SettingProblem(codes.CURSOR_INCOMPLETE, name="name", needs="scheme: header")
        if self.name is not None and not _TOKEN.fullmatch(self.name):
            raise SettingProblem(codes.BAD_HEADER, below=("name",), name=self.name)
        return self


class PagingSettings(Settings):
    """How the next page is asked for."""

    by: Literal["page", "offset", "link", "token"] = Field(
        title="Cách lấy trang tiếp",
        description="page: its number; offset: records before it; link: an address in the answer; "
        "token: a text in the answer.",
    )
    parameter: str | None = Field(
        default=None,
        title="Tham số trang",
        description="Parameter with number, offset or token of the page.",
        min_length=1,
    )
    size_parameter: str | None = Field(
        default=None,
        title="Tham số số bản ghi",
        description="Parameter with the number of records that are asked for.",
        min_length=1,
    )
    size: int = Field(
        default=100,
        ge=1,
        le=10000,
        title="Số bản ghi mỗi trang",
        description="Records that are asked for at a time.",
    )
    first: int = Field(
        default=1, ge=0, le=1, title="Số của trang đầu", description="Number of the first page."
    )
    path: str | None = Field(
        default=None,
        title="Vị trí của liên kết hoặc mã trang tiếp",
        description="Names on the way to link or token, joined by dots; a link is looked for in "
        "the header Link by default.",
        min_length=1,
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {
            "page": ("parameter",),
            "offset": ("parameter",),
            "token": ("parameter", "path"),
            "link": (),
        }[self.by]
        absent = [name for name in needed if getattr(self, name) is None]
        if absent:
            raise SettingProblem(codes.BAD_PAGING, by=self.by, names=", ".join(absent))
        return self


class FilesSettings(Settings):
    """Files inside the records: a list of objects, each with a name and base64."""

    path: str = Field(
        title="Vị trí danh sách tệp",
        description="Names on the way to the list in a record, joined by dots.",
        min_length=1,
    )
    name: str = Field(title="Trường tên tệp", description="Name of the file.", min_length=1)
    content: str = Field(
        title="Trường nội dung", description="Content of the file in base64.", min_length=1
    )


class RestSettings(WebSettings):
    """A web service that answers with JSON, page by page."""

    type: Literal["rest"] = Field(title="Loại nguồn", description="A web service with JSON.")
    url: Address = Field(title="Địa chỉ", description="Address of the list of records.")
    method: Literal["GET", "POST"] = Field(
        default="GET",
        title="Phương thức",
        description="GET sends parameters in the address, POST in a JSON object.",
    )
    parameters: dict[str, Scalar] = Field(
        default={}, title="Tham số", description="Sent with every request."
    )
    body: str | None = Field(
        default=None,
        title="Nội dung gửi đi",
        description="JSON object to which a POST adds the parameters.",
    )
    headers: dict[str, str] = Field(
        default={}, title="Tiêu đề", description="Headers of every request; no secrets."
    )
    auth: AuthSettings | None = Field(
        default=None, title="Xác thực", description="The login, if the service asks for one."
    )
    records: str | None = Field(
        default=None,
        title="Đường dẫn tới danh sách bản ghi",
        description="Names on the way to the list, joined by dots; by default the whole answer.",
        min_length=1,
    )
    columns: list[ColumnName] | None = Field(
        default=None,
        title="Các cột",
        description="Names to read; if not given, those of the first page.",
        min_length=1,
    )
    list_separator: str = Field(
        default=";",
        title="Dấu nối nhiều giá trị",
        description="What is put between the values of a column that has several in a record.",
        min_length=1,
        max_length=10,
    )
    paging: PagingSettings | None = Field(
        default=None, title="Lấy từng trang", description="All in one answer if not given."
    )
    cursor_column: str | None = Field(
        default=None,
        title="Cột mốc",
        description="Ascending column (id, time of change) after whose last value reading goes on.",
        min_length=1,
    )
    cursor_parameter: str | None = Field(
        default=None,
        title="Tham số mốc",
        description="Parameter with that value; the service gives what is greater, or also equal.",
        min_length=1,
    )
    cursor_start: Scalar = Field(
        default="0", title="Mốc đầu tiên", description="Its value at the very first reading."
    )
    id_column: str | None = Field(
        default=None,
        title="Cột định danh",
        description="Tells records with the same value of cursor_column apart; the service then "
        "has to give what is equal too (>=).",
        min_length=1,
    )
    base64_columns: list[ColumnName] = Field(
        default=[], title="Cột base64", description="Columns that hold a file in base64."
    )
    files: FilesSettings | None = Field(
        default=None, title="Tệp trong bản ghi", description="Files that records bring along."
    )
    attachments_url: Address | None = Field(
        default=None,
        title="Địa chỉ tệp đính kèm",
        description="Address from which references count; files come from this server only.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_body(self.body, self.method)
        for name in self.headers:
            value = self.headers[name]
            if name.lower() in _OURS or not (_TOKEN.fullmatch(name) and _VISIBLE.fullmatch(value)):
                raise SettingProblem(codes.BAD_HEADER, below=("headers", name), name=name)
        if (self.cursor_column is None) != (self.cursor_parameter is None):
            pair = "cursor_column", "cursor_parameter"
            raise SettingProblem(codes.CURSOR_INCOMPLETE, name=pair[0], needs=pair[1])
        if self.id_column is not None and self.cursor_column is None:
            raise SettingProblem(codes.CURSOR_INCOMPLETE, name="id_column", needs="cursor_column")
        if self.auth is not None:
            check_plain(self, self.url, self.attachments_url)
        return self


class OdooSettings(WebSettings):
    """Records of an Odoo model, read through its JSON-RPC service; files too, or by a directory."""

    type: Literal["odoo"] = Field(title="Loại nguồn", description="An Odoo database.")
    url: Address = Field(title="Địa chỉ", description="Address of the Odoo server.")
    database: str = Field(title="Cơ sở dữ liệu", description="Its name.", min_length=1)
    user: str = Field(title="Tài khoản", description="Login of the user.", min_length=1)
    secret: SecretRef = Field(
        title="Khóa API", description="Where the API key or password of the user is."
    )
    model: str = Field(
        title="Mô hình",
        description="Technical name of the model that holds the documents.",
        pattern=r"^[a-z_][a-z0-9_.]*$",
    )
    fields: list[ColumnName] = Field(
        title="Các trường",
        description="Fields to read; a many2one field also gives NAME.id, attachments give ids.",
        min_length=1,
    )
    domain: str = Field(
        default="[]",
        title="Điều kiện lọc",
        description='Domain as JSON: [["state", "=", "done"]].',
    )
    cursor_column: Literal["write_date", "id"] = Field(
        default="write_date",
        title="Cột mốc",
        description="write_date finds changed records again; id only new ones.",
    )
    cursor_start: Scalar | None = Field(
        default=None,
        title="Mốc đầu tiên",
        description="Value at the very first reading: 2026-01-01 00:00:00 (UTC), or an id.",
    )
    page_size: int = Field(
        default=100,
        ge=1,
        le=10000,
        title="Số bản ghi mỗi lần",
        description="Records that are asked for at a time.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        try:
            domain = json.loads(self.domain)
        except ValueError as error:
            reason = str(error)
            raise SettingProblem(codes.BAD_BODY, below=("domain",), reason=reason) from error
        if not isinstance(domain, list):
            raise SettingProblem(codes.BAD_BODY, below=("domain",), reason="not a list")
        check_plain(self, self.url)
        return self


def check_plain(settings: WebSettings, *urls: str | None) -> None:
    """Raise SettingProblem if a secret would leave this machine unencrypted, unasked."""
    for url in filter(None, urls):
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not settings.plain_http:
            raise SettingProblem(codes.PLAIN_HTTP, below=("url",))


def _check_body(body: str | None, method: str) -> None:
    if body is None:
        return
    if method != "POST":
        raise SettingProblem(codes.CURSOR_INCOMPLETE, name="body", needs="method: POST")
    reason: Any = "not an object"
    try:
        if isinstance(json.loads(body), dict):
            return
    except ValueError as error:
        reason = error
    raise SettingProblem(codes.BAD_BODY, below=("body",), reason=reason)
