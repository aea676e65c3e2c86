"""Why what a person asks for is not possible: told whole in either language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from connector.errors import PermanentError
from connector.flow import codes
from connector.store.inbox import InboxMessage
from connector.store.outbox import OutboxPacket

__all__ = ["impossible", "only"]

_Row = TypeVar("_Row", OutboxPacket, InboxMessage)

_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "no receiver": (
        "no such receiver, or all were taken back",
        "không có cơ quan nhận này, hoặc tất cả đã được thu hồi",
    ),
    "state": ("it is {state}", "đang ở trạng thái {state}"),
    "has left": ("it has left already: {states}", "gói tin đã gửi đi: {states}"),
    "deliveries": ("its deliveries are: {states}", "trạng thái các lượt gửi: {states}"),
    "act": (
        "it is itself an act (business type {business_type})",
        "bản thân gói tin là một nghiệp vụ (loại {business_type})",
    ),
    "nothing to recall": ("no delivery is left to recall", "không còn lượt gửi nào để thu hồi"),
    "no document": ("only document packets are sent", "chỉ gửi được gói tin văn bản"),
    "part": (
        "it is only a part of a packet, kept as evidence",
        "đây chỉ là một phần của gói tin, được giữ làm bằng chứng",
    ),
    "overtaken": ("{status} was sent already", "đã gửi trạng thái {status}"),
    "not asked": (
        "its issuer has not asked for a change",
        "cơ quan ban hành chưa đề nghị thay đổi",
    ),
}

_REMEDIES: Final[Mapping[str, tuple[str, str]]] = {
    "part": (
        (
            "remove the cause that `connector inbox show {target}` names (a limit: raise it in "
            "connector.yaml), then ask the sender to `connector resend` the packet"
        ),
        (
            "khắc phục nguyên nhân nêu trong `connector inbox show {target}` (nếu do giới hạn: "
            "nâng trong connector.yaml), rồi đề nghị bên gửi `connector resend` gói tin"
        ),
    ),
    "has left": (
        "`connector resend {target}` sends it again under the same id",
        "`connector resend {target}` gửi lại gói tin với cùng mã",
    ),
}


def impossible(action: str, why: str, target: str = "", **facts: object) -> PermanentError:
    """Return the error that an act is not possible; `why` is one of the reasons by name."""
    en, vi = _REASONS[why]
    finding = codes.ACTION_NOT_POSSIBLE.at(
        target,
        action=action,
        reason_en=en.format(**facts),
        reason_vi=vi.format(**facts),
        target=target,
    )
    if why in _REMEDIES:
        hint_en, hint_vi = (each.format(target=target) for each in _REMEDIES[why])
        finding = replace(finding, hint_en=hint_en, hint_vi=hint_vi)
    return PermanentError(finding)


def only(found: Sequence[_Row], text: str) -> _Row:
    """Return the one row that a text means.

    Raises:
        PermanentError: none, or several.
    """
    if not found:
        raise PermanentError(codes.UNKNOWN_ID.at(text=text))
    if len(found) > 1:
        packets = ", ".join(map(_name_of, found[:5]))
        raise PermanentError(codes.AMBIGUOUS_ID.at(text=text, packets=packets))
    return found[0]


def _name_of(row: OutboxPacket | InboxMessage) -> str:
    """Return by what to name a row: a message has no packet id until it is verified."""
    return row.packet_id or (row.message_key if isinstance(row, InboxMessage) else "")
