"""Recipes instead of whole packet files, and packets that arrive in parts."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_FILE: Final = """'{"bytes":{"sha256":"' || body_sha256 || '","size":' || body_size || '}}'"""
_WHOLE_FILE: Final = f"'[' || {_FILE} || ']'"


def upgrade() -> None:
    """Let every packet have a recipe; those there are made of one file each."""
    _outbox_recipe()
    _delivery_sender()
    _inbox_parts()


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _large(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _outbox_recipe() -> None:
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "outbox_recipe",
        sa.Column("position", position, nullable=False, autoincrement=False),
        sa.Column("recipe", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outbox_recipe"),
        sa.ForeignKeyConstraint(
            ["position"], ["outbox_packet.position"], name="fk_outbox_recipe_position"
        ),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    recipe = f"CAST({_WHOLE_FILE} AS BLOB)" if sqlite else f"convert_to({_WHOLE_FILE}, 'UTF8')"
    rows = f"SELECT position, {recipe} FROM outbox_packet"  # noqa: S608 - constants of this module
    op.execute(f"INSERT INTO outbox_recipe (position, recipe) {rows}")
    op.drop_column("outbox_packet", "body_sha256")


def _delivery_sender() -> None:
    op.drop_index("ix_delivery_lane", "delivery")
    if op.get_bind().dialect.name == "sqlite":
        _made_anew()
    else:
        op.add_column("delivery", sa.Column("sender", sa.Text))
        op.execute(
            "UPDATE delivery SET sender = p.sender FROM outbox_packet p"
            " WHERE p.packet_id = delivery.packet_id"
        )
        op.alter_column("delivery", "sender", nullable=False)
    condition = sa.text("state IN ('blocked', 'queued', 'unconfirmed')")
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["sender", "lane", "position", "receiver", "not_before"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _made_anew() -> None:
    """Put the column where a new store has it; SQLite only adds columns that may be empty."""
    for name in ("state", "receiver", "position"):
        op.drop_index(f"ix_delivery_{name}", "delivery")
    op.rename_table("delivery", "delivery_before")
    op.create_table(
        "delivery",
        *(_text(name) for name in ("packet_id", "receiver")),
        sa.Column("position", sa.Integer, nullable=False),
        _text("sender"),
        _number("lane"),
        *(_text(name) for name in ("kind", "state")),
        _number("attempts"),
        _text("not_before"),
        *(sa.Column(name, sa.Text) for name in ("reason", "error_code")),
        _text("updated_at"),
        *(sa.Column(name, sa.Text) for name in ("sent_at", "last_status")),
        sa.PrimaryKeyConstraint("packet_id", "receiver", name="pk_delivery"),
        sa.ForeignKeyConstraint(
            ["packet_id"], ["outbox_packet.packet_id"], name="fk_delivery_packet_id"
        ),
    )
    op.execute(
        "INSERT INTO delivery SELECT d.packet_id, d.receiver, d.position, p.sender, d.lane, d.kind,"
        " d.state, d.attempts, d.not_before, d.reason, d.error_code, d.updated_at, d.sent_at,"
        " d.last_status FROM delivery_before d JOIN outbox_packet p ON p.packet_id = d.packet_id"
    )
    op.drop_table("delivery_before")
    op.create_index("ix_delivery_state", "delivery", ["kind", "state", "position"])
    op.create_index("ix_delivery_receiver", "delivery", ["receiver", "position"])
    op.create_index("ix_delivery_position", "delivery", ["position"])


def _inbox_parts() -> None:
    op.create_table(
        "inbox_assembly",
        *(_text(name) for name in ("assembly", "facts")),
        *(_number(name) for name in ("parts", "arrived")),
        _large("arrived_bytes"),
        *(_text(name) for name in ("started_at", "updated_at")),
        sa.PrimaryKeyConstraint("assembly", name="pk_inbox_assembly"),
    )
    op.create_table(
        "inbox_part",
        _text("assembly"),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        _text("sha256"),
        _large("size"),
        sa.PrimaryKeyConstraint("assembly", "number", name="pk_inbox_part"),
        sa.ForeignKeyConstraint(
            ["assembly"], ["inbox_assembly.assembly"], name="fk_inbox_part_assembly"
        ),
    )
    op.create_index("ix_inbox_part_sha256", "inbox_part", ["sha256"])
