"""The first schema: outbox, inbox, sources and journal."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_OPEN_DELIVERY: Final = "state IN ('blocked', 'queued', 'unconfirmed')"
_OPEN_MESSAGE: Final = "state IN ('held', 'received', 'verified')"
_IN_EFFECT: Final = "state IN ('cancelled', 'delivered', 'verified')"


def upgrade() -> None:
    """Create all tables and indices in an empty database."""
    _outbox_packet()
    _delivery()
    _inbox_message()
    _inbox_receipt()
    _sources()
    _journal()


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _maybe(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _large(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _position(name: str = "position", *, counted: bool = True) -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=False, autoincrement="auto" if counted else False)


def _partial(name: str, table: str, columns: list[str], where: str, **more: Any) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, columns, sqlite_where=condition, postgresql_where=condition, **more
    )


def _outbox_packet() -> None:
    op.create_table(
        "outbox_packet",
        _position(),
        *(_text(name) for name in ("packet_id", "kind", "sender", "document_id")),
        sa.Column("business_type", sa.Integer),
        _maybe("status_code"),
        *(_text(name) for name in ("content_digest", "digest", "body_sha256")),
        _large("body_size"),
        *(_maybe(name) for name in ("subject", "code", "correlation_id")),
        _number("priority"),
        *(_maybe(name) for name in ("adapter", "place", "source_key", "config_hash")),
        _text("sealed_at"),
        sa.PrimaryKeyConstraint("position", name="pk_outbox_packet"),
        sa.UniqueConstraint("packet_id", name="uq_outbox_packet_packet_id"),
    )
    op.create_index("ix_outbox_packet_document", "outbox_packet", ["document_id", "sender"])
    op.create_index("ix_outbox_packet_code", "outbox_packet", ["code"])
    op.create_index("ix_outbox_packet_digest", "outbox_packet", ["digest"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        *(_text(name) for name in ("packet_id", "receiver")),
        _position(),
        _number("lane"),
        *(_text(name) for name in ("kind", "state")),
        _number("attempts"),
        _text("not_before"),
        *(_maybe(name) for name in ("reason", "error_code")),
        _text("updated_at"),
        *(_maybe(name) for name in ("sent_at", "last_status")),
        sa.PrimaryKeyConstraint("packet_id", "receiver", name="pk_delivery"),
        sa.ForeignKeyConstraint(
            ["packet_id"], ["outbox_packet.packet_id"], name="fk_delivery_packet_id"
        ),
    )
    lane = ["lane", "position", "receiver", "not_before"]
    _partial("ix_delivery_lane", "delivery", lane, _OPEN_DELIVERY)
    op.create_index("ix_delivery_state", "delivery", ["kind", "state", "position"])
    op.create_index("ix_delivery_receiver", "delivery", ["receiver", "position"])
    op.create_index("ix_delivery_position", "delivery", ["position"])


def _inbox_message() -> None:
    op.create_table(
        "inbox_message",
        _position(),
        _text("message_key"),
        _maybe("user_id"),
        *(_text(name) for name in ("message_id", "type", "queue")),
        _number("lane"),
        _text("body_sha256"),
        _large("body_size"),
        *(_text(name) for name in ("headers", "received_at", "state")),
        *(_maybe(name) for name in ("packet_id", "sender", "document_id", "kind", "digest")),
        sa.Column("business_type", sa.Integer),
        *(_maybe(name) for name in ("status_code", "subject", "code")),
        _text("findings"),
        _maybe("verification"),
        _text("served"),
        _number("attempts"),
        *(_text(name) for name in ("not_before", "updated_at")),
        _number("copies"),
        sa.PrimaryKeyConstraint("position", name="pk_inbox_message"),
        sa.UniqueConstraint("message_key", name="uq_inbox_message_message_key"),
    )
    _inbox_message_indices("inbox_message")


def _inbox_message_indices(table: str) -> None:
    lane = ["lane", "position", "not_before"]
    _partial("ix_inbox_message_lane", table, lane, _OPEN_MESSAGE)
    _partial("uq_inbox_message_in_effect", table, ["packet_id"], _IN_EFFECT, unique=True)
    op.create_index("ix_inbox_message_packet", table, ["packet_id"])
    op.create_index("ix_inbox_message_message", table, ["message_id"])
    op.create_index("ix_inbox_message_document", table, ["document_id", "sender"])
    op.create_index("ix_inbox_message_code", table, ["code"])
    op.create_index("ix_inbox_message_state", table, ["kind", "state", "position"])


def _inbox_receipt() -> None:
    key = ("answers_packet_id", "addressed_code", "status_code")
    op.create_table(
        "inbox_receipt",
        *(_text(name) for name in (*key, "receipt_packet_id", "at")),
        sa.PrimaryKeyConstraint(*key, name="pk_inbox_receipt"),
    )


def _sources() -> None:
    key = ("adapter", "source_key")
    op.create_table(
        "source_cursor",
        *(_text(name) for name in ("adapter", "value")),
        sa.PrimaryKeyConstraint("adapter", name="pk_source_cursor"),
    )
    op.create_table(
        "source_taken",
        *(_text(name) for name in (*key, "content_digest", "packet_id", "place", "at")),
        sa.PrimaryKeyConstraint(*key, name="pk_source_taken"),
    )
    op.create_table(
        "source_refused",
        *(_text(name) for name in key),
        _maybe("row_digest"),
        *(_text(name) for name in ("place", "findings", "at")),
        sa.PrimaryKeyConstraint(*key, name="pk_source_refused"),
    )
    op.create_index("ix_source_refused_at", "source_refused", ["at"])
    op.create_table(
        "source_conflict",
        *(_text(name) for name in (*key, "content_digest", "place", "at")),
        sa.PrimaryKeyConstraint(*key, "content_digest", name="pk_source_conflict"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        _position("seq", counted=False),
        *(_text(name) for name in ("at", "event")),
        _maybe("packet_id"),
        *(_text(name) for name in ("facts", "hash")),
        sa.PrimaryKeyConstraint("seq", name="pk_journal"),
    )
    op.create_index("ix_journal_packet", "journal", ["packet_id", "seq"])
