"""How the kit says that something does not hold; readable without pytest's rewriting of asserts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connector.errors import ConnectorError

__all__ = ["raises", "require", "require_equal"]


def require(holds: object, rule: str, found: object = None) -> None:
    """Raise AssertionError with the rule, and what was found, unless it holds."""
    if not holds:
        raise AssertionError(rule if found is None else f"{rule}\n  found: {found!r}")


def require_equal(found: object, expected: object, rule: str) -> None:
    """Raise AssertionError with the rule and both values unless they are equal."""
    if found != expected:
        raise AssertionError(f"{rule}\n  found:    {found!r}\n  expected: {expected!r}")


@contextmanager
def raises(kind: type[ConnectorError], rule: str) -> Iterator[list[ConnectorError]]:
    """Take the error of this kind that the block has to raise; its findings must be complete.

    The list that is given holds the error after the block.
    """
    caught: list[ConnectorError] = []
    try:
        yield caught
    except kind as error:
        require(error.findings, f"{rule}: an error carries at least one finding")
        caught.append(error)
        return
    except Exception as error:
        raise AssertionError(f"{rule}: {kind.__name__} expected\n  found: {error!r}") from error
    raise AssertionError(f"{rule}: {kind.__name__} expected\n  found: no error")
