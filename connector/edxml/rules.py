"""What a schema cannot say: the business rules, each a small function in one table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from connector.edxml import act_checks as act
from connector.edxml import attachment_checks as attached
from connector.edxml import document_checks as doc
from connector.edxml.act_checks import documents_named
from connector.errors import Finding
from connector.model.envelope import Document, Envelope, StatusReport

__all__ = ["RULES", "Rule", "check_rules", "documents_named"]

_DOCUMENT: Final = (Document,)
_STATUS: Final = (StatusReport,)
_BOTH: Final = (Document, StatusReport)
_Check = Callable[[Any, dt.date], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a name that stays, its source, what it demands, and its check."""

    name: str
    law: str
    en: str
    vi: str
    applies_to: tuple[type, ...]
    check: _Check


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "secret-mark",
        "QĐ 28/2018 Đ1(2); NĐ 30/2020 PL I",
        "A packet bears no mark of state secrecy.",
        "Gói tin không mang dấu chỉ độ mật.",
        _DOCUMENT,
        doc.secret_mark,
    ),
    Rule(
        "promulgation-date",
        "QCVN 102:2016",
        "The day of issue is not in the future.",
        "Ngày ban hành không ở tương lai.",
        _DOCUMENT,
        doc.promulgation_date,
    ),
    Rule(
        "due-date",
        "NĐ 30/2020 PL VI",
        "A document is not due before it was issued.",
        "Hạn xử lý không trước ngày ban hành.",
        _DOCUMENT,
        doc.due_date,
    ),
    Rule(
        "receivers-once",
        "QĐ 28/2018 Đ6(3)",
        "Each receiver is named once.",
        "Mỗi nơi nhận chỉ được ghi một lần.",
        _DOCUMENT,
        doc.receivers_once,
    ),
    Rule(
        "sender-not-receiver",
        "QĐ 28/2018 Đ6(3)",
        "The sender is not among the receivers.",
        "Bên gửi không nằm trong danh sách nơi nhận.",
        _DOCUMENT,
        doc.sender_not_receiver,
    ),
    Rule(
        "number-shape",
        "NĐ 30/2020 PL I",
        "Numbers are digits, below 10 with a leading zero.",
        "Số văn bản ghi bằng chữ số, số dưới 10 thêm số 0 phía trước.",
        _DOCUMENT,
        doc.number_shape,
    ),
    Rule(
        "notation-shape",
        "NĐ 30/2020 PL I",
        "Notations have no spaces, their parts are joined by '-'.",
        "Ký hiệu không có dấu cách, các phần nối bằng dấu '-'.",
        _DOCUMENT,
        doc.notation_shape,
    ),
    Rule(
        "document-id-agrees",
        "QĐ 28/2018 Đ10(2)(b)",
        "A DocumentId made of agency, date and number agrees with the header.",
        "DocumentId gồm mã cơ quan, ngày và số ký hiệu phải khớp với phần đầu.",
        _DOCUMENT,
        doc.document_id_agrees,
    ),
    Rule(
        "traced",
        "QĐ 28/2018 Đ10(2)",
        "The sender writes the first hop.",
        "Bên gửi ghi vết gửi đầu tiên.",
        _DOCUMENT,
        doc.traced,
    ),
    Rule(
        "recall-is-clear",
        "QĐ 28/2018 Đ8(2), Đ9(2)",
        "A recall names one document only.",
        "Gói thu hồi chỉ nêu đúng một văn bản.",
        _DOCUMENT,
        act.recall_is_clear,
    ),
    Rule(
        "recall-by-issuer",
        "QĐ 28/2018 Đ8(2)",
        "Only the issuer recalls.",
        "Chỉ cơ quan ban hành được thu hồi.",
        _DOCUMENT,
        act.recall_by_issuer,
    ),
    Rule(
        "update-named",
        "QCVN 102:2016",
        "An update says of which document, and what changes.",
        "Gói cập nhật nêu rõ văn bản và nội dung thay đổi.",
        _DOCUMENT,
        act.update_named,
    ),
    Rule(
        "update-keeps-content",
        "NĐ 30/2020 Đ18(3)",
        "An update never changes a document's content.",
        "Gói cập nhật không bao giờ thay đổi nội dung văn bản.",
        _DOCUMENT,
        act.update_keeps_content,
    ),
    Rule(
        "replacement-named",
        "NĐ 30/2020 Đ18(3)",
        "A replacing document says what it replaces, and for whom.",
        "Văn bản thay thế nêu rõ văn bản bị thay thế và nơi nhận liên quan.",
        _DOCUMENT,
        act.replacement_named,
    ),
    Rule(
        "act-fits-type",
        "QCVN 102:2016",
        "Changes belong to updates, replacements to replacing documents.",
        "Thông tin thay đổi chỉ có ở gói cập nhật, thông tin thay thế chỉ có ở gói thay thế.",
        _DOCUMENT,
        act.act_fits_type,
    ),
    Rule(
        "paper-follows",
        "QĐ 28/2018 Đ5(3), Đ7(2)",
        "Paper follows only where the law still wants it.",
        "Chỉ gửi kèm bản giấy khi pháp luật còn yêu cầu.",
        _DOCUMENT,
        act.paper_follows,
    ),
    Rule(
        "attachments-not-empty",
        "QĐ 28/2018 Đ5(4), Đ10(1)",
        "No attachment is empty.",
        "Không có tệp đính kèm rỗng.",
        _DOCUMENT,
        attached.not_empty,
    ),
    Rule(
        "pdf-sound",
        "QĐ 28/2018 Đ5(4)",
        "No PDF was damaged by being handled as text.",
        "Không có tệp PDF bị hỏng do xử lý như văn bản.",
        _DOCUMENT,
        attached.pdf_sound,
    ),
    Rule(
        "kinds-agree",
        "QĐ 28/2018 Đ5(4)",
        "Attachments are what their type and name say, and no programs.",
        "Tệp đính kèm đúng loại và tên đã ghi, không phải chương trình thực thi.",
        _DOCUMENT,
        attached.kinds_agree,
    ),
    Rule(
        "content-ids-once",
        "QĐ 28/2018 Đ10(1)",
        "Each attachment has a content id of its own.",
        "Mỗi tệp đính kèm có mã riêng.",
        _DOCUMENT,
        attached.content_ids_once,
    ),
    Rule(
        "names-safe",
        "QĐ 28/2018 Đ5(4)",
        "Names of attachments are names, not paths, and all of them can be seen.",
        "Tên tệp đính kèm không phải đường dẫn và không chứa ký tự ẩn.",
        _DOCUMENT,
        attached.names_safe,
    ),
    Rule(
        "names-awkward",
        "QĐ 28/2018 Đ5(4)",
        "Names of attachments can be stored everywhere.",
        "Tên tệp đính kèm lưu được trên mọi hệ thống.",
        _DOCUMENT,
        attached.names_awkward,
    ),
    Rule(
        "names-once",
        "QĐ 28/2018 Đ10(1)",
        "Attachments have different names.",
        "Các tệp đính kèm có tên khác nhau.",
        _DOCUMENT,
        attached.names_once,
    ),
    Rule(
        "reason-given",
        "QĐ 28/2018 Đ9(1)",
        "A refusal says why.",
        "Trạng thái từ chối phải nêu lý do.",
        _STATUS,
        act.reason_given,
    ),
    Rule(
        "answers-other",
        "QĐ 28/2018 Đ9(2)",
        "An agency does not report to itself.",
        "Cơ quan không gửi trạng thái cho chính mình.",
        _STATUS,
        act.answers_other,
    ),
    Rule(
        "text-sound",
        "NĐ 30/2020 PL I (TCVN 6909:2001)",
        "Text is composed Unicode (NFC) and shows no sign of a wrong charset.",
        "Văn bản dùng Unicode dựng sẵn (NFC) và không có dấu hiệu sai bảng mã.",
        _BOTH,
        doc.text_sound,
    ),
    Rule(
        "common-limits",
        "",
        "Values stay within the lengths that systems in use accept.",
        "Giá trị nằm trong độ dài mà các hệ thống đang dùng chấp nhận.",
        _DOCUMENT,
        doc.common_limits,
    ),
)
"""All rules, in the order in which findings are reported."""


def check_rules(
    envelope: Envelope, *, today: dt.date, written: str | None = None
) -> tuple[Finding, ...]:
    """Return what the rules find; `today` is the calendar day in Vietnam.

    `written` is the packet's text, if that is there: text that is sound as a whole is so in
    each element, which need not be looked at one by one.
    """
    sound = written is not None and doc.is_sound(written)
    kind: Any = type(envelope)  # mypy takes a class for unhashable
    found: list[Finding] = []
    for check in _checks(kind, sound):
        found += check(envelope, today)
    return tuple(found)


@cache
def _checks(kind: type[Any], sound: bool) -> tuple[_Check, ...]:
    """Return the checks of a kind of envelope, without that of a text that is known as sound."""
    of_kind = (rule.check for rule in RULES if kind in rule.applies_to)
    return tuple(check for check in of_kind if not (sound and check is doc.text_sound))
