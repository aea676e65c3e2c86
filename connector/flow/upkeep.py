"""What a running node does beside documents: follow its trust data and keys, warn before expiry.

Everything that changes is journalled; what cannot be taken over is an alarm, and the old state
stays in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from connector.errors import Finding
from connector.events import AlarmRaised, KeysReloaded, OperatorActed, TrustChanged
from connector.flow.ledger import Ledger, Work
from connector.model.states import InboxState
from connector.store import inbox
from connector.trust.inventory import certificate_findings
from connector.trust.keyring import Keyring, Reload
from connector.trust.trust_source import TrustChange, TrustSource

__all__ = ["Upkeep"]

_DAY: Final = dt.timedelta(days=1)
_HELD_AT_MOST: Final = 100_000


class Upkeep:
    """One step looks at everything once."""

    def __init__(self, ledger: Ledger, source: TrustSource, keyring: Keyring) -> None:
        self._ledger = ledger
        self._source = source
        self._keyring = keyring
        self._warned: dt.datetime | None = None

    def step(self) -> int:
        """Take over changed trust data and keys; return how much changed.

        Raises:
            StorageError: the journal or the cache of OCSP answers cannot be written.
        """
        answers, problems = self._source.fetch()
        return self._take_over(self._keyring.reload(), answers, problems)

    def reload(self, actor: str) -> int:
        """Read trust data and keys anew at once, changed or not; return how much changed.

        Safe beside `step`; it asks no network.

        Raises:
            StorageError: the journal cannot be written.
        """
        self._source.reload()
        with self._ledger.work() as work:
            work.record(OperatorActed(action="reload", actor=actor, target="trust, keys"))
        return self._take_over(self._keyring.reload(force=True))

    def _take_over(
        self, reloaded: Reload, answers: int = 0, problems: Iterable[Finding] = ()
    ) -> int:
        trust = self._source.current()
        changes = self._source.take_changes()
        now = self._ledger.clock.now()
        expiring: Iterable[Finding] = ()
        if self._warned is None or now - self._warned >= _DAY:
            self._warned = now
            expiring = certificate_findings(trust, self._keyring, at=now)
        moved = len(changes) + len(reloaded.changed) + answers
        findings = [*problems, *reloaded.findings, *expiring]
        if not moved and not findings:
            return 0
        with self._ledger.work() as work:
            for change in changes:
                _record_change(work, change)
            for code in reloaded.changed:
                work.record(KeysReloaded(agency=code))
            _alarm(work, findings)
            if answers or any(change.accepted for change in changes):
                _wake_held(work)
        return moved


def _record_change(work: Work, change: TrustChange) -> None:
    work.record(
        TrustChanged(
            accepted=change.accepted,
            added="; ".join(change.added) or None,
            removed="; ".join(change.removed) or None,
            registry_version=change.registry_version,
        )
    )
    _alarm(work, change.findings)


def _alarm(work: Work, findings: Iterable[Finding]) -> None:
    for finding in findings:
        work.record(AlarmRaised(error_code=finding.code, reason=f"{finding.place} {finding.en}"))


def _wake_held(work: Work) -> None:
    """Let packets that wait for revocation data be looked at again."""
    held = inbox.list_messages(work.tx, states=[InboxState.HELD], limit=_HELD_AT_MOST)
    for row in held:
        if row.verification is None:
            inbox.update(
                work.tx, row.message_key, state=row.state, now=work.now, not_before=work.now
            )
