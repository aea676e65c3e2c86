"""Writing and signing beside the daemon: worker processes, each with keys of its own.

A worker is a fresh interpreter that inherits no handles: keys are loaded and tokens opened by
configuration in each. Envelopes go over as data, files as paths where they have one; what comes
back are literal parts and digests. A worker that dies is replaced and its envelopes are sealed
again, one at a time; one that kills its worker twice is refused.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from connector.clock import Clock
from connector.edxml.parser import Limits
from connector.errors import ConnectorError, PermanentError, UnavailableError
from connector.flow import codes
from connector.flow.workers.child import Child
from connector.flow.workers.pool import LOST, Closed, NotStarted, Pool
from connector.flow.workers.sealer import Sealer
from connector.model.envelope import Document, Envelope
from connector.model.packet import Part, Payload, Sealed, WriteOptions
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
        self._pool: Final = Pool(partial(Child, _INSIDE, setup))
        self._lock: Final = threading.Lock()
        self._ready: Final = threading.Event()
        self._begun = False
        self._threads: Final = ThreadPoolExecutor(max(count, 1), "seal")

    def submit(self, jobs: Sequence[Job]) -> list[Callable[[], Sealed]]:
        """Begin to seal; each of what is returned gives its packet, or raises why there is none.

        Until a worker has started, which takes a second, nobody waits for it: the work is done
        here, and always where none can be started.
        """
        if not self.count or len(jobs) <= _CHUNK or not self._at_hand():
            return [_Here(self._sealer, job) for job in jobs]
        taken: list[Callable[[], Sealed]] = []
        for start in range(0, len(jobs), _CHUNK):
            chunk = jobs[start : start + _CHUNK]
            answers = self._threads.submit(self._answers, chunk)
            taken += [_There(self._sealer, job, answers, at) for at, job in enumerate(chunk)]
        return taken

    def start(self) -> None:
        """Start one worker and wait until it has answered; without one the work is done here."""
        try:
            self._asked(())
        except (*LOST, NotStarted, ConnectorError):
            return
        self._ready.set()

    def _at_hand(self) -> bool:
        """Tell whether a worker has answered; begins to start one if nobody has yet."""
        with self._lock:
            begin, self._begun = not self._begun and not self._ready.is_set(), True
        if begin:
            self._threads.submit(self.start)
        return self._ready.is_set()

    def processes(self) -> tuple[int, ...]:
        """Return the process ids of the workers that were started."""
        return self._pool.processes()

    def close(self) -> None:
        """End all workers; what is being sealed ends with an error."""
        self._pool.close()
        self._threads.shutdown(cancel_futures=True)

    def _answers(self, jobs: Sequence[Job]) -> list[Answer | None]:
        """Return the answers about jobs; None about what is to be sealed here."""
        try:
            return [*self._asked(jobs)]
        except LOST:
            return [self._alone(job) for job in jobs]
        except Closed:
            return [_stopped() for _ in jobs]
        except NotStarted:
            return [None for _ in jobs]
        except UnavailableError as error:
            return [Answer(error=error) for _ in jobs]

    def _alone(self, job: Job) -> Answer | None:
        """Seal one of the jobs whose worker died, with a new worker."""
        try:
            return self._asked([job])[0]
        except LOST as error:
            if self._pool.closed:
                return _stopped()
            finding = codes.SEAL_WORKER_DIED.at(reason=repr(error))
            return Answer(error=PermanentError(finding))
        except Closed:
            return _stopped()
        except NotStarted:
            return None
        except UnavailableError as error:
            return Answer(error=error)

    def _asked(self, jobs: Sequence[Job]) -> list[Answer]:
        answers = self._pool.ask(tuple(jobs))
        if isinstance(answers, ConnectorError):
            raise answers
        return list(answers)


def _stopped() -> Answer:
    return Answer(error=UnavailableError(codes.SEALING_STOPPED.at()))


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
    answers: Future[list[Answer | None]]
    number: int

    def __call__(self) -> Sealed:
        answer = self.answers.result()[self.number]
        if answer is None:
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
