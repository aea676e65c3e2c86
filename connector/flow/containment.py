"""One message that fails in a way nobody foresaw stops neither the others nor the daemon.

It is parked with its reasons and an alarm; an operator tries it again. A broken disk is another
matter: nothing is durable then, so the daemon ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from connector.errors import ConnectorError, Finding, StorageError, TransientError
from connector.events import AlarmRaised, MessageQuarantined, SinkFailed
from connector.flow import codes
from connector.flow.ledger import Ledger, Work
from connector.flow.retry import RetryPolicy
from connector.model.states import InboxState
from connector.sinks import codes as sink_codes
from connector.store import codes as store_codes
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.store.store import Transaction

__all__ = [
    "Containment",
    "Step",
    "alarm",
    "chunks",
    "concerns_one_body",
    "facts_of",
    "put_aside",
    "put_off",
    "waiting",
]

_CHUNK_BYTES: Final = 16 << 20
_ONE_BODY: Final = frozenset(
    {
        store_codes.BODY_MISSING.code,
        store_codes.BODY_CHANGED.code,
        store_codes.PARTS_GONE.code,
        sink_codes.CONTENT_DAMAGED.code,
    }
)

_Result = TypeVar("_Result")

Step = Callable[[Work], None]
"""What is to be made durable for one message, with others in one transaction."""


@dataclass(frozen=True, slots=True)
class Containment:
    """Runs the steps of the way in, each for one message."""

    ledger: Ledger
    policy: RetryPolicy

    def run(self, row: InboxMessage, step: Callable[[InboxMessage], None]) -> None:
        """Run a step on a message that is still as it was read.

        Raises:
            StorageError: the store or the disk failed; nothing more may be done.
        """
        with self.ledger.store.read() as tx:
            current = inbox.message(tx, row.message_key)
        if current is not None and current.state is row.state:
            self.attempt(current, step)

    def attempt(self, row: InboxMessage, step: Callable[[InboxMessage], _Result]) -> _Result | None:
        """Run a step on a message; None if it failed, which is on record then.

        Raises:
            StorageError: the store or the disk failed; nothing more may be done.
        """
        try:
            return step(row)
        except Exception as error:
            if isinstance(error, StorageError) and not concerns_one_body(error):
                raise
            if isinstance(error, TransientError) and not isinstance(error, StorageError):
                self._postpone(row, error.findings)
            else:
                self._park(row, error)
            return None

    def commit(
        self,
        ready: Sequence[tuple[InboxMessage, Step]],
        alone: Callable[[InboxMessage], Step | None],
    ) -> None:
        """Do the steps of several messages in one transaction; a failing one is found alone.

        Steps of messages that are not any more as they were read are left out. If the
        transaction fails, each message is prepared again by `alone` and committed by itself.

        Raises:
            StorageError: the store or the disk failed; nothing more may be done.
        """
        try:
            self._commit(ready)
        except Exception as error:
            if isinstance(error, StorageError) and not concerns_one_body(error):
                raise
            for row, _ in ready:
                self.run(row, lambda current: self._alone(current, alone))

    def finish(self, row: InboxMessage, step: Step) -> None:
        """Do the step of one message, unless somebody has moved it meanwhile."""
        self._commit([(row, step)])

    def _commit(self, ready: Sequence[tuple[InboxMessage, Step]]) -> None:
        if not ready:
            return
        with self.ledger.work() as work:
            states = inbox.states(work.tx, (row.message_key for row, _ in ready))
            for row, step in ready:
                if states.get(row.message_key) is row.state:
                    step(work)

    def _alone(self, row: InboxMessage, prepare: Callable[[InboxMessage], Step | None]) -> None:
        step = prepare(row)
        if step is not None:
            self._commit([(row, step)])

    def _postpone(self, row: InboxMessage, findings: tuple[Finding, ...]) -> None:
        with self.ledger.work() as work:
            put_off(work, row, findings, until=self.policy.due(work.now, row.attempts + 1))

    def _park(self, row: InboxMessage, error: Exception) -> None:
        findings = _told_of(error)
        finding = findings[0]
        target = row.packet_id or row.message_key
        with self.ledger.work() as work:
            put_aside(work, row, InboxState.PARKED, findings)
            event = MessageQuarantined if row.verification is None else SinkFailed
            facts = {"packet_id": target, "reason": finding.en, "error_code": finding.code}
            work.record(event(document_id=row.document_id, sender=row.sender, **facts))
            work.record(AlarmRaised(sender=row.user_id, **facts))


def _told_of(error: Exception) -> tuple[Finding, ...]:
    """Return what is told of a failure: the program's own, unless a body is gone or damaged."""
    if isinstance(error, StorageError) and concerns_one_body(error):
        return error.findings
    known = error.findings if isinstance(error, ConnectorError) else ()
    reason = str(error) if isinstance(error, ConnectorError) else repr(error)
    return (codes.UNEXPECTED.at(reason=reason), *known)


def put_off(
    work: Work,
    row: InboxMessage,
    findings: Iterable[Finding],
    *,
    until: dt.datetime,
    state: InboxState | None = None,
) -> None:
    """Let a message wait, as it is or in another state, and count the attempt."""
    inbox.update(
        work.tx,
        row.message_key,
        state=state or row.state,
        now=work.now,
        attempts=row.attempts + 1,
        not_before=until,
        findings=[finding.as_dict() for finding in findings],
    )


def put_aside(
    work: Work, row: InboxMessage, state: InboxState, findings: Iterable[Finding]
) -> None:
    """Put a message into a state that it does not leave by itself, with the reasons."""
    said = [finding.as_dict() for finding in findings]
    inbox.update(work.tx, row.message_key, state=state, now=work.now, findings=said)


def facts_of(row: InboxMessage, finding: Finding) -> dict[str, str | None]:
    """Return what an event tells of a document and of what befell it."""
    return {
        "packet_id": row.packet_id,
        "document_id": row.document_id,
        "sender": row.sender,
        "reason": finding.en,
        "error_code": finding.code,
    }


def alarm(work: Work, row: InboxMessage, finding: Finding) -> None:
    """Raise an alarm about a document."""
    work.record(
        AlarmRaised(
            packet_id=row.packet_id,
            error_code=finding.code,
            reason=finding.en,
            sender=row.sender,
        )
    )


def concerns_one_body(error: StorageError) -> bool:
    """Tell whether only the body of one packet is gone or damaged, not the disk."""
    return error.code in _ONE_BODY


def waiting(
    tx: Transaction,
    ledger: Ledger,
    states: frozenset[InboxState],
    limit: int,
    *,
    held_verified: bool,
) -> list[InboxMessage]:
    """Return messages in some states whose time has come, however many others stand before them.

    Otherwise a slow legacy system would keep back the arrival notices of later documents.
    `held_verified` tells acts that wait for their document from what waits for revocation data.
    """
    return inbox.to_process(
        tx, now=ledger.clock.now(), limit=limit, states=states, held_verified=held_verified
    )


def chunks(rows: Sequence[InboxMessage]) -> Iterator[list[InboxMessage]]:
    """Yield messages in groups whose packets have no more than some megabytes together."""
    chunk: list[InboxMessage] = []
    size = 0
    for row in rows:
        size += row.body_size
        if chunk and size > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], row.body_size
        chunk.append(row)
    if chunk:
        yield chunk
