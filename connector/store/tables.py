"""The schema: tables and indices. A change here needs a migration; a test compares both."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from connector.model.states import OPEN_DELIVERY_STATES, DeliveryState, InboxState
from connector.store.columns import Json, Moment, Word

__all__ = [
    "IN_EFFECT",
    "OPEN_DELIVERY",
    "OPEN_MESSAGE",
    "OPEN_MESSAGE_STATES",
    "adapter_condition",
    "adapter_config",
    "delivery",
    "inbox_assembly",
    "inbox_message",
    "inbox_part",
    "inbox_receipt",
    "journal",
    "legacy_status",
    "metadata",
    "one_of",
    "outbox_packet",
    "outbox_recipe",
    "source_conflict",
    "source_cursor",
    "source_refused",
    "source_taken",
]


def one_of(column: str, states: Collection[StrEnum]) -> str:
    """Return the condition that a column holds one of these words, as it stands in an index."""
    words = ", ".join(f"'{state.value}'" for state in sorted(states))
    return f"{column} IN ({words})"


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(
        name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where)
    )


# A partial index serves only queries that repeat its condition literally: never as parameters.
OPEN_DELIVERY: Final = one_of("state", frozenset(OPEN_DELIVERY_STATES))
OPEN_MESSAGE_STATES: Final = frozenset({InboxState.RECEIVED, InboxState.VERIFIED, InboxState.HELD})
OPEN_MESSAGE: Final = one_of("state", frozenset(OPEN_MESSAGE_STATES))
IN_EFFECT: Final = one_of(
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
    Column("body_size", BigInteger, nullable=False),
    Column("subject", Text),
    Column("code", Text),
    Column("correlation_id", Text),
    Column("priority", Integer, nullable=False),
    Column("adapter", Text),
    Column("place", Text),
    Column("source_key", Text),
    Column("config_hash", Text),
    Column("sealed_at", Moment, nullable=False),
    Index("ix_outbox_packet_document", "document_id", "sender"),
    Index("ix_outbox_packet_code", "code"),
    Index("ix_outbox_packet_digest", "digest"),
)

# A table of its own, so that lists stay narrow; by position, so that it only grows at its end.
outbox_recipe: Final = Table(
    "outbox_recipe",
    metadata,
    Column(
        "position",
        _Position,
        ForeignKey("outbox_packet.position"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("recipe", LargeBinary, nullable=False),
)

delivery: Final = Table(
    "delivery",
    metadata,
    Column("packet_id", Text, ForeignKey("outbox_packet.packet_id"), primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("position", _Position, nullable=False),
    Column("sender", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Word(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("reason", Text),
    Column("error_code", Text),
    Column("updated_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("last_status", Text),
    _partial(
        "ix_delivery_due",
        *("sender", "lane", "position", "receiver", "not_before"),
        where=OPEN_DELIVERY,
    ),
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
    Column("headers", Json, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("state", Word(InboxState), nullable=False),
    Column("packet_id", Text),
    Column("sender", Text),
    Column("document_id", Text),
    Column("kind", Text),
    Column("digest", Text),
    Column("business_type", Integer),
    Column("status_code", Text),
    Column("subject", Text),
    Column("code", Text),
    Column("findings", Json, nullable=False),
    Column("verification", Json),
    Column("served", Json(tuple), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("copies", Integer, nullable=False),
    _partial("ix_inbox_message_lane", "lane", "position", "not_before", where=OPEN_MESSAGE),
    _partial("uq_inbox_message_in_effect", "packet_id", where=IN_EFFECT, unique=True),
    _partial("ix_inbox_message_digest", "digest", where=IN_EFFECT),
    Index("ix_inbox_message_packet", "packet_id"),
    Index("ix_inbox_message_message", "message_id"),
    Index("ix_inbox_message_document", "document_id", "sender"),
    Index("ix_inbox_message_code", "code"),
    Index("ix_inbox_message_state", "kind", "state", "position"),
    Column("closed_at", Moment),
)

inbox_receipt: Final = Table(
    "inbox_receipt",
    metadata,
    Column("answers_packet_id", Text, primary_key=True),
    Column("addressed_code", Text, primary_key=True),
    Column("status_code", Text, primary_key=True),
    Column("receipt_packet_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

inbox_assembly: Final = Table(
    "inbox_assembly",
    metadata,
    Column("assembly", Text, primary_key=True),
    Column("facts", Json, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("arrived", Integer, nullable=False),
    Column("arrived_bytes", BigInteger, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

inbox_part: Final = Table(
    "inbox_part",
    metadata,
    Column("assembly", Text, ForeignKey("inbox_assembly.assembly"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False),  # that of a file of its own, empty for all newer ones
    Column("size", BigInteger, nullable=False),
    Index("ix_inbox_part_sha256", "sha256"),
    Column("start", BigInteger),
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
    Column("at", Moment, nullable=False),
)

source_refused: Final = Table(
    "source_refused",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("source_key", Text, primary_key=True),
    Column("row_digest", Text),
    Column("place", Text, nullable=False),
    Column("findings", Json(tuple), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_source_refused_at", "at"),
)

source_conflict: Final = Table(
    "source_conflict",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("source_key", Text, primary_key=True),
    Column("content_digest", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("at", Moment, nullable=False),
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

adapter_condition: Final = Table(
    "adapter_condition",
    metadata,
    Column("adapter", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("actor", Text),
    Column("reason", Text),
    Column("records", BigInteger),
)

adapter_config: Final = Table(
    "adapter_config",
    metadata,
    Column("config_hash", Text, primary_key=True),
    Column("files", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False),
)

legacy_status: Final = Table(
    "legacy_status",
    metadata,
    Column("name", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
