"""Parts of a packet stand behind each other in one file; a row says where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the place in the file; parts that are here already lie in files of their own."""
    op.add_column("inbox_part", sa.Column("start", sa.BigInteger))
