"""What is wrong with a node that no count of documents shows, as `status` tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from connector.config.node import NodeConfig
from connector.errors import Finding
from connector.flow import concern_codes as codes
from connector.flow.told import inside, read, told
from connector.store.conditions import Condition, ConditionKind

__all__ = ["KEYS", "TRUST", "node_concerns"]

KEYS: Final = "keys"
TRUST: Final = "trust"
"""Under which names it is kept that new keys or new trust data were refused."""

_REFUSED: Final = {KEYS: codes.KEYS_REFUSED, TRUST: codes.TRUST_REFUSED}
_SPOOLS: Final = ("", "spool", "parts")


def node_concerns(config: NodeConfig, found: Sequence[Condition]) -> list[str]:
    """Return what a person has to see to, each in both languages, with its code and what to do."""
    findings = [*_full(config), *_not_taken_over(found), *_failing(found)]
    return [told(each) for each in findings]


def _full(config: NodeConfig) -> Iterator[Finding]:
    """Yield the disks of the state that have no room for one more packet."""
    needed = config.limits.max_packet_bytes
    disks: set[int] = set()
    for path in (config.state_dir / name for name in _SPOOLS):
        try:
            disk, free = path.stat().st_dev, _free(path)
        except OSError:
            continue
        if disk not in disks and free < needed:
            yield codes.DISK_FULL_SOON.at(path=path, free=free, needed=needed)
        disks.add(disk)


def _free(path: Path) -> int:
    """Return how many bytes this user may still write; none if no more files may be made."""
    found = os.statvfs(path)
    exhausted = found.f_files > 0 and found.f_favail == 0
    return 0 if exhausted else found.f_bavail * found.f_frsize


def _not_taken_over(found: Sequence[Condition]) -> Iterator[Finding]:
    for each in found:
        if each.kind == ConditionKind.NOT_TAKEN_OVER and each.adapter in _REFUSED:
            yield _REFUSED[each.adapter].at(**inside(read(each.reason)))


def _failing(found: Sequence[Condition]) -> Iterator[Finding]:
    """Yield why adapters and exchanges fail, each under its own code and after its name."""
    for each in found:
        if each.kind == ConditionKind.FAILING:
            why = read(each.reason)
            place = f"{why.place}: " if why.place else ""
            vi, en = (f"{each.adapter}: {place}{text}" for text in (why.vi, why.en))
            yield replace(why, vi=vi, en=en)
