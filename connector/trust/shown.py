"""Words of strangers, as they may stand in a message, a log or a terminal."""

from __future__ import annotations

__all__ = ["shown"]


def shown(text: str, most: int = 1000) -> str:
    """Return a text on one line in which controls and what reverses or hides text are visible."""
    cut = text if len(text) <= most else text[:most] + "…"
    if cut.isprintable():
        return cut
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in cut)
