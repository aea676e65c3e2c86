"""What `lint --node` tells of a node's places and servers: EDX-1111 to 1129."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

SINKS_SHARE: Final = Text(
    "EDX-1111",
    "{path} is already the directory of the sink at {other}",
    "{path} đã là thư mục của đích nhận tại {other}",
    "give each folder sink a directory of its own: the second would find every document there "
    "already and not write it",
    "dùng thư mục riêng cho mỗi đích folder: đích thứ hai sẽ thấy văn bản đã có và không ghi nữa",
)
SINK_INSIDE: Final = Text(
    "EDX-1112",
    "documents cannot be put into {path}: it belongs to {what}",
    "không thể đặt văn bản vào {path}: đây là nơi của {what}",
    "choose a directory outside of what the node itself reads and writes",
    "chọn thư mục nằm ngoài những nơi nút tự đọc và ghi",
)
STATE_AND_EXPORT: Final = Text(
    "EDX-1113",
    "state_dir {path} and {what} lie one in the other",
    "state_dir {path} và {what} nằm lồng nhau",
    "keep them apart: the state is the node's alone, an export is written by another system",
    "tách riêng hai nơi: trạng thái là của riêng nút, dữ liệu kết xuất do hệ thống khác ghi",
)
EXPORT_TWICE: Final = Text(
    "EDX-1114",
    "{other} reads the same export, so its records would be sent twice",
    "{other} đọc cùng dữ liệu kết xuất này nên bản ghi có thể bị gửi hai lần",
    "let one adapter read it, or make two exports; ignore this if each takes other records",
    "chỉ để một bộ chuyển đổi đọc, hoặc tách thành hai tệp; bỏ qua nếu mỗi bên lấy bản ghi khác",
    severity=Severity.WARNING,
)
STATUS_DIRECTORY: Final = Text(
    "EDX-1115",
    "the status file {path} cannot be written: this user finds no directory {directory}",
    "không ghi được tệp trạng thái {path}: không tìm thấy thư mục {directory}",
    "create or mount the directory",
    "tạo hoặc gắn kết thư mục",
)
STATUS_NO_FILE: Final = Text(
    "EDX-1116",
    "the status file {path} is a directory, a pipe or a device",
    "tệp trạng thái {path} là thư mục, ống (pipe) hoặc thiết bị",
    "name a plain file",
    "chỉ định một tệp thông thường",
)
STATUS_TAKEN: Final = Text(
    "EDX-1117",
    "the status file {path} belongs to {what}",
    "tệp trạng thái {path} thuộc về {what}",
    "name a file that nothing else uses",
    "chỉ định một tệp không dùng vào việc khác",
)
STATUS_EXPORTED: Final = Text(
    "EDX-1118",
    "the status file {path} would be read by {what} as an export",
    "tệp trạng thái {path} sẽ bị {what} đọc như dữ liệu kết xuất",
    "put it into another directory, or narrow the pattern of the export",
    "đặt tệp ở thư mục khác, hoặc thu hẹp mẫu tên tệp kết xuất",
)
STATUS_READ_ONLY: Final = Text(
    "EDX-1119",
    "the status file {path} cannot be written by this user",
    "người dùng hiện tại không ghi được tệp trạng thái {path}",
    "run it as the daemon's user, and let that user write file and directory",
    "chạy lệnh bằng người dùng của dịch vụ và cấp quyền ghi tệp, thư mục cho người dùng đó",
)
STATUS_TWICE: Final = Text(
    "EDX-1120",
    "{path} is already the status file of agency {other}",
    "{path} đã là tệp trạng thái của cơ quan {other}",
    "give each agency a file of its own",
    "dùng tệp riêng cho mỗi cơ quan",
)
MANAGEMENT_HOST: Final = Text(
    "EDX-1121",
    "broker.management_url has no host, or its port is not a number from 1 to 65535",
    "broker.management_url thiếu máy chủ hoặc có cổng không phải là số từ 1 đến 65535",
    "write https://HOST:15671",
    "ghi https://MÁY-CHỦ:15671",
)
BROKER_PLAIN: Final = Text(
    "EDX-1122",
    "passwords and documents go to {host} unencrypted",
    "mật khẩu và văn bản được gửi tới {host} không mã hóa",
    "write amqps://HOST:5671/VHOST and broker.tls (QĐ 28/2018 Đ12); amqp:// is for this machine",
    "ghi amqps://MÁY-CHỦ:5671/VHOST và broker.tls (QĐ 28/2018 Đ12); amqp:// chỉ dùng trong máy này",
    severity=Severity.WARNING,
)
BROKER_MANAGEMENT_PORT: Final = Text(
    "EDX-1123",
    "{ports} in broker.url is the usual port of RabbitMQ's management service, not of AMQP",
    "{ports} trong broker.url là cổng thường dùng của dịch vụ quản trị RabbitMQ, không phải AMQP",
    "write 5671 for amqps://, 5672 for amqp://; the management service belongs to "
    "broker.management_url",
    "ghi 5671 cho amqps://, 5672 cho amqp://; dịch vụ quản trị khai báo ở broker.management_url",
    severity=Severity.WARNING,
)
ATTACHMENT_BEYOND_PACKET: Final = Text(
    "EDX-1124",
    "a file of limits.max_attachment_bytes ({attachment}) is a third larger in a packet, more than "
    "limits.max_packet_bytes ({packet})",
    "tệp cỡ limits.max_attachment_bytes ({attachment}) lớn thêm một phần ba khi vào gói tin, vượt "
    "limits.max_packet_bytes ({packet})",
    "raise max_packet_bytes to more than {needed}, or lower max_attachment_bytes to less than "
    "{fits}",
    "tăng max_packet_bytes lên trên {needed}, hoặc giảm max_attachment_bytes xuống dưới {fits}",
    severity=Severity.WARNING,
)
NO_SINK_FOR: Final = Text(
    "EDX-1125",
    "no sink takes documents for {receivers}: all that arrive would be parked",
    "không có đích nhận cho {receivers}: mọi văn bản đến sẽ bị tạm dừng (parked)",
    "add a sink to `sinks`, or the code to `serves` of one; ignore this if nothing is received",
    "thêm đích vào `sinks`, hoặc thêm mã vào `serves` của một đích; bỏ qua nếu không nhận văn bản",
    severity=Severity.WARNING,
)
NO_REVOCATION_LIST: Final = Text(
    "EDX-1126",
    "{path} holds no revocation list: every packet that arrives would be held",
    "{path} chưa có danh sách thu hồi: mọi gói tin đến sẽ bị giữ lại (held)",
    "bring the authorities' lists in: `connector keys import-crl FILE`, or a job that writes *.crl",
    "nạp danh sách của các cơ quan chứng thực: `connector keys import-crl TỆP`, hoặc tác vụ ghi "
    "*.crl",
    severity=Severity.WARNING,
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
