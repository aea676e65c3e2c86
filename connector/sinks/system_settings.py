"""Settings of the sinks that call a legacy system: its service, or a program."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from connector.config.secrets import SecretRef
from connector.config.settings import LocalPath, Scalar, SettingProblem, Settings
from connector.sinks import system_codes
from connector.sinks.common_settings import DateFormat, check_fields

__all__ = ["CommandSettings", "RestSettings", "SystemSettings"]


class SystemSettings(Settings):
    """What both say: which fields the system gets, under which names."""

    fields: dict[str, str] = Field(
        default={},
        title="Các trường",
        description="Name in the system → field of the document, such as trich_yeu: subject; "
        "a dot in the name makes an object. Without it the whole document as in document.json.",
    )
    constants: dict[str, Scalar] = Field(
        default={},
        title="Giá trị cố định",
        description="Name in the system → text that every document gets.",
    )
    date_format: DateFormat = Field(
        default="yyyy-MM-dd", title="Dạng ngày", description="How dates are written."
    )
    desk: bool = Field(
        default=False,
        title="Văn thư tiếp nhận tại đây",
        description="Whether what the system took is on the clerk's desk, so that 03 is reported.",
    )
    timeout_seconds: float = Field(
        default=60.0,
        title="Chờ tối đa (giây)",
        description="For one document from beginning to end; then it is tried again.",
        gt=0,
        le=240,
    )

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        check_fields(self.fields, "fields")
        return self

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        """Refuse names of which one would stand in the place of the other."""
        taken: list[str] = []
        for section, name in self._names():
            for other in taken:
                if f"{name}.".startswith(f"{other}.") or other.startswith(f"{name}."):
                    place = section, name
                    raise SettingProblem(
                        system_codes.NAMES_CLASH, below=place, name=name, other=other
                    )
            taken.append(name)
        return self

    def _names(self) -> Iterator[tuple[str, str]]:
        yield from (("fields", name) for name in self.fields)
        yield from (("constants", name) for name in self.constants)


class RestSettings(SystemSettings):
    """A service of the legacy system; one request a document, idempotent by the packet id.

    The header Idempotency-Key holds the packet id. 2xx: taken. 410: taken back before, so it does
    not come. 401, 403, 408, 425, 429, 3xx, 5xx and silence: tried again. Other 4xx: parked.
    """

    type: Literal["rest"] = Field(title="Loại đích nhận", description="Kind of the sink.")
    url: str = Field(
        title="Địa chỉ dịch vụ",
        description="Where documents are sent; http only on this machine.",
        examples=["https://qlvb.example.vn/api/van-ban-den"],
    )
    method: Literal["POST", "PUT"] = Field(
        default="POST", title="Phương thức", description="Method of the request."
    )
    format: Literal["json", "multipart"] = Field(
        default="json",
        title="Dạng yêu cầu",
        description="json: files as base64 under `files_field`; multipart: the parts `document` "
        "(JSON) and `file`, one for each file.",
    )
    files_field: str = Field(
        default="files",
        title="Trường tệp đính kèm",
        description="In JSON: list of name, content_type and data (base64).",
        min_length=1,
    )
    acts_url: str | None = Field(
        default=None,
        title="Địa chỉ báo thu hồi",
        description="Where recalls, updates and replacements are sent, as JSON; {target} stands "
        "for the packet id of the document meant. Without it they are parked for a person.",
    )
    token: SecretRef | None = Field(
        default=None, title="Mã truy cập", description="Token of the service."
    )
    token_header: str = Field(
        default="Authorization",
        title="Tiêu đề của mã truy cập",
        description="Header that bears the token.",
        pattern=r"^[A-Za-z0-9-]+$",
    )
    token_prefix: str = Field(
        default="Bearer ", title="Tiền tố", description="What stands before the token."
    )
    ca_file: LocalPath | None = Field(
        default=None,
        title="Tệp chứng thư gốc",
        description="Root certificates of the service; by default those of the system.",
    )

    @field_validator("url", "acts_url")
    @classmethod
    def _is_service(cls, url: str | None) -> str | None:
        if url is not None and not _usable(url):
            raise SettingProblem(system_codes.NOT_A_SERVICE, url=url)
        return url


class CommandSettings(SystemSettings):
    """A program of the legacy system; it runs once a document, without a shell.

    On standard input it gets JSON: `act`, `packet_id`, `document` (the fields), `packet_file` and
    `files` (paths, gone afterwards), for acts also `target`. Exit code 0: taken; {"desk": false}
    on standard output then says that it is not on the desk. 75: tried again. Any other: parked.
    """

    type: Literal["command"] = Field(title="Loại đích nhận", description="Kind of the sink.")
    program: LocalPath = Field(
        title="Chương trình", description="Executable file.", examples=["nhap-van-ban.py"]
    )
    arguments: tuple[Scalar, ...] = Field(
        default=(), title="Tham số", description="Given to the program as they are."
    )


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or not host or parts.username or parts.password or port == 0 or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
