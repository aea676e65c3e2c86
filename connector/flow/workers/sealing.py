"""Signing beside the daemon: processes, each with keys of its own.

What a key does takes longer than anything else that is done to a document of common size, longer
yet on a token, and nothing else can so easily be done elsewhere: a digest goes over, a Signature
comes back. Each process is a fresh interpreter that inherits no handles: keys are loaded and
tokens opened by configuration in each. One that cannot use a key says nothing about documents:
they are signed here, where the key that the daemon holds decides. What kills two processes by
itself is not tried here.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.clock import Clock
from connector.errors import ConnectorError, UnavailableError
from connector.flow import codes
from connector.flow.workers.pool import Died, Pool, Stopped
from connector.flow.workers.sealer import Sealer
from connector.model.envelope import Envelope
from connector.model.packet import Sealed, WriteOptions
from connector.trust import key_codes
from connector.trust.settings import KeySettings
from connector.trust.sign import Digested

__all__ = [
    "Answer",
    "Job",
    "Setup",
    "ToSign",
    "Workers",
    "default_workers",
]

_CHUNK: Final = 8
_INSIDE: Final = "connector.flow.workers.seal_worker"
_MOST: Final = 8
_PIN_REFUSED: Final = frozenset(
    each.code for each in (key_codes.PIN_WRONG, key_codes.PIN_LOCKED, key_codes.PIN_LAST_TRY)
)


@dataclass(frozen=True, slots=True)
class Job:
    """One envelope to be sealed in the name of an agency, at a moment."""

    envelope: Envelope
    agency: str
    options: WriteOptions
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class ToSign:
    """A packet's digest, and whose key is to sign it."""

    digest: bytes
    agency: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to open keys like the daemon's; secrets are only referred to."""

    keys: Mapping[str, tuple[KeySettings, ...]]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process says of a digest: the Signature element, or why there is none.

    With neither something failed in a way nobody foresaw.
    """

    signature: bytes = b""
    error: ConnectorError | None = None


def default_workers() -> int:
    """Return how many workers suit the cores that this process may use: one is left to it."""
    return min(max(len(os.sched_getaffinity(0)) - 1, 0), _MOST)


class Workers:
    """Has packets signed in processes, or here if there are none or the work is too little."""

    def __init__(self, sealer: Sealer, setup: Setup, count: int) -> None:
        self._sealer: Final = sealer
        self.count: Final = count
        self._pool: Final[Pool[ToSign, Answer]] = Pool(
            _INSIDE, setup, (), count=count, clock=setup.clock, hopeless=_locks_a_token
        )

    def submit(self, jobs: Sequence[Job]) -> list[Callable[[], Sealed]]:
        """Begin to seal; each of what is returned gives its packet, or raises why there is none.

        Packets are written and read for their digests before this returns, while those before
        them are being signed. Until a process has started, which takes a second, nobody waits for
        it: all is done here when it is asked for, and always where none can be started.
        """
        if not self.count or len(jobs) <= _CHUNK or not self._pool.at_hand():
            return [_Here(self._sealer, job) for job in jobs]
        results: list[Callable[[], Sealed]] = []
        for start in range(0, len(jobs), _CHUNK):
            results += self._signing(jobs[start : start + _CHUNK])
        return results

    def _signing(self, jobs: Sequence[Job]) -> Iterator[Callable[[], Sealed]]:
        """Yield the results of some jobs whose digests are being signed together."""
        found = [self._digested(job) for job in jobs]
        wanted = [
            ToSign(each.digest, job.agency)
            for job, each in zip(jobs, found, strict=True)
            if isinstance(each, Digested)
        ]
        answers = iter(self._pool.submit(wanted, tuple, chunk=_CHUNK))
        for job, each in zip(jobs, found, strict=True):
            if isinstance(each, Digested):
                yield _There(self._sealer, job.agency, each, next(answers))
            else:
                yield _Refused(each)

    def _digested(self, job: Job) -> Digested | Exception:
        try:
            return self._sealer.digested(job.envelope, job.options, job.now)
        except Exception as error:  # noqa: BLE001 - raised by its own result, for its own record
            return error

    def start(self) -> None:
        """Start the workers and wait until they have answered; without one all is done here."""
        self._pool.start()

    def processes(self) -> tuple[int, ...]:
        """Return the process ids of the workers that were started."""
        return self._pool.processes()

    def close(self) -> None:
        """End all workers; what is being sealed ends with an error."""
        self._pool.close()


def _locks_a_token(answer: object) -> bool:
    """Tell whether a worker's PIN was refused: a few more tries would lock the token."""
    findings = answer.findings if isinstance(answer, ConnectorError) else ()
    return any(finding.code in _PIN_REFUSED for finding in findings)


@dataclass(frozen=True, slots=True)
class _Here:
    sealer: Sealer
    job: Job

    def __call__(self) -> Sealed:
        job = self.job
        return self.sealer.seal(job.envelope, job.agency, job.options, job.now)


@dataclass(frozen=True, slots=True)
class _Refused:
    error: Exception

    def __call__(self) -> Sealed:
        raise self.error


@dataclass(frozen=True, slots=True)
class _There:
    sealer: Sealer
    agency: str
    digested: Digested
    answer: Callable[[], Answer | None]

    def __call__(self) -> Sealed:
        return self.sealer.finished(self.digested, self._signature())

    def _signature(self) -> bytes:
        try:
            answer = self.answer()
        except Died as error:  # no fault of the document, of which the process saw a digest
            raise UnavailableError(codes.SEAL_WORKER_DIED.at(reason=error)) from error
        except Stopped as error:
            raise UnavailableError(codes.SEALING_STOPPED.at()) from error
        if answer is not None and answer.signature:
            return answer.signature
        if answer is not None and isinstance(answer.error, UnavailableError):
            raise answer.error
        return self.sealer.signature(self.digested.digest, self.agency)
