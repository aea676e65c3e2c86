"""The closed table of fields that an adapter can fill: paths into a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

__all__ = ["FIELDS", "Field", "Kind", "parts_of"]


class Kind(Enum):
    """What a field holds: name, in English, in Vietnamese, and transforms that make it."""

    TEXT = ("a text", "văn bản", "")
    DATE = ("a day", "ngày", "date")
    WHOLE = ("a whole number", "số nguyên", "integer")
    BOOLEAN = ("yes or no", "có/không", "boolean")
    CODE = ("a number and notation", "số và ký hiệu", "split_code")
    DOCUMENT_TYPE = ("a kind of document", "tên loại văn bản", "document_type")
    SIGNER = ("authority and position of a signer", "thẩm quyền và chức vụ", "competence_position")
    PRIORITY = ("a degree of urgency, 0 to 4", "mức độ khẩn, 0 đến 4", "priority, table")
    BUSINESS_TYPE = ("a business type, 0 to 3", "loại nghiệp vụ, 0 đến 3", "table")

    @property
    def en(self) -> str:
        """The kind in English."""
        return self.value[0]

    @property
    def vi(self) -> str:
        """The kind in Vietnamese."""
        return self.value[1]

    @property
    def transforms(self) -> str:
        """Names of transforms that yield this kind."""
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its path, the Vietnamese term, what it means, and whether it is a list."""

    path: str
    kind: Kind
    title: str
    doc: str
    many: bool = False
    required: bool = False


_ALL: Final = (
    Field("code", Kind.CODE, "Số và ký hiệu", "Number and notation together.", required=True),
    Field("code.number", Kind.TEXT, "Số văn bản", "Number, leading zeros kept."),
    Field("code.notation", Kind.TEXT, "Ký hiệu văn bản", "Notation, such as QĐ-TTg."),
    Field("promulgation.place", Kind.TEXT, "Địa danh", "Place of issue.", required=True),
    Field("promulgation.date", Kind.DATE, "Ngày ban hành", "Day of issue.", required=True),
    Field(
        "document_type",
        Kind.DOCUMENT_TYPE,
        "Tên loại văn bản",
        "Kind of document by the transform document_type.",
        required=True,
    ),
    Field("document_type.type", Kind.WHOLE, "Loại", "1 for QPPL, 2 for administrative."),
    Field("document_type.type_detail", Kind.WHOLE, "Số trong danh mục", "Number in its list."),
    Field("document_type.type_name", Kind.TEXT, "Tên loại", "Name of the kind."),
    Field("subject", Kind.TEXT, "Trích yếu", "What the document is about.", required=True),
    Field("content", Kind.TEXT, "Nội dung", "Summary of the content."),
    Field("signer", Kind.SIGNER, "Quyền hạn, chức vụ", "Authority and position together."),
    Field("signer.full_name", Kind.TEXT, "Người ký", "Full name.", required=True),
    Field("signer.position", Kind.TEXT, "Chức vụ", "Position of who signed."),
    Field("signer.competence", Kind.TEXT, "Thẩm quyền ký", "TM., KT., TL., TUQ. or Q."),
    Field(
        "receivers",
        Kind.TEXT,
        "Nơi nhận",
        "Codes of the receiving agencies, in either scheme.",
        many=True,
        required=True,
    ),
    Field("document_id", Kind.TEXT, "Mã định danh văn bản", "By default made of the code."),
    Field("due_date", Kind.DATE, "Hạn trả lời", "Day by which an answer is due."),
    Field("to_places", Kind.TEXT, "Nơi nhận khác", "Places named as receivers.", many=True),
    Field("other_info.priority", Kind.PRIORITY, "Độ khẩn", "Degree of urgency."),
    Field(
        "other_info.sphere_of_promulgation",
        Kind.TEXT,
        "Phạm vi lưu hành",
        "Circulation, such as LƯU HÀNH NỘI BỘ.",
    ),
    Field("other_info.typer_notation", Kind.TEXT, "Ký hiệu người soạn", "Who drafted it."),
    Field("other_info.promulgation_amount", Kind.WHOLE, "Số bản", "Copies issued."),
    Field("other_info.page_amount", Kind.WHOLE, "Số trang", "Pages."),
    Field("other_info.direction", Kind.BOOLEAN, "Chỉ đạo", "Extension of VNPT."),
    Field("other_info.appendixes", Kind.TEXT, "Phụ lục", "Names of appendixes.", many=True),
    Field("other_info.reply_fors", Kind.TEXT, "Phúc đáp", "Extension of VNPT.", many=True),
    Field("other_info.reference_codes", Kind.TEXT, "Tham chiếu", "Extension of VNPT.", many=True),
    Field("response_for.organ_id", Kind.TEXT, "Cơ quan được trả lời", "Its code.", many=True),
    Field("response_for.code", Kind.TEXT, "Số ký hiệu được trả lời", "Joined code.", many=True),
    Field(
        "response_for.promulgation_date",
        Kind.DATE,
        "Ngày ban hành văn bản được trả lời",
        "Day of issue of the document that is answered.",
        many=True,
    ),
    Field(
        "response_for.document_id",
        Kind.TEXT,
        "Mã định danh văn bản được trả lời",
        "Id of the document that is answered.",
        many=True,
    ),
    Field("steering_type", Kind.WHOLE, "Loại chỉ đạo", "1 none, 2 steering, 3 report on it."),
    Field("response_for_task", Kind.TEXT, "Mã nhiệm vụ", "Extension of VNPT.", many=True),
    Field("application_type", Kind.TEXT, "Loại ứng dụng", "Extension of VNPT."),
    Field(
        "business.type",
        Kind.BUSINESS_TYPE,
        "Loại nghiệp vụ",
        "0 new, 1 recall, 2 update, 3 replace; 0 by default, 3 where documents are replaced.",
    ),
    Field("business.reason", Kind.TEXT, "Lý do", "Reason of the business."),
    Field("business.paper", Kind.BOOLEAN, "Gửi kèm bản giấy", "Whether paper follows."),
    Field(
        "business.document_id",
        Kind.TEXT,
        "Mã văn bản bị thu hồi hoặc cập nhật",
        "By default the document's own id.",
    ),
    Field(
        "business.replaces",
        Kind.TEXT,
        "Văn bản bị thay thế",
        "Ids of the documents that this one replaces for all its receivers.",
        many=True,
    ),
    Field("business.added", Kind.TEXT, "Nơi nhận thêm", "Codes added by an update.", many=True),
    Field("business.removed", Kind.TEXT, "Nơi nhận bớt", "Codes taken off.", many=True),
    Field("business.staff.department", Kind.TEXT, "Đơn vị xử lý", "Department in charge."),
    Field("business.staff.staff", Kind.TEXT, "Người xử lý", "Person in charge."),
    Field("business.staff.mobile", Kind.TEXT, "Điện thoại người xử lý", "Telephone."),
    Field("business.staff.email", Kind.TEXT, "Thư điện tử người xử lý", "E-mail."),
)

FIELDS: Final[Mapping[str, Field]] = MappingProxyType({field.path: field for field in _ALL})
"""Every field that an adapter can fill, by path."""

_WHOLE_PARTS: Final = {
    "code": ("code.number", "code.notation"),
    "document_type": ("document_type.type", "document_type.type_name"),
    "signer": (),
}


def parts_of(path: str) -> tuple[str, ...]:
    """Return the fields that together stand for a structured field, none for a plain one."""
    return _WHOLE_PARTS.get(path, ())
