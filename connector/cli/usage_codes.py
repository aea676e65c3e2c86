"""Messages about command lines (9020 and on)."""

from __future__ import annotations

from typing import Final

from connector.errors import Text

__all__ = ["CATALOGUE"]

_HELP: Final = ("see `connector VERB --help`", "xem `connector LỆNH --help`")

WRONG: Final = Text(
    "EDX-9020",
    "the command line is not understood: {reason}",
    "không hiểu dòng lệnh: {reason}",
    *_HELP,
)
NO_SUCH_OPTION: Final = Text(
    "EDX-9021",
    "there is no option {option} here",
    "ở đây không có tuỳ chọn {option}",
    *_HELP,
)
MISSING: Final = Text(
    "EDX-9022",
    "{name} is missing",
    "thiếu {name}",
    *_HELP,
)
BAD_VALUE: Final = Text(
    "EDX-9023",
    "the value of {name} does not fit: {reason}",
    "giá trị của {name} không phù hợp: {reason}",
    *_HELP,
)
NEEDS_YES: Final = Text(
    "EDX-9024",
    "to {act} needs --yes: standard input is no terminal, so nobody can be asked",
    "cần --yes để thực hiện ({act}): đầu vào chuẩn không phải là terminal nên không hỏi được ai",
    "add --yes; --dry-run only says what would be done",
    "thêm --yes; --dry-run chỉ cho biết sẽ làm gì",
)
NAMES_OR_ALL: Final = Text(
    "EDX-9025",
    "name packets or give --all, not both",
    "nêu tên các gói tin hoặc dùng --all, không dùng cả hai",
    *_HELP,
)
NO_NAME: Final = Text(
    "EDX-9026",
    "no PACKET is named, and --all is not given",
    "chưa nêu PACKET nào và cũng không có --all",
    "name at least one PACKET, or give --all",
    "nêu ít nhất một PACKET, hoặc dùng --all",
)
CHOICE_NEEDS_ALL: Final = Text(
    "EDX-9027",
    "--state and --kind choose among --all",
    "--state và --kind chỉ dùng để chọn trong --all",
    *_HELP,
)
NOTHING_TO_LINT: Final = Text(
    "EDX-9028",
    "nothing is named that could be checked",
    "chưa nêu gì để kiểm tra",
    "name adapter directories, or a configuration with --node",
    "nêu thư mục adapter, hoặc tệp cấu hình với --node",
)
BELONG_TOGETHER: Final = Text(
    "EDX-9029",
    "--key and --certificate belong together",
    "--key và --certificate phải đi cùng nhau",
    *_HELP,
)
NO_CRLS_DIR: Final = Text(
    "EDX-9030",
    "the configuration names no trust.crls_dir",
    "cấu hình không nêu trust.crls_dir",
    "write it into the configuration",
    "ghi mục này vào cấu hình",
)
NO_REGISTRY: Final = Text(
    "EDX-9031",
    "the configuration names no trust.registry_file",
    "cấu hình không nêu trust.registry_file",
    "write it into the configuration, or use --registry",
    "ghi mục này vào cấu hình, hoặc dùng --registry",
)
NO_KEY_OF: Final = Text(
    "EDX-9032",
    "the node has no key of {code}",
    "nút này không có khoá của {code}",
    "name one of its agencies that has a key",
    "nêu một cơ quan của nút có khoá",
)
YES_NEEDS_ONCE: Final = Text(
    "EDX-9033",
    "--yes needs --once",
    "--yes phải đi cùng --once",
    "for the daemon say `connector resume ADAPTER`",
    "với dịch vụ đang chạy, dùng `connector resume ADAPTER`",
)
STATUS_NEEDS_REASON: Final = Text(
    "EDX-9034",
    "status {status} needs --reason",
    "trạng thái {status} cần --reason",
    "say why: the sender is told",
    "nêu lý do: bên gửi sẽ được thông báo",
)
NO_REASON: Final = Text(
    "EDX-9035",
    "the reason is empty",
    "lý do đang để trống",
    "say what was found out",
    "ghi rõ đã tìm hiểu được gì",
)
NOT_OURS: Final = Text(
    "EDX-9036",
    "{code} is no agency of this node; there are: {known}",
    "{code} không phải cơ quan của nút này; hiện có: {known}",
    *_HELP,
)
NO_AGENCY_CODE: Final = Text(
    "EDX-9037",
    "{code} is no agency code",
    "{code} không phải mã cơ quan",
    "codes look like G22 or H41.02",
    "mã có dạng như G22 hoặc H41.02",
)
UNKNOWN_STATE: Final = Text(
    "EDX-9038",
    "{name} is no state; there are: {known}",
    "{name} không phải trạng thái; hiện có: {known}",
    *_HELP,
)
UNKNOWN_STAGE: Final = Text(
    "EDX-9039",
    "{name} is no stage; there are: {known}",
    "{name} không phải công đoạn; hiện có: {known}",
    *_HELP,
)
NO_MOMENT: Final = Text(
    "EDX-9040",
    "{text} is no moment: {reason}",
    "{text} không phải thời điểm: {reason}",
    "write 2026-11-24 or 2026-11-24T08:30:00",
    "ghi 2026-11-24 hoặc 2026-11-24T08:30:00",
)

CATALOGUE: Final[tuple[Text, ...]] = (
    WRONG,
    NO_SUCH_OPTION,
    MISSING,
    BAD_VALUE,
    NEEDS_YES,
    NAMES_OR_ALL,
    NO_NAME,
    CHOICE_NEEDS_ALL,
    NOTHING_TO_LINT,
    BELONG_TOGETHER,
    NO_CRLS_DIR,
    NO_REGISTRY,
    NO_KEY_OF,
    YES_NEEDS_ONCE,
    STATUS_NEEDS_REASON,
    NO_REASON,
    NOT_OURS,
    NO_AGENCY_CODE,
    UNKNOWN_STATE,
    UNKNOWN_STAGE,
    NO_MOMENT,
)
