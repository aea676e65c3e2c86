"""Messages of adapters and status exchange as a node runs them (4120 and on), and of tests."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

FIRST_COLLECT_WAITS: Final = Text(
    "EDX-4120",
    "the first collect of adapter {adapter} would take more than {limit} records; nothing was "
    "taken, it waits for a confirmation",
    "lần thu nhận đầu tiên của adapter {adapter} sẽ lấy hơn {limit} bản ghi; chưa lấy bản ghi nào, "
    "đang chờ xác nhận",
    "set start_from in adapter.yaml, or say that all of them shall go out: "
    "connector resume {adapter} --yes",
    "đặt start_from trong adapter.yaml, hoặc xác nhận gửi tất cả: connector resume {adapter} --yes",
)
UNKNOWN_ADAPTER: Final = Text(
    "EDX-4121",
    "no adapter of this node is called {name}; there are: {known}",
    "nút này không có adapter tên {name}; hiện có: {known}",
    "use the name of its adapter.yaml",
    "dùng tên ghi trong adapter.yaml",
)
RELOAD_REFUSED: Final = Text(
    "EDX-4122",
    "the changed configuration of {adapter} is wrong, the one before stays in force: {en}",
    "cấu hình mới của {adapter} có lỗi, cấu hình trước vẫn có hiệu lực: {vi}",
    "correct it (connector lint tells all), then send SIGHUP again",
    "sửa cấu hình (xem connector lint), sau đó gửi lại SIGHUP",
)
NEEDS_RESTART: Final = Text(
    "EDX-4123",
    "connector.yaml has changed in more than its list of adapters: {sections}",
    "connector.yaml có thay đổi ngoài danh sách adapter: {sections}",
    "restart the service; SIGHUP reads adapters, trust data and keys only",
    "khởi động lại dịch vụ; SIGHUP chỉ đọc lại adapter, dữ liệu tin cậy và khóa",
    severity=Severity.WARNING,
)
NOT_FROM_ADAPTER: Final = Text(
    "EDX-4124",
    "packet {packet_id} was not made by an adapter",
    "gói tin {packet_id} không do adapter tạo ra",
    "only documents that were collected from an export can be made again",
    "chỉ có thể dựng lại văn bản thu nhận từ dữ liệu kết xuất",
)
CONFIG_NOT_KEPT: Final = Text(
    "EDX-4125",
    "the configuration {config_hash} that made packet {packet_id} was not kept",
    "không lưu cấu hình {config_hash} đã tạo gói tin {packet_id}",
    "packets sent before configurations were kept cannot be made again",
    "không dựng lại được gói tin gửi trước khi có chức năng lưu cấu hình",
)
RECORD_GONE: Final = Text(
    "EDX-4126",
    "record {source_key} is no longer in the export of adapter {adapter}",
    "bản ghi {source_key} không còn trong dữ liệu kết xuất của adapter {adapter}",
    "restore the export; it stood at {was} when it was sent",
    "khôi phục dữ liệu kết xuất; khi gửi, bản ghi nằm tại {was}",
)
RELOAD_UNEXPECTED: Final = Text(
    "EDX-4127",
    "the program failed while it read the adapter in {directory}: {reason}",
    "chương trình gặp lỗi khi đọc adapter trong {directory}: {reason}",
    "report it with the adapter; the version before stays in force",
    "báo lỗi kèm adapter; phiên bản trước vẫn có hiệu lực",
)
STATUS_VALUE_UNKNOWN: Final = Text(
    "EDX-4130",
    "the legacy system's state '{value}' is not in the table of status_source",
    "trạng thái '{value}' của hệ thống cũ không có trong bảng của status_source",
    "add it to table: a code such as 03, or ignore",
    "bổ sung vào table: một mã như 03, hoặc ignore",
)
STATUS_NEEDS_REASON: Final = Text(
    "EDX-4131",
    "status {status} needs a reason, and column {column} has none",
    "trạng thái {status} phải kèm lý do, nhưng cột {column} để trống",
    "enter the reason in the legacy system; it is looked at again when the row changes",
    "ghi lý do trong hệ thống cũ; dòng này được xét lại khi có thay đổi",
)
STATUS_COLUMN_ABSENT: Final = Text(
    "EDX-4132",
    "the source of states has no column {column}; there are: {known}",
    "nguồn trạng thái không có cột {column}; hiện có: {known}",
    "correct status_source in connector.yaml",
    "sửa status_source trong connector.yaml",
)
STATUS_NOT_SENDABLE: Final = Text(
    "EDX-4133",
    "'{code}' is no status that a receiver sends; there are: {known}",
    "'{code}' không phải trạng thái mà bên nhận gửi; các mã: {known}",
    "write one of them, or ignore for states that mean nothing to the sender",
    "ghi một trong các mã đó, hoặc ignore với trạng thái không cần báo",
)

TEST_OUTSIDE: Final = Text(
    "EDX-1110",
    "the golden packet {file} does not lie in the adapter's directory",
    "gói tin mẫu {file} không nằm trong thư mục của bộ chuyển đổi",
    "write a path below the adapter, such as expected/a.edxml; links must not lead out of it",
    "ghi đường dẫn bên trong bộ chuyển đổi, ví dụ expected/a.edxml; liên kết không được trỏ "
    "ra ngoài",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
