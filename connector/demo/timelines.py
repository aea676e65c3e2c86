"""The timeline of every document that was sent, as its sender's journal has it.

A document takes one line, and each of its deliveries another one. An act on it (a recall) follows
under the same document.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from connector.clock import VIETNAM, SystemClock
from connector.demo.nodes import DemoNode
from connector.flow.report import TimelineEvent, timeline
from connector.store import outbox
from connector.store.outbox import OutboxPacket
from connector.store.store import Store

__all__ = ["LEGEND", "timelines"]

LEGEND: Final = """\
Each document, and under it each of its deliveries / Từng văn bản và từng lượt gửi:
  document_sealed   signed, waits in the outbox / đã ký số, nằm trong hàng chờ gửi
  sent              RabbitMQ has confirmed it / RabbitMQ đã xác nhận giữ gói tin
  arrived 01        the receiver's node has verified it / nút bên nhận đã kiểm tra, đã đến
  accepted 03       the receiver's system has it / hệ thống bên nhận đã tiếp nhận
  refused 02        the receiver's node says no, and why / bên nhận từ chối, kèm lý do
  returned          no node is connected there / nơi nhận chưa kết nối, RabbitMQ trả lại
  recalled 15       the receiver agrees to give it back / bên nhận đồng ý thu hồi
  finished 15       the recall itself is done / yêu cầu thu hồi đã được thực hiện
"""
_ACTS: Final = {1: "recall / thu hồi", 2: "update / cập nhật", 3: "replacement / thay thế"}
_SUBJECT_CHARACTERS: Final = 90
_REASON_CHARACTERS: Final = 100
_MANY: Final = 10_000


def timelines(nodes: Sequence[DemoNode]) -> Iterator[str]:
    """Yield the lines of all timelines, one document after the other."""
    for node in nodes:
        store = Store.open(node.directory / "state", clock=SystemClock(), read_only=True)
        try:
            documents = _documents(store)
            yield f"{node.agency.name} ({node.agency.code}): {len(documents)} documents / văn bản"
            for packets in documents:
                yield from _document(store, packets)
        finally:
            store.close()
        yield ""


def _documents(store: Store) -> list[list[OutboxPacket]]:
    """Return a node's packets by document, in the order in which they were sealed."""
    with store.read() as tx:
        rows = outbox.list_deliveries(tx, kind="document", limit=_MANY)
    packets = {packet.packet_id: packet for packet, _ in reversed(rows)}
    by_document: dict[str, list[OutboxPacket]] = {}
    for packet in packets.values():
        by_document.setdefault(packet.document_id, []).append(packet)
    return list(by_document.values())


def _document(store: Store, packets: Sequence[OutboxPacket]) -> Iterator[str]:
    first, *acts = packets
    subject = textwrap.shorten(first.subject or "", _SUBJECT_CHARACTERS, placeholder=" …")
    yield from _packet(store, first, f"{first.code}  {subject}", "")
    for act in acts:
        yield from _packet(store, act, _ACTS.get(act.business_type or 0, ""), "    ")


def _packet(store: Store, packet: OutboxPacket, title: str, indent: str) -> Iterator[str]:
    """Yield a packet's line, a line for each receiver, and what was done with all of it."""
    (found,) = timeline(store, packet.packet_id)
    chains: dict[str, list[str]] = {receiver: [] for receiver in found.states}
    done = []
    for event in found.events:
        if event.event == "document_sealed":
            yield f"{indent}{_moment(event)} {event.event}  {title}"
        elif event.receiver:
            chains.setdefault(event.receiver, []).append(_step(event))
        else:
            done.append(f"{_moment(event)} {event.event}  {event.detail}")
    yield from (f"{indent}    → {to:<6}  {_chain(steps)}" for to, steps in chains.items())
    yield from (f"{indent}    {line}" for line in done)


def _chain(steps: Iterable[str]) -> str:
    return " → ".join(steps)


def _step(event: TimelineEvent) -> str:
    """Return what happened to one delivery: the new state, the status' number, the reason."""
    if event.event == "status_applied":
        number, _, rest = event.detail.partition(" · ")
        state, _, reason = rest.partition(" · ")
        what = f"{state} {number}"
    else:
        what, reason = event.event.removeprefix("delivery_"), event.detail
    said = textwrap.shorten(reason, _REASON_CHARACTERS, placeholder=" …")
    return f"{_moment(event)} {what}" + (f": {said}" if said else "")


def _moment(event: TimelineEvent) -> str:
    return event.at.astimezone(VIETNAM).strftime("%H:%M:%S") if event.at else "--:--:--"
