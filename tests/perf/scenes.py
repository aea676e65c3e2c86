"""What is measured: pipelines by name, scenes, and the three lengths of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from connector.trust.pki import KeyType
from tests.perf.material import PARTS

__all__ = [
    "FULL",
    "PIPELINES",
    "PROFILES",
    "QUICK",
    "SHORT",
    "Direction",
    "Pipeline",
    "Profile",
    "Scene",
]

Direction = Literal["out", "in"]

_KB: Final = 1000
_MB: Final = 1000 * _KB
_GIB: Final = 1 << 30
BOTH: Final[tuple[Direction, ...]] = ("out", "in")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One way to send or receive; `limit_bytes` is the largest attachment that it is asked for."""

    name: str
    tool: str
    directions: tuple[Direction, ...] = BOTH
    limit_bytes: int = 200 * _MB
    limit_reason: str = "a message of the broker holds no more than 128 MiB"
    key_types: tuple[KeyType, ...] = ("rsa2048", "rsa3072")
    warm_up_seconds: float = 1.0


_NO_PARTS: Final = "large packets do not travel in parts yet"
_ALL_KEYS: Final[tuple[KeyType, ...]] = ("rsa2048", "rsa3072", "p256")

PIPELINES: Final = {
    pipeline.tool: pipeline
    for pipeline in (
        Pipeline(
            "connector",
            "connector",
            key_types=_ALL_KEYS,
            limit_bytes=2 * _GIB if PARTS else 100 * _MB,
            limit_reason=_NO_PARTS,
        ),
        Pipeline(
            "naive script",
            "naive",
            limit_bytes=2 * _MB,
            limit_reason="xmlschema takes gigabytes of memory for a packet of 20 MB",
        ),
        Pipeline("tuned libraries", "tuned", key_types=_ALL_KEYS),
        Pipeline("tuned libraries, durable", "durable", directions=("in",), key_types=_ALL_KEYS),
        Pipeline("lxml + python-xmlsec", "xmlsec"),
        Pipeline(
            "xmlsec1 command",
            "command",
            limit_bytes=2 * _MB,
            limit_reason="xmlsec1 refuses texts over 10 MB",
        ),
        Pipeline(
            "Node xml-crypto",
            "node",
            limit_bytes=2 * _MB,
            limit_reason="takes longer than a round has",
        ),
        Pipeline(
            "Java XMLDSig",
            "java",
            limit_bytes=20 * _MB,
            limit_reason="takes more than its 3 GiB of heap",
            warm_up_seconds=6.0,
        ),
        Pipeline("floor: signature", "signature", key_types=_ALL_KEYS),
        Pipeline("floor: broker", "broker", directions=("out",), key_types=_ALL_KEYS),
        Pipeline("floor: reception", "reception", directions=("in",), key_types=_ALL_KEYS),
    )
}
"""Every pipeline by its tool."""

EVERYBODY: Final = tuple(PIPELINES)


@dataclass(frozen=True, slots=True)
class Scene:
    """One size, one key, one number of cores; pipelines that take turns."""

    attachment_bytes: int
    tools: tuple[str, ...]
    directions: tuple[Direction, ...] = BOTH
    workers: int = 1
    key_type: KeyType = "rsa2048"
    rounds: int = 3
    seconds: float = 1.5
    documents: int | None = None
    """How many documents a round has; by default as many as fill the seconds."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One length of a run."""

    name: str
    scenes: tuple[Scene, ...]
    end_to_end: tuple[Scene, ...] = ()
    memory_bytes: tuple[int, ...] = ()
    """Attachments for which the connector's and the broker's peaks are measured alone."""
    signing: tuple[tuple[int, KeyType], ...] = ()
    backlogs: tuple[int, ...] = ()
    stores: tuple[int, ...] = ()
    durability: Scene | None = None
    start_up_runs: int = 0
    peers: tuple[str, ...] = field(default=EVERYBODY)
    keeps_memory: bool = True


_RACE: Final = (
    *("connector", "tuned", "durable", "xmlsec", "java"),
    *("signature", "broker", "reception"),
)
_END: Final = ("connector", "tuned", "java")

FULL: Final = Profile(
    name="full",
    memory_bytes=(200 * _KB, 100 * _MB, _GIB),
    scenes=(
        Scene(200 * _KB, EVERYBODY, rounds=5, seconds=2.0),
        Scene(200 * _KB, ("connector", "naive", "tuned", "xmlsec", "java", "broker"), ("out",), 2),
        Scene(200 * _KB, ("connector", "tuned", "xmlsec"), ("in",), 2),
        Scene(6 * _KB, EVERYBODY, seconds=0.8),
        Scene(2 * _MB, EVERYBODY),
        Scene(20 * _MB, EVERYBODY, documents=3),
        Scene(100 * _MB, EVERYBODY, documents=1),
        Scene(200 * _KB, ("connector", "tuned", "signature"), key_type="rsa3072"),
        Scene(200 * _KB, ("connector", "tuned", "signature"), key_type="p256"),
    ),
    end_to_end=(Scene(200 * _KB, _END), Scene(6 * _KB, _END), Scene(20 * _MB, _END, documents=3)),
    signing=(
        (6 * _KB, "rsa2048"),
        (200 * _KB, "rsa2048"),
        (10 * _MB, "rsa2048"),
        (100 * _MB, "rsa2048"),
        (200 * _KB, "rsa3072"),
        (200 * _KB, "p256"),
    ),
    backlogs=(1_000, 10_000, 100_000),
    stores=(1_000, 100_000),
    durability=Scene(200 * _KB, ("connector",), rounds=5, seconds=2.0),
    start_up_runs=9,
)
QUICK: Final = Profile(
    name="quick",
    scenes=(Scene(200 * _KB, ("connector", "naive", *_RACE[1:]), seconds=1.2),),
    signing=((200 * _KB, "rsa2048"),),
    start_up_runs=3,
    peers=("connector", "naive", *_RACE[1:]),
)
SHORT: Final = Profile(
    name="short",
    scenes=(
        Scene(
            20 * _KB,
            ("connector", "naive", "tuned", "durable", "signature", "broker", "reception"),
            rounds=1,
            documents=24,
        ),
    ),
    signing=((20 * _KB, "rsa2048"),),
    peers=("connector", "naive", "tuned", "durable", "signature", "broker", "reception"),
    keeps_memory=False,
)
PROFILES: Final = {profile.name: profile for profile in (FULL, QUICK, SHORT)}
