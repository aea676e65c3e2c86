"""What a person has to know of a node: of its documents, by counts and ages, and beside them."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = [
    "ADAPTER_PAUSED",
    "ADAPTER_WAITS",
    "BROKER_SHUT",
    "CATALOGUE",
    "CLOCK_SET_BACK",
    "DELIVERIES_BLOCKED",
    "DELIVERIES_PARKED",
    "DELIVERIES_RETURNED",
    "DISK_FULL_SOON",
    "JOURNAL_BROKEN",
    "KEYS_REFUSED",
    "MESSAGES_HELD",
    "MESSAGES_PARKED",
    "MESSAGES_QUARANTINED",
    "NOT_TAKEN",
    "NO_DAEMON",
    "RECORDS_CHANGED",
    "RECORDS_REFUSED",
    "TRUST_REFUSED",
    "UNANSWERED",
    "UNDELIVERED",
    "UNSENT",
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

BROKER_SHUT: Final = Text(
    "EDX-7065",
    "broker of {agency}: {en}",
    "máy chủ RabbitMQ của {agency}: {vi}",
    "check the broker, its address, password and certificate; sealed documents wait in the outbox",
    "kiểm tra máy chủ, địa chỉ, mật khẩu hoặc chứng thư; văn bản đã ký chờ trong hàng gửi",
    severity=Severity.WARNING,
)
DELIVERIES_RETURNED: Final = Text(
    "EDX-7066",
    "{count} returned among the {en} sent: the broker knows no way to their receivers",
    "{count} lượt gửi {vi} bị trả lại (returned): máy chủ không có đường đến nơi nhận",
    "connector outbox list --state returned{option}; connector agencies explain CODE; once CODE "
    "is connected: connector outbox retry --all --state returned --receiver CODE{option}",
    "connector outbox list --state returned{option}; connector agencies explain MÃ; khi MÃ đã "
    "kết nối: connector outbox retry --all --state returned --receiver MÃ{option}",
    severity=Severity.WARNING,
)
DELIVERIES_PARKED: Final = Text(
    "EDX-7067",
    "{count} parked among the {en} sent",
    "{count} lượt gửi {vi} đã dừng (parked)",
    "connector outbox list --state parked{option} names the cause; remove it, then connector "
    "outbox retry --all --state parked{option}",
    "connector outbox list --state parked{option} nêu nguyên nhân; khắc phục rồi chạy connector "
    "outbox retry --all --state parked{option}",
    severity=Severity.WARNING,
)
DELIVERIES_BLOCKED: Final = Text(
    "EDX-7068",
    "{count} blocked among the {en} sent: broker or receiver's queue takes no more for now",
    "{count} lượt gửi {vi} bị chặn (blocked): máy chủ hoặc hàng đợi nơi nhận tạm thời không nhận",
    "nothing at first: it is tried again by itself; if it lasts, ask the receiver's operator",
    "chưa cần làm gì: hệ thống tự thử lại; nếu kéo dài, hỏi người vận hành của nơi nhận",
    severity=Severity.WARNING,
)
MESSAGES_PARKED: Final = Text(
    "EDX-7069",
    "{count} parked among the {en} received",
    "{count} {vi} đã nhận đang dừng (parked)",
    "connector inbox list --state parked{option} names the cause; remove it, then connector inbox "
    "retry --all{option}",
    "connector inbox list --state parked{option} nêu nguyên nhân; khắc phục rồi chạy connector "
    "inbox retry --all{option}",
    severity=Severity.WARNING,
)
MESSAGES_QUARANTINED: Final = Text(
    "EDX-7070",
    "{count} quarantined among the {en} received: not proven to be what they say",
    "{count} {vi} đã nhận bị cách ly (quarantined): chưa chứng minh được đúng như nội dung tự khai",
    "connector inbox list --state quarantined{option} tells why; ask the agency by another way, "
    "never deliver by hand; when that is done: connector inbox close ID --reason …",
    "connector inbox list --state quarantined{option} nêu lý do; hỏi cơ quan gửi qua kênh khác, "
    "không chuyển tay; xong việc: connector inbox close MÃ --reason …",
    severity=Severity.WARNING,
)
MESSAGES_HELD: Final = Text(
    "EDX-7071",
    "{count} held among the {en} received",
    "{count} {vi} đã nhận đang chờ (held)",
    "connector inbox list --state held{option} tells for what: revocation data (bring it in), or "
    "the document that an act names",
    "connector inbox list --state held{option} cho biết đang chờ gì: dữ liệu thu hồi chứng thư "
    "(cần đưa vào), hoặc văn bản mà nghiệp vụ nhắc đến",
    severity=Severity.WARNING,
)
RECORDS_REFUSED: Final = Text(
    "EDX-7072",
    "{count} records refused in the last 7 days, without secret ones",
    "{count} bản ghi bị từ chối trong 7 ngày qua, không kể bản ghi mật",
    "connector outbox refused tells why; correct them in the legacy system and export again",
    "connector outbox refused nêu lý do; sửa trong hệ thống QLVB rồi kết xuất lại",
    severity=Severity.WARNING,
)
RECORDS_CHANGED: Final = Text(
    "EDX-7073",
    "{count} records changed after sending in the last 7 days",
    "{count} bản ghi thay đổi sau khi đã gửi trong 7 ngày qua",
    "send a replacing document or a correcting công văn",
    "gửi văn bản thay thế hoặc công văn đính chính",
    severity=Severity.WARNING,
)
UNANSWERED: Final = Text(
    "EDX-7074",
    "{count} deliveries sent more than a day ago without any answer",
    "{count} lượt gửi đã hơn một ngày chưa có phản hồi",
    "connector outbox list --state sent; ask the receivers",
    "connector outbox list --state sent; hỏi các nơi nhận",
    severity=Severity.WARNING,
)
NOT_TAKEN: Final = Text(
    "EDX-7075",
    "{count} verified documents that a sink does not take for now",
    "{count} văn bản đã xác thực mà đích nhận tạm thời chưa nhận",
    "connector inbox list --state verified tells why; repair the sink, it is tried again by itself",
    "connector inbox list --state verified nêu lý do; khắc phục đích nhận, hệ thống tự thử lại",
    severity=Severity.WARNING,
)
UNSENT: Final = Text(
    "EDX-7076",
    "documents wait unsent for more than 15 minutes",
    "có văn bản chờ gửi đã quá 15 phút",
    "see broker and daemon above; connector outbox list --state queued",
    "xem máy chủ và tiến trình ở trên; connector outbox list --state queued",
    severity=Severity.WARNING,
)
UNDELIVERED: Final = Text(
    "EDX-7077",
    "documents wait undelivered for more than 15 minutes",
    "có văn bản đến chờ chuyển giao đã quá 15 phút",
    "connector inbox list --state verified and --state received; see the sink and the daemon",
    "connector inbox list --state verified và --state received; xem đích nhận và tiến trình",
    severity=Severity.WARNING,
)
NO_DAEMON: Final = Text(
    "EDX-7078",
    "no daemon is running",
    "không có tiến trình nào đang chạy",
    "systemctl start connector; if cron runs the node: connector status --check --without-daemon",
    "systemctl start connector; nếu nút chạy bằng cron: connector status --check --without-daemon",
    severity=Severity.WARNING,
)
ADAPTER_PAUSED: Final = Text(
    "EDX-7079",
    "adapter {adapter} is paused by {actor}: {reason}",
    "bộ chuyển đổi {adapter} bị {actor} tạm dừng: {reason}",
    "connector resume {adapter} when the reason is gone",
    "connector resume {adapter} khi không còn lý do",
    severity=Severity.WARNING,
)
ADAPTER_WAITS: Final = Text(
    "EDX-7080",
    "adapter {adapter} waits: its first collect would take more than {records} records",
    "bộ chuyển đổi {adapter} đang chờ: lần thu thập đầu tiên sẽ lấy hơn {records} bản ghi",
    "set start_from, or connector resume {adapter} --yes",
    "đặt start_from, hoặc connector resume {adapter} --yes",
    severity=Severity.WARNING,
)

CATALOGUE: Final[tuple[Text, ...]] = (
    DISK_FULL_SOON,
    TRUST_REFUSED,
    KEYS_REFUSED,
    CLOCK_SET_BACK,
    JOURNAL_BROKEN,
    BROKER_SHUT,
    DELIVERIES_RETURNED,
    DELIVERIES_PARKED,
    DELIVERIES_BLOCKED,
    MESSAGES_PARKED,
    MESSAGES_QUARANTINED,
    MESSAGES_HELD,
    RECORDS_REFUSED,
    RECORDS_CHANGED,
    UNANSWERED,
    NOT_TAKEN,
    UNSENT,
    UNDELIVERED,
    NO_DAEMON,
    ADAPTER_PAUSED,
    ADAPTER_WAITS,
)
