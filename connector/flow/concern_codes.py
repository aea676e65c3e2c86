"""What a person has to know of a node beside its documents: disk, journal, files not taken over."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = [
    "CATALOGUE",
    "CLOCK_SET_BACK",
    "DISK_FULL_SOON",
    "JOURNAL_BROKEN",
    "KEYS_REFUSED",
    "TRUST_REFUSED",
]

DISK_FULL_SOON: Final = Text(
    "EDX-7060",
    "{free} bytes are free where {path} lies, less than one packet of "
    "limits.max_packet_bytes ({needed}) takes: receiving may stop",
    "nơi chứa {path} chỉ còn trống {free} byte, ít hơn một gói tin theo "
    "limits.max_packet_bytes ({needed}): có thể ngừng tiếp nhận",
    "free the disk; nothing was acknowledged that was not stored, so nothing is lost",
    "giải phóng ổ đĩa; tin chưa lưu thì chưa xác nhận nên không mất văn bản",
    severity=Severity.WARNING,
)
TRUST_REFUSED: Final = Text(
    "EDX-7061",
    "the new trust data was refused, the one before stays in force: {en}",
    "dữ liệu tin cậy mới bị từ chối, dữ liệu trước vẫn có hiệu lực: {vi}",
    "correct it (connector lint --node tells all); it is taken over by itself",
    "sửa lại (xem connector lint --node); dữ liệu đúng được tự động áp dụng",
    severity=Severity.WARNING,
)
KEYS_REFUSED: Final = Text(
    "EDX-7062",
    "a new key was refused, the one before is still used: {en}",
    "khóa mới bị từ chối, khóa trước vẫn được dùng: {vi}",
    "correct it (connector lint --node tells all), then send SIGHUP",
    "sửa lại (xem connector lint --node), sau đó gửi SIGHUP",
    severity=Severity.WARNING,
)

CLOCK_SET_BACK: Final = Text(
    "EDX-7063",
    "the clock was set back; {count} deliveries and messages waited for a later time and are "
    "due now",
    "đồng hồ máy bị chỉnh lùi; {count} lượt gửi và tin đang chờ thời điểm muộn hơn được xử lý ngay",
    "check the machine's time (chrony, NTP); nothing else is to be done",
    "kiểm tra giờ của máy chủ (chrony, NTP); không cần làm gì thêm",
    severity=Severity.WARNING,
)
JOURNAL_BROKEN: Final = Text(
    "EDX-7064",
    "the newest journal entries do not hold as a chain: {en}",
    "chuỗi băm của các mục nhật ký mới nhất không còn nguyên vẹn: {vi}",
    "connector journal verify tells all places; keep the store as it is, compare with a backup, "
    "tell the person responsible for security",
    "chạy connector journal verify để biết mọi vị trí; giữ nguyên kho dữ liệu, so với bản sao lưu, "
    "báo người phụ trách an toàn thông tin",
)

CATALOGUE: Final[tuple[Text, ...]] = (
    DISK_FULL_SOON,
    TRUST_REFUSED,
    KEYS_REFUSED,
    CLOCK_SET_BACK,
    JOURNAL_BROKEN,
)
