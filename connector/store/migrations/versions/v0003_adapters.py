"""Adapters that stand still, configurations that made packets, statuses of legacy systems.

And an index by which a refusal can tell whether a digest is that of a packet in effect.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the three tables and the index."""
    op.create_table(
        "adapter_condition",
        sa.Column("adapter", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("records", sa.BigInteger),
        sa.PrimaryKeyConstraint("adapter", "kind", name="pk_adapter_condition"),
    )
    op.create_table(
        "adapter_config",
        sa.Column("config_hash", sa.Text, nullable=False),
        sa.Column("files", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("config_hash", name="pk_adapter_config"),
    )
    op.create_table(
        "legacy_status",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", "item", name="pk_legacy_status"),
    )
    condition = sa.text("state IN ('cancelled', 'delivered', 'verified')")
    op.create_index(
        "ix_inbox_message_digest",
        "inbox_message",
        ["digest"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
