"""Messages of the corridors: records (41xx) and the way of documents and statuses (70xx)."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

RECORD_CONFLICT: Final = Text(
    "EDX-4101",
    "the record was exported again with other content after it had been sent as {packet_id}",
    "bản ghi được xuất lại với nội dung khác sau khi đã gửi trong gói {packet_id}",
    "send the change as a replacing document (type 3) or a correcting công văn (NĐ 30/2020 Đ18(3))",
    "gửi phần thay đổi bằng văn bản thay thế (loại 3) hoặc công văn đính chính (NĐ 30/2020 Đ18(3))",
)
DOCUMENT_CONFLICT: Final = Text(
    "EDX-4102",
    "document {document_id} was already sent with other content as {packet_id}",
    "văn bản {document_id} đã được gửi với nội dung khác trong gói {packet_id}",
    "check the number and date of the record; a change of content takes a new document",
    "kiểm tra số và ngày của bản ghi; thay đổi nội dung phải phát hành văn bản mới",
)
PACKET_TOO_LARGE: Final = Text(
    "EDX-4103",
    "the packet has {size} bytes, the limit is {limit}",
    "gói tin có {size} byte, vượt giới hạn {limit}",
    "send the attachments in several documents, or raise limits.max_packet_bytes on all nodes "
    "and the broker",
    "gửi tệp đính kèm trong nhiều văn bản, hoặc nâng limits.max_packet_bytes trên mọi nút và "
    "máy chủ RabbitMQ",
)
CODE_WITHOUT_QCVN: Final = Text(
    "EDX-4104",
    "agency {code} has no QCVN 102 code in the catalogue, but the route writes such codes",
    "cơ quan {code} không có mã QCVN 102 trong danh mục, trong khi tuyến gửi ghi theo mã này",
    "complete the catalogue (connector agencies import) or set route.code_scheme: qd20",
    "bổ sung danh mục (connector agencies import) hoặc đặt route.code_scheme: qd20",
)
AGENCY_NOT_OF_NODE: Final = Text(
    "EDX-4105",
    "agency {code} is not an agency of this node",
    "cơ quan {code} không thuộc nút này",
    "add it to agencies in connector.yaml, or correct the adapter",
    "thêm cơ quan vào agencies trong connector.yaml hoặc sửa bộ chuyển đổi",
)
AGENCY_WITHOUT_KEY: Final = Text(
    "EDX-4106",
    "agency {code} has no signing key on this node, so nothing can be sent in its name",
    "cơ quan {code} chưa có khóa ký trên nút này nên không thể gửi nhân danh cơ quan",
    "add key to the agency in connector.yaml",
    "bổ sung key cho cơ quan trong connector.yaml",
)
ADAPTER_TWICE: Final = Text(
    "EDX-4107",
    "two adapters of this node are called {name}; they would share one cursor",
    "hai bộ chuyển đổi của nút này cùng tên {name}, sẽ dùng chung một vị trí đọc",
    "give each adapter a name of its own",
    "đặt cho mỗi bộ chuyển đổi một tên riêng",
)
RECORD_UNEXPECTED: Final = Text(
    "EDX-4108",
    "the program failed on this record: {reason}",
    "chương trình gặp lỗi khi xử lý bản ghi này: {reason}",
    "report it with the record; the other records go on",
    "báo lỗi kèm bản ghi; các bản ghi khác vẫn được xử lý",
)
ATTACHMENT_TOO_LARGE: Final = Text(
    "EDX-4109",
    "file {name} has {size} bytes, the limit is {limit}",
    "tệp {name} có {size} byte, vượt giới hạn {limit}",
    "send the file in another way, or raise limits.max_attachment_bytes on all nodes",
    "gửi tệp bằng cách khác, hoặc nâng limits.max_attachment_bytes trên mọi nút",
)
TEST_WITHOUT_EXPECTATION: Final = Text(
    "EDX-1101",
    "a test names either the packet that it expects or the codes that refuse the record",
    "ca kiểm thử phải nêu gói tin mẫu hoặc các mã từ chối",
    "write expect: FILE or refused: [CODE, …]",
    "ghi expect: TỆP hoặc refused: [MÃ, …]",
)
TEST_ROW_ABSENT: Final = Text(
    "EDX-1102",
    "the test is about record {row}, the sample export has {count}",
    "ca kiểm thử dùng bản ghi {row} trong khi tệp mẫu chỉ có {count}",
    "correct row, or complete the sample export",
    "sửa row hoặc bổ sung tệp mẫu",
)
TEST_MOMENT: Final = Text(
    "EDX-1103",
    "'{found}' is neither a moment with its zone nor a date",
    "'{found}' không phải là thời điểm có múi giờ, cũng không phải là ngày",
    "write now: 2026-11-23T08:00:00+07:00, or now: 2026-11-23 for 08:00 in Vietnam",
    "ghi now: 2026-11-23T08:00:00+07:00, hoặc now: 2026-11-23 (tức 08:00 giờ Việt Nam)",
)
TEST_BEFORE_DOCUMENT: Final = Text(
    "EDX-1104",
    "the document lies after {now}, the moment of all tests",
    "văn bản có ngày sau {now}, thời điểm của mọi ca kiểm thử",
    "set now: at the top of tests.yaml to the day of the export, at least now: {example}",
    "đặt now: ở đầu tests.yaml là ngày kết xuất, sớm nhất là now: {example}",
)
TEST_CODE_UNKNOWN: Final = Text(
    "EDX-1109",
    "no finding has the code {code}",
    "không có mã {code} trong danh mục thông báo",
    "write the code that `connector preview` shows for the record",
    "ghi mã mà `connector preview` hiển thị cho bản ghi đó",
)
KEY_REPEATS: Final = Text(
    "EDX-1105",
    "the key columns {columns} do not tell records apart: {keys} keys stand on different rows, "
    "{rows} rows in all of the {seen} that were read; first at {first} and {second}",
    "các cột khóa {columns} không phân biệt được bản ghi: {keys} khóa xuất hiện trên nhiều dòng "
    "khác nhau, tổng cộng {rows} trong {seen} dòng đã đọc; trước hết tại {first} và {second}",
    "choose columns that tell records apart; of rows with one key only the first is sent, the "
    "others count as changed later",
    "chọn các cột phân biệt được từng bản ghi; trong các dòng cùng khóa chỉ dòng đầu được gửi, các "
    "dòng sau bị coi là thay đổi sau khi gửi",
    severity=Severity.WARNING,
)
NOT_A_DIRECTORY: Final = Text(
    "EDX-1106",
    "the directory {path} cannot be used: {found} is a file",
    "không dùng được thư mục {path}: {found} là tệp",
    "name a directory, or move the file away",
    "chỉ định một thư mục hoặc chuyển tệp đi nơi khác",
)
NOT_WRITABLE: Final = Text(
    "EDX-1107",
    "the directory {path} cannot be used: this user may not write in {found}",
    "không dùng được thư mục {path}: người dùng hiện tại không có quyền ghi vào {found}",
    "run it as the daemon's user, and give that user the directory (chown, mount read-write)",
    "chạy lệnh bằng người dùng của dịch vụ và cấp thư mục cho người dùng đó (chown, gắn kết có "
    "quyền ghi)",
)
BROKER_HOST: Final = Text(
    "EDX-1108",
    "a host of broker.url has no name, or its port is not a number from 1 to 65535",
    "một máy chủ trong broker.url thiếu tên hoặc có cổng không phải là số từ 1 đến 65535",
    "write amqps://HOST:5671/VHOST; several hosts are separated by commas",
    "ghi amqps://MÁY-CHỦ:5671/VHOST; nhiều máy chủ cách nhau bằng dấu phẩy",
)
SEAL_WORKER_DIED: Final = Text(
    "EDX-4110",
    "the processes that sign ended twice over one packet: {reason}",
    "các tiến trình ký đã kết thúc hai lần khi ký một gói tin: {reason}",
    "documents wait and are tried again; see the system's log for the cause (memory, a token's "
    "library); with seal_workers: 0 the daemon signs by itself",
    "văn bản chờ và được thử lại; xem nguyên nhân trong nhật ký hệ thống (bộ nhớ, thư viện thiết "
    "bị); với seal_workers: 0 tiến trình chính tự ký",
)
CHECK_WORKER_DIED: Final = Text(
    "EDX-7054",
    "the processes that verify packets ended twice over this one: {reason}",
    "các tiến trình kiểm tra gói tin đã kết thúc hai lần khi xử lý gói này: {reason}",
    "see the system's log for the cause; if it was short of memory, `connector inbox retry ID`",
    "xem nguyên nhân trong nhật ký hệ thống; nếu do thiếu bộ nhớ, chạy `connector inbox retry ID`",
)
SEALING_STOPPED: Final = Text(
    "EDX-4111",
    "packets are no longer sealed: the node is being closed",
    "hệ thống đang dừng nên không ký gói tin nữa",
    "nothing is lost; it goes on after the next start",
    "không mất dữ liệu; hệ thống tiếp tục sau lần khởi động tới",
)
SIGNED_BY_ANOTHER: Final = Text(
    "EDX-4112",
    "the packet is already signed by {subject}, which is not known to sign for {code}",
    "gói tin đã có chữ ký của {subject}, không được biết là ký thay mặt {code}",
    "`connector keys register` if that certificate is the agency's own; otherwise look at the "
    "packet, and if the agency stands for it replace the signature with `connector sign`",
    "nếu chứng thư là của cơ quan: `connector keys register`; nếu không: kiểm tra gói tin, khi cơ "
    "quan chịu trách nhiệm về nội dung thì thay chữ ký bằng `connector sign`",
)
SENT_UNROUTABLE: Final = Text(
    "EDX-7001",
    "the broker knows no way to {receiver}",
    "hạ tầng trung chuyển không có tuyến tới {receiver}",
    "see `connector agencies explain {receiver}`; send again with `connector resend` once the "
    "agency is connected",
    "xem `connector agencies explain {receiver}`; gửi lại bằng `connector resend` khi cơ quan đã "
    "kết nối",
)
SENT_NACKED: Final = Text(
    "EDX-7002",
    "the broker does not accept messages for {receiver} at present: {reason}",
    "hạ tầng trung chuyển tạm thời không nhận tin cho {receiver}: {reason}",
    "it is sent again by itself; if it lasts, the receiver's queue is full",
    "hệ thống tự gửi lại; nếu kéo dài thì hàng đợi của bên nhận đã đầy",
)
SENT_REFUSED: Final = Text(
    "EDX-7003",
    "the broker refused the message for {receiver}: {reason}",
    "hạ tầng trung chuyển từ chối tin gửi {receiver}: {reason}",
    "check size limits, the broker's user and `connector topology check`",
    "kiểm tra giới hạn kích thước, tài khoản RabbitMQ và `connector topology check`",
)
SENT_TOO_OLD: Final = Text(
    "EDX-7004",
    "given up after {attempts} attempts since {since}",
    "dừng gửi sau {attempts} lần kể từ {since}",
    "remove the cause, then `connector outbox retry {packet_id}`",
    "khắc phục nguyên nhân rồi chạy `connector outbox retry {packet_id}`",
)
MESSAGE_WITHOUT_USER: Final = Text(
    "EDX-7010",
    "the message does not say which broker user sent it",
    "tin không cho biết tài khoản RabbitMQ đã gửi",
    "only nodes that set user_id may send; report to the broker's operator",
    "chỉ các nút có đặt user_id mới được gửi; báo đơn vị vận hành RabbitMQ",
)
PART_UNUSABLE: Final = Text(
    "EDX-7050",
    "the message is a part of a packet, but its headers cannot be used: {reason}",
    "tin là một phần của gói tin nhưng tiêu đề không dùng được: {reason}",
    "report to the sender; the other parts of this packet are dropped",
    "báo bên gửi; các phần còn lại của gói tin này bị bỏ",
)
PART_CONFLICT: Final = Text(
    "EDX-7051",
    "part {number} of {parts} came again with other content",
    "phần {number}/{parts} đến lần nữa với nội dung khác",
    "ask the sender; the part that came first is used",
    "hỏi bên gửi; hệ thống dùng phần đến trước",
)
PARTS_MISMATCH: Final = Text(
    "EDX-7052",
    "the parts have {found} bytes together, {stated} were announced",
    "các phần ghép lại có {found} byte, trong khi đã báo {stated} byte",
    "ask the sender to send the packet again",
    "đề nghị bên gửi gửi lại gói tin",
)
PARTS_EXPIRED: Final = Text(
    "EDX-7053",
    "{missing} of {parts} parts of a packet of {sender} did not come in time",
    "{missing}/{parts} phần của gói tin từ {sender} không đến đúng hạn",
    "ask the sender to send the packet again; what had come was removed",
    "đề nghị bên gửi gửi lại gói tin; các phần đã đến đã được xóa",
)
PARTS_CROWDED: Final = Text(
    "EDX-7055",
    "{sender} leaves too many packets unfinished; one with {missing} of {parts} parts missing went",
    "{sender} để dở quá nhiều gói tin; đã bỏ một gói còn thiếu {missing}/{parts} phần",
    "ask the sender why, and to send it again; limits.max_unfinished_* in connector.yaml bound it",
    "hỏi bên gửi lý do và đề nghị gửi lại; giới hạn: limits.max_unfinished_* trong connector.yaml",
)
MESSAGE_ENVIRONMENT: Final = Text(
    "EDX-7011",
    "the message is for environment {theirs}, this node runs in {ours}",
    "tin thuộc môi trường {theirs}, nút này chạy ở môi trường {ours}",
    "the sender corrects `environment` in its connector.yaml",
    "bên gửi sửa `environment` trong connector.yaml",
)
MESSAGE_KIND: Final = Text(
    "EDX-7012",
    "the message calls itself {stated}, its content is {found}",
    "tin tự ghi là {stated} nhưng nội dung là {found}",
    "report to the sender's operator",
    "báo đơn vị vận hành bên gửi",
)
MESSAGE_DEAD: Final = Text(
    "EDX-7013",
    "the broker gave the message up: {reason}",
    "hạ tầng trung chuyển đã bỏ tin này: {reason}",
    "look at it with `connector inbox show`, then release or park it",
    "xem bằng `connector inbox show`, sau đó cho xử lý lại hoặc lưu giữ",
)
SENDER_NOT_VOUCHED: Final = Text(
    "EDX-7014",
    "broker user {user} may not bring packets of {sender}",
    "tài khoản {user} không được chuyển gói tin của {sender}",
    "treat it as a forgery until the agency confirms otherwise",
    "coi là giả mạo cho đến khi cơ quan gửi xác nhận",
)
NOT_ADDRESSED: Final = Text(
    "EDX-7015",
    "the packet is not addressed to {receiver}, for which it was sent here",
    "gói tin không ghi nơi nhận {receiver} dù được chuyển đến đây cho đơn vị này",
    "report to the sender's operator",
    "báo đơn vị vận hành bên gửi",
)
UNIT_NOT_SERVED: Final = Text(
    "EDX-7016",
    "this node does not receive documents for {receiver}",
    "nút này không tiếp nhận văn bản cho {receiver}",
    "send to the agency above it, or ask which code to use (NĐ 30/2020 Đ21(2b))",
    "gửi tới cơ quan cấp trên hoặc hỏi lại mã định danh cần dùng (NĐ 30/2020 Đ21(2b))",
)
RECEIVED_CONFLICT: Final = Text(
    "EDX-7017",
    "document {document_id} of the same sender is already here with other content",
    "văn bản {document_id} của cùng bên gửi đã có ở đây với nội dung khác",
    "a change of content takes a replacing document (type 3)",
    "thay đổi nội dung phải gửi văn bản thay thế (loại 3)",
)
ACT_TARGET_UNKNOWN: Final = Text(
    "EDX-7018",
    "the document {document_id} on which the packet acts is not known here",
    "không tìm thấy văn bản {document_id} mà gói tin yêu cầu xử lý",
    "send the document first, then the act",
    "gửi văn bản trước, sau đó gửi yêu cầu",
)
ACT_AMBIGUOUS: Final = Text(
    "EDX-7019",
    "it is not clear which document the packet acts on: {named}",
    "không xác định được gói tin yêu cầu xử lý văn bản nào: {named}",
    "a person decides: `connector inbox release` or `connector reply … 16`",
    "cần người có thẩm quyền quyết định: `connector inbox release` hoặc `connector reply … 16`",
)
STATUS_FOREIGN: Final = Text(
    "EDX-7020",
    "the status names digest {digest}, which is of none of our packets",
    "trạng thái nêu mã băm {digest} không thuộc gói tin nào của ta",
    "somebody answers what we did not send: tell the agency {sender}",
    "có nơi trả lời nội dung ta không gửi: thông báo cho cơ quan {sender}",
)
STATUS_UNMATCHED: Final = Text(
    "EDX-7021",
    "no delivery of ours to {sender} is meant by document {document_id}",
    "không có lượt gửi nào của ta tới {sender} ứng với văn bản {document_id}",
    "compare the document id with the agency {sender}",
    "đối chiếu mã định danh văn bản với cơ quan {sender}",
)
STATUS_NO_CHANGE: Final = Text(
    "EDX-7022",
    "status {status} changes nothing: the delivery is already {state}",
    "trạng thái {status} không thay đổi gì: lượt gửi đang ở {state}",
    severity=Severity.INFO,
)
STATUS_TOO_EARLY: Final = Text(
    "EDX-7023",
    "status {status} answers an earlier sending: the packet has yet to be sent again",
    "trạng thái {status} trả lời lần gửi trước: gói tin còn chờ gửi lại",
    "nothing is to be done: it leaves by itself, and the receiver answers that copy",
    "không cần làm gì: gói tin tự được gửi, bên nhận sẽ trả lời lần gửi đó",
    severity=Severity.INFO,
)
UNKNOWN_ID: Final = Text(
    "EDX-7030",
    "nothing is known under {text}",
    "không tìm thấy {text}",
    "use a packet id (its beginning is enough), a document id or số/ký hiệu",
    "dùng mã gói tin (phần đầu là đủ), mã định danh văn bản hoặc số/ký hiệu",
)
AMBIGUOUS_ID: Final = Text(
    "EDX-7031",
    "{text} means several packets: {packets}",
    "{text} ứng với nhiều gói tin: {packets}",
    "give more of the packet id",
    "ghi đầy đủ hơn mã gói tin",
)
ACTION_NOT_POSSIBLE: Final = Text(
    "EDX-7032",
    "{action} is not possible: {reason_en}",
    "không thể thực hiện {action}: {reason_vi}",
    "see `connector status {target}`",
    "xem `connector status {target}`",
)
RECALL_NOT_REFUSABLE: Final = Text(
    "EDX-7033",
    "an authenticated recall cannot be refused (QĐ 28/2018 Đ9(2))",
    "không được từ chối yêu cầu thu hồi đã xác thực (QĐ 28/2018 Đ9(2))",
    "cancel the document; 15 goes back by itself",
    "hủy văn bản; trạng thái 15 được gửi tự động",
)
SINK_FAILED: Final = Text(
    "EDX-7034",
    "the sink failed for {attempts} attempts since {since}: {reason}",
    "nơi tiếp nhận lỗi {attempts} lần kể từ {since}: {reason}",
    "repair the legacy system's side, then `connector inbox retry`",
    "khắc phục phía hệ thống QLVB rồi chạy `connector inbox retry`",
)
NO_SINK: Final = Text(
    "EDX-7035",
    "no sink is configured for {receiver}",
    "chưa cấu hình nơi tiếp nhận cho {receiver}",
    "add one under sinks in connector.yaml",
    "bổ sung trong mục sinks của connector.yaml",
)

UNEXPECTED: Final = Text(
    "EDX-7040",
    "the program failed on this message: {reason}",
    "chương trình gặp lỗi khi xử lý tin này: {reason}",
    "report it with `connector inbox export`; after an update `connector inbox retry`",
    "báo lỗi kèm tệp từ `connector inbox export`; sau khi cập nhật, chạy `connector inbox retry`",
)
RECALL_REFUSED: Final = Text(
    "EDX-7041",
    "{receiver} did not take document {document_id} back: {reason}",
    "{receiver} không thu hồi văn bản {document_id}: {reason}",
    "ask the agency; then `connector resend` the recall's packet",
    "liên hệ cơ quan nhận; sau đó chạy `connector resend` với gói thu hồi",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
