"""Verifying beside the daemon: processes that read packets from the spool and say what they found.

Only a verdict that a packet is authentic is taken from them, and only if it rests on the very
trust that is in force here when it is taken: each process reads the trust's files itself and names
what it read by a digest of its contents. All else, a refusal first of all, is looked into again
in the daemon. A packet that kills two of them by itself goes no further.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
from connector.flow.workers.child import Child
from connector.flow.workers.pool import LOST, NotStarted, Pool
from connector.model.content import Content
from connector.model.envelope import Envelope
from connector.store.spool import Spooled
from connector.trust.certificates import fingerprint
from connector.trust.registry import Trust
from connector.trust.trust_source import TrustFiles, TrustSource
from connector.trust.verify import verify

__all__ = ["Body", "Checked", "Checking", "Checks", "Setup", "Version", "checked"]

_MODULE: Final = "connector.flow.workers.check_worker"
_CHUNK: Final = 4
_FEW: Final = 4
_SMALL: Final = 1 << 20
_START_AGAIN_SECONDS: Final = 60.0


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
    envelope = verified.reading.envelope
    findings = (*verified.findings, *check(envelope, today=today))
    return Checked(envelope, verified.digest, findings, verified.as_dict())


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
        self._pool: Final = Pool(partial(_started, setup))
        self._ready: Final = threading.Event()
        self._not_before = 0.0
        self._threads: Final = ThreadPoolExecutor(max(count, 1), "check")

    def start(self) -> None:
        """Start the processes and wait until they have answered; done before the first is used."""
        try:
            self._pool.fill(self.count)
            self._ready.set()
        except NotStarted:
            self._not_before = self._setup.clock.monotonic() + _START_AGAIN_SECONDS

    def begin(self, bodies: Sequence[Body]) -> list[Checking]:
        """Begin to look at packets, in their order; nobody waits for processes to start."""
        taken: list[Checking] = [_nothing] * len(bodies)
        version = self._version.of(self._source.current()) if self.count else None
        fit = [index for index, body in enumerate(bodies) if body.content.size <= _SMALL]
        if version is None or len(fit) < _FEW or not self._at_hand():
            return taken
        for start in range(0, len(fit), _CHUNK):
            chunk = fit[start : start + _CHUNK]
            mine = tuple(bodies[index] for index in chunk)
            answers = self._threads.submit(self._answers, version, mine)
            for number, index in enumerate(chunk):
                taken[index] = partial(self._take, version, answers, number)
        return taken

    def _at_hand(self) -> bool:
        """Tell whether the processes are ready; they are started beside if they are not."""
        due = self._setup.clock.monotonic() >= self._not_before
        if not self._ready.is_set() and not self._pool.closed and due:
            self._not_before = math.inf
            self._threads.submit(self.start)
        return self.ready

    @property
    def ready(self) -> bool:
        """Whether the processes have started."""
        return self._ready.is_set()

    def processes(self) -> tuple[int, ...]:
        """Return the process ids of those that were started."""
        return self._pool.processes()

    def close(self) -> None:
        """End all processes; what is being looked at there is left alone."""
        self._pool.close()
        self._threads.shutdown(cancel_futures=True)

    def _take(
        self, version: str, answers: Future[list[Checked | PermanentError | None]], number: int
    ) -> Checked | None:
        answer = answers.result()[number]
        if isinstance(answer, PermanentError):
            raise answer
        in_force = self._version.of(self._source.current())
        return answer if in_force == version else None

    def _answers(
        self, version: str, bodies: Sequence[Body]
    ) -> list[Checked | PermanentError | None]:
        try:
            return [*self._asked(version, bodies)]
        except NotStarted:
            return [None] * len(bodies)
        except LOST:
            return [self._alone(version, body) for body in bodies]

    def _alone(self, version: str, body: Body) -> Checked | PermanentError | None:
        """Look at one of the packets whose process died, in a new one, and again in another."""
        reason = ""
        for _ in range(2):
            try:
                return self._asked(version, [body])[0]
            except NotStarted:
                return None
            except LOST as error:
                reason = repr(error)
                if self._pool.closed:
                    return None
        return PermanentError(codes.CHECK_WORKER_DIED.at(reason=reason))

    def _asked(self, version: str, bodies: Sequence[Body]) -> list[Checked | None]:
        today = vietnam_date(self._setup.clock.now())
        answers: list[Checked | None] = self._pool.ask((version, today, tuple(bodies)))
        return answers


def _started(setup: Setup) -> Child:
    """Return a process that has answered once, so that what kills it later is a packet."""
    child = Child(_MODULE, setup)
    try:
        child.ask(("", vietnam_date(setup.clock.now()), ()))
    except BaseException:
        child.end()
        raise
    return child


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
