"""What the demonstration came to: tables for people, and where to look further."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from connector.demo.agencies import NAMES
from connector.demo.check import Count, Line
from connector.demo.corpus import SCENES, Scene
from connector.demo.nodes import DemoNode

__all__ = ["MEANINGS", "hints", "pairs", "reasons", "report_of", "specials"]

_NOBODY: Final = "-"

MEANINGS: Final = {
    "documents": "records in the three exports / bản ghi trong ba nguồn",
    "deliveries": "packets that RabbitMQ took, one for each receiver / lượt gửi đã phát",
    "delivered": "deliveries that a receiver's system has / lượt mà bên nhận đã có",
    "refused": "records refused, deliveries answered 02 / bản ghi, lượt gửi bị từ chối",
    "receipts": "deliveries that were answered / lượt gửi có trả lời",
    "lost": "must be 0 / mất, phải bằng 0",
    "duplicated": "must be 0 / trùng, phải bằng 0",
    "seconds": "from the first export to the last answer / toàn bộ thời gian",
    "broker": "",
}
"""The names of the report, and what they mean."""


def report_of(total: Count, *, seconds: float, broker: str) -> dict[str, Any]:
    """Return what stands in report.json."""
    return {
        "documents": total.documents,
        "deliveries": total.deliveries,
        "delivered": total.delivered,
        "refused": total.refused,
        "receipts": total.receipts,
        "lost": total.lost,
        "duplicated": total.duplicated,
        "seconds": round(seconds, 1),
        "broker": broker,
    }


def pairs(total: Count) -> list[tuple[str, str, str, int]]:
    """Return sender, receiver, outcome, and how often it came to that."""
    counts = Counter((line.expected.agency, line.receiver, line.outcome) for line in total.lines)
    return [
        (_named(sender), _named(receiver), outcome, count)
        for (sender, receiver, outcome), count in sorted(counts.items())
    ]


def specials(total: Count) -> list[tuple[str, str, str, str, str]]:
    """Return the documents that show a scene: sender, code, receivers, outcome, what it shows."""
    receivers: dict[tuple[str, str, str, str], list[str]] = {}
    for line in _special_lines(total):
        row = line.expected
        key = (row.agency, row.code, line.outcome, SCENES[row.scene])
        receivers.setdefault(key, []).append(_named(line.receiver, short=True))
    return [
        (agency, code, ", ".join(to), outcome, shows)
        for (agency, code, outcome, shows), to in receivers.items()
    ]


def reasons(total: Count) -> Iterator[str]:
    """Yield why something was refused or returned, each reason once."""
    concerned: dict[tuple[str, str], list[str]] = {}
    for line in _special_lines(total):
        if line.reason:
            to = "" if line.receiver == _NOBODY else f" → {line.receiver}"
            what = f"{line.expected.code}{to}"
            concerned.setdefault((line.outcome, line.reason), []).append(what)
    for (outcome, reason), documents in concerned.items():
        yield f"{', '.join(documents)} {outcome}: {reason}"


def _named(code: str, *, short: bool = False) -> str:
    """Return an agency with its name; what was not packaged has no receiver."""
    if code == _NOBODY:
        return "not packaged"
    return code if short else f"{code} {NAMES.get(code, '')}"


def _special_lines(total: Count) -> list[Line]:
    return [line for line in total.lines if line.expected.scene is not Scene.PLAIN or line.reason]


def hints(nodes: Sequence[DemoNode], total: Count, program: str) -> Iterator[tuple[str, str]]:
    """Yield commands that look at what the demonstration has left, and what each one shows."""
    first = nodes[0].agency.code
    recalled = next(line.expected for line in total.lines if line.expected.scene is Scene.RECALL)
    configs = {node.agency.code: _config(node) for node in nodes}
    for verb, code, argument, shows in (
        ("status", first, "", "counts, what needs attention / số đếm, việc cần chú ý"),
        ("status", recalled.agency, recalled.code, "one document, step by step / một văn bản"),
        ("outbox list", first, "--kind document", "what was sent / văn bản đi"),
        ("inbox list", first, "--kind document", "what was received / văn bản đến"),
        ("outbox refused", recalled.agency, "", "records refused / bản ghi bị từ chối"),
        ("journal verify", first, "", "the record is whole / nhật ký nguyên vẹn"),
    ):
        yield f"{program} {verb} --config {configs[code]} {argument}".rstrip(), shows


def _config(node: DemoNode) -> str:
    """Return the path of a configuration as one types it here."""
    here = Path.cwd()
    path = node.config.relative_to(here) if node.config.is_relative_to(here) else node.config
    return shlex.quote(str(path))
