"""Settings of the servers that a node talks to: RabbitMQ and the store's database."""

from __future__ import annotations

import re
from typing import Final

from pydantic import Field, field_validator

from connector.config import codes
from connector.config.secrets import SecretRef
from connector.config.settings import LocalPath, Seconds, SettingProblem, Settings

__all__ = ["BrokerConfig", "StoreConfig", "TlsConfig"]

_MEBIBYTE: Final = 1024 * 1024


class TlsConfig(Settings):
    """Encrypted and authenticated link to the broker (QĐ 28/2018 Đ12)."""

    ca_file: LocalPath = Field(
        title="Tệp chứng thư CA", description="Certificates that vouch for the broker (PEM)."
    )
    certificate_file: LocalPath | None = Field(
        default=None, title="Tệp chứng thư máy", description="The node's own certificate (PEM)."
    )
    key_file: LocalPath | None = Field(
        default=None,
        title="Tệp khóa riêng",
        description="Private key of the node's certificate (PEM), without a password, readable by "
        "its owner only.",
    )


class BrokerConfig(Settings):
    """The RabbitMQ broker between the nodes."""

    url: str = Field(
        title="Địa chỉ RabbitMQ",
        description="amqp:// or amqps:// with host, port, virtual host and user; the password "
        "stands in `password`.",
        pattern=r"^amqps?://",
    )
    password: SecretRef | None = Field(
        default=None,
        title="Mật khẩu RabbitMQ",
        description="Reference to the password of the URL's user.",
    )
    management_url: str | None = Field(
        default=None,
        title="Địa chỉ quản trị RabbitMQ",
        description="http:// or https:// address of the management API; needed only by "
        "`connector topology`.",
        pattern=r"^https?://",
    )
    management_user: str | None = Field(
        default=None,
        title="Người dùng quản trị",
        description="User of the management API.",
        min_length=1,
    )
    management_password: SecretRef | None = Field(
        default=None, title="Mật khẩu quản trị", description="Reference to that user's password."
    )
    window: int = Field(
        default=64,
        title="Cửa sổ gửi",
        description="How many messages may be on their way without the broker's confirm.",
        ge=1,
        le=10_000,
    )
    part_bytes: int = Field(
        default=4 * _MEBIBYTE,
        title="Cỡ một phần (byte)",
        description="A larger packet travels in parts of this size.",
        ge=_MEBIBYTE // 16,
        le=64 * _MEBIBYTE,
    )
    parts_expire_seconds: Seconds = Field(
        default=259_200.0,
        title="Chờ các phần còn thiếu (giây)",
        description="How long the parts of a packet wait for those that are missing; then they are "
        "removed, with an alarm.",
        gt=0,
    )
    heartbeat_seconds: int = Field(
        default=30,
        title="Nhịp tim (giây)",
        description="Heartbeat of the connection.",
        ge=1,
        le=600,
    )
    connect_timeout_seconds: Seconds = Field(
        default=10.0,
        title="Thời hạn kết nối (giây)",
        description="Longest wait for a connection.",
        gt=0,
    )
    tls: TlsConfig | None = Field(
        default=None, title="TLS", description="Certificates of an amqps:// connection."
    )


_USER_INFO: Final = re.compile(r"[^/]*://[^/@]*:[^/]*@")


class StoreConfig(Settings):
    """Where outbox, inbox and journal live."""

    url: str | None = Field(
        default=None,
        title="Cơ sở dữ liệu",
        description="SQLAlchemy URL; without it SQLite inside `state_dir`.",
        min_length=1,
    )
    password: SecretRef | None = Field(
        default=None, title="Mật khẩu cơ sở dữ liệu", description="Reference to the URL's password."
    )

    @field_validator("url")
    @classmethod
    def _no_password(cls, value: str | None) -> str | None:
        if value is not None and _USER_INFO.match(value):
            raise SettingProblem(codes.INLINE_SECRET)
        return value
