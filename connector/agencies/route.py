"""Where a document to a code would go, and why (architecture section 5).

The broker routes: a document for a unit without a node of its own falls to the nearest
connected agency above it. Here the same decision is told in steps, for people.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from connector.agencies.agency import Resolution
from connector.agencies.catalogue import Catalogue
from connector.errors import Language
from connector.model.organ import above

__all__ = ["Explanation", "Step", "explain"]

_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "spelling": (
        "{given} is the QCVN 102:2016 spelling of {code}; routing uses {code}",
        "{given} là cách viết theo QCVN 102:2016 của {code}; định tuyến dùng {code}",
    ),
    "agency": (
        "{code} is {name}, valid on {on}",
        "{code} là {name}, có hiệu lực vào ngày {on}",
    ),
    "unverified": (
        "code and name come from an unconfirmed list ({source}); import the axis' list",
        "mã và tên lấy từ danh mục chưa được xác nhận ({source}); nên nhập danh mục của trục",
    ),
    "refused": ("no document is sent: {reason_en}", "không gửi văn bản: {reason_vi}"),
    "published": (
        "the sender publishes to exchange {exchange} with routing key {code}, mandatory",
        "bên gửi đẩy vào exchange {exchange} với khóa định tuyến {code}, bắt buộc có nơi nhận",
    ),
    "not connected": (
        "{code} has no node of its own; its mail falls to the agency above it",
        "{code} không có nút riêng; văn bản chuyển lên cơ quan cấp trên",
    ),
    "delivered": (
        "the message reaches queue {queue}",
        "thông điệp vào hàng đợi {queue}",
    ),
    "served above": (
        "the node of {destination} delivers for {code} or returns 02 (NĐ 30/2020 Đ21)",
        "nút của {destination} chuyển giao cho {code} hoặc trả lại 02 (NĐ 30/2020 Đ21)",
    ),
    "returned": (
        "no agency at or above {code} is connected: the broker returns the message at once",
        "không có cơ quan nào từ {code} trở lên được kết nối: hệ thống trả lại ngay thông điệp",
    ),
    "candidates": (
        "it goes to the first connected one of: {candidates}",
        "thông điệp tới cơ quan được kết nối đầu tiên trong số: {candidates}",
    ),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: its name, and the sentence in both languages."""

    name: str
    en: str
    vi: str

    def sentence(self, language: Language = Language.ENGLISH) -> str:
        """Return the step in one language."""
        return self.vi if language is Language.VIETNAMESE else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The way of a document to a code; `destination` is the agency whose inbox it reaches.

    Without a destination the document is refused before sending or returned by the broker, or
    nobody knows which agencies are connected.
    """

    resolution: Resolution
    steps: tuple[Step, ...]
    destination: str | None = None

    def lines(self, language: Language = Language.ENGLISH) -> list[str]:
        """Return the steps as sentences."""
        return [step.sentence(language) for step in self.steps]

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation JSON-ready."""
        return {
            "resolution": self.resolution.as_dict(),
            "destination": self.destination,
            "steps": [{"name": step.name, "en": step.en, "vi": step.vi} for step in self.steps],
        }


def explain(
    catalogue: Catalogue,
    code: str,
    on: dt.date,
    connected: Collection[str] | None = None,
    *,
    urgent: bool = False,
) -> Explanation:
    """Tell where a document to `code` would go on a day.

    `connected` are the canonical codes of agencies that have an exchange at the broker; None if
    that is not known.
    """
    answer = catalogue.resolve(code, on)
    steps = _steps_of_catalogue(answer)
    if answer.finding is not None:
        refused = _step("refused", reason_en=answer.finding.en, reason_vi=answer.finding.vi)
        return Explanation(resolution=answer, steps=(*steps, refused))
    canonical = answer.code or code
    lane = "edoc.urgent" if urgent else "edoc"
    steps.append(_step("published", exchange=lane, code=canonical))
    if connected is None:
        candidates = ", ".join(_upwards(canonical))
        return Explanation(
            resolution=answer, steps=(*steps, _step("candidates", candidates=candidates))
        )
    return _routed(answer, canonical, steps, connected, urgent=urgent)


def _steps_of_catalogue(answer: Resolution) -> list[Step]:
    steps = []
    if answer.code is not None and answer.code != answer.given:
        steps.append(_step("spelling", given=answer.given, code=answer.code))
    if answer.is_open and answer.agency is not None:
        day = f"{answer.on:%d/%m/%Y}"
        steps.append(_step("agency", code=answer.code, name=answer.agency.name, on=day))
        if not answer.agency.verified:
            steps.append(_step("unverified", source=answer.agency.source or "?"))
    return steps


def _routed(
    answer: Resolution,
    code: str,
    steps: list[Step],
    connected: Collection[str],
    *,
    urgent: bool,
) -> Explanation:
    for candidate in _upwards(code):
        if candidate not in connected:
            steps.append(_step("not connected", code=candidate))
            continue
        suffix = "inbox.urgent" if urgent else "inbox"
        steps.append(_step("delivered", queue=f"edoc.{candidate}.{suffix}"))
        if candidate != code:
            steps.append(_step("served above", destination=candidate, code=code))
        return Explanation(resolution=answer, steps=tuple(steps), destination=candidate)
    steps.append(_step("returned", code=code))
    return Explanation(resolution=answer, steps=tuple(steps))


def _upwards(code: str) -> list[str]:
    codes = [code]
    while (parent := above(codes[-1])) is not None:
        codes.append(parent)
    return codes


def _step(name: str, /, **facts: object) -> Step:
    en, vi = _SENTENCES[name]
    return Step(name, en.format(**facts), vi.format(**facts))
