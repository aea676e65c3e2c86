"""Verifying beside the daemon: processes that read packets from the spool and say what they found.

Only a verdict that a packet is authentic is taken from them, and only if it rests on the very
trust that is in force here when it is taken: each process reads the trust's files itself and names
what it read by a digest of its contents. All else, a refusal first of all, is looked into again
in the daemon. A packet that kills two of them by itself goes no further.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from connector.agencies.catalogue import Catalogue
from connector.clock import Clock, vietnam_date
from connector.edxml.pack import check
from connector.edxml.parser import Limits
from connector.edxml.stored import NewScratch
from connector.errors import Finding, PermanentError
from connector.flow import codes
from connector.flow.workers.pool import Died, Pool, Stopped
from connector.flow.workers.sealing import default_workers
from connector.model.content import Content
from connector.model.envelope import Envelope
from connector.store.spool import Spooled
from connector.trust.certificates import fingerprint
from connector.trust.registry import Trust
from connector.trust.trust_source import TrustFiles, TrustSource
from connector.trust.verify import verify

__all__ = ["Body", "Checked", "Checking", "Checks", "Setup", "Version", "checked", "default_checks"]

_MODULE: Final = "connector.flow.workers.check_worker"
_CHUNK: Final = 4
_FEW: Final = 4
_SMALL: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of an authentic packet: its content, schema and rules looked at, too.

    `verification` is the verdict as it is stored beside the document.
    """

    envelope: Envelope
    digest: str
    findings: tuple[Finding, ...]
    verification: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict JSON-ready."""
        return self.verification


@dataclass(frozen=True, slots=True)
class Body:
    """A packet of the spool, and as of when it is judged."""

    content: Spooled
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to judge as the daemon does."""

    trust: TrustFiles
    catalogue: Path | None
    clock: Clock
    limits: Limits


Checking = Callable[[], Checked | None]
"""Gives what was found of a packet; None if it has to be looked at here."""


def checked(
    body: Content,
    trust: Trust,
    *,
    at: dt.datetime,
    today: dt.date,
    limits: Limits,
    scratch: NewScratch | None = None,
) -> Checked:
    """Verify a packet and look at schema and rules; raises why it is not authentic."""
    verified = verify(body, trust, at=at, limits=limits, scratch=scratch)
    envelope, written = verified.reading.envelope, verified.reading.written
    findings = (*verified.findings, *check(envelope, today=today, written=written))
    return Checked(envelope, verified.digest, findings, verified.as_dict())


def default_checks() -> int:
    """Return how many processes suit the cores that this process may use.

    On two cores one costs more in passing documents to and fro than it takes off the daemon.
    """
    return max(default_workers() - 1, 0)


class Version:
    """Names what a trust rests on by a digest, anew only if it is another one."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._codes: Final = "".join(map(repr, catalogue))
        self._known: tuple[Trust, str] | None = None

    def of(self, trust: Trust) -> str | None:
        """Return the digest; None for a trust that may be another one at any moment."""
        if trust.revocations.answers is not None:
            return None
        known = self._known
        if known is None or known[0] is not trust:
            text = "\0".join((self._codes, *_contents(trust)))
            known = self._known = trust, hashlib.sha256(text.encode()).hexdigest()
        return known[1]


class Checks:
    """Looks at packets in processes; what is too large or too little for them is left alone."""

    def __init__(self, setup: Setup, source: TrustSource, version: Version, count: int) -> None:
        self.count: Final = count
        self._setup: Final = setup
        self._source: Final = source
        self._version: Final = version
        hello = "", vietnam_date(setup.clock.now()), ()
        self._pool: Final[Pool[Body, Checked]] = Pool(
            _MODULE, setup, hello, count=count, clock=setup.clock
        )

    def start(self) -> None:
        """Start the processes and wait until they have answered; done before the first is used."""
        if self.count:
            self._pool.start()

    def begin(self, bodies: Sequence[Body]) -> list[Checking]:
        """Begin to look at packets, in their order; nobody waits for processes to start."""
        taken: list[Checking] = [_nothing] * len(bodies)
        version = self._version.of(self._source.current()) if self.count else None
        fit = [index for index, body in enumerate(bodies) if body.content.size <= _SMALL]
        if version is None or len(fit) < _FEW or not self._pool.at_hand():
            return taken
        question = partial(self._question, version)
        answers = self._pool.submit([bodies[index] for index in fit], question, chunk=_CHUNK)
        for index, answer in zip(fit, answers, strict=True):
            taken[index] = partial(self._take, version, answer)
        return taken

    @property
    def ready(self) -> bool:
        """Whether a process has started."""
        return self._pool.ready

    def processes(self) -> tuple[int, ...]:
        """Return the process ids of those that were started."""
        return self._pool.processes()

    def close(self) -> None:
        """End all processes; what is being looked at there is left alone."""
        self._pool.close()

    def _question(self, version: str, bodies: Sequence[Body]) -> object:
        return version, vietnam_date(self._setup.clock.now()), tuple(bodies)

    def _take(self, version: str, answered: Checking) -> Checked | None:
        try:
            answer = answered()
        except Died as error:
            raise PermanentError(codes.CHECK_WORKER_DIED.at(reason=error)) from error
        except Stopped:
            return None
        in_force = self._version.of(self._source.current())
        return answer if in_force == version else None


def _nothing() -> None:
    return None


def _contents(trust: Trust) -> Iterator[str]:
    """Yield everything that a verdict rests on."""
    for certificate in trust.anchors.certificates:
        yield f"anchor {fingerprint(certificate)}"
    yield f"registry {trust.registry.version}"
    yield from map(repr, trust.registry.registrations)
    yield from map(repr, trust.registry.legacy)
    for each in trust.revocations.lists:
        yield f"revocations {hashlib.sha256(each.crl.tbs_certlist_bytes).hexdigest()}"
    yield f"legacy {sorted(trust.legacy_sha1)}"
