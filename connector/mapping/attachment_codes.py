"""What can be wrong with the files of a record that is mapped: EDX-1280 to 1289."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = [
    "CATALOGUE",
    "EMPTY",
    "EXTENSION",
    "KIND",
    "NOT_BYTES",
    "PROGRAM",
    "TYPE",
    "UNNAMED",
]

EXTENSION: Final = Text(
    "EDX-1280",
    "the kind of file of '{name}' is not known from its name",
    "không xác định được loại tệp của '{name}' từ tên tệp",
    "name it with one of: {known}; or give content_type in attachments",
    "đặt tên tệp với đuôi: {known}; hoặc khai báo content_type trong attachments",
)
EMPTY: Final = Text(
    "EDX-1281",
    "the file '{name}' is empty",
    "tệp '{name}' rỗng",
    "attach the file anew in the legacy system; the record is read again by itself",
    "đính kèm lại tệp trong hệ thống nguồn; bản ghi được tự động đọc lại",
)
NOT_BYTES: Final = Text(
    "EDX-1282",
    "the column '{column}' does not hold the bytes of a file",
    "cột '{column}' không chứa nội dung tệp",
    "name a column of binary type in attachments.blob, or paths in attachments.column",
    "khai báo cột kiểu nhị phân ở attachments.blob, hoặc đường dẫn ở attachments.column",
)
UNNAMED: Final = Text(
    "EDX-1283",
    "the file in column '{column}' has no name",
    "tệp ở cột '{column}' không có tên",
    "fill the column of its name in the legacy system, or give name in attachments",
    "nhập tên tệp trong hệ thống nguồn, hoặc khai báo name trong attachments",
)
PROGRAM: Final = Text(
    "EDX-1284",
    "the file '{name}' is a program",
    "tệp '{name}' là chương trình thực thi",
    "programs never go out, whatever content_type says; attach the document itself",
    "chương trình không bao giờ được gửi, dù content_type khai báo thế nào; hãy đính kèm văn bản",
)
KIND: Final = Text(
    "EDX-1285",
    "attachments says {content_type}, but '{name}' is called {claim} and holds another kind "
    "({kind})",
    "attachments khai báo {content_type}, nhưng '{name}' ghi là {claim} mà nội dung thuộc loại "
    "khác ({kind})",
    "leave content_type out where names have endings, or attach the right file",
    "bỏ content_type nếu tên tệp có phần mở rộng, hoặc đính kèm đúng tệp",
)
TYPE: Final = Text(
    "EDX-1286",
    "attachments says {content_type}, but '{name}' holds another kind ({kind})",
    "attachments khai báo {content_type}, nhưng nội dung của '{name}' thuộc loại khác ({kind})",
    "leave content_type out where names have endings, or attach the right file",
    "bỏ content_type nếu tên tệp có phần mở rộng, hoặc đính kèm đúng tệp",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(vars().values()) if isinstance(value, Text)
)
