"""What a running node does beside documents: follow trust data, keys and clock, warn before expiry.

Everything that changes is journalled; what cannot be taken over is an alarm and a concern of
`status` until it is mended, and the old state stays in force.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connector.errors import Finding
from connector.events import AlarmRaised, KeysReloaded, OperatorActed, TrustChanged
from connector.flow.concern_codes import CLOCK_SET_BACK
from connector.flow.concerns import KEYS, TRUST
from connector.flow.ledger import Ledger, Work
from connector.flow.told import kept
from connector.model.states import InboxState
from connector.store import inbox, outbox
from connector.store.conditions import Condition, ConditionKind, lift, put
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
        self._refused: dict[str, str | None] = {}
        self._keys_asked = False
        self._noting = threading.Lock()

    def step(self) -> int:
        """Take over changed trust data and keys; return how much changed.

        Raises:
            StorageError: the journal or the cache of OCSP answers cannot be written.
        """
        brought = self._follow_clock()
        answers, problems = self._source.fetch()
        return brought + self._take_over(self._keyring.reload(), answers, problems)

    def _follow_clock(self) -> int:
        """Let nothing wait for a time that only a wrong clock has seen; looked at once at start."""
        if not self._ledger.was_set_back():
            return 0
        with self._ledger.work() as work:
            count = outbox.due_again(work.tx, now=work.now) + inbox.due_again(work.tx, now=work.now)
            if count:
                _alarm(work, (CLOCK_SET_BACK.at("clock", count=count),))
        return count

    def reload(self, actor: str) -> int:
        """Read trust data and keys anew at once, changed or not; return how much changed.

        Safe beside `step`; it asks no network.

        Raises:
            StorageError: the journal cannot be written.
        """
        self._source.reload()
        with self._ledger.work() as work:
            work.record(OperatorActed(action="reload", actor=actor, target="trust, keys"))
        return self._take_over(self._keyring.reload(force=True), asked=True)

    def _take_over(
        self,
        reloaded: Reload,
        answers: int = 0,
        problems: Iterable[Finding] = (),
        *,
        asked: bool = False,
    ) -> int:
        trust = self._source.current()
        changes = self._source.take_changes()
        now = self._ledger.clock.now()
        expiring: Iterable[Finding] = ()
        if self._warned is None or now - self._warned >= _DAY:
            self._warned = now
            expiring = certificate_findings(trust, self._keyring, at=now)
        moved = len(changes) + len(reloaded.changed) + answers
        with self._noting:
            refused = self._refused_now(reloaded, asked=asked)
            news = {name: what for name, what in refused.items() if self._is_news(name, what)}
            of_keys = reloaded.findings if KEYS in news or asked else ()
            findings = [*problems, *of_keys, *expiring]
            if moved or findings or news:
                self._record(changes, reloaded, findings, news, answered=bool(answers))
            self._refused |= refused
        return moved

    def _refused_now(self, reloaded: Reload, *, asked: bool) -> dict[str, str | None]:
        """Return why keys and trust data are not what their files say, None if they are.

        A key whose files did not change is read again only where a reload is asked for: what
        that one has found stays so until the next.
        """
        refused = {TRUST: _said(self._source.refused)}
        if reloaded.findings:
            refused[KEYS], self._keys_asked = _said(reloaded.findings), asked
        elif asked or reloaded.changed or not self._keys_asked:
            refused[KEYS], self._keys_asked = None, False
        return refused

    def _is_news(self, name: str, what: str | None) -> bool:
        return name not in self._refused or self._refused[name] != what

    def _record(
        self,
        changes: Iterable[TrustChange],
        reloaded: Reload,
        findings: Iterable[Finding],
        refused: Mapping[str, str | None],
        *,
        answered: bool,
    ) -> None:
        with self._ledger.work() as work:
            for change in changes:
                _record_change(work, change)
            for code in reloaded.changed:
                work.record(KeysReloaded(agency=code))
            _alarm(work, findings)
            for name, what in refused.items():
                _note(work, name, what)
            if answered or any(change.accepted for change in changes):
                _wake_held(work)


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


def _said(findings: Sequence[Finding]) -> str | None:
    """Return the first of some findings as it is kept, None if there is none."""
    return kept(findings[0]) if findings else None


def _note(work: Work, name: str, what: str | None) -> None:
    kind = ConditionKind.NOT_TAKEN_OVER
    if what is None:
        lift(work.tx, name, kind)
    else:
        put(work.tx, Condition(adapter=name, kind=kind.value, since=work.now, reason=what))


def _wake_held(work: Work) -> None:
    """Let packets that wait for revocation data be looked at again."""
    held = inbox.list_messages(work.tx, states=[InboxState.HELD], limit=_HELD_AT_MOST)
    for row in held:
        if row.verification is None:
            inbox.update(
                work.tx, row.message_key, state=row.state, now=work.now, not_before=work.now
            )
