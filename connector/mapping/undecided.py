"""The mark that keeps a place until a person decides; lint refuses it wherever it stands."""

from __future__ import annotations

from typing import Final

__all__ = ["UNDECIDED"]

UNDECIDED: Final = "?"
"""What `connector init` writes where the sample does not tell."""
