"""Writing and signing beside the daemon: worker processes, each with keys of its own.

A worker is a fresh interpreter that inherits no handles: keys are loaded and tokens opened by
configuration in each. Envelopes go over as data, files as paths where they have one; what comes
back are literal parts and digests. A worker that cannot use a key says nothing about envelopes:
they are sealed here, where the key that the daemon holds decides. An envelope that kills two
workers by itself is refused.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.clock import Clock
from connector.edxml.parser import Limits
from connector.errors import ConfigError, ConnectorError, PermanentError, UnavailableError
from connector.flow import codes
from connector.flow.workers.pool import Died, Pool, Stopped
from connector.flow.workers.sealer import Sealer
from connector.model.envelope import Document, Envelope
from connector.model.packet import Part, Payload, Sealed, WriteOptions
from connector.trust import key_codes
from connector.trust.settings import KeySettings

__all__ = [
    "Answer",
    "Job",
    "Setup",
    "Unexpected",
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
class Setup:
    """What a worker needs to open keys like the daemon's; secrets are only referred to."""

    keys: Mapping[str, tuple[KeySettings, ...]]
    clock: Clock
    limits: Limits


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker says of a job: the sealed packet's own bytes and digests, or why not."""

    parts: tuple[bytes | tuple[int, bytes, bytes], ...] = ()
    packet_id: str = ""
    content_digest: str = ""
    digest: str = ""
    error: ConnectorError | None = None
    unexpected: str = ""


class Unexpected(Exception):
    """What failed in a worker in a way nobody foresaw, in its words."""


def default_workers() -> int:
    """Return how many workers suit the cores that this process may use: one is left to it."""
    return min(max(len(os.sched_getaffinity(0)) - 1, 0), _MOST)


class Workers:
    """Seals in processes, or here if there are none or the work is too little for them."""

    def __init__(self, sealer: Sealer, setup: Setup, count: int) -> None:
        self._sealer: Final = sealer
        self.count: Final = count
        self._pool: Final[Pool[Job, Answer]] = Pool(
            _INSIDE, setup, (), count=count, clock=setup.clock, hopeless=_locks_a_token
        )

    def submit(self, jobs: Sequence[Job]) -> list[Callable[[], Sealed]]:
        """Begin to seal; each of what is returned gives its packet, or raises why there is none.

        Until a worker has started, which takes a second, nobody waits for it: the work is done
        here, and always where none can be started.
        """
        if not self.count or len(jobs) <= _CHUNK or not self._pool.at_hand():
            return [_Here(self._sealer, job) for job in jobs]
        answers = self._pool.submit(jobs, tuple, chunk=_CHUNK)
        return [
            _There(self._sealer, job, answer) for job, answer in zip(jobs, answers, strict=True)
        ]

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
class _There:
    sealer: Sealer
    job: Job
    answer: Callable[[], Answer | None]

    def __call__(self) -> Sealed:
        try:
            answer = self.answer()
        except Died as error:
            raise PermanentError(codes.SEAL_WORKER_DIED.at(reason=error)) from error
        except Stopped as error:
            raise UnavailableError(codes.SEALING_STOPPED.at()) from error
        if answer is None or isinstance(answer.error, ConfigError):
            return _Here(self.sealer, self.job)()
        if answer.error is not None:
            raise answer.error
        if answer.unexpected:
            raise Unexpected(answer.unexpected)
        envelope = self.job.envelope
        files = envelope.attachments if isinstance(envelope, Document) else ()
        parts: tuple[Part, ...] = tuple(
            part if isinstance(part, bytes) else Payload(files[part[0]].content, *part[1:])
            for part in answer.parts
        )
        return Sealed(parts, envelope, answer.packet_id, answer.content_digest, answer.digest)
