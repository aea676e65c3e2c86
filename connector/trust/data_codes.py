"""Messages about the data that trust rests on: revocation (321x–323x) and registry (332x)."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

CERTIFICATE_REVOKED: Final = Text(
    "EDX-3211",
    "the certificate was revoked on {since}",
    "chứng thư đã bị thu hồi ngày {since}",
    "the sender needs a new certificate; packets signed after this moment are worthless",
    "bên gửi phải dùng chứng thư mới; gói tin ký sau thời điểm này không có giá trị",
)
REVOCATION_UNKNOWN: Final = Text(
    "EDX-3212",
    "it is not known whether '{subject}' was revoked; it passes by the policy on_missing: accept",
    "không biết '{subject}' có bị thu hồi hay không; cho qua theo chính sách on_missing: accept",
    "import the current list of {issuer}: connector keys import-crl FILE",
    "nhập danh sách thu hồi hiện hành của {issuer}: connector keys import-crl TỆP",
    Severity.WARNING,
)
REVOCATION_OUTDATED: Final = Text(
    "EDX-3213",
    "revocation data of {issuer} is {age} days old and {overdue} days overdue ({source})",
    "dữ liệu thu hồi của {issuer} đã cũ {age} ngày, quá hạn {overdue} ngày ({source})",
    "fetch the current list; certificates revoked since then are not known here",
    "tải danh sách hiện hành; các chứng thư bị thu hồi sau đó chưa được biết ở đây",
    Severity.WARNING,
)
REVOCATION_UNREADABLE: Final = Text(
    "EDX-3214",
    "the revocation list cannot be read: {reason}",
    "không đọc được danh sách thu hồi: {reason}",
    "PEM or DER, one list a file",
    "dạng PEM hoặc DER, mỗi tệp một danh sách",
)
REVOCATION_DECIDED: Final = Text(
    "EDX-3215",
    "not revoked by {issuer}: {source} of {made}, {age} days old, next due {due}",
    "chưa bị {issuer} thu hồi: {source} ngày {made}, cũ {age} ngày, hạn cập nhật {due}",
    severity=Severity.INFO,
)
REVOCATION_AWAITED: Final = Text(
    "EDX-3220",
    "it is not known whether '{subject}' was revoked: there is no usable data of {issuer}",
    "chưa biết '{subject}' có bị thu hồi hay không: không có dữ liệu dùng được của {issuer}",
    "the packet waits; import the current list: connector keys import-crl FILE",
    "gói tin được giữ chờ; nhập danh sách hiện hành: connector keys import-crl TỆP",
)
REVOCATION_TOO_OLD: Final = Text(
    "EDX-3221",
    "revocation data of {issuer} is {overdue} days overdue, more than {limit} ({source})",
    "dữ liệu thu hồi của {issuer} quá hạn {overdue} ngày, vượt mức {limit} ngày ({source})",
    "the packet waits; import the current list: connector keys import-crl FILE",
    "gói tin được giữ chờ; nhập danh sách hiện hành: connector keys import-crl TỆP",
)
CRL_UNFIT: Final = Text(
    "EDX-3222",
    "this revocation list is of no use here: {reason}",
    "không dùng được danh sách thu hồi này: {reason}",
    "get the complete list that the authority itself issues (no delta, no indirect list)",
    "lấy danh sách đầy đủ do chính CA phát hành (không phải delta CRL, không phải CRL gián tiếp)",
)
CRL_ISSUER_UNKNOWN: Final = Text(
    "EDX-3223",
    "no known authority has signed this list of '{issuer}'",
    "không có CA nào đã biết ký danh sách này của '{issuer}'",
    "import the authority first, or name its certificate: --issuer FILE",
    "nhập chứng thư CA trước, hoặc chỉ rõ chứng thư của CA: --issuer TỆP",
)
CRL_OLDER: Final = Text(
    "EDX-3224",
    "a newer list of this authority is in use (number {known} of {made}; this one: {number})",
    "đang dùng danh sách mới hơn của CA này (số {known} ngày {made}; danh sách này: số {number})",
    "nothing was changed",
    "không có gì thay đổi",
)
CRL_FUTURE: Final = Text(
    "EDX-3225",
    "this list was issued in the future ({made})",
    "danh sách này có ngày phát hành ở tương lai ({made})",
    "check the clock of this machine",
    "kiểm tra đồng hồ của máy này",
)
OCSP_WRONG: Final = Text(
    "EDX-3226",
    "the answer about '{subject}' of the OCSP responder is not accepted: {reason}",
    "không chấp nhận trả lời OCSP về '{subject}': {reason}",
    "packets of this signer wait for a good answer or for a revocation list",
    "gói tin của người ký này chờ trả lời hợp lệ hoặc danh sách thu hồi",
)
OCSP_UNREACHABLE: Final = Text(
    "EDX-3227",
    "no answer of the OCSP responder {url}: {reason}",
    "không nhận được trả lời từ máy chủ OCSP {url}: {reason}",
    "check that the responder can be reached from here, or import revocation lists",
    "kiểm tra kết nối tới máy chủ OCSP, hoặc nhập danh sách thu hồi",
)
OCSP_NO_URL: Final = Text(
    "EDX-3228",
    "the certificate '{subject}' names no OCSP responder",
    "chứng thư '{subject}' không nêu địa chỉ máy chủ OCSP",
    "set trust.revocation.ocsp_url, or import revocation lists",
    "khai báo trust.revocation.ocsp_url, hoặc nhập danh sách thu hồi",
)
ANCHOR_REFUSED: Final = Text(
    "EDX-3230",
    "the certificate of '{subject}' does not become an anchor: {reason}",
    "không nhận chứng thư '{subject}' làm CA tin cậy: {reason}",
    "anchors are valid certificates of authorities, self-signed or issued by another anchor",
    "CA tin cậy phải là chứng thư CA còn hiệu lực, tự ký hoặc do CA tin cậy khác cấp",
)
FILE_NOT_WRITTEN: Final = Text(
    "EDX-3231",
    "the file cannot be written: {reason}",
    "không ghi được tệp: {reason}",
    "nothing was changed; check the directory's permissions and free space",
    "không có gì thay đổi; kiểm tra quyền và dung lượng của thư mục",
)
CERTIFICATE_FILE: Final = Text(
    "EDX-3232",
    "no certificate can be read from this file: {reason}",
    "không đọc được chứng thư trong tệp này: {reason}",
    "PEM or DER",
    "dạng PEM hoặc DER",
)
REGISTRY_UNSIGNED: Final = Text(
    "EDX-3320",
    "the registry is not signed, but trust.registry_signers asks for it: {reason}",
    "danh bạ chứng thư chưa được ký, trong khi trust.registry_signers yêu cầu: {reason}",
    "whoever runs the exchange signs it: connector keys sign-registry",
    "đơn vị vận hành trục ký danh bạ: connector keys sign-registry",
)
REGISTRY_SIGNER: Final = Text(
    "EDX-3321",
    "the registry is signed by '{subject}', who is not among trust.registry_signers ({sha256})",
    "danh bạ do '{subject}' ký, không thuộc trust.registry_signers ({sha256})",
    "if this signer is meant, add the fingerprint; else take the genuine registry",
    "nếu đúng người ký, thêm dấu vân tay; nếu không, lấy lại danh bạ gốc",
)
REGISTRY_SIGNATURE: Final = Text(
    "EDX-3322",
    "the signature does not fit the registry: {reason}",
    "chữ ký không khớp với danh bạ: {reason}",
    "the registry was changed after it was signed; sign it again or take the genuine one",
    "danh bạ đã bị sửa sau khi ký; ký lại hoặc lấy lại bản gốc",
)
REGISTRY_OLDER: Final = Text(
    "EDX-3323",
    "version {found} of the registry is older than version {known}, which was in force",
    "phiên bản {found} của danh bạ cũ hơn phiên bản {known} đang có hiệu lực",
    "take the current registry; to go back on purpose, raise its `version`",
    "lấy danh bạ hiện hành; nếu chủ ý quay lại nội dung cũ, hãy tăng `version`",
)
REGISTRY_SIGNER_EXPIRED: Final = Text(
    "EDX-3324",
    "the certificate of the registry's signer '{subject}' expired on {not_after}",
    "chứng thư của người ký danh bạ '{subject}' đã hết hạn ngày {not_after}",
    "sign the registry with a new certificate and add it to trust.registry_signers",
    "ký danh bạ bằng chứng thư mới và thêm vào trust.registry_signers",
    Severity.WARNING,
)
REGISTRY_CERTIFICATE: Final = Text(
    "EDX-3325",
    "the certificate of '{subject}' is not registered: {reason}",
    "không đăng ký chứng thư '{subject}': {reason}",
)
REGISTRY_NO_ENTRY: Final = Text(
    "EDX-3326",
    "the registry has no certificate {sha256} of {code}",
    "danh bạ không có chứng thư {sha256} của {code}",
    "see what there is: connector keys list",
    "xem danh sách: connector keys list",
)
REGISTRY_NAME_NEEDED: Final = Text(
    "EDX-3327",
    "the registry does not know {code} yet: its official name is needed",
    "danh bạ chưa có {code}: cần tên chính thức của cơ quan",
)
REGISTRY_UNREADABLE: Final = Text(
    "EDX-3329",
    "the registry or its signature cannot be read: {reason}",
    "không đọc được danh bạ chứng thư hoặc chữ ký của danh bạ: {reason}",
    "check the path and its permissions",
    "kiểm tra đường dẫn và quyền truy cập",
)
TRUST_UNCHANGED: Final = Text(
    "EDX-3328",
    "the new anchors, registry or revocation lists are not taken over; the old ones stay in force",
    "không áp dụng CA tin cậy, danh bạ hoặc danh sách thu hồi mới; dữ liệu cũ vẫn có hiệu lực",
    "correct what is named; the files are read again as soon as they change",
    "sửa lỗi được nêu; các tệp sẽ được đọc lại ngay khi thay đổi",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
"""Every message of this file; the reference documentation is made from it."""
