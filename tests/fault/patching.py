"""Replace parts of a program in a process that is thrown away afterwards."""

from __future__ import annotations

__all__ = ["patch"]


def patch(owner: object, name: str, replacement: object) -> None:
    """Replace what a module or class has under a name; it must have it."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner!r} has no {name} any more: this fault is out of date")
    setattr(owner, name, replacement)
