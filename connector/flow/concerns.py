"""What is wrong with a node that no count of documents shows, as `status` tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from connector.config.node import NodeConfig
from connector.errors import Finding
from connector.flow import concern_codes as codes
from connector.flow.guarantees import Concern, Guarantee
from connector.flow.told import inside, read, told
from connector.store.conditions import Condition, ConditionKind

__all__ = [
    "KEYS",
    "TRUST",
    "broker_concerns",
    "failing_adapters",
    "failing_exchanges",
    "free_bytes",
    "journal_concerns",
    "node_concerns",
]

KEYS: Final = "keys"
TRUST: Final = "trust"
"""Under which names it is kept that new keys or new trust data were refused."""

_REFUSED: Final = {KEYS: codes.KEYS_REFUSED, TRUST: codes.TRUST_REFUSED}
_SPOOLS: Final = ("", "spool", "parts")


def broker_concerns(probed: Mapping[str, Finding | None]) -> list[Concern]:
    """Return why the broker does not let agencies in; None stands for one that is let in."""
    return [
        Concern(Guarantee.G2, told(codes.BROKER_SHUT.at(agency=agency, **inside(why))))
        for agency, why in probed.items()
        if why is not None
    ]


def node_concerns(config: NodeConfig, found: Sequence[Condition]) -> list[Concern]:
    """Return what a person has to see to, each in both languages, with its code and what to do."""
    findings = [
        *((Guarantee.G8, each) for each in _full(config)),
        *((Guarantee.G4, each) for each in _not_taken_over(found)),
        *((Guarantee.G1, each) for each in _why(failing_adapters(found))),
        *((Guarantee.G5, each) for each in _why(failing_exchanges(found))),
    ]
    return [Concern(guarantee, told(each)) for guarantee, each in findings]


def journal_concerns(broken: Sequence[Finding]) -> list[Concern]:
    """Return that the newest journal entries do not hold, by the first thing found wrong."""
    return [
        Concern(Guarantee.G6, told(codes.JOURNAL_BROKEN.at(**inside(first))))
        for first in broken[:1]
    ]


def free_bytes(config: NodeConfig) -> int | None:
    """Return the room of that disk of the state which has least; None if none can be asked."""
    return min((free for _, free in _disks(config)), default=None)


def failing_adapters(found: Sequence[Condition]) -> list[Condition]:
    """Return the adapters whose last step failed."""
    return [each for each in _failing(found) if not _is_exchange(each)]


def failing_exchanges(found: Sequence[Condition]) -> list[Condition]:
    """Return the exchanges of states whose last step failed."""
    return [each for each in _failing(found) if _is_exchange(each)]


def _full(config: NodeConfig) -> Iterator[Finding]:
    """Yield the disks of the state that have no room for one more packet."""
    needed = config.limits.max_packet_bytes
    for path, free in _disks(config):
        if free < needed:
            yield codes.DISK_FULL_SOON.at(path=path, free=free, needed=needed)


def _disks(config: NodeConfig) -> Iterator[tuple[Path, int]]:
    """Yield each disk of the state once, by its first directory, with its room."""
    disks: set[int] = set()
    for path in (config.state_dir / name for name in _SPOOLS):
        try:
            disk, free = path.stat().st_dev, _free(path)
        except OSError:
            continue
        if disk not in disks:
            yield path, free
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


def _failing(found: Sequence[Condition]) -> list[Condition]:
    return [each for each in found if each.kind == ConditionKind.FAILING]


def _is_exchange(found: Condition) -> bool:
    """Tell an exchange, as "status sink G22", from an adapter, whose name never has a space."""
    return " " in found.adapter


def _why(found: Sequence[Condition]) -> Iterator[Finding]:
    """Yield why adapters or exchanges fail, each under its own code and after its name."""
    for each in found:
        why = read(each.reason)
        place = f"{why.place}: " if why.place else ""
        vi, en = (f"{each.adapter}: {place}{text}" for text in (why.vi, why.en))
        yield replace(why, vi=vi, en=en)
