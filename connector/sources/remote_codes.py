"""What can be wrong with exports that a server gives, and with writing back to one: EDX-40xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = [
    "ANSWER_TOO_LARGE",
    "BAD_ADDRESS",
    "BAD_ANSWER",
    "BAD_BASE64",
    "BAD_BODY",
    "BAD_HEADER",
    "BAD_PAGING",
    "CATALOGUE",
    "CURSOR_INCOMPLETE",
    "CURSOR_NOT_UNIQUE",
    "FILE_ELSEWHERE",
    "FILE_REFUSED",
    "FILE_TOO_LARGE",
    "LOGIN_REFUSED",
    "NEXT_ELSEWHERE",
    "PAGES_WITHOUT_END",
    "PLAIN_HTTP",
    "REDIRECTED",
    "REQUEST_REFUSED",
    "SENT_INCOMPLETE",
    "SENT_INEFFECTIVE",
    "SENT_KEY_ABSENT",
    "SENT_KEY_NULL",
    "SENT_KEY_TWICE",
    "SENT_NOT_ALLOWED",
    "SENT_STATEMENT",
    "SERVER_BUSY",
    "SERVER_FAILED",
    "SERVER_SLOW",
    "SERVER_UNTRUSTED",
    "SETTING_UNREADABLE",
]

BAD_ADDRESS: Final = Text(
    "EDX-4064",
    "this is not the address of a web service: {reason}",
    "đây không phải địa chỉ của dịch vụ web: {reason}",
    "for example https://qlvb.example.gov.vn/api/van-ban-di, without user, password or #",
    "ví dụ https://qlvb.example.gov.vn/api/van-ban-di, không kèm tài khoản, mật khẩu hay dấu #",
)
PLAIN_HTTP: Final = Text(
    "EDX-4065",
    "the secret would be sent without encryption (http://)",
    "thông tin mật sẽ bị gửi không mã hóa (http://)",
    "use https://; only in a network that you alone control set plain_http: true",
    "dùng https://; chỉ đặt plain_http: true trong mạng nội bộ do chính đơn vị kiểm soát",
)
BAD_HEADER: Final = Text(
    "EDX-4066",
    "header '{name}' cannot be set here",
    "không được đặt tiêu đề '{name}' tại đây",
    "secrets belong into auth; the program sets length, host and encoding itself",
    "thông tin mật phải đặt trong auth; chương trình tự đặt độ dài, máy chủ và kiểu mã hóa",
)
BAD_BODY: Final = Text(
    "EDX-4067",
    "the body is not a JSON object: {reason}",
    "nội dung gửi đi (body) không phải đối tượng JSON: {reason}",
    "for example body: '{{\"trang_thai\": 1}}'",
    "ví dụ body: '{{\"trang_thai\": 1}}'",
)
BAD_PAGING: Final = Text(
    "EDX-4068",
    "paging by {by} needs {names}",
    "cách lấy từng trang '{by}' cần khai báo {names}",
    "page and offset need parameter; token needs parameter and path",
    "page và offset cần parameter; token cần parameter và path",
)
CURSOR_INCOMPLETE: Final = Text(
    "EDX-4069",
    "{name} has no meaning without {needs}",
    "{name} không có tác dụng nếu thiếu {needs}",
    "set both, or none of them",
    "khai báo cả hai, hoặc bỏ cả hai",
)
SERVER_FAILED: Final = Text(
    "EDX-4070",
    "the server does not answer: {reason}",
    "máy chủ không trả lời: {reason}",
    "check address, network and server; it is tried again",
    "kiểm tra địa chỉ, mạng và máy chủ; hệ thống sẽ thử lại",
)
SERVER_SLOW: Final = Text(
    "EDX-4071",
    "the answer was not complete within {seconds} s",
    "máy chủ không trả lời xong trong {seconds} giây",
    "ask for smaller pages, or raise timeout_seconds; it is tried again",
    "giảm số bản ghi mỗi trang hoặc tăng timeout_seconds; hệ thống sẽ thử lại",
)
SERVER_UNTRUSTED: Final = Text(
    "EDX-4072",
    "the server's certificate is not trusted: {reason}",
    "chứng thư số của máy chủ không đáng tin: {reason}",
    "set ca_file to the authority of the agency's network; checking cannot be switched off",
    "khai báo ca_file là chứng thư của CA trong mạng cơ quan; không thể tắt việc kiểm tra",
)
SERVER_BUSY: Final = Text(
    "EDX-4073",
    "the server answers with status {status}",
    "máy chủ trả lời với mã {status}",
    "look into the server's own log; it is tried again",
    "xem nhật ký của máy chủ; hệ thống sẽ thử lại",
)
LOGIN_REFUSED: Final = Text(
    "EDX-4074",
    "the server refuses the login: {reason}",
    "máy chủ từ chối đăng nhập: {reason}",
    "check the secret, its expiry, and what its user may read",
    "kiểm tra khóa bí mật, thời hạn và quyền đọc của tài khoản",
)
REQUEST_REFUSED: Final = Text(
    "EDX-4075",
    "the server refuses the request: {reason}",
    "máy chủ từ chối yêu cầu: {reason}",
    "check url and parameters against the description of the service",
    "đối chiếu url và tham số với tài liệu của dịch vụ",
)
REDIRECTED: Final = Text(
    "EDX-4076",
    "the server sends on to '{location}'; that is not followed",
    "máy chủ chuyển hướng tới '{location}'; hệ thống không đi theo",
    "write the right address itself, if it is yours",
    "nếu đúng là địa chỉ của đơn vị thì ghi thẳng địa chỉ đó",
)
ANSWER_TOO_LARGE: Final = Text(
    "EDX-4077",
    "the answer has more than {limit} bytes",
    "câu trả lời vượt quá {limit} byte",
    "ask for fewer records at a time (paging.size), or raise max_page_bytes",
    "lấy ít bản ghi hơn mỗi lần (paging.size) hoặc tăng max_page_bytes",
)
BAD_ANSWER: Final = Text(
    "EDX-4078",
    "the answer is not what was asked for: {reason}",
    "câu trả lời không đúng dạng yêu cầu: {reason}",
    "look at the answer with curl; it is tried again",
    "xem câu trả lời bằng curl; hệ thống sẽ thử lại",
)
NEXT_ELSEWHERE: Final = Text(
    "EDX-4079",
    "the next page would be at another server: '{location}'",
    "trang tiếp theo nằm ở máy chủ khác: '{location}'",
    "only pages of the server that url names are read",
    "chỉ đọc các trang của máy chủ nêu trong url",
)
PAGES_WITHOUT_END: Final = Text(
    "EDX-4080",
    "the same page came twice, so there would be no end",
    "máy chủ trả về cùng một trang hai lần nên sẽ không bao giờ kết thúc",
    "check paging: the server seems not to know the parameter",
    "kiểm tra paging: có vẻ máy chủ không hiểu tham số này",
)
CURSOR_NOT_UNIQUE: Final = Text(
    "EDX-4081",
    "two records have the same value of '{column}'",
    "hai bản ghi có cùng giá trị '{column}'",
    "set id_column to what tells records apart, and ask the server for what is equal too (>=)",
    "khai báo id_column là trường phân biệt bản ghi, và để máy chủ trả cả giá trị bằng (>=)",
)
BAD_BASE64: Final = Text(
    "EDX-4082",
    "'{column}' is not a file in base64: {reason}",
    "'{column}' không phải tệp mã hóa base64: {reason}",
    "correct the record in the legacy system",
    "sửa bản ghi trong hệ thống cũ",
)
FILE_ELSEWHERE: Final = Text(
    "EDX-4083",
    "the attachment is not on the server that attachments_url names: '{reference}'",
    "tệp đính kèm không nằm trên máy chủ nêu trong attachments_url: '{reference}'",
    "files are only fetched from that server, with its login",
    "chỉ lấy tệp từ máy chủ đó, bằng chính tài khoản của nó",
)
FILE_REFUSED: Final = Text(
    "EDX-4084",
    "the server does not give the attachment '{reference}': {reason}",
    "máy chủ không cung cấp tệp đính kèm '{reference}': {reason}",
    "check that the file exists and that the login may read it",
    "kiểm tra tệp có tồn tại và tài khoản được quyền đọc",
)
FILE_TOO_LARGE: Final = Text(
    "EDX-4085",
    "the attachment '{reference}' has more than {limit} bytes",
    "tệp đính kèm '{reference}' vượt quá {limit} byte",
    "split the file, or raise max_attachment_bytes of the source",
    "chia nhỏ tệp hoặc tăng max_attachment_bytes của nguồn",
)
SENT_STATEMENT: Final = Text(
    "EDX-4086",
    "the statement does not set the mark of one row: {reason}",
    "câu lệnh không đánh dấu đúng một dòng: {reason}",
    "for example UPDATE VanBanDi SET DaChuyen = 1 WHERE ID = :key",
    "ví dụ UPDATE VanBanDi SET DaChuyen = 1 WHERE ID = :key",
)
SENT_INCOMPLETE: Final = Text(
    "EDX-4087",
    "sent and cursor_column exclude each other",
    "chỉ được dùng một trong hai: sent hoặc cursor_column",
    "with sent, the query itself leaves out the marked rows (WHERE DaChuyen = 0)",
    "khi dùng sent, câu truy vấn tự bỏ các dòng đã đánh dấu (WHERE DaChuyen = 0)",
)
SENT_KEY_ABSENT: Final = Text(
    "EDX-4088",
    "the query does not return the key_column '{column}'",
    "câu truy vấn không trả về cột khóa '{column}'",
    "columns of the query: {known}",
    "các cột của câu truy vấn: {known}",
)
SENT_KEY_NULL: Final = Text(
    "EDX-4089",
    "the key_column '{column}' is NULL in this row, so the row cannot be marked",
    "cột khóa '{column}' bị NULL ở dòng này nên không thể đánh dấu",
    "choose the table's primary key",
    "chọn khóa chính của bảng",
)
SENT_NOT_ALLOWED: Final = Text(
    "EDX-4090",
    "the database does not let its user mark rows as taken: {reason}",
    "cơ sở dữ liệu không cho tài khoản này đánh dấu dòng đã nhận: {reason}",
    "grant it UPDATE on that one column; everything else it only needs to read",
    "cấp quyền UPDATE trên đúng cột đó; các phần khác chỉ cần quyền đọc",
)
SENT_INEFFECTIVE: Final = Text(
    "EDX-4091",
    "a row that was marked as taken still comes: {column} = {key}",
    "dòng đã đánh dấu vẫn tiếp tục xuất hiện: {column} = {key}",
    "query and sent.statement have to speak of the same mark",
    "câu truy vấn và sent.statement phải dùng cùng một cột đánh dấu",
)
SETTING_UNREADABLE: Final = Text(
    "EDX-4092",
    "the file cannot be used: {reason}",
    "không dùng được tệp này: {reason}",
    "give the PEM file of the certificate authority",
    "nêu tệp PEM chứng thư của CA",
)
SENT_KEY_TWICE: Final = Text(
    "EDX-4093",
    "the query gives two rows with the same key: {column} = {key}",
    "câu truy vấn trả về hai dòng cùng khóa: {column} = {key}",
    "give one row for each document: join its lists, files or receivers into one cell",
    "mỗi văn bản chỉ một dòng: gộp danh sách, tệp hoặc nơi nhận vào một ô",
)

CATALOGUE: Final = (
    BAD_ADDRESS,
    PLAIN_HTTP,
    BAD_HEADER,
    BAD_BODY,
    BAD_PAGING,
    CURSOR_INCOMPLETE,
    SERVER_FAILED,
    SERVER_SLOW,
    SERVER_UNTRUSTED,
    SERVER_BUSY,
    LOGIN_REFUSED,
    REQUEST_REFUSED,
    REDIRECTED,
    ANSWER_TOO_LARGE,
    BAD_ANSWER,
    NEXT_ELSEWHERE,
    PAGES_WITHOUT_END,
    CURSOR_NOT_UNIQUE,
    BAD_BASE64,
    FILE_ELSEWHERE,
    FILE_REFUSED,
    FILE_TOO_LARGE,
    SENT_STATEMENT,
    SENT_INCOMPLETE,
    SENT_KEY_ABSENT,
    SENT_KEY_NULL,
    SENT_NOT_ALLOWED,
    SENT_INEFFECTIVE,
    SETTING_UNREADABLE,
    SENT_KEY_TWICE,
)
"""All texts of this part, in the order of their codes."""
