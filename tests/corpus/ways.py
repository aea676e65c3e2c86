"""Both ways of verification, each by itself, so that they can be compared on any bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from unittest import mock

from connector.edxml.cut import cut
from connector.edxml.parser import DEFAULT_LIMITS, Limits
from connector.errors import ConnectorError, Finding
from connector.trust import verify as verifying
from connector.trust.registry import Trust
from connector.trust.skeleton import NotPlain
from connector.trust.verdict import Stage, Verified

__all__ = ["Outcome", "over_skeleton", "over_tree"]

Outcome = tuple[Verified | None, tuple[Stage, ...], tuple[Finding, ...]]
"""What was verified, if it was; the stages; the findings."""

_SHORTEST: Final = 4


def over_skeleton(
    data: bytes, trust: Trust, at: dt.datetime, limits: Limits = DEFAULT_LIMITS
) -> Outcome | None:
    """Return the outcome with every payload cut out; None if the other way has to decide."""
    examination: Any = verifying._Examination(data, trust, at, limits, None)
    with mock.patch.object(verifying, "cut", partial(cut, shortest=_SHORTEST)):
        try:
            return _outcome(examination, examination.run_cut)
        except NotPlain:
            return None


def over_tree(
    data: bytes, trust: Trust, at: dt.datetime, limits: Limits = DEFAULT_LIMITS
) -> Outcome:
    """Return the outcome with the packet as one tree."""
    examination: Any = verifying._Examination(data, trust, at, limits, None)
    return _outcome(examination, examination.run_whole)


def _outcome(examination: Any, run: Callable[[], Verified]) -> Outcome:
    try:
        verified = run()
    except ConnectorError as error:
        return None, examination.all_stages(), error.findings
    return verified, verified.stages, verified.findings
