"""What can be wrong with a mapping or with a record that is mapped: EDX-12xx (see value_codes).

EDX-1201 to 1209 are refusals because of secrecy: they never tell a value. EDX-1210 to 1239 are
about adapter.yaml, EDX-1240 to 1279 about a record's values; those about its files are in
attachment_codes.
"""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = [
    "AMBIGUOUS_DATE",
    "BAD_CODE",
    "BAD_KIND",
    "BAD_NUMBER",
    "BAD_PATTERN",
    "BAD_TITLE",
    "CATALOGUE",
    "COLUMN_ABSENT",
    "CORRUPT_TEXT",
    "EMPTY_KEY",
    "FIELD_AND_PART",
    "FORBIDDEN_CHARACTER",
    "IMPOSSIBLE_DATE",
    "KEY_COLUMN_ABSENT",
    "MISSING_FIELD",
    "NOT_A_BOOLEAN",
    "NOT_A_DATE",
    "NOT_A_TRANSFORM",
    "NOT_ONE_SOURCE",
    "NOT_ONE_VALUE",
    "NOT_TEXT",
    "OWN_RECEIVER",
    "REPLACES_CONFLICT",
    "REPLACES_MISSING",
    "REQUIRED_BY_LAW",
    "REQUIRED_UNMAPPED",
    "RESPONSE_UNEVEN",
    "SECRECY_ABSENT",
    "SECRECY_COLUMN_PRESENT",
    "SECRECY_OPENED",
    "SECRECY_UNKNOWN",
    "SECRECY_VALUE",
    "SECRET",
    "TABLE_DUPLICATE",
    "TABLE_HEADER",
    "TABLE_ROW",
    "TABLE_UNREADABLE",
    "UNKNOWN_COLUMN",
    "UNKNOWN_FIELD",
    "UNKNOWN_PRIORITY",
    "UNKNOWN_TABLE",
    "UNKNOWN_TRANSFORM",
    "UNKNOWN_TYPE",
    "UNKNOWN_VALUE",
    "UPDATE_CONFLICT",
    "UPDATE_EMPTY",
]

