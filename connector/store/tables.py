"""The schema: tables, indices, and how moments, words and JSON stand in their columns.

All of it is plain text and integers, so that SQLite and PostgreSQL hold the same. A change here
needs a migration; a test compares both.
"""

from __future__ import annotations

import datetime as dt
import json
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)

from connector.errors import Bug
from connector.model.states import OPEN_DELIVERY_STATES, DeliveryState, InboxState
from connector.store import codes

__all__ = [
    "OPEN_DELIVERY",
    "OPEN_MESSAGE",
    "OPEN_MESSAGE_STATES",
    "delivery",
    "inbox_message",
    "inbox_receipt",
    "journal",
    "metadata",
    "moment_text",
    "outbox_packet",
    "source_conflict",
    "source_cursor",
    "source_refused",
    "source_taken",
    "to_json",
]


def moment_text(moment: dt.datetime) -> str:
    """Return an aware moment as UTC text of fixed width, which sorts like the moment."""
    if moment.tzinfo is None:
        raise Bug(codes.MISUSE.at(reason=f"a time without zone: {moment}"))
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def to_json(value: object) -> str:
    """Return canonical JSON: sorted keys, no spaces, letters as they are.

    Only a text that is no Unicode (a file name of other bytes) is written in escapes.
    """
    try:
        plain = _dumps(value, ensure_ascii=False)
        return plain if _is_unicode(plain) else _dumps(value, ensure_ascii=True)
    except (TypeError, ValueError) as error:
        raise Bug(codes.MISUSE.at(reason=f"not JSON-ready: {error}")) from error


def _dumps(value: object, *, ensure_ascii: bool) -> str:
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Moment(TypeDecorator[dt.datetime]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else moment_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        return None if value is None else dt.datetime.fromisoformat(value)


class _Word(TypeDecorator[StrEnum]):
    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        return None if value is None else self.words(value)


class _Json(TypeDecorator[Any]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(value)


def _one_of(column: str, states: frozenset[StrEnum]) -> str:
    words = ", ".join(f"'{state.value}'" for state in sorted(states))
    return f"{column} IN ({words})"


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(
        name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where)
    )


# A partial index serves only queries that repeat its condition literally: never as parameters.
OPEN_DELIVERY: Final = _one_of("state", frozenset(OPEN_DELIVERY_STATES))
OPEN_MESSAGE_STATES: Final = frozenset({InboxState.RECEIVED, InboxState.VERIFIED, InboxState.HELD})
OPEN_MESSAGE: Final = _one_of("state", frozenset(OPEN_MESSAGE_STATES))
_IN_EFFECT: Final = _one_of(
    "state", frozenset({InboxState.VERIFIED, InboxState.DELIVERED, InboxState.CANCELLED})
)

_Position: Final = BigInteger().with_variant(Integer(), "sqlite")

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

outbox_packet: Final = Table(
    "outbox_packet",
    metadata,
    Column("position", _Position, primary_key=True),
    Column("packet_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("business_type", Integer),
    Column("status_code", Text),
    Column("content_digest", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body_sha256", Text, nullable=False),
    Column("body_size", BigInteger, nullable=False),
    Column("subject", Text),
    Column("code", Text),
    Column("correlation_id", Text),
    Column("priority", Integer, nullable=False),
    Column("adapter", Text),
    Column("place", Text),
    Column("source_key", Text),
    Column("config_hash", Text),
    Column("sealed_at", _Moment, nullable=False),
    Index("ix_outbox_packet_document", "document_id", "sender"),
    Index("ix_outbox_packet_code", "code"),
    Index("ix_outbox_packet_digest", "digest"),
)

delivery: Final = Table(
    "delivery",
    metadata,
    Column("packet_id", Text, ForeignKey("outbox_packet.packet_id"), primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("position", _Position, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", _Word(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", _Moment, nullable=False),
    Column("reason", Text),
    Column("error_code", Text),
    Column("updated_at", _Moment, nullable=False),
    Column("sent_at", _Moment),
    Column("last_status", Text),
    _partial("ix_delivery_lane", "lane", "position", "receiver", "not_before", where=OPEN_DELIVERY),
    Index("ix_delivery_state", "kind", "state", "position"),
    Index("ix_delivery_receiver", "receiver", "position"),
    Index("ix_delivery_position", "position"),
)

inbox_message: Final = Table(
    "inbox_message",
    metadata,
    Column("position", _Position, primary_key=True),
    Column("message_key", Text, nullable=False, unique=True),
    Column("user_id", Text),
    Column("message_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("body_sha256", Text, nullable=False),
    Column("body_size", BigInteger, nullable=False),
    Column("headers", _Json, nullable=False),
    Column("received_at", _Moment, nullable=False),
    Column("state", _Word(InboxState), nullable=False),
    Column("packet_id", Text),
    Column("sender", Text),
    Column("document_id", Text),
    Column("kind", Text),
    Column("digest", Text),
    Column("business_type", Integer),
    Column("status_code", Text),
    Column("subject", Text),
    Column("code", Text),
    Column("findings", _Json, nullable=False),
    Column("verification", _Json),
    Column("served", _Json, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", _Moment, nullable=False),
    Column("updated_at", _Moment, nullable=False),
    Column("copies", Integer, nullable=False),
    _partial("ix_inbox_message_lane", "lane", "position", "not_before", where=OPEN_MESSAGE),
    _partial("uq_inbox_message_in_effect", "packet_id", where=_IN_EFFECT, unique=True),
    Index("ix_inbox_message_packet", "packet_id"),
    Index("ix_inbox_message_message", "message_id"),
    Index("ix_inbox_message_document", "document_id", "sender"),
    Index("ix_inbox_message_code", "code"),
    Index("ix_inbox_message_state", "kind", "state", "position"),
)

inbox_receipt: Final = Table(
    "inbox_receipt",
    metadata,
    Column("answers_packet_id", Text, primary_key=True),
    Column("addressed_code", Text, primary_key=True),
    Column("status_code", Text, primary_key=True),
    Column("receipt_packet_id", Text, nullable=False),
    Column("at", _Moment, nullable=False),
)

source_cursor: Final = Table(
    "source_cursor",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

source_taken: Final = Table(
    "source_taken",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("source_key", Text, primary_key=True),
    Column("content_digest", Text, nullable=False),
    Column("packet_id", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("at", _Moment, nullable=False),
)

source_refused: Final = Table(
    "source_refused",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("source_key", Text, primary_key=True),
    Column("row_digest", Text),
    Column("place", Text, nullable=False),
    Column("findings", _Json, nullable=False),
    Column("at", _Moment, nullable=False),
    Index("ix_source_refused_at", "at"),
)

source_conflict: Final = Table(
    "source_conflict",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("source_key", Text, primary_key=True),
    Column("content_digest", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("at", _Moment, nullable=False),
)

journal: Final = Table(
    "journal",
    metadata,
    Column("seq", _Position, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("packet_id", Text),
    Column("facts", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("ix_journal_packet", "packet_id", "seq"),
)
