"""Did you mean …? For names that are not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

__all__ = ["closest", "did_you_mean"]


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `word`, None if none is like it."""
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), list(names), n=1, cutoff=0.6)
    return names[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> dict[str, Any]:
    """Return the facts `suggestion_en` and `suggestion_vi` of a finding; empty texts if none."""
    name = closest(word, known)
    if name is None:
        return {"suggestion_en": "", "suggestion_vi": ""}
    return {
        "suggestion_en": f"; did you mean '{name}'?",
        "suggestion_vi": f"; có phải ý bạn là '{name}'?",
    }
