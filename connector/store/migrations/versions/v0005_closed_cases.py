"""A person closes the case of a message that stays quarantined; a row says when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the moment; no case is closed yet."""
    op.add_column("inbox_message", sa.Column("closed_at", sa.Text))
