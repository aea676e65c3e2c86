"""What the entry point names; nothing else is imported until an adapter uses it."""

from __future__ import annotations

from typing import Final

from connector.sources.registry import Kind

__all__ = ["CARDS"]

CARDS: Final = Kind("connector_cards.settings:CardsSettings", "connector_cards.table:open_cards")
