"""Catalogue of what the broker room has to say (EDX-60xx)."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = [
    "AUTHENTICATION_FAILED",
    "BINDING_MISSING",
    "BINDING_UNEXPECTED",
    "BLOCKED",
    "BROKER_URL",
    "BUG",
    "CATALOGUE",
    "CHANNEL_CLOSED",
    "CODE_UNUSABLE",
    "CONFIRM_OVERDUE",
    "CONNECTION_LOST",
    "CONSUMER_CANCELLED",
    "EXCHANGE_DIFFERS",
    "EXCHANGE_MISSING",
    "FOREIGN_AGENCY",
    "LEADER_MISSING",
    "MANAGEMENT_ANSWER",
    "MANAGEMENT_DENIED",
    "MANAGEMENT_FORBIDDEN",
    "MANAGEMENT_REFUSED",
    "MANAGEMENT_UNREACHABLE",
    "MANAGEMENT_URL",
    "MESSAGE_REFUSED",
    "NOT_CONNECTED",
    "NO_SUCH_EXCHANGE",
    "PERMISSIONS_DIFFER",
    "POLICY_DIFFERS",
    "POLICY_MISSING",
    "POLICY_OVERRIDDEN",
    "PORT_TAKEN",
    "PUBLISH_DENIED",
    "QUEUE_DENIED",
    "QUEUE_DIFFERS",
    "QUEUE_MISSING",
    "QUEUE_NOT_FOUND",
    "SERVER_FAILED",
    "SERVER_MISSING",
    "SERVER_STOPPED",
    "STOPPED",
    "TAGS_UNEXPECTED",
    "TLS_FAILED",
    "TOO_LARGE",
    "UNREACHABLE",
    "USER_EXISTS",
    "USER_ID_FORGED",
    "USER_MISSING",
    "VHOST_DENIED",
    "VHOST_MISSING",
]

_APPLY: Final = ("Run `connector topology apply`.", "Chạy `connector topology apply`.")

UNREACHABLE: Final = Text(
    "EDX-6001",
    "RabbitMQ at {broker} does not answer: {reason}",
    "RabbitMQ tại {broker} không trả lời: {reason}",
    "Check that the server runs and that the network and `broker.url` are right; "
    "the connection is tried again by itself.",
    "Kiểm tra máy chủ có đang chạy, mạng và `broker.url` có đúng không; "
    "kết nối sẽ tự được thử lại.",
)
AUTHENTICATION_FAILED: Final = Text(
    "EDX-6002",
    "RabbitMQ at {broker} refuses the user or password: {reason}",
    "RabbitMQ tại {broker} từ chối tài khoản hoặc mật khẩu: {reason}",
    "Correct the user and the secret in `broker`, or set the password on the server.",
    "Sửa tài khoản và bí mật trong `broker`, hoặc đặt lại mật khẩu trên máy chủ.",
)
VHOST_DENIED: Final = Text(
    "EDX-6003",
    "RabbitMQ at {broker} does not let this user into the virtual host: {reason}",
    "RabbitMQ tại {broker} không cho tài khoản này vào virtual host: {reason}",
    "Check the virtual host at the end of `broker.url` and run `connector topology check`.",
    "Kiểm tra virtual host ở cuối `broker.url` và chạy `connector topology check`.",
)
TLS_FAILED: Final = Text(
    "EDX-6004",
    "TLS with RabbitMQ at {broker} failed: {reason}",
    "Bắt tay TLS với RabbitMQ tại {broker} thất bại: {reason}",
    "Check `broker.tls.ca_file`, the server's name and the validity of both certificates.",
    "Kiểm tra `broker.tls.ca_file`, tên máy chủ và thời hạn của cả hai chứng thư.",
)
CONNECTION_LOST: Final = Text(
    "EDX-6005",
    "The connection to RabbitMQ at {broker} was lost: {reason}",
    "Mất kết nối tới RabbitMQ tại {broker}: {reason}",
    "Nothing to do: it is opened again by itself.",
    "Không cần làm gì: kết nối sẽ tự được mở lại.",
)
BLOCKED: Final = Text(
    "EDX-6006",
    "RabbitMQ at {broker} takes no messages for now: {reason}",
    "RabbitMQ tại {broker} tạm thời không nhận thông điệp: {reason}",
    "Free memory or disk on the broker; sending goes on by itself afterwards.",
    "Giải phóng bộ nhớ hoặc ổ đĩa của máy chủ RabbitMQ; sau đó việc gửi tự tiếp tục.",
)
CONFIRM_OVERDUE: Final = Text(
    "EDX-6007",
    "RabbitMQ at {broker} has confirmed nothing for {seconds} seconds",
    "RabbitMQ tại {broker} không xác nhận thông điệp nào trong {seconds} giây",
    "Look for a queue without a majority of its members (`rabbitmq-queues quorum_status`).",
    "Tìm hàng đợi không đủ đa số thành viên (`rabbitmq-queues quorum_status`).",
)
CHANNEL_CLOSED: Final = Text(
    "EDX-6008",
    "RabbitMQ at {broker} closed the channel: {reason}",
    "RabbitMQ tại {broker} đã đóng kênh: {reason}",
    "The channel is opened again by itself; if it goes on, see the broker's log.",
    "Kênh sẽ tự được mở lại; nếu lặp lại, xem nhật ký của RabbitMQ.",
)
QUEUE_NOT_FOUND: Final = Text(
    "EDX-6010",
    "A queue of this node does not exist on the broker: {reason}",
    "Hàng đợi của nút này không tồn tại trên máy chủ RabbitMQ: {reason}",
    "Run `connector topology apply` with a management user, then wait.",
    "Chạy `connector topology apply` bằng tài khoản quản trị rồi chờ.",
)
QUEUE_DENIED: Final = Text(
    "EDX-6011",
    "This user may not read a queue of this node: {reason}",
    "Tài khoản này không được đọc hàng đợi của nút: {reason}",
    "Run `connector topology check`; the user must be named by the agency's code.",
    "Chạy `connector topology check`; tài khoản phải mang mã của cơ quan.",
)
CONSUMER_CANCELLED: Final = Text(
    "EDX-6012",
    "RabbitMQ cancelled the consumer of {queue}",
    "RabbitMQ đã hủy bộ nhận của hàng đợi {queue}",
    "Check whether the queue was deleted: `connector topology check`.",
    "Kiểm tra hàng đợi có bị xóa không: `connector topology check`.",
)
NO_SUCH_EXCHANGE: Final = Text(
    "EDX-6020",
    "The exchange for this message does not exist: {reason}",
    "Exchange của thông điệp này không tồn tại: {reason}",
    "Run `connector topology apply` with a management user.",
    "Chạy `connector topology apply` bằng tài khoản quản trị.",
)
TOO_LARGE: Final = Text(
    "EDX-6021",
    "The message is larger than the broker takes: {reason}",
    "Thông điệp lớn hơn mức RabbitMQ chấp nhận: {reason}",
    "Raise `max_message_size` in rabbitmq.conf or let the packet travel in smaller parts.",
    "Tăng `max_message_size` trong rabbitmq.conf hoặc chia gói tin thành các phần nhỏ hơn.",
)
USER_ID_FORGED: Final = Text(
    "EDX-6022",
    "The message names another user than the one of the connection: {reason}",
    "Thông điệp mang tên tài khoản khác với tài khoản của kết nối: {reason}",
    "Connect with the user of the sending agency; `user_id` must be its code.",
    "Kết nối bằng tài khoản của cơ quan gửi; `user_id` phải là mã cơ quan đó.",
)
PUBLISH_DENIED: Final = Text(
    "EDX-6023",
    "This user may not publish there: {reason}",
    "Tài khoản này không được gửi vào đó: {reason}",
    "Agencies write to `edoc` and `edoc.urgent` only; run `connector topology check`.",
    "Cơ quan chỉ được gửi vào `edoc` và `edoc.urgent`; chạy `connector topology check`.",
)
MESSAGE_REFUSED: Final = Text(
    "EDX-6024",
    "RabbitMQ refuses this message: {reason}",
    "RabbitMQ từ chối thông điệp này: {reason}",
    "See the broker's log.",
    "Xem nhật ký của RabbitMQ.",
)
BROKER_URL: Final = Text(
    "EDX-6030",
    "`broker.url` is not usable: {reason}",
    "`broker.url` không dùng được: {reason}",
    "Write amqps://USER:PASSWORD@HOST:5671/VHOST; several hosts are separated by commas.",
    "Viết amqps://TÀI-KHOẢN:MẬT-KHẨU@MÁY-CHỦ:5671/VHOST; nhiều máy chủ cách nhau bằng dấu phẩy.",
)
NOT_CONNECTED: Final = Text(
    "EDX-6033",
    "No connection to RabbitMQ at {broker}: {reason}",
    "Chưa kết nối được RabbitMQ tại {broker}: {reason}",
    "Documents wait in the outbox and go out when the broker is back.",
    "Văn bản chờ trong hộp gửi và sẽ được gửi khi RabbitMQ hoạt động lại.",
)
STOPPED: Final = Text(
    "EDX-6034",
    "The connection to the broker is being closed by this node",
    "Nút này đang đóng kết nối tới RabbitMQ",
)
MANAGEMENT_UNREACHABLE: Final = Text(
    "EDX-6040",
    "The management API at {url} does not answer: {reason}",
    "API quản trị tại {url} không trả lời: {reason}",
    "Enable it with `rabbitmq-plugins enable rabbitmq_management` and check "
    "`broker.management_url`.",
    "Bật bằng `rabbitmq-plugins enable rabbitmq_management` và kiểm tra `broker.management_url`.",
)
MANAGEMENT_DENIED: Final = Text(
    "EDX-6041",
    "The management API at {url} refuses the user or password",
    "API quản trị tại {url} từ chối tài khoản hoặc mật khẩu",
    "Use a user with the tag `administrator`; agencies' users have none.",
    "Dùng tài khoản có nhãn `administrator`; tài khoản của cơ quan không có nhãn này.",
)
MANAGEMENT_FORBIDDEN: Final = Text(
    "EDX-6042",
    "The management user may not do this at {url}: {reason}",
    "Tài khoản quản trị không được phép làm việc này tại {url}: {reason}",
    "Use a user with the tag `administrator`.",
    "Dùng tài khoản có nhãn `administrator`.",
)
MANAGEMENT_REFUSED: Final = Text(
    "EDX-6043",
    "The management API at {url} refuses ({status}): {reason}",
    "API quản trị tại {url} từ chối ({status}): {reason}",
    "See the broker's log.",
    "Xem nhật ký của RabbitMQ.",
)
MANAGEMENT_ANSWER: Final = Text(
    "EDX-6044",
    "What answers at {url} is not RabbitMQ's management API: {reason}",
    "Dịch vụ trả lời tại {url} không phải API quản trị của RabbitMQ: {reason}",
    "Check `broker.management_url`; the usual port is 15672.",
    "Kiểm tra `broker.management_url`; cổng thường dùng là 15672.",
)
MANAGEMENT_URL: Final = Text(
    "EDX-6045",
    "`broker.management_url` is not usable: {reason}",
    "`broker.management_url` không dùng được: {reason}",
    "Write http://HOST:15672 or https://HOST:15671.",
    "Viết http://MÁY-CHỦ:15672 hoặc https://MÁY-CHỦ:15671.",
)
CODE_UNUSABLE: Final = Text(
    "EDX-6050",
    "The agency code {value!r} cannot be the name of an exchange",
    "Mã cơ quan {value!r} không thể dùng làm tên exchange",
    "Use a canonical code of QĐ 20/2020 such as H41 or H41.02.03.",
    "Dùng mã chuẩn theo QĐ 20/2020, ví dụ H41 hoặc H41.02.03.",
)
EXCHANGE_MISSING: Final = Text(
    "EDX-6051",
    "The exchange is missing",
    "Thiếu exchange",
    *_APPLY,
)
EXCHANGE_DIFFERS: Final = Text(
    "EDX-6052",
    "The exchange is {actual}, it should be {expected}",
    "Exchange hiện là {actual}, đáng lẽ là {expected}",
    "Arguments cannot be changed: delete the exchange, then `connector topology apply`.",
    "Không sửa được tham số: xóa exchange rồi chạy `connector topology apply`.",
)
QUEUE_MISSING: Final = Text(
    "EDX-6053",
    "The queue is missing",
    "Thiếu hàng đợi",
    *_APPLY,
)
QUEUE_DIFFERS: Final = Text(
    "EDX-6054",
    "The queue is {actual}, it should be {expected}",
    "Hàng đợi hiện là {actual}, đáng lẽ là {expected}",
    "Arguments cannot be changed: drain and delete the queue, then `connector topology apply`.",
    "Không sửa được tham số: nhận hết rồi xóa hàng đợi, sau đó chạy `connector topology apply`.",
)
BINDING_MISSING: Final = Text(
    "EDX-6055",
    "The binding {binding} is missing",
    "Thiếu liên kết {binding}",
    *_APPLY,
)
BINDING_UNEXPECTED: Final = Text(
    "EDX-6056",
    "The binding {binding} is not in the plan: mail may go astray or be copied",
    "Liên kết {binding} không có trong thiết kế: văn bản có thể đi lạc hoặc bị sao chép",
    "If nobody needs it, remove it; `connector topology apply` removes only those between "
    "agencies of the plan.",
    "Nếu không ai cần thì xóa; `connector topology apply` chỉ xóa liên kết giữa các cơ quan "
    "trong thiết kế.",
)
POLICY_MISSING: Final = Text(
    "EDX-6057",
    "The policy is missing",
    "Thiếu chính sách (policy)",
    *_APPLY,
)
POLICY_DIFFERS: Final = Text(
    "EDX-6058",
    "The policy is {actual}, it should be {expected}",
    "Chính sách hiện là {actual}, đáng lẽ là {expected}",
    *_APPLY,
)
POLICY_OVERRIDDEN: Final = Text(
    "EDX-6059",
    "The policy {actual!r} is in force instead of {expected!r}",
    "Chính sách {actual!r} đang có hiệu lực thay cho {expected!r}",
    "Remove the other policy or lower its priority.",
    "Xóa chính sách kia hoặc hạ mức ưu tiên của nó.",
)
USER_MISSING: Final = Text(
    "EDX-6060",
    "The agency's user is missing",
    "Thiếu tài khoản của cơ quan",
    *_APPLY,
)
PERMISSIONS_DIFFER: Final = Text(
    "EDX-6061",
    "The permissions are {actual}, they should be {expected}",
    "Quyền hiện là {actual}, đáng lẽ là {expected}",
    *_APPLY,
)
TAGS_UNEXPECTED: Final = Text(
    "EDX-6062",
    "The agency's user has the tags {actual}; it must have none",
    "Tài khoản của cơ quan có nhãn {actual}; đáng lẽ không có nhãn nào",
    *_APPLY,
)
LEADER_MISSING: Final = Text(
    "EDX-6063",
    "The queue has no leader: it takes and gives no messages",
    "Hàng đợi chưa có nút chủ (leader): không nhận và không giao thông điệp",
    "Wait some seconds; if it stays, see `rabbitmq-queues quorum_status` and restart that node.",
    "Chờ vài giây; nếu vẫn vậy, xem `rabbitmq-queues quorum_status` và khởi động lại nút đó.",
)
FOREIGN_AGENCY: Final = Text(
    "EDX-6064",
    "The agency {value} is connected at the broker, but not in this plan",
    "Cơ quan {value} đã kết nối vào RabbitMQ nhưng không có trong thiết kế này",
    "If it is still connected, name it too: the units below one another must be planned together.",
    "Nếu vẫn còn kết nối thì phải nêu cả mã này: các cấp trên dưới được thiết kế chung.",
    Severity.WARNING,
)
VHOST_MISSING: Final = Text(
    "EDX-6065",
    "The virtual host does not exist",
    "Virtual host không tồn tại",
    "Run `connector topology apply` or correct the end of `broker.url`.",
    "Chạy `connector topology apply` hoặc sửa phần cuối của `broker.url`.",
)
USER_EXISTS: Final = Text(
    "EDX-6066",
    "The user {value} exists on this broker already; a sandbox does not touch it",
    "Tài khoản {value} đã có trên máy chủ RabbitMQ này; môi trường thử không động đến nó",
    "Use a broker without real agencies, or delete the user if a broken-off trial left it.",
    "Dùng máy chủ RabbitMQ không có cơ quan thật, hoặc xóa tài khoản nếu là tàn dư của lần thử.",
)
SERVER_MISSING: Final = Text(
    "EDX-6070",
    "RabbitMQ is not installed on this machine",
    "Máy này chưa cài RabbitMQ",
    "{hint}",
    "{hint}",
)
SERVER_FAILED: Final = Text(
    "EDX-6071",
    "The private RabbitMQ node did not start: {reason}",
    "Nút RabbitMQ riêng không khởi động được: {reason}",
    "See the logs in {logs}.",
    "Xem nhật ký tại {logs}.",
)
SERVER_STOPPED: Final = Text(
    "EDX-6072",
    "The private RabbitMQ node is not running",
    "Nút RabbitMQ riêng không chạy",
    "Start it first.",
    "Hãy khởi động nó trước.",
)
PORT_TAKEN: Final = Text(
    "EDX-6073",
    "Port {port} of this machine is in use",
    "Cổng {port} của máy này đang được dùng",
    "End the broker that uses it, or give another port with --port and --management-port.",
    "Dừng máy chủ đang dùng cổng, hoặc chọn cổng khác bằng --port và --management-port.",
)
BUG: Final = Text(
    "EDX-6099",
    "The broker connection met a state that should not occur: {reason}",
    "Kết nối RabbitMQ gặp trạng thái không thể xảy ra: {reason}",
    "Please report it with the log.",
    "Vui lòng báo lỗi kèm nhật ký.",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    entry for entry in list(globals().values()) if isinstance(entry, Text)
)
