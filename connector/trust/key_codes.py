"""What can be wrong with keys on tokens and with rotation: EDX-303x and EDX-304x."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

EXTRA_MISSING: Final = Text(
    "EDX-3031",
    "keys of type pkcs11 need the extra 'hsm', which is not installed",
    "khóa loại pkcs11 cần gói bổ sung 'hsm', hiện chưa được cài",
    "pip install 'connector[hsm]'",
    "pip install 'connector[hsm]'",
)
TOKEN_CHOICE: Final = Text(
    "EDX-3032",
    "the token is named by token_label or by slot, by exactly one of them",
    "xác định thiết bị ký bằng token_label hoặc slot, chỉ dùng một trong hai",
    "token_label stays the same when the token moves to another slot",
    "token_label không đổi khi thiết bị được cắm sang khe khác",
)
TOKEN_KEY_CHOICE: Final = Text(
    "EDX-3033",
    "the key on the token is named by key_label or key_id",
    "xác định khóa trên thiết bị bằng key_label hoặc key_id",
    "pkcs11-tool --module MODULE --login --list-objects shows both",
    "lệnh pkcs11-tool --module MODULE --login --list-objects liệt kê cả hai",
)
MODULE_UNUSABLE: Final = Text(
    "EDX-3034",
    "the PKCS#11 module cannot be used: {reason}",
    "không dùng được mô-đun PKCS#11: {reason}",
    "module: is the path of the vendor's shared library for this machine's architecture",
    "module: là đường dẫn thư viện của nhà cung cấp, đúng kiến trúc máy này",
)
TOKEN_ABSENT: Final = Text(
    "EDX-3035",
    "there is not exactly one such token; present: {present}",
    "không tìm thấy đúng một thiết bị ký như vậy; hiện có: {present}",
    "plug the token in, or correct token_label or slot; documents wait until it is there",
    "cắm thiết bị ký, hoặc sửa token_label, slot; văn bản chờ đến khi có thiết bị",
)
TOKEN_KEY_ABSENT: Final = Text(
    "EDX-3036",
    "the token does not hold exactly one such {kind} private key for signing; present: {present}",
    "thiết bị ký không có đúng một khóa bí mật {kind} như vậy để ký; hiện có: {present}",
    "correct key_label or key_id; give both if one of them is not unique",
    "sửa key_label hoặc key_id; ghi cả hai nếu một giá trị bị trùng",
)
PIN_WRONG: Final = Text(
    "EDX-3037",
    "the token refuses the PIN; it is not tried again, because a few wrong tries lock the token",
    "thiết bị ký từ chối mã PIN; không thử lại, vì nhập sai vài lần sẽ khóa thiết bị",
    "correct the secret that pin: refers to, then restart; check the PIN by hand first",
    "sửa giá trị mà pin: tham chiếu rồi khởi động lại; nên kiểm tra mã PIN bằng tay trước",
)
PIN_LOCKED: Final = Text(
    "EDX-3038",
    "the PIN of the token is locked",
    "mã PIN của thiết bị ký đã bị khóa",
    "whoever holds the token's SO PIN (or its issuer) unlocks it",
    "người giữ mã SO PIN (hoặc đơn vị cấp thiết bị) mở khóa",
)
PIN_LAST_TRY: Final = Text(
    "EDX-3039",
    "the token leaves one last try for its PIN; an unattended service does not spend it",
    "thiết bị ký chỉ còn một lần nhập PIN; dịch vụ tự động không dùng lần cuối này",
    "log in by hand with the right PIN, which resets the count, then start the service",
    "đăng nhập bằng tay với mã PIN đúng để đặt lại bộ đếm, rồi khởi động dịch vụ",
)
TOKEN_FAILED: Final = Text(
    "EDX-3040",
    "the token does not sign: {reason}",
    "thiết bị ký không thực hiện được việc ký: {reason}",
    "the document waits and is signed as soon as the token answers; check that it is plugged in",
    "văn bản chờ và được ký ngay khi thiết bị hoạt động lại; kiểm tra thiết bị đã được cắm",
)
TOKEN_KEY_ID: Final = Text(
    "EDX-3041",
    "'{value}' is not the id of a key",
    "'{value}' không phải mã khóa hợp lệ",
    "hex digits in pairs, such as 01a2 or 01:a2",
    "các chữ số hex theo cặp, ví dụ 01a2 hoặc 01:a2",
)
TOKEN_CERTIFICATE: Final = Text(
    "EDX-3042",
    "the token holds no readable certificate that belongs to the key",
    "thiết bị ký không có chứng thư đọc được ứng với khóa",
    "set certificate_file to the agency's certificate and the intermediate ones (PEM)",
    "đặt certificate_file là tệp chứng thư cơ quan và các chứng thư trung gian (PEM)",
)
KEY_STAYS: Final = Text(
    "EDX-3043",
    "a key on a token signs with SHA-256 and does nothing else: {asked}",
    "khóa trên thiết bị chỉ dùng để ký với SHA-256: {asked}",
)
NONE_IN_FORCE: Final = Text(
    "EDX-3044",
    "{code} has no key whose certificate is in force",
    "{code} không có khóa nào mà chứng thư đang có hiệu lực",
    "install the renewed certificate; documents wait until then",
    "cài đặt chứng thư đã gia hạn; văn bản chờ đến khi đó",
)
SUPERSEDED: Final = Text(
    "EDX-3045",
    "the certificate of {subject} has expired; a newer key of {code} signs",
    "chứng thư của {subject} đã hết hạn; khóa mới hơn của {code} đang ký",
    "take the old key out of the configuration; its certificate stays in the registry",
    "bỏ khóa cũ khỏi cấu hình; vẫn giữ chứng thư của khóa đó trong danh bạ",
    Severity.INFO,
)
NO_KEYS: Final = Text(
    "EDX-3046",
    "the list of keys is empty",
    "danh sách khóa trống",
    "name at least one key, or leave key: out if the agency only receives",
    "khai báo ít nhất một khóa, hoặc bỏ key: nếu cơ quan chỉ nhận văn bản",
)
SOFT_TOKEN_MISSING: Final = Text(
    "EDX-3047",
    "SoftHSM2 is not installed on this machine",
    "máy này chưa cài SoftHSM2",
    "apt install softhsm2 (the program softhsm2-util and the library libsofthsm2.so are needed)",
    "apt install softhsm2 (cần chương trình softhsm2-util và thư viện libsofthsm2.so)",
)
SOFT_TOKEN_FAILED: Final = Text(
    "EDX-3048",
    "the software token cannot be made: {reason}",
    "không tạo được thiết bị ký phần mềm: {reason}",
    "name a new directory in which this user may write",
    "chọn một thư mục mới mà người dùng này ghi được",
)
FILE_EXISTS: Final = Text(
    "EDX-3049",
    "the file is there already; keys and requests are never written over",
    "tệp đã có; hệ thống không bao giờ ghi đè khóa và yêu cầu cấp chứng thư",
    "name another file with --key and --out",
    "chọn tên tệp khác bằng --key và --out",
)
FILE_NOT_WRITTEN: Final = Text(
    "EDX-3050",
    "the file cannot be written: {reason}",
    "không ghi được tệp: {reason}",
    "name a file in a directory of this user",
    "chọn tệp trong thư mục mà người dùng này ghi được",
)
TOKEN_PUBLIC_ABSENT: Final = Text(
    "EDX-3051",
    "the token does not show the public half of the key, so it cannot ask for a certificate here",
    "thiết bị không cho đọc khóa công khai tương ứng nên không lập được yêu cầu cấp chứng thư",
    "make the request with the vendor's own tool, or store the public key under the same label",
    "lập yêu cầu bằng công cụ của nhà cung cấp, hoặc lưu khóa công khai cùng nhãn trên thiết bị",
)
REQUEST_NEEDS_FILE: Final = Text(
    "EDX-3052",
    "it is not said where the new key of {code} shall be written",
    "chưa xác định nơi ghi khóa mới của {code}",
    "name a new file with --key FILE",
    "chỉ định tệp mới bằng --key TỆP",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
"""Every message about tokens and rotation."""