SECRET: Final = Text(
    "EDX-1201",
    "the record is marked as state secret: it is refused before packaging (QĐ 28/2018 Đ1(2))",
    "bản ghi có độ mật: bị từ chối trước khi đóng gói (QĐ 28/2018 Đ1(2))",
    "secret documents go by the channel that the law on state secrets prescribes",
    "văn bản mật gửi theo phương thức do pháp luật về bảo vệ bí mật nhà nước quy định",
)
SECRECY_UNKNOWN: Final = Text(
    "EDX-1202",
    "the value of the secrecy column is not in table '{table}': refused like a secret one",
    "giá trị ở cột độ mật không có trong bảng '{table}': bị từ chối như văn bản mật",
    "complete the table; the value itself is not shown",
    "bổ sung bảng mã; giá trị không được hiển thị",
)
SECRECY_ABSENT: Final = Text(
    "EDX-1203",
    "the record has no secrecy column '{column}': refused like a secret one",
    "bản ghi không có cột độ mật '{column}': bị từ chối như văn bản mật",
    "export the column, or correct secrecy.column",
    "kết xuất cột này, hoặc sửa secrecy.column",
)
SECRECY_COLUMN_PRESENT: Final = Text(
    "EDX-1204",
    "secrecy says not_exported, yet the column '{column}' looks like a degree of secrecy",
    "secrecy khai báo not_exported nhưng cột '{column}' có vẻ là độ mật",
    "use it: secrecy: {{column: {column}, table: …}}",
    "hãy dùng cột đó: secrecy: {{column: {column}, table: …}}",
)
SECRECY_VALUE: Final = Text(
    "EDX-1210",
    "'{value}' in the secrecy table is neither open nor secret",
    "'{value}' trong bảng độ mật không phải là open hoặc secret",
    "map every value of the column to open or secret",
    "gán mỗi giá trị của cột thành open hoặc secret",
)
SECRECY_OPENED: Final = Text(
    "EDX-1211",
    "'{value}' is a degree of state secrecy and cannot be open (NĐ 30/2020 PL I)",
    "'{value}' là độ mật theo quy định, không thể là open (NĐ 30/2020 PL I)",
    "map it to secret",
    "gán thành secret",
)
UNKNOWN_FIELD: Final = Text(
    "EDX-1212",
    "'{field}' is not a field of a document{suggestion_en}",
    "'{field}' không phải là trường của văn bản{suggestion_vi}",
    "see the list of fields in the reference of adapter.yaml",
    "xem danh sách trường trong tài liệu tham khảo adapter.yaml",
)
UNKNOWN_TRANSFORM: Final = Text(
    "EDX-1213",
    "there is no transform '{name}'{suggestion_en}",
    "không có phép biến đổi '{name}'{suggestion_vi}",
    "see 'connector list transforms'",
    "xem 'connector list transforms'",
)
NOT_A_TRANSFORM: Final = Text(
    "EDX-1214",
    "a transform is a name, or one name with its argument",
    "phép biến đổi là một tên, hoặc một tên kèm tham số",
    'for example: trim, or {{split: ";"}}',
    'ví dụ: trim, hoặc {{split: ";"}}',
)
NOT_ONE_SOURCE: Final = Text(
    "EDX-1215",
    "exactly one of {names} is needed",
    "cần đúng một trong: {names}",
)
UNKNOWN_TABLE: Final = Text(
    "EDX-1216",
    "there is no table '{name}'{suggestion_en}",
    "không có bảng mã '{name}'{suggestion_vi}",
    "declare it under tables",
    "khai báo bảng trong mục tables",
)
REQUIRED_UNMAPPED: Final = Text(
    "EDX-1217",
    "the field '{field}' ({title}) is required in every document and is not mapped",
    "trường '{field}' ({title}) bắt buộc với mọi văn bản nhưng chưa được ánh xạ",
    "add it under fields",
    "bổ sung trong mục fields",
)
REQUIRED_BY_LAW: Final = Text(
    "EDX-1218",
    "the field '{field}' ({title}) cannot be optional",
    "trường '{field}' ({title}) không thể là tùy chọn",
    "remove 'required: false'",
    "bỏ 'required: false'",
)
FIELD_AND_PART: Final = Text(
    "EDX-1219",
    "'{field}' and its part '{part}' are both mapped",
    "'{field}' và thành phần '{part}' của nó cùng được ánh xạ",
    "keep the whole or the parts",
    "giữ trường tổng thể hoặc các thành phần",
)
TABLE_UNREADABLE: Final = Text(
    "EDX-1220",
    "the table file cannot be read: {reason}",
    "không đọc được tệp bảng mã: {reason}",
    "check path, permissions and charset (UTF-8)",
    "kiểm tra đường dẫn, quyền truy cập và bảng mã (UTF-8)",
)
TABLE_HEADER: Final = Text(
    "EDX-1221",
    "the first line of a table file must name the columns 'from' and 'to'",
    "dòng đầu của tệp bảng mã phải có tên cột 'from' và 'to'",
)
TABLE_ROW: Final = Text(
    "EDX-1222",
    "the row has {found} values instead of {expected}",
    "dòng có {found} giá trị thay vì {expected}",
    "quote values that contain commas",
    "đặt trong nháy kép giá trị có dấu phẩy",
)
TABLE_DUPLICATE: Final = Text(
    "EDX-1223",
    "'{value}' stands twice in the table",
    "'{value}' xuất hiện hai lần trong bảng mã",
    "remove one of the two",
    "bỏ một trong hai",
)
UNKNOWN_COLUMN: Final = Text(
    "EDX-1224",
    "the export has no column '{column}'{suggestion_en}",
    "tệp kết xuất không có cột '{column}'{suggestion_vi}",
    "columns of the export: {known}",
    "các cột của tệp kết xuất: {known}",
)
BAD_PATTERN: Final = Text(
    "EDX-1225",
    "'{pattern}' is not a date pattern",
    "'{pattern}' không phải là mẫu ngày",
    "use dd, MM, yyyy (HH, mm, ss, fff) with separators; or text, excel",
    "dùng dd, MM, yyyy (HH, mm, ss, fff) và dấu phân cách; hoặc text, excel",
)
MISSING_FIELD: Final = Text(
    "EDX-1240",
    "'{field}' ({title}) is empty",
    "'{field}' ({title}) bị trống",
    "complete the record in the legacy system; the connector never invents a value",
    "bổ sung dữ liệu trong hệ thống nguồn; connector không tự điền giá trị",
)
COLUMN_ABSENT: Final = Text(
    "EDX-1241",
    "the record has no column '{column}'{suggestion_en}",
    "bản ghi không có cột '{column}'{suggestion_vi}",
    "check the export and the column's name in adapter.yaml",
    "kiểm tra tệp kết xuất và tên cột trong adapter.yaml",
)
NOT_A_DATE: Final = Text(
    "EDX-1242",
    "'{value}' is not a date in the form {patterns}",
    "'{value}' không phải là ngày theo mẫu {patterns}",
    "correct the value, or add its form to the transform date",
    "sửa giá trị, hoặc bổ sung mẫu vào phép biến đổi date",
)
IMPOSSIBLE_DATE: Final = Text(
    "EDX-1243",
    "'{value}' is not a day of the calendar",
    "'{value}' không phải là ngày có thật",
    "correct the date in the legacy system",
    "sửa ngày trong hệ thống nguồn",
)
AMBIGUOUS_DATE: Final = Text(
    "EDX-1244",
    "'{value}' can be read as {first} and as {second}",
    "'{value}' có thể hiểu là {first} hoặc {second}",
    "keep one of the contradicting patterns",
    "chỉ giữ một trong các mẫu mâu thuẫn",
)
BAD_NUMBER: Final = Text(
    "EDX-1245",
    "'{value}' is not a whole number",
    "'{value}' không phải là số nguyên",
)
BAD_CODE: Final = Text(
    "EDX-1246",
    "'{value}' is not a number and notation",
    "'{value}' không phải là số và ký hiệu văn bản",
    "for example 7816/VPCP-TTĐT, 28/2018/QĐ-TTg or 01-NQ/TW, without spaces (NĐ 30/2020 PL I)",
    "ví dụ 7816/VPCP-TTĐT, 28/2018/QĐ-TTg hoặc 01-NQ/TW, không cách chữ (NĐ 30/2020 PL I)",
)
UNKNOWN_VALUE: Final = Text(
    "EDX-1247",
    "'{value}' is not in table '{table}'{suggestion_en}",
    "'{value}' không có trong bảng mã '{table}'{suggestion_vi}",
    "add it to the table",
    "bổ sung vào bảng mã",
)
UNKNOWN_TYPE: Final = Text(
    "EDX-1248",
    "'{value}' is not a kind of document{suggestion_en}",
    "'{value}' không phải là tên loại văn bản{suggestion_vi}",
    "use the name or abbreviation of NĐ 30/2020 PL III, or a table before document_type",
    "dùng tên hoặc chữ viết tắt theo NĐ 30/2020 PL III, hoặc bảng mã trước document_type",
)
UNKNOWN_PRIORITY: Final = Text(
    "EDX-1250",
    "'{value}' is not a degree of urgency",
    "'{value}' không phải là mức độ khẩn",
    "known: {known}; put numbers of the legacy system through a table first",
    "các mức: {known}; nếu hệ thống nguồn dùng số, hãy đổi qua bảng mã trước",
)
NOT_A_BOOLEAN: Final = Text(
    "EDX-1251",
    "'{value}' is neither yes ({yes}) nor no ({no})",
    "'{value}' không phải là có ({yes}) hay không ({no})",
)
NOT_TEXT: Final = Text(
    "EDX-1252",
    "a {kind} value cannot be used as text here",
    "giá trị kiểu {kind} không dùng làm văn bản ở đây được",
    "a date has no form of its own: use it in a date field",
    "ngày không có cách viết duy nhất: hãy dùng cho trường ngày",
)
BAD_KIND: Final = Text(
    "EDX-1253",
    "'{value}' does not fit '{field}', which is {kind_en}",
    "'{value}' không phù hợp với '{field}' (kiểu {kind_vi})",
    "add the right transform: {transforms}",
    "bổ sung phép biến đổi phù hợp: {transforms}",
)
NOT_ONE_VALUE: Final = Text(
    "EDX-1254",
    "'{field}' takes one value, {count} were given",
    "'{field}' chỉ nhận một giá trị, đang có {count}",
    "use join, or another field",
    "dùng join, hoặc trường khác",
)
FORBIDDEN_CHARACTER: Final = Text(
    "EDX-1255",
    "the text holds characters that XML cannot carry: {characters}",
    "văn bản chứa ký tự mà XML không thể hiện được: {characters}",
    "remove them in the legacy system, or by the transform strip_controls",
    "xóa trong hệ thống nguồn, hoặc dùng phép biến đổi strip_controls",
)
CORRUPT_TEXT: Final = Text(
    "EDX-1256",
    "the text holds U+FFFD: a character was lost when it was decoded",
    "văn bản chứa U+FFFD: đã mất ký tự khi giải mã",
    "check the charset of the source; the original character cannot be restored here",
    "kiểm tra bảng mã của nguồn; không thể khôi phục ký tự gốc ở đây",
)
BAD_TITLE: Final = Text(
    "EDX-1257",
    "'{value}' names an authority to sign but no position",
    "'{value}' có thẩm quyền ký nhưng không có chức vụ",
)
EMPTY_KEY: Final = Text(
    "EDX-1258",
    "the key column '{column}' is empty: the record cannot be told from others",
    "cột khóa '{column}' bị trống: không phân biệt được bản ghi",
)
KEY_COLUMN_ABSENT: Final = Text(
    "EDX-1259",
    "the record has no key column '{column}'",
    "bản ghi không có cột khóa '{column}'",
)
OWN_RECEIVER: Final = Text(
    "EDX-1260",
    "the receiver {code} is the sender itself",
    "cơ quan nhận {code} chính là cơ quan gửi",
    "take it off the list of receivers",
    "bỏ khỏi danh sách nơi nhận",
)
REPLACES_CONFLICT: Final = Text(
    "EDX-1261",
    "the record names documents that it replaces, but its business type is {type}",
    "bản ghi nêu văn bản bị thay thế nhưng loại nghiệp vụ là {type}",
    "only type 3 replaces",
    "chỉ loại 3 là thay thế",
)
REPLACES_MISSING: Final = Text(
    "EDX-1262",
    "business type 3 replaces, but no document is named in business.replaces",
    "loại nghiệp vụ 3 là thay thế nhưng business.replaces không nêu văn bản nào",
)
RESPONSE_UNEVEN: Final = Text(
    "EDX-1263",
    "the parts of response_for have different numbers of values: {counts}",
    "các thành phần của response_for có số giá trị khác nhau: {counts}",
)
UPDATE_EMPTY: Final = Text(
    "EDX-1264",
    "business type 2 updates receivers, but none is added or removed",
    "loại nghiệp vụ 2 cập nhật nơi nhận nhưng không có nơi nào được thêm hoặc bớt",
    "map business.added or business.removed; content is changed by a new document (NĐ 30 Đ18(3))",
    "ánh xạ business.added hoặc business.removed; nội dung chỉ sửa bằng văn bản mới (NĐ 30 Đ18(3))",
)
UPDATE_CONFLICT: Final = Text(
    "EDX-1265",
    "the record adds or removes receivers, but its business type is {type}",
    "bản ghi thêm hoặc bớt nơi nhận nhưng loại nghiệp vụ là {type}",
    "only type 2 updates receivers",
    "chỉ loại 2 cập nhật nơi nhận",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(vars().values()) if isinstance(value, Text)
)
