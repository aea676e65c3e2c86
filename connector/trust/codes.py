"""What can be wrong with keys, signatures, certificates and the registry: EDX-30xx to EDX-33xx."""

from __future__ import annotations

from typing import Final

from connector.errors import Severity, Text

__all__ = ["CATALOGUE"]

KEY_UNREADABLE: Final = Text(
    "EDX-3001",
    "the file cannot be read: {reason}",
    "không đọc được tệp: {reason}",
    "check the path in the key's settings, and that the service user may read the file",
    "kiểm tra đường dẫn trong thiết lập khóa và quyền đọc tệp của tài khoản chạy dịch vụ",
)
KEY_OPEN_TO_OTHERS: Final = Text(
    "EDX-3002",
    "the private key can be read by other users (mode {mode})",
    "người dùng khác trên máy đọc được khóa bí mật (quyền {mode})",
    "chmod 600 {path}",
    "chmod 600 {path}",
)
KEY_FORMAT: Final = Text(
    "EDX-3003",
    "the file holds no private key (in PKCS#12 with its certificate) in a form that is understood",
    "tệp không chứa khóa bí mật (với PKCS#12: kèm chứng thư) ở dạng đọc được",
    "PEM with type: pem, PKCS#12 (.p12, .pfx) with type: pkcs12; on a token: type: pkcs11",
    "PEM dùng type: pem, PKCS#12 (.p12, .pfx) dùng type: pkcs12; trên thiết bị: type: pkcs11",
)
KEY_PASSWORD: Final = Text(
    "EDX-3004",
    "the password of the key is missing or wrong",
    "thiếu hoặc sai mật khẩu của khóa",
    "set password: to a reference {{file: …}}, {{env: …}} or {{credential: …}}",
    "đặt password: thành tham chiếu {{file: …}}, {{env: …}} hoặc {{credential: …}}",
)
KEY_WEAK: Final = Text(
    "EDX-3005",
    "the key is not accepted for signing: {reason}",
    "khóa không đạt yêu cầu để ký số: {reason}",
    "ask for a certificate over RSA with 2048 to 8192 bits, or over P-256, P-384 or P-521",
    "xin cấp chứng thư cho khóa RSA từ 2048 đến 8192 bit, hoặc P-256, P-384, P-521",
)
KEY_MISMATCH: Final = Text(
    "EDX-3006",
    "the private key does not belong to the first certificate",
    "khóa bí mật không khớp với chứng thư đầu tiên",
    "the agency's own certificate stands first in the file, then the intermediate ones",
    "chứng thư của cơ quan phải đứng đầu tệp, sau đó đến các chứng thư trung gian",
)
KEY_CERTIFICATE: Final = Text(
    "EDX-3007",
    "the file holds no certificate in a form that is understood",
    "tệp không chứa chứng thư ở dạng đọc được",
    "the file holds PEM certificates: the agency's own first, then the intermediate ones",
    "tệp chứa chứng thư dạng PEM: của cơ quan trước, sau đó đến các chứng thư trung gian",
)
KEY_EXPIRED: Final = Text(
    "EDX-3008",
    "the certificate of the key expired on {not_after}",
    "chứng thư của khóa đã hết hạn ngày {not_after}",
    "renew it, register the new one with the exchange, and set key_file and certificate_file",
    "gia hạn chứng thư, đăng ký chứng thư mới với trục, rồi sửa key_file và certificate_file",
)
KEY_NOT_YET: Final = Text(
    "EDX-3009",
    "the certificate of the key is valid only from {not_before}",
    "chứng thư của khóa chỉ có hiệu lực từ {not_before}",
    "check the machine's clock; otherwise wait, or use the certificate in force",
    "kiểm tra đồng hồ của máy; nếu đúng giờ thì chờ hoặc dùng chứng thư đang có hiệu lực",
)
KEY_UNSUITABLE: Final = Text(
    "EDX-3010",
    "the certificate of the key may not sign packets: {reason}",
    "chứng thư của khóa không được dùng để ký gói tin: {reason}",
    "use the agency's own signing certificate (key usage digitalSignature, no CA)",
    "dùng chứng thư ký số của cơ quan (mục đích digitalSignature, không phải chứng thư CA)",
)
KEY_CHAIN: Final = Text(
    "EDX-3011",
    "certificate {number} in the file did not issue certificate {before}",
    "chứng thư thứ {number} trong tệp không cấp chứng thư thứ {before}",
    "order: the agency's own, its issuer, the issuer of that one; at most 5, without the root",
    "thứ tự: chứng thư cơ quan, CA cấp nó, CA cấp trên; tối đa 5 chứng thư, không kèm CA gốc",
)
KEY_SETTINGS: Final = Text(
    "EDX-3012",
    "there is no kind of key '{found}'",
    "không có loại khóa '{found}'",
    "pem (key_file, certificate_file), pkcs12 (file), or pkcs11 (module, slot, key_label, pin)",
    "pem (key_file, certificate_file), pkcs12 (file), hoặc pkcs11 (module, slot, key_label, pin)",
)
DIRECTORY_NOT_EMPTY: Final = Text(
    "EDX-3013",
    "the directory is not empty; a development PKI never overwrites keys",
    "thư mục không rỗng; bộ khóa thử nghiệm không bao giờ ghi đè khóa đã có",
    "name a new directory",
    "chọn một thư mục mới",
)
NOT_WRITABLE: Final = Text(
    "EDX-3014",
    "the file cannot be written: {reason}",
    "không ghi được tệp: {reason}",
    "check the permissions of the directory and the space on the disk",
    "kiểm tra quyền của thư mục và dung lượng đĩa còn trống",
)
EXPIRED: Final = Text(
    "EDX-3019",
    "the certificate of {subject} expired {days} days ago",
    "chứng thư của {subject} đã hết hạn {days} ngày",
    "replace it; nothing that depends on it is accepted any more",
    "thay chứng thư khác; mọi thứ phụ thuộc vào chứng thư này không còn được chấp nhận",
)
EXPIRES_SOON: Final = Text(
    "EDX-3020",
    "the certificate of {subject} expires in {days} days (warning at {threshold})",
    "chứng thư của {subject} còn {days} ngày là hết hạn (ngưỡng cảnh báo {threshold} ngày)",
    "ask for its renewal now; old and new certificate may be registered at the same time",
    "đề nghị gia hạn ngay; được phép đăng ký đồng thời chứng thư cũ và mới",
    Severity.WARNING,
)
KEY_NOT_REGISTERED: Final = Text(
    "EDX-3021",
    "the registry does not let the certificate of {subject} sign for {code}",
    "danh bạ chứng thư không cho phép chứng thư của {subject} ký thay mặt {code}",
    "add its fingerprint {sha256} under {code}; until then receivers refuse its packets",
    "thêm dấu vân tay {sha256} vào mục {code}; nếu chưa, bên nhận sẽ từ chối gói tin",
    Severity.WARNING,
)
NOT_SIGNED: Final = Text(
    "EDX-3101",
    "the packet carries no XML signature",
    "gói tin không có chữ ký số XML",
    "an element named Signature outside the XMLDSig namespace is no signature; the sender signs",
    "phần tử Signature ngoài không gian tên XMLDSig không phải chữ ký; bên gửi phải ký gói tin",
)
SIGNATURE_PLACE: Final = Text(
    "EDX-3102",
    "signature elements stand in a wrong place: {reason}",
    "phần tử chữ ký đứng sai vị trí: {reason}",
    "exactly one Signature, the last child of edXML/edXMLEnvelope/edXMLHeader",
    "chỉ một Signature, là phần tử con cuối cùng của edXML/edXMLEnvelope/edXMLHeader",
)
SIGNATURE_SHAPE: Final = Text(
    "EDX-3103",
    "the signature is not built as required: {reason}",
    "chữ ký không đúng cấu trúc quy định: {reason}",
    "SignedInfo, SignatureValue, KeyInfo and nothing else; one Reference",
    "chỉ gồm SignedInfo, SignatureValue, KeyInfo; một Reference duy nhất",
)
ALGORITHM: Final = Text(
    "EDX-3104",
    "the algorithm {algorithm} is not accepted for {purpose}",
    "không chấp nhận thuật toán {algorithm} cho {purpose}",
    "accepted: {accepted}",
    "các thuật toán được chấp nhận: {accepted}",
)
REFERENCE: Final = Text(
    "EDX-3105",
    "the signature does not cover the whole packet: {reason}",
    "chữ ký không bao trùm toàn bộ gói tin: {reason}",
    'Reference URI="" with the transforms enveloped-signature and, if any, one C14N',
    'Reference URI="" với phép biến đổi enveloped-signature và nhiều nhất một phép C14N',
)
ENCODING: Final = Text(
    "EDX-3106",
    "{element} is not strict base64 of an acceptable length",
    "{element} không phải base64 chuẩn hoặc có độ dài không hợp lệ",
)
KEY_INFO: Final = Text(
    "EDX-3107",
    "KeyInfo is not built as required: {reason}",
    "KeyInfo không đúng cấu trúc quy định: {reason}",
    "one X509Data with the signer's certificate and at most 4 of its issuers",
    "một X509Data gồm chứng thư người ký và tối đa 4 chứng thư cấp trên",
)
SIGNATURE_WRONG: Final = Text(
    "EDX-3108",
    "the signature does not fit: content or signature was changed ({reason})",
    "chữ ký không khớp: nội dung hoặc chữ ký đã bị thay đổi ({reason})",
    "nothing of this packet may be used; ask the sender for the packet as it was signed",
    "không được sử dụng nội dung gói tin này; đề nghị bên gửi gửi lại gói tin đã ký",
)
CONTENT_CHANGED: Final = Text(
    "EDX-3109",
    "what was signed is not the packet: {reason}",
    "nội dung được ký không phải là gói tin: {reason}",
)
NOT_CANONICAL: Final = Text(
    "EDX-3110",
    "a packet that is to be signed is not in canonical form: {reason}",
    "gói tin đưa vào ký không ở dạng chuẩn tắc: {reason}",
)
LEGACY_SHA1: Final = Text(
    "EDX-3111",
    "the signature rests on SHA-1, accepted only because of the legacy policy for {code}",
    "chữ ký dùng SHA-1, chỉ được chấp nhận theo chính sách chuyển tiếp dành cho {code}",
    "SHA-1 can be forged with effort; ask the sender to sign with SHA-256",
    "SHA-1 có thể bị giả mạo; đề nghị bên gửi chuyển sang ký bằng SHA-256",
    Severity.WARNING,
)
LEGACY_REFUSED: Final = Text(
    "EDX-3112",
    "the signature rests on SHA-1, which no legacy policy allows to {code}",
    "chữ ký dùng SHA-1, không có chính sách chuyển tiếp nào cho phép đối với {code}",
    "the sender signs with SHA-256, or the exchange names it in the legacy policy",
    "bên gửi phải ký bằng SHA-256, hoặc trục ghi tên bên gửi vào chính sách chuyển tiếp",
)
UNEXPECTED: Final = Text(
    "EDX-3199",
    "the packet could not be verified: {reason}",
    "không xác minh được gói tin: {reason}",
    "the packet stays in quarantine; please report this with the packet",
    "gói tin được giữ trong khu cách ly; vui lòng báo lỗi kèm gói tin",
)
CERTIFICATE_UNREADABLE: Final = Text(
    "EDX-3201",
    "a certificate of the signature cannot be read: {reason}",
    "không đọc được chứng thư trong chữ ký: {reason}",
)
NO_SINGLE_SIGNER: Final = Text(
    "EDX-3202",
    "the signature names {count} signing certificates instead of one",
    "chữ ký nêu {count} chứng thư người ký thay vì một",
    "certificates of authorities may not sign packets; exactly one other certificate stands there",
    "chứng thư CA không được ký gói tin; phải có đúng một chứng thư không phải CA",
)
CERTIFICATE_WEAK: Final = Text(
    "EDX-3203",
    "the signer's key is not accepted: {reason}",
    "khóa của người ký không đạt yêu cầu: {reason}",
)
CERTIFICATE_USAGE: Final = Text(
    "EDX-3204",
    "the signer's certificate may not sign packets: {reason}",
    "chứng thư người ký không được dùng để ký gói tin: {reason}",
)
CERTIFICATE_EXPIRED: Final = Text(
    "EDX-3205",
    "the signer's certificate had expired ({not_after}) at {at}",
    "chứng thư người ký đã hết hạn ({not_after}) tại thời điểm {at}",
    "the sender renews its certificate and signs again",
    "bên gửi gia hạn chứng thư và ký lại",
)
CERTIFICATE_NOT_YET: Final = Text(
    "EDX-3206",
    "the signer's certificate was not yet valid ({not_before}) at {at}",
    "chứng thư người ký chưa có hiệu lực ({not_before}) tại thời điểm {at}",
    "check the clocks of both sides",
    "kiểm tra đồng hồ của cả hai bên",
)
CHAIN_UNTRUSTED: Final = Text(
    "EDX-3207",
    "the signer's certificate does not lead to a trusted authority: {reason}",
    "chứng thư người ký không dẫn tới CA được tin cậy: {reason}",
    "if this authority is to be trusted, put its certificate into the directory of anchors",
    "nếu tin cậy CA này, đặt chứng thư của nó vào thư mục CA tin cậy",
)
ANCHORS_MISSING: Final = Text(
    "EDX-3208",
    "the directory of trusted authorities holds no certificate",
    "thư mục CA tin cậy không có chứng thư nào",
    "put the certificates of the trusted authorities there (*.pem, *.crt, *.cer)",
    "đặt chứng thư của các CA được tin cậy vào đó (*.pem, *.crt, *.cer)",
)
ANCHOR_UNREADABLE: Final = Text(
    "EDX-3209",
    "the certificate of a trusted authority cannot be read: {reason}",
    "không đọc được chứng thư CA tin cậy: {reason}",
    "PEM or DER; one bad file stops the start, so that nobody trusts less than was meant",
    "dạng PEM hoặc DER; một tệp hỏng sẽ dừng khởi động để không bỏ sót CA nào",
)
ANCHOR_NOT_CA: Final = Text(
    "EDX-3210",
    "the certificate of {subject} is not that of an authority",
    "chứng thư của {subject} không phải chứng thư CA",
    "agencies' own certificates belong into the registry, not among the anchors",
    "chứng thư của cơ quan khai báo trong danh bạ, không đặt trong thư mục CA tin cậy",
)
REGISTRY_CODE_TWICE: Final = Text(
    "EDX-3301",
    "the agency {code} stands twice in the registry",
    "cơ quan {code} xuất hiện hai lần trong danh bạ chứng thư",
    "list all certificates of an agency in one place",
    "ghi mọi chứng thư của một cơ quan vào cùng một mục",
)
REGISTRY_FINGERPRINT: Final = Text(
    "EDX-3302",
    "'{value}' is not a SHA-256 fingerprint",
    "'{value}' không phải dấu vân tay SHA-256",
    "64 hex digits, colons allowed: openssl x509 -in FILE -noout -fingerprint -sha256",
    "64 chữ số hex, cho phép dấu hai chấm: openssl x509 -in TỆP -noout -fingerprint -sha256",
)
REGISTRY_FINGERPRINT_TWICE: Final = Text(
    "EDX-3303",
    "the certificate {sha256} stands twice under {code}",
    "chứng thư {sha256} xuất hiện hai lần trong mục {code}",
    "keep one entry with the period that is meant",
    "giữ lại một mục với thời hạn đúng",
)
REGISTRY_PERIOD: Final = Text(
    "EDX-3304",
    "valid_to ({valid_to}) lies before valid_from ({valid_from})",
    "valid_to ({valid_to}) trước valid_from ({valid_from})",
)
REGISTRY_VERSION: Final = Text(
    "EDX-3305",
    "version {found} of the registry's format is not known; this program reads 1",
    "không hỗ trợ phiên bản định dạng {found} của danh bạ; chương trình đọc phiên bản 1",
)
NOT_REGISTERED: Final = Text(
    "EDX-3310",
    "the signer's certificate ({subject}) is not registered for any agency",
    "chứng thư người ký ({subject}) chưa được đăng ký cho cơ quan nào",
    "if it is genuine, add its fingerprint {sha256} to the registry",
    "nếu chứng thư là thật, thêm dấu vân tay {sha256} vào danh bạ",
)
WRONG_AGENCY: Final = Text(
    "EDX-3311",
    "the packet says it is from {organ_id}, but its signer may sign only for {codes}",
    "gói tin ghi cơ quan gửi là {organ_id}, nhưng người ký chỉ được ký thay mặt {codes}",
    "treat it as a forgery until the sender has explained it",
    "coi là giả mạo cho đến khi bên gửi giải trình",
)
OUTSIDE_REGISTRATION: Final = Text(
    "EDX-3312",
    "the signer's certificate was not registered for {code} on {day} (only {period})",
    "chứng thư người ký không được đăng ký cho {code} vào ngày {day} (chỉ trong {period})",
    "check the registry's valid_from and valid_to",
    "kiểm tra valid_from và valid_to trong danh bạ",
)

CATALOGUE: Final[tuple[Text, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Text)
)
"""Every message of this room; the reference documentation is made from it."""
