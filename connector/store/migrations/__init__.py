"""Alembic's script directory; `connector.store.migrate` runs it."""
