"""What can be wrong with the settings and files of an encrypted connection (EDX-603x)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

TLS_UNUSED: Final = Text(
    "EDX-6031",
    "`broker.tls` is given, but `broker.url` says amqp, which is not encrypted",
    "Có `broker.tls` nhưng `broker.url` ghi amqp, tức không mã hóa",
    "Write amqps:// or remove `broker.tls`.",
    "Viết amqps:// hoặc bỏ `broker.tls`.",
)
TLS_FILES: Final = Text(
    "EDX-6032",
    "The TLS files cannot be used: {reason}",
    "Không dùng được các tệp TLS: {reason}",
    "Check paths, permissions, and that key and certificate belong together.",
    "Kiểm tra đường dẫn, quyền đọc, và khóa có khớp với chứng thư không.",
)
TLS_KEY_OPEN: Final = Text(
    "EDX-6035",
    "The private key of `broker.tls` can be read by other users (mode {mode})",
    "Người dùng khác trên máy đọc được khóa riêng trong `broker.tls` (quyền {mode})",
    "chmod 600 {path}",
    "chmod 600 {path}",
)
TLS_KEY_LOCKED: Final = Text(
    "EDX-6036",
    "The private key of `broker.tls` has a password, and nobody is there to type it",
    "Khóa riêng trong `broker.tls` có mật khẩu, mà lúc chạy không có người nhập",
    "Store the key without a password, in a file that only the daemon's user can read: "
    "openssl pkey -in {path} -out NEW-FILE",
    "Lưu khóa không mật khẩu vào tệp mà chỉ tài khoản chạy dịch vụ đọc được: "
    "openssl pkey -in {path} -out TỆP-MỚI",
)
TLS_KEY_ALONE: Final = Text(
    "EDX-6037",
    "`broker.tls` names a key_file but no certificate_file, so the key is not used",
    "`broker.tls` có key_file nhưng không có certificate_file, nên khóa không được dùng",
    "Name the certificate of that key in certificate_file, or remove key_file.",
    "Ghi chứng thư của khóa vào certificate_file, hoặc bỏ key_file.",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
"""Every message about TLS settings."""
