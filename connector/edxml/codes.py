"""What this room has to say: parsing (20xx) and schema (21xx); the rest is in `rule_codes`."""

from __future__ import annotations

from typing import Final

from connector.edxml import rule_codes
from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

TOO_LARGE: Final = Text(
    "EDX-2001",
    "the packet has {size} bytes, the limit is {limit}",
    "gói tin có {size} byte, vượt giới hạn {limit} byte",
    "raise limits.max_packet_bytes or send fewer attachments",
    "tăng limits.max_packet_bytes hoặc gửi ít tệp đính kèm hơn",
)
COMPRESSED: Final = Text(
    "EDX-2002",
    "the packet is compressed (gzip)",
    "gói tin đang ở dạng nén (gzip)",
    "unpack it first; packets travel uncompressed",
    "giải nén trước khi xử lý; gói tin phải được gửi ở dạng không nén",
)
NOT_UTF8: Final = Text(
    "EDX-2003",
    "byte {offset} is not UTF-8",
    "byte thứ {offset} không phải UTF-8",
    "the sender must write the packet in UTF-8",
    "bên gửi phải ghi gói tin bằng UTF-8",
)
NOT_XML: Final = Text(
    "EDX-2004",
    "this is not an XML document",
    "đây không phải là tài liệu XML",
    "a packet begins with <edXML or with an XML declaration",
    "gói tin phải bắt đầu bằng <edXML hoặc khai báo XML",
)
BAD_DECLARATION: Final = Text(
    "EDX-2005",
    "the XML declaration is not version 1.0 in UTF-8",
    "khai báo XML không phải phiên bản 1.0, mã hóa UTF-8",
    'write <?xml version="1.0" encoding="UTF-8"?> or none',
    'ghi <?xml version="1.0" encoding="UTF-8"?> hoặc bỏ khai báo',
)
FORBIDDEN_MARKUP: Final = Text(
    "EDX-2006",
    "{markup} is not allowed in a packet",
    "gói tin không được chứa {markup}",
    "DOCTYPE, comments, CDATA and processing instructions are refused",
    "DOCTYPE, chú thích, CDATA và lệnh xử lý đều bị từ chối",
)
OVER_LIMIT: Final = Text(
    "EDX-2007",
    "more than {limit} {what_en}",
    "vượt quá {limit} {what_vi}",
    "no real packet is built like this",
    "gói tin thật không có cấu trúc như vậy",
)
NOT_WELL_FORMED: Final = Text(
    "EDX-2008",
    "not well-formed XML: {reason}",
    "XML không đúng cú pháp: {reason}",
    "the packet is damaged or was not written by an XML library",
    "gói tin bị hỏng hoặc không được ghi bằng thư viện XML",
)
BYTE_ORDER_MARK: Final = Text(
    "EDX-2009",
    "the packet begins with a byte order mark",
    "gói tin bắt đầu bằng dấu thứ tự byte (BOM)",
    "the sender must write UTF-8 without BOM",
    "bên gửi phải ghi UTF-8 không có BOM",
)
OLD_DIALECT: Final = Text(
    "EDX-2010",
    "this is the old dialect of 2014 (e-doc.vn), which is not supported",
    "đây là định dạng cũ năm 2014 (e-doc.vn), không được hỗ trợ",
    "the sender must write QCVN 102:2016/BTTTT",
    "bên gửi phải dùng định dạng QCVN 102:2016/BTTTT",
)
WRONG_ROOT: Final = Text(
    "EDX-2011",
    "the root element is {found}, not edXML of QCVN 102:2016",
    "phần tử gốc là {found}, không phải edXML của QCVN 102:2016",
    "check that the file is a packet and its namespace is the one of QCVN 102:2016",
    "kiểm tra tệp có phải gói tin và không gian tên có đúng của QCVN 102:2016",
)
MISSING: Final = Text(
    "EDX-2012",
    "the element is missing or empty",
    "thiếu phần tử hoặc phần tử rỗng",
    "the sender must fill it; nothing is invented here",
    "bên gửi phải điền giá trị; hệ thống không tự thêm",
)
REPEATED: Final = Text(
    "EDX-2013",
    "the element stands {count} times where one is allowed",
    "phần tử xuất hiện {count} lần, chỉ được phép một lần",
    "it is not clear which one counts; the sender must correct it",
    "không rõ giá trị nào có hiệu lực; bên gửi phải sửa lại",
)
NOT_TEXT: Final = Text(
    "EDX-2014",
    "the element holds other elements where text belongs",
    "phần tử chứa phần tử con trong khi chỉ được chứa văn bản",
    "the sender must escape < and & in text",
    "bên gửi phải mã hóa ký tự < và & trong văn bản",
)
STRAY_TEXT: Final = Text(
    "EDX-2015",
    "text between the elements is ignored",
    "bỏ qua văn bản nằm giữa các phần tử",
    severity=Severity.WARNING,
)
UNKNOWN_ELEMENT: Final = Text(
    "EDX-2016",
    "the element {name} is not known here and is ignored",
    "phần tử {name} không được biết ở vị trí này, bỏ qua",
    severity=Severity.WARNING,
)
BAD_DATE: Final = Text(
    "EDX-2017",
    "'{value}' is not a date of the form yyyy/MM/dd",
    "'{value}' không phải ngày theo dạng yyyy/MM/dd",
    "write for example 2026/01/05; day-first dates are not guessed",
    "ghi ví dụ 2026/01/05; không suy đoán ngày ghi theo kiểu ngày/tháng/năm",
)
NORMALISED: Final = Text(
    "EDX-2018",
    "'{value}' was read as {read}",
    "'{value}' được hiểu là {read}",
    "strict receivers refuse or drop this spelling; the sender should correct it",
    "hệ thống khác có thể từ chối hoặc bỏ qua cách ghi này; bên gửi nên sửa lại",
    Severity.WARNING,
)
BAD_MOMENT: Final = Text(
    "EDX-2019",
    "'{value}' is not a time of the form yyyy/MM/dd HH:mm:ss",
    "'{value}' không phải thời điểm theo dạng yyyy/MM/dd HH:mm:ss",
    "write Vietnam time, for example 2026/01/05 08:00:00",
    "ghi theo giờ Việt Nam, ví dụ 2026/01/05 08:00:00",
)
IMPOSSIBLE_DATE: Final = Text(
    "EDX-2020",
    "'{value}' does not exist in the calendar",
    "'{value}' không tồn tại trong lịch",
    "correct the day at its source",
    "sửa lại ngày tại hệ thống nguồn",
)
BAD_NUMBER: Final = Text(
    "EDX-2021",
    "'{value}' is not a whole number",
    "'{value}' không phải số nguyên",
    "write digits only; names of types belong into TypeName",
    "chỉ ghi chữ số; tên loại văn bản ghi ở TypeName",
)
BAD_CHOICE: Final = Text(
    "EDX-2022",
    "'{value}' is not one of {allowed}",
    "'{value}' không thuộc các giá trị {allowed}",
    "the sender must use the code list of QCVN 102:2016",
    "bên gửi phải dùng danh mục mã của QCVN 102:2016",
)
PLACEHOLDER: Final = Text(
    "EDX-2023",
    "'{value}' stands where a value is required",
    "'{value}' được ghi thay cho giá trị bắt buộc",
    "a placeholder would enter the receiver's register; fill in the real value",
    "giá trị giữ chỗ sẽ bị ghi vào sổ của bên nhận; hãy điền giá trị thật",
)
PLACEHOLDER_DROPPED: Final = Text(
    "EDX-2024",
    "'{value}' was read as: no value",
    "'{value}' được hiểu là không có giá trị",
    severity=Severity.WARNING,
)
FALSE_SIGNATURE: Final = Text(
    "EDX-2025",
    "{name} is not an XML signature and proves nothing",
    "{name} không phải chữ ký số XML và không chứng minh điều gì",
    "only a Signature of the xmldsig namespace counts",
    "chỉ Signature thuộc không gian tên xmldsig mới có giá trị",
    Severity.WARNING,
)
ODD_ORDER: Final = Text(
    "EDX-2026",
    "the children stand in neither known order",
    "các phần tử con không theo thứ tự nào trong hai thứ tự đã biết",
    "strict receivers refuse this packet",
    "hệ thống nhận kiểm tra chặt sẽ từ chối gói tin này",
    Severity.WARNING,
)
SWAPPED: Final = Text(
    "EDX-2027",
    "OrganId and Code look swapped",
    "OrganId và Code có vẻ bị đổi chỗ cho nhau",
    "a known defect of one .NET library; the sender must correct it",
    "lỗi đã biết của một thư viện .NET; bên gửi phải sửa",
)
STATUS_14: Final = Text(
    "EDX-2028",
    "status 14 does not exist; some systems send it instead of 15",
    "không có trạng thái 14; một số hệ thống gửi nhầm thay cho 15",
    "ask the sender whether 15 (agreed) was meant",
    "hỏi bên gửi có phải ý là 15 (đồng ý) hay không",
)
TREE_TOO_LARGE: Final = Text(
    "EDX-2029",
    "the packet has {size} bytes; over {limit} attachments must be base64 without line breaks",
    "gói tin có {size} byte; khi vượt {limit} byte, tệp kèm theo phải là base64 không ngắt dòng",
    "let the sender write base64 in one line, or send fewer attachments",
    "đề nghị bên gửi viết base64 trên một dòng, hoặc gửi ít tệp đính kèm hơn",
)
ILLEGAL_CHARACTER: Final = Text(
    "EDX-2040",
    "character U+{point:04X} cannot stand in XML",
    "ký tự U+{point:04X} không được phép trong XML",
    "the source text is damaged or in another charset; check the adapter's charset",
    "văn bản nguồn bị hỏng hoặc dùng bảng mã khác; kiểm tra charset của bộ chuyển đổi",
)
EMPTY_VALUE: Final = Text(
    "EDX-2041",
    "the value is empty",
    "giá trị rỗng",
    "leave the field out or fill it",
    "bỏ trường này hoặc điền giá trị",
)
OUTER_SPACE: Final = Text(
    "EDX-2042",
    "the value begins or ends with white space",
    "giá trị bắt đầu hoặc kết thúc bằng khoảng trắng",
    "add the transform trim to this field",
    "thêm phép biến đổi trim cho trường này",
)
NO_ZONE: Final = Text(
    "EDX-2043",
    "the time carries no zone",
    "thời điểm không có múi giờ",
    "this is a fault of the program; please report it",
    "đây là lỗi của chương trình; vui lòng báo lại",
)
SCHEMA: Final = Text(
    "EDX-2101",
    "does not follow the schema: {reason}",
    "không đúng lược đồ: {reason}",
    "compare with schemas/edxml-*.xsd",
    "đối chiếu với schemas/edxml-*.xsd",
)
TOO_LONG: Final = Text(
    "EDX-2102",
    "{length} characters, at most {limit} are allowed",
    "dài {length} ký tự, tối đa {limit} ký tự",
    "shorten the value at its source; nothing is cut off here",
    "rút ngắn giá trị tại hệ thống nguồn; hệ thống không tự cắt bớt",
)
NOT_LISTED: Final = Text(
    "EDX-2103",
    "'{value}' is not in the code list: {allowed}",
    "'{value}' không có trong danh mục: {allowed}",
    "use one of the listed codes",
    "dùng một trong các mã của danh mục",
)
WRONG_SHAPE: Final = Text(
    "EDX-2104",
    "'{value}' does not have the required shape",
    "'{value}' không đúng khuôn dạng quy định",
    "compare with schemas/edxml-types.xsd",
    "đối chiếu với schemas/edxml-types.xsd",
)
OUT_OF_RANGE: Final = Text(
    "EDX-2105",
    "{value} is out of range (limit {limit})",
    "{value} nằm ngoài khoảng cho phép (giới hạn {limit})",
    "correct the number at its source",
    "sửa lại số tại hệ thống nguồn",
)
WRONG_CHILDREN: Final = Text(
    "EDX-2106",
    "found {found} where {expected} is expected",
    "gặp {found} trong khi cần {expected}",
    "compare with schemas/edxml-*.xsd",
    "đối chiếu với schemas/edxml-*.xsd",
)

CATALOGUE: Final[tuple[Text, ...]] = (
    *(value for value in tuple(globals().values()) if isinstance(value, Text)),
    *rule_codes.CATALOGUE,
)
"""Every message of this room; the reference documentation is made from it."""
