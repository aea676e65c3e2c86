"""Agency codes: two spellings of one hierarchy.

QĐ 20/2020 writes level 1 first (``H41.02.03``), QCVN 102:2016 writes it last
(``000.00.02.H41``). Which sub-level of one is which of the other only the catalogue knows; here
is what follows from the letters alone.
"""

from __future__ import annotations

import re
from typing import Final

from connector.model.packet import CodeScheme

__all__ = ["above", "covers", "is_routable", "level_one_of_qcvn", "scheme_of"]

_LEVEL_ONE: Final = re.compile(r"[A-Z]{1,3}[0-9]{2,3}")
_ROUTABLE: Final = re.compile(r"[A-Z0-9]+(\.[A-Z0-9]+)*")
_MAX_LENGTH: Final = 60


def scheme_of(code: str) -> CodeScheme | None:
    """Tell the scheme by the place of the letter group; None if neither fits."""
    first, _, rest = code.partition(".")
    if _LEVEL_ONE.fullmatch(first):
        return CodeScheme.QD20
    last = rest.rpartition(".")[2]
    return CodeScheme.QCVN102 if _LEVEL_ONE.fullmatch(last) else None


def level_one_of_qcvn(code: str) -> str | None:
    """Return the level-1 code of a QCVN code whose lower levels are all zero, else None."""
    *lower, last = code.split(".")
    if not _LEVEL_ONE.fullmatch(last) or not lower:
        return None
    return last if all(set(group) == {"0"} for group in lower) else None


def is_routable(code: str) -> bool:
    """Tell whether a canonical code can stand as a routing key and in an exchange's name."""
    return len(code) <= _MAX_LENGTH and _ROUTABLE.fullmatch(code) is not None


def above(code: str) -> str | None:
    """Return the canonical code one level up, None at level 1."""
    parent, dot, _ = code.rpartition(".")
    return parent if dot else None


def covers(parent: str, code: str) -> bool:
    """Tell whether a canonical code is `parent` itself or lies below it."""
    return code == parent or code.startswith(parent + ".")
