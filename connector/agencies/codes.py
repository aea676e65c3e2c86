"""What can be wrong with an agency's code or with a catalogue file: EDX-85xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = [
    "AXIS_DELETED",
    "BAD_DATE",
    "BAD_FLAG",
    "BAD_NAME",
    "BAD_PERIOD",
    "CATALOGUE",
    "CLOSED",
    "CLOSED_IN_FORCE",
    "DUPLICATE_OLD_CODE",
    "EMPTY",
    "FILE_UNREADABLE",
    "FILE_UNWRITABLE",
    "MALFORMED",
    "MISSING_COLUMNS",
    "NOT_COMPUTABLE",
    "NOT_CSV",
    "NOT_UTF8",
    "NOT_YET",
    "OVERLAP",
    "UNKNOWN",
    "UNKNOWN_BELOW",
    "UNKNOWN_COLUMN",
    "UNKNOWN_OLD",
    "UNKNOWN_SUCCESSOR",
    "UNROUTABLE",
    "WRONG_VERSION",
]

CLOSED: Final = Text(
    "EDX-8501",
    "the code {code} ({name}) is closed since {since}{successors_en}",
    "mã {code} ({name}) đã đóng từ ngày {since}{successors_vi}",
    "send to the successor's code; a closed code is never redirected silently",
    "gửi tới mã của cơ quan kế thừa; hệ thống không tự ý chuyển hướng mã đã đóng",
)
UNKNOWN: Final = Text(
    "EDX-8502",
    "the code {code} is not in the agency catalogue{suggestion_en}",
    "mã {code} không có trong danh mục cơ quan{suggestion_vi}",
    "correct the code, or import the current list: connector agencies import FILE",
    "sửa lại mã, hoặc nhập danh mục mới: connector agencies import FILE",
)
UNKNOWN_BELOW: Final = Text(
    "EDX-8503",
    "the code {code} is not in the agency catalogue; it would lie below {parent} ({name})"
    "{suggestion_en}",
    "mã {code} không có trong danh mục cơ quan; theo cấu trúc thì thuộc {parent} ({name})"
    "{suggestion_vi}",
    "correct the code, import the current list (connector agencies import FILE), or send to "
    "{parent}",
    "sửa lại mã, nhập danh mục mới (connector agencies import FILE), hoặc gửi tới {parent}",
)
UNKNOWN_OLD: Final = Text(
    "EDX-8504",
    "the old code {code} (QCVN 102:2016) is not in the agency catalogue, and a code below level 1 "
    "cannot be computed into the form of QĐ 20/2020",
    "mã cũ {code} (QCVN 102:2016) không có trong danh mục cơ quan; mã dưới cấp 1 không thể tự suy "
    "ra dạng của QĐ 20/2020",
    "use the agency's QĐ 20/2020 code, or import a list that has both codes",
    "dùng mã theo QĐ 20/2020 của cơ quan, hoặc nhập danh mục có cả hai loại mã",
)
MALFORMED: Final = Text(
    "EDX-8505",
    "'{code}' is not an agency code{suggestion_en}",
    "'{code}' không phải mã định danh cơ quan{suggestion_vi}",
    "write it like H41.02 (QĐ 20/2020) or 000.00.02.H41 (QCVN 102:2016), without spaces",
    "viết theo dạng H41.02 (QĐ 20/2020) hoặc 000.00.02.H41 (QCVN 102:2016), không có khoảng trắng",
)
NOT_YET: Final = Text(
    "EDX-8506",
    "the code {code} ({name}) is valid only from {since}",
    "mã {code} ({name}) chỉ có hiệu lực từ ngày {since}",
    "use the code that was valid on {on}",
    "dùng mã có hiệu lực vào ngày {on}",
)

FILE_UNREADABLE: Final = Text(
    "EDX-8511",
    "the catalogue cannot be read: {reason}",
    "không đọc được danh mục cơ quan: {reason}",
    "check the path and the permissions of the file",
    "kiểm tra đường dẫn và quyền truy cập tệp",
)
NOT_UTF8: Final = Text(
    "EDX-8512",
    "the catalogue is not UTF-8 text",
    "danh mục cơ quan không phải văn bản UTF-8",
    "save the file as “CSV UTF-8”",
    "lưu tệp ở dạng “CSV UTF-8”",
)
WRONG_VERSION: Final = Text(
    "EDX-8513",
    "the catalogue has format version {version}; this release reads version {known}",
    "danh mục có phiên bản định dạng {version}; bản phần mềm này chỉ đọc phiên bản {known}",
    "install a newer release or export the catalogue again",
    "cài bản phần mềm mới hơn hoặc kết xuất lại danh mục",
)
MISSING_COLUMNS: Final = Text(
    "EDX-8514",
    "the first row does not name the columns {columns}",
    "hàng đầu tiên không có các cột {columns}",
    "columns are code, name, code102, valid_from, valid_to, successors, verified, source; or the "
    "axis export id, pid, code, name, mail, oldCode",
    "các cột gồm code, name, code102, valid_from, valid_to, successors, verified, source; hoặc "
    "kết xuất của trục: id, pid, code, name, mail, oldCode",
)
UNKNOWN_COLUMN: Final = Text(
    "EDX-8515",
    "the column '{column}' is not known and was not read{suggestion_en}",
    "không nhận ra cột '{column}' nên đã bỏ qua{suggestion_vi}",
    severity=Severity.WARNING,
)
EMPTY: Final = Text(
    "EDX-8516",
    "the catalogue holds no agency",
    "danh mục không có cơ quan nào",
    "export the list again",
    "kết xuất lại danh mục",
)
FILE_UNWRITABLE: Final = Text(
    "EDX-8517",
    "the catalogue cannot be written: {reason}",
    "không ghi được danh mục cơ quan: {reason}",
    "check free space and the permissions of the directory",
    "kiểm tra dung lượng trống và quyền ghi vào thư mục",
)

NOT_CSV: Final = Text(
    "EDX-8518",
    "the rest of the catalogue cannot be read as CSV: {reason}",
    "không đọc được phần còn lại của danh mục theo dạng CSV: {reason}",
    "export the list again as “CSV UTF-8”",
    "kết xuất lại danh mục ở dạng “CSV UTF-8”",
)

UNROUTABLE: Final = Text(
    "EDX-8521",
    "'{code}' cannot be used as a QĐ 20/2020 code",
    "'{code}' không dùng được làm mã theo QĐ 20/2020",
    "a code has capital letters, digits and dots only, level 1 first: H41.02.03",
    "mã chỉ gồm chữ in hoa, chữ số và dấu chấm, cấp 1 đứng trước: H41.02.03",
)
NOT_COMPUTABLE: Final = Text(
    "EDX-8522",
    "{code} has only the old form (QCVN 102:2016); below level 1 it cannot be computed into the "
    "form of QĐ 20/2020",
    "{code} chỉ có dạng cũ (QCVN 102:2016); dưới cấp 1 không thể tự suy ra dạng của QĐ 20/2020",
    "export the list that has both codes (getAgenciesListQD20)",
    "kết xuất danh mục có cả hai loại mã (getAgenciesListQD20)",
)
BAD_NAME: Final = Text(
    "EDX-8523",
    "the name of {code} is empty, longer than 200 characters (NĐ 30/2020 Phụ lục VI), has "
    "invisible characters or begins like a formula",
    "tên của {code} để trống, dài quá 200 ký tự (NĐ 30/2020 Phụ lục VI), có ký tự ẩn hoặc bắt đầu "
    "như công thức",
    "correct the name",
    "sửa lại tên",
)
BAD_DATE: Final = Text(
    "EDX-8524",
    "{column} is '{value}', which is no date",
    "{column} là '{value}', không phải ngày hợp lệ",
    "write dates as yyyy-MM-dd",
    "ghi ngày theo dạng yyyy-MM-dd",
)
BAD_PERIOD: Final = Text(
    "EDX-8525",
    "{code} would be valid from {since} to {until}",
    "{code} có thời hạn hiệu lực từ {since} đến {until}",
    "valid_to is the first day on which the code is closed, so it comes after valid_from",
    "valid_to là ngày đầu tiên mã bị đóng, nên phải sau valid_from",
)
OVERLAP: Final = Text(
    "EDX-8526",
    "{code} stands twice for the same days",
    "{code} xuất hiện hai lần cho cùng một khoảng thời gian",
    "keep one row for each period of the code's validity",
    "mỗi thời kỳ hiệu lực của mã chỉ giữ một hàng",
)
DUPLICATE_OLD_CODE: Final = Text(
    "EDX-8527",
    "the old code {code102} is given to {first} and to {second}",
    "mã cũ {code102} được gán cho cả {first} và {second}",
    "an old code leads to one agency only; correct one of the rows",
    "mỗi mã cũ chỉ ứng với một cơ quan; sửa lại một trong hai hàng",
)
UNKNOWN_SUCCESSOR: Final = Text(
    "EDX-8528",
    "the successor {successor} of {code} is not in the catalogue",
    "cơ quan kế thừa {successor} của {code} không có trong danh mục",
    "add the successor's row",
    "bổ sung hàng của cơ quan kế thừa",
    severity=Severity.WARNING,
)
BAD_FLAG: Final = Text(
    "EDX-8529",
    "{column} is '{value}', not true or false",
    "{column} là '{value}', không phải true hoặc false",
    "write true or false",
    "ghi true hoặc false",
)
CLOSED_IN_FORCE: Final = Text(
    "EDX-8530",
    "the imported list still has {code}, which is closed since {since}; it stays closed",
    "danh mục nhập vào vẫn còn {code}, mã đã đóng từ ngày {since}; mã này vẫn giữ trạng thái đóng",
    "if the code is in use again, import a row of it with valid_from",
    "nếu mã được dùng lại, hãy nhập một hàng có valid_from",
    severity=Severity.WARNING,
)
AXIS_DELETED: Final = Text(
    "EDX-8531",
    "the axis marks {code} as deleted without a date; the row was left out",
    "trục đánh dấu {code} đã xóa nhưng không có ngày; đã bỏ qua hàng này",
    "add a row with valid_to if documents still name this code",
    "bổ sung một hàng có valid_to nếu văn bản vẫn ghi mã này",
    severity=Severity.WARNING,
)

CATALOGUE: Final[tuple[Text, ...]] = (
    CLOSED,
    UNKNOWN,
    UNKNOWN_BELOW,
    UNKNOWN_OLD,
    MALFORMED,
    NOT_YET,
    FILE_UNREADABLE,
    NOT_UTF8,
    WRONG_VERSION,
    MISSING_COLUMNS,
    UNKNOWN_COLUMN,
    EMPTY,
    FILE_UNWRITABLE,
    NOT_CSV,
    UNROUTABLE,
    NOT_COMPUTABLE,
    BAD_NAME,
    BAD_DATE,
    BAD_PERIOD,
    OVERLAP,
    DUPLICATE_OLD_CODE,
    UNKNOWN_SUCCESSOR,
    BAD_FLAG,
    CLOSED_IN_FORCE,
    AXIS_DELETED,
)
