"""What the business rules (22xx) and the handling of attachments (23xx) have to say."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

SECRET_MARK: Final = Text(
    "EDX-2201",
    "the packet bears a mark of state secrecy",
    "gói tin mang dấu chỉ độ mật",
    "state secrets never travel on the axis; use the channel of the law on state secrets",
    "văn bản mật không được gửi qua trục; gửi theo quy định về bảo vệ bí mật nhà nước",
)
DATE_IN_FUTURE: Final = Text(
    "EDX-2202",
    "the day {date} lies in the future",
    "ngày {date} ở tương lai",
    "correct the date at its source, or check the clock of this machine",
    "sửa ngày tại hệ thống nguồn hoặc kiểm tra đồng hồ của máy",
)
DATE_TOO_OLD: Final = Text(
    "EDX-2203",
    "the day {date} lies before 1945",
    "ngày {date} ở trước năm 1945",
    "probably a misread date; check it at its source",
    "có thể ngày bị đọc sai; kiểm tra lại tại hệ thống nguồn",
    Severity.WARNING,
)
DUE_BEFORE_PROMULGATION: Final = Text(
    "EDX-2204",
    "the document is due before it was issued",
    "hạn xử lý trước ngày ban hành",
    "check the due date at its source",
    "kiểm tra lại hạn xử lý tại hệ thống nguồn",
    Severity.WARNING,
)
RECEIVER_TWICE: Final = Text(
    "EDX-2205",
    "the receiver {code} stands more than once",
    "nơi nhận {code} bị lặp lại",
    "name each receiver once",
    "mỗi nơi nhận chỉ ghi một lần",
)
SENDER_IS_RECEIVER: Final = Text(
    "EDX-2206",
    "the sender is among the receivers",
    "bên gửi nằm trong danh sách nơi nhận",
    "take the agency itself off the list of receivers",
    "bỏ chính cơ quan gửi khỏi danh sách nơi nhận",
    Severity.WARNING,
)
NUMBER_SHAPE: Final = Text(
    "EDX-2207",
    "'{value}' is not written like a document number",
    "'{value}' không đúng cách ghi số văn bản",
    "digits, numbers below 10 with a leading zero, no spaces",
    "ghi bằng chữ số, số dưới 10 thêm số 0 phía trước, không có dấu cách",
    Severity.WARNING,
)
NOTATION_SHAPE: Final = Text(
    "EDX-2208",
    "'{value}' is not written like a notation",
    "'{value}' không đúng cách ghi ký hiệu văn bản",
    "no spaces; parts joined by '-', for example QĐ-TTg",
    "không có dấu cách; các phần nối bằng dấu '-', ví dụ QĐ-TTg",
    Severity.WARNING,
)
ID_DIFFERS: Final = Text(
    "EDX-2209",
    "DocumentId says {said}, the header says {found}",
    "DocumentId ghi {said}, phần đầu ghi {found}",
    "one of the two is wrong; check the mapping of document_id",
    "một trong hai giá trị sai; kiểm tra ánh xạ document_id",
    Severity.WARNING,
)
RECALL_UNCLEAR: Final = Text(
    "EDX-2210",
    "it is not clear which document is recalled",
    "không rõ văn bản nào bị thu hồi",
    "Bussiness/DocumentId, ResponseFor and DocumentId must name the same document",
    "Bussiness/DocumentId, ResponseFor và DocumentId phải chỉ cùng một văn bản",
)
RECALL_BY_OTHER: Final = Text(
    "EDX-2211",
    "only the issuer recalls a document, this one names {code}",
    "chỉ cơ quan ban hành được thu hồi văn bản, ở đây lại ghi {code}",
    "ResponseFor/OrganId of a recall is the sender itself",
    "ResponseFor/OrganId của gói thu hồi phải là chính bên gửi",
)
UPDATE_WITHOUT_ID: Final = Text(
    "EDX-2212",
    "the update does not name the document that it updates",
    "gói cập nhật không nêu văn bản được cập nhật",
    "write it into Bussiness/DocumentId",
    "ghi vào Bussiness/DocumentId",
)
UPDATE_CHANGES_CONTENT: Final = Text(
    "EDX-2213",
    "an update carries attachments",
    "gói cập nhật kèm theo tệp đính kèm",
    "an update changes receivers and transport data only; changed content takes a replacing"
    " document or a correcting letter",
    "gói cập nhật chỉ thay đổi nơi nhận và dữ liệu truyền nhận; sửa nội dung phải ban hành"
    " văn bản thay thế hoặc công văn đính chính",
)
UPDATE_SAYS_CONTENT: Final = Text(
    "EDX-2214",
    "the update says that it changes the document's information",
    "gói cập nhật ghi rằng có thay đổi thông tin văn bản",
    "receivers keep the document as it was issued",
    "bên nhận giữ nguyên văn bản như khi ban hành",
    Severity.WARNING,
)
UPDATE_OF_NOTHING: Final = Text(
    "EDX-2215",
    "the update does not say what changes",
    "gói cập nhật không nêu nội dung thay đổi",
    "name the receivers added or taken off in BussinessDocumentInfo",
    "nêu nơi nhận được thêm hoặc bớt trong BussinessDocumentInfo",
    Severity.WARNING,
)
REPLACES_NOTHING: Final = Text(
    "EDX-2216",
    "the replacing document does not name what it replaces",
    "văn bản thay thế không nêu văn bản bị thay thế",
    "write it into ReplacementInfoList",
    "ghi vào ReplacementInfoList",
)
REPLACES_ITSELF: Final = Text(
    "EDX-2217",
    "the document replaces itself",
    "văn bản tự thay thế chính mình",
    "a replacing document has an id of its own",
    "văn bản thay thế phải có mã định danh riêng",
)
REPLACES_FOR_STRANGER: Final = Text(
    "EDX-2218",
    "the replacement names {code}, which is not a receiver",
    "phần thay thế nêu {code} nhưng đây không phải nơi nhận",
    "list only receivers of this packet",
    "chỉ liệt kê nơi nhận của gói tin này",
    Severity.WARNING,
)
ACT_OF_OTHER_TYPE: Final = Text(
    "EDX-2219",
    "{element} has no meaning in a packet of business type {type}",
    "{element} không có ý nghĩa trong gói tin có loại nghiệp vụ {type}",
    "check BussinessDocType",
    "kiểm tra lại BussinessDocType",
    Severity.WARNING,
)
PAPER_FOLLOWS: Final = Text(
    "EDX-2220",
    "the packet says that a paper copy follows",
    "gói tin ghi có gửi kèm bản giấy",
    "paper follows only to the Government, the Prime Minister and by the agency head's list",
    "chỉ gửi bản giấy tới Chính phủ, Thủ tướng Chính phủ và theo danh mục của người đứng đầu",
    Severity.WARNING,
)
NO_REASON: Final = Text(
    "EDX-2221",
    "status {code} must say why",
    "trạng thái {code} phải nêu lý do",
    "fill Description; the sender has to know the reason",
    "điền Description; bên gửi cần biết lý do",
)
ANSWERS_ITSELF: Final = Text(
    "EDX-2222",
    "the agency reports a status to itself",
    "cơ quan tự gửi trạng thái cho chính mình",
    "check From and ResponseFor/OrganId",
    "kiểm tra From và ResponseFor/OrganId",
    Severity.WARNING,
)
NOT_NFC: Final = Text(
    "EDX-2223",
    "the text is not in Unicode form NFC",
    "văn bản không ở dạng Unicode dựng sẵn (NFC)",
    "searching and comparing fail on such text; the sender should compose it",
    "tìm kiếm và so sánh sẽ sai với văn bản này; bên gửi nên chuyển sang Unicode dựng sẵn",
    Severity.WARNING,
)
DAMAGED_TEXT: Final = Text(
    "EDX-2224",
    "the text holds U+{point:04X}, a sign of a wrong charset",
    "văn bản chứa U+{point:04X}, dấu hiệu sai bảng mã",
    "check the charset with which the source was read",
    "kiểm tra bảng mã khi đọc dữ liệu nguồn",
    Severity.WARNING,
)
NO_TRACE: Final = Text(
    "EDX-2225",
    "the packet has no trace of its sending",
    "gói tin không có vết gửi (TraceHeader)",
    "the sender writes the first TraceHeader",
    "bên gửi phải ghi TraceHeader đầu tiên",
    Severity.WARNING,
)
OVER_COMMON_LIMIT: Final = Text(
    "EDX-2226",
    "{length} characters; some systems in use accept only {limit}",
    "dài {length} ký tự; một số hệ thống đang dùng chỉ nhận {limit}",
    "shorten the value if such a system is a receiver",
    "rút ngắn giá trị nếu nơi nhận dùng hệ thống như vậy",
    Severity.WARNING,
)

ATTACHMENT_EMPTY: Final = Text(
    "EDX-2301",
    "the attachment is empty",
    "tệp đính kèm rỗng",
    "attach the file again at its source",
    "đính kèm lại tệp tại hệ thống nguồn",
)
ATTACHMENT_TOO_LARGE: Final = Text(
    "EDX-2302",
    "the attachment is larger than {limit} bytes",
    "tệp đính kèm lớn hơn {limit} byte",
    "split the dossier or raise limits.max_attachment_bytes",
    "chia nhỏ hồ sơ hoặc tăng limits.max_attachment_bytes",
)
BAD_BASE64: Final = Text(
    "EDX-2303",
    "the payload is not proper base64",
    "nội dung tệp không phải base64 hợp lệ",
    "the packet was damaged on its way or written by a faulty system",
    "gói tin bị hỏng trên đường truyền hoặc do hệ thống lỗi tạo ra",
)
NOT_ATTACHED: Final = Text(
    "EDX-2304",
    "the manifest lists {content_id}, but no such attachment is there",
    "danh mục (manifest) có {content_id} nhưng không có tệp đính kèm này",
    "the dossier is incomplete; the sender must send it again",
    "hồ sơ không đầy đủ; bên gửi phải gửi lại",
)
NOT_LISTED_IN_MANIFEST: Final = Text(
    "EDX-2305",
    "the attachment {content_id} is not in the manifest",
    "tệp đính kèm {content_id} không có trong danh mục (manifest)",
    "the sender must list every attachment",
    "bên gửi phải liệt kê mọi tệp đính kèm",
)
CONTENT_ID_TWICE: Final = Text(
    "EDX-2306",
    "the content id {content_id} stands more than once",
    "mã tệp {content_id} bị lặp lại",
    "every attachment has an id of its own",
    "mỗi tệp đính kèm phải có mã riêng",
)
NAME_DIFFERS: Final = Text(
    "EDX-2307",
    "the manifest gives the attachment another name",
    "tên tệp trong danh mục (manifest) khác tên tệp đính kèm",
    "the name of the attachment itself is used",
    "tên ghi tại tệp đính kèm được sử dụng",
    Severity.WARNING,
)
EXTENSION_DIFFERS: Final = Text(
    "EDX-2308",
    "the file inside has the extension {inner}, its name says {own}",
    "tệp bên trong có phần mở rộng {inner}, tên tệp ghi {own}",
    "open it with care; the sender should correct the name",
    "mở tệp thận trọng; bên gửi nên sửa lại tên",
    Severity.WARNING,
)
ZIP_BOMB: Final = Text(
    "EDX-2309",
    "the packed attachment would unfold to {size} bytes",
    "tệp nén sẽ bung ra thành {size} byte",
    "this is refused; such a file is an attack or a mistake",
    "bị từ chối; tệp như vậy là tấn công hoặc nhầm lẫn",
)
ZIP_DAMAGED: Final = Text(
    "EDX-2310",
    "the packed attachment is damaged",
    "tệp nén bị hỏng",
    "the sender must send it again",
    "bên gửi phải gửi lại",
)
BAD_CONTENT_ID: Final = Text(
    "EDX-2311",
    "the content id cannot name a file",
    "mã tệp không dùng được làm tên tệp",
    "use a UUID",
    "dùng UUID",
)
RAW_AMBIGUOUS: Final = Text(
    "EDX-2312",
    "readers would take this ZIP for a wrapping and unpack it",
    "bên nhận sẽ hiểu nhầm tệp ZIP này là lớp bọc và tự giải nén",
    "set attachment_encoding: zip for this route",
    "đặt attachment_encoding: zip cho tuyến này",
)
ATTACHMENT_CHANGED: Final = Text(
    "EDX-2313",
    "the attachment changed while it was read",
    "tệp đính kèm bị thay đổi trong khi đọc",
    "export it again and leave it alone until it is taken",
    "kết xuất lại và không sửa tệp cho đến khi được lấy đi",
)
NAME_UNSAFE: Final = Text(
    "EDX-2314",
    "the attachment's name holds {what_en}",
    "tên tệp đính kèm chứa {what_vi}",
    "give the file a plain name",
    "đặt lại tên tệp thông thường",
)
NAME_AWKWARD: Final = Text(
    "EDX-2315",
    "the attachment's name {what_en}",
    "tên tệp đính kèm {what_vi}",
    "some systems cannot store it; give the file a plain name",
    "một số hệ thống không lưu được; nên đặt lại tên tệp thông thường",
    Severity.WARNING,
)
NAME_TWICE: Final = Text(
    "EDX-2316",
    "another attachment has the same name",
    "có tệp đính kèm khác trùng tên",
    "rename one of them",
    "đổi tên một trong các tệp",
    Severity.WARNING,
)
PDF_DAMAGED: Final = Text(
    "EDX-2317",
    "the PDF was damaged by being handled as text",
    "tệp PDF bị hỏng do bị xử lý như văn bản",
    "the original must be attached again; this copy cannot be repaired",
    "phải đính kèm lại bản gốc; bản này không khôi phục được",
)
PROGRAM: Final = Text(
    "EDX-2318",
    "the attachment is a program",
    "tệp đính kèm là chương trình thực thi",
    "programs are not documents and are never delivered; send the document itself",
    "chương trình không phải văn bản và không bao giờ được chuyển giao; hãy gửi chính văn bản",
)
KIND_DIFFERS: Final = Text(
    "EDX-2319",
    "the attachment is called {claim}, but its first bytes are those of another kind ({kind})",
    "tệp đính kèm ghi là {claim}, nhưng nội dung thuộc loại khác ({kind})",
    "open it with care; the sender should check the file and correct its type and name",
    "mở tệp thận trọng; bên gửi nên kiểm tra tệp và sửa lại loại, tên tệp",
    Severity.WARNING,
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
"""Every message of this module, in the order of its codes."""
