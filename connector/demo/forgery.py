"""One hostile packet: another agency's document, altered, brought by a user with a real account."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final
from urllib.parse import quote, urlsplit

from connector.broker.message import Outgoing
from connector.broker.publisher import Publisher
from connector.broker.settings import BrokerSettings
from connector.demo.nodes import DemoNode
from connector.model.packet import chunks_of
from connector.model.recipe import decode
from connector.store.spool import Spool

__all__ = ["throw_forgery"]

_WAIT_SECONDS: Final = 30.0
_THIEF: Final = "G09"
_VICTIM: Final = "H41"
_PRETENDED: Final = "G22"


def throw_forgery(nodes: Sequence[DemoNode], broker_url: str, say: Callable[[str], None]) -> str:
    """Publish the forgery and return the state in which the receiver's inbox holds it."""
    by_code = {node.agency.code: node for node in nodes}
    body, subject = _stolen(by_code[_PRETENDED])
    forged = body.replace(subject.encode(), subject.encode() + " (đã sửa)".encode(), 1)
    digest = hashlib.sha256(forged).hexdigest()
    say(f"{_THIEF} throws an altered packet of {_PRETENDED} at {_VICTIM} …")
    _publish(by_code[_THIEF], broker_url, forged)
    end = time.monotonic() + _WAIT_SECONDS
    state = "not received"
    while time.monotonic() < end and state in {"not received", "received"}:
        time.sleep(0.3)
        state = _state(by_code[_VICTIM], digest)
    return state


def _stolen(node: DemoNode) -> tuple[bytes, str]:
    """Return a real signed packet of an agency and the subject it carries."""
    with closing(sqlite3.connect(f"file:{node.store}?mode=ro", uri=True)) as connection:
        recipe, subject = connection.execute(
            "SELECT r.recipe, p.subject FROM outbox_packet p JOIN delivery d"
            " ON d.packet_id = p.packet_id JOIN outbox_recipe r ON r.position = p.position"
            " WHERE p.kind = 'document' AND d.receiver = ?"
            " AND p.body_size < 500000 AND instr(p.subject, '&') = 0 ORDER BY p.position",
            (_VICTIM,),
        ).fetchone()
    spool = Spool(node.directory / "state" / "spool")
    return b"".join(chunks_of(decode(recipe, spool.get))), subject


def _publish(thief: DemoNode, broker_url: str, body: bytes) -> None:
    parts = urlsplit(broker_url)
    password = (thief.directory / "broker.password").read_text("utf-8")
    login = f"{_THIEF}:{quote(password, safe='')}"
    url = parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}").geturl()
    publisher = Publisher(BrokerSettings(url=url), lambda _event: None)
    publisher.start()
    try:
        publisher.submit(
            Outgoing(
                key=("forgery", _VICTIM),
                exchange="edoc",
                routing_key=_VICTIM,
                body=body,
                message_id=str(uuid.uuid4()),
                type="document",
                correlation_id=None,
                user_id=_THIEF,
                headers={
                    "edoc-sender": _PRETENDED,
                    "edoc-receiver": _VICTIM,
                    "edoc-sha256": hashlib.sha256(body).hexdigest(),
                    "edoc-environment": "test",
                },
            )
        )
        publisher.outcomes(10.0)
    finally:
        publisher.stop(5.0)


def _state(node: DemoNode, sha256: str) -> str:
    with closing(sqlite3.connect(f"file:{node.store}?mode=ro", uri=True)) as connection:
        row = connection.execute(
            "SELECT state FROM inbox_message WHERE body_sha256 = ?", (sha256,)
        ).fetchone()
    return str(row[0]) if row else "not received"
