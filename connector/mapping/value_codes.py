"""More of what can be wrong with a mapping: EDX-1226 to 1239 and 1266 to 1279.

What a person still has to decide, receivers in free text, days that are counted, and functions
in Python.
"""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = [
    "CATALOGUE",
    "CONDITION_UNCLEAR",
    "CONTENT_DIFFERS",
    "HOLIDAYS_UNKNOWN",
    "HOLIDAY_BAD",
    "NOT_A_PERIOD",
    "NO_LEADING_TYPE",
    "NO_PLACE",
    "PYTHON_ENABLED",
    "PYTHON_FAILED",
    "PYTHON_NOT_ENABLED",
    "PYTHON_RESULT",
    "PYTHON_UNKNOWN",
    "PYTHON_UNREADABLE",
    "RECEIVERS_ABOVE",
    "RECEIVER_AMBIGUOUS",
    "RECEIVER_GROUP",
    "RECEIVER_UNKNOWN",
    "SECRECY_UNDECIDED",
    "START_INCOMPLETE",
    "START_UNREADABLE",
    "TABLE_UNDECIDED",
    "TABLE_UNUSED",
    "UNDECIDED",
]

UNDECIDED: Final = Text(
    "EDX-1226",
    "a person has to decide this: '?' only keeps the place",
    "phần này cần người quyết định: '?' chỉ để giữ chỗ",
    "write the value that holds for this agency and this export",
    "ghi giá trị đúng với cơ quan và hệ thống nguồn này",
)
SECRECY_UNDECIDED: Final = Text(
    "EDX-1227",
    "nobody has said yet how secret documents are told in this export; it is never guessed "
    "(QĐ 28/2018 Đ1(2))",
    "chưa có ai xác định cách nhận biết văn bản mật trong tệp kết xuất này; connector không tự "
    "suy đoán (QĐ 28/2018 Đ1(2))",
    "write secrecy: {{column: …, table: …}} with open or secret for every value; or, if the "
    "system exports no secret documents, secrecy: {{not_exported: reason}}",
    "ghi secrecy: {{column: …, table: …}} với open hoặc secret cho từng giá trị; nếu hệ thống "
    "không kết xuất văn bản mật, ghi secrecy: {{not_exported: lý do}}",
)
TABLE_UNDECIDED: Final = Text(
    "EDX-1228",
    "nobody has decided yet what '{value}' means in table '{table}'",
    "chưa có ai quyết định '{value}' ứng với gì trong bảng mã '{table}'",
    "replace the '?', or remove the row",
    "thay dấu '?', hoặc bỏ dòng này",
)
TABLE_UNUSED: Final = Text(
    "EDX-1229",
    "the table '{name}' is not used",
    "bảng mã '{name}' không được dùng",
    "remove it, or name it in a transform",
    "bỏ bảng này, hoặc dùng nó trong một phép biến đổi",
    severity=Severity.WARNING,
)
PYTHON_NOT_ENABLED: Final = Text(
    "EDX-1230",
    "a function in Python is used, but the adapter does not enable it",
    "adapter dùng hàm Python nhưng chưa cho phép",
    "write python: {{file: FILE.py, enabled: true}}; whoever runs the adapter runs that code",
    "ghi python: {{file: TỆP.py, enabled: true}}; ai chạy adapter là chạy mã đó",
)
PYTHON_ENABLED: Final = Text(
    "EDX-1231",
    "the adapter runs code of its own: {file}",
    "adapter chạy mã riêng: {file}",
    "read it before you trust the adapter; sha256: {digest} pins it",
    "hãy đọc mã trước khi tin dùng adapter; ghi sha256: {digest} để cố định",
    severity=Severity.WARNING,
)
PYTHON_UNREADABLE: Final = Text(
    "EDX-1232",
    "the file of functions cannot be used: {reason}",
    "không dùng được tệp hàm Python: {reason}",
    "it is a file of Python in the adapter's own directory",
    "đó phải là tệp Python nằm trong thư mục của adapter",
)
PYTHON_UNKNOWN: Final = Text(
    "EDX-1233",
    "the file has no function '{name}'{suggestion_en}",
    "tệp không có hàm '{name}'{suggestion_vi}",
)
CONTENT_DIFFERS: Final = Text(
    "EDX-1234",
    "the file's SHA-256 is {found}, the adapter expects another one",
    "SHA-256 của tệp là {found}, khác với giá trị adapter khai báo",
    "read what changed; then write the new digest",
    "xem phần thay đổi; sau đó ghi lại giá trị mới",
)
CONDITION_UNCLEAR: Final = Text(
    "EDX-1235",
    "a condition has exactly one of is, is_not and empty",
    "điều kiện có đúng một trong: is, is_not, empty",
    "for example when: {{column: CanTraLoi, is: [Có]}}",
    "ví dụ when: {{column: CanTraLoi, is: [Có]}}",
)
HOLIDAY_BAD: Final = Text(
    "EDX-1236",
    "'{value}: {kind}' is neither a holiday nor a working day",
    "'{value}: {kind}' không phải là ngày nghỉ (holiday) hoặc ngày làm bù (working)",
    "write days as yyyy-MM-dd: holiday, or yyyy-MM-dd: working for a compensatory day",
    "ghi ngày dạng yyyy-MM-dd: holiday, hoặc yyyy-MM-dd: working với ngày làm bù",
)
RECEIVER_UNKNOWN: Final = Text(
    "EDX-1266",
    "'{value}' is no agency of the catalogue{suggestion_en}",
    "'{value}' không có trong danh mục cơ quan{suggestion_vi}",
    "add '{value}' with the right code to a table: {{table: {{table: noi_nhan, unknown: keep}}}}",
    "bổ sung '{value}' với mã đúng vào bảng mã: {{table: {{table: noi_nhan, unknown: keep}}}}",
)
RECEIVER_AMBIGUOUS: Final = Text(
    "EDX-1267",
    "'{value}' is the name of several agencies: {codes}",
    "'{value}' là tên của nhiều cơ quan: {codes}",
    "decide by a table",
    "xác định bằng bảng mã",
)
RECEIVER_GROUP: Final = Text(
    "EDX-1268",
    "'{value}' means several agencies, and does not say which",
    "'{value}' chỉ một nhóm cơ quan nhưng không nêu rõ",
    "expand it in a table, then split: [receiver_list, {{table: {{table: noi_nhan, unknown: "
    'keep}}}}, {{split: ";"}}]',
    "liệt kê trong bảng mã rồi tách: [receiver_list, {{table: {{table: noi_nhan, unknown: "
    'keep}}}}, {{split: ";"}}]',
)
RECEIVERS_ABOVE: Final = Text(
    "EDX-1269",
    "'{value}' points to receivers that stand elsewhere in the document",
    "'{value}' chỉ tới nơi nhận ghi ở phần khác của văn bản",
    "read that column first (columns: [KinhGui, NoiNhan]); or {{receiver_list: {{as_above: drop}}}}"
    " where it says nothing",
    "đọc cột đó trước (columns: [KinhGui, NoiNhan]); hoặc {{receiver_list: {{as_above: drop}}}} "
    "nếu không có ý nghĩa",
)
NOT_A_PERIOD: Final = Text(
    "EDX-1270",
    "'{value}' is not a date with a number of days from 0 to 365",
    "'{value}' không phải là ngày kèm số ngày từ 0 đến 365",
    "give days, or columns: [date, number] with a transform that reads the date",
    "ghi days, hoặc columns: [ngày, số ngày] kèm phép đọc ngày",
)
HOLIDAYS_UNKNOWN: Final = Text(
    "EDX-1271",
    "table '{table}' has no day of {year}, so working days of that year cannot be counted",
    "bảng '{table}' chưa có ngày nào của năm {year} nên không đếm được ngày làm việc",
    "add the public holidays and compensatory days of that year",
    "bổ sung ngày nghỉ lễ, tết và ngày làm bù của năm đó",
)
PYTHON_FAILED: Final = Text(
    "EDX-1272",
    "the function '{name}' failed on '{value}': {reason}",
    "hàm '{name}' gặp lỗi với '{value}': {reason}",
    "correct the function; raise ValueError('…') to refuse a value with a reason",
    "sửa hàm; dùng raise ValueError('…') để từ chối giá trị kèm lý do",
)
PYTHON_RESULT: Final = Text(
    "EDX-1273",
    "the function '{name}' returned {kind}, which is no value",
    "hàm '{name}' trả về {kind}, không phải là giá trị",
    "return text, a whole number, a date, true or false, None, or a list of these",
    "trả về văn bản, số nguyên, ngày, đúng/sai, None hoặc danh sách các giá trị này",
)
NO_LEADING_TYPE: Final = Text(
    "EDX-1274",
    "'{value}' does not begin with a kind of document",
    "'{value}' không bắt đầu bằng tên loại văn bản",
    "only công văn has no name: it begins with 'V/v' or 'Về việc' (NĐ 30/2020 PL I)",
    "chỉ công văn không ghi tên loại: bắt đầu bằng 'V/v' hoặc 'Về việc' (NĐ 30/2020 PL I)",
)
NO_PLACE: Final = Text(
    "EDX-1275",
    "'{value}' does not say a place before the date",
    "'{value}' không ghi địa danh trước ngày",
    "the form is 'Hà Nội, ngày 05 tháng 01 năm 2020' (NĐ 30/2020 PL I)",
    "dạng đúng là 'Hà Nội, ngày 05 tháng 01 năm 2020' (NĐ 30/2020 PL I)",
)
START_INCOMPLETE: Final = Text(
    "EDX-1276",
    "start_from names no single start",
    "start_from chưa nêu một điểm bắt đầu rõ ràng",
    "write everything, a day such as 2026-01-05, or column and number",
    "ghi everything, một ngày như 2026-01-05, hoặc column và number",
)
START_UNREADABLE: Final = Text(
    "EDX-1277",
    "column {column} has no whole number, so it is open whether the record lies before {start}",
    "cột {column} không chứa số nguyên nên không xác định được bản ghi có trước {start} hay không",
    "correct the record, or choose another column or a day for start_from",
    "sửa bản ghi, hoặc chọn cột khác hay một ngày cho start_from",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(vars().values()) if isinstance(value, Text)
)
