"""What a running node does beside documents: follow trust data, keys and clock, warn before expiry.

Everything that changes is journalled; what cannot be taken over is an alarm and a concern of
`status` until it is mended, and the old state stays in force. What was found while nothing could
be written, as on a full disk, is put on record by the next step that can.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connector.errors import Finding
from connector.events import AlarmRaised, KeysReloaded, OperatorActed, TrustChanged
from connector.flow.concern_codes import CLOCK_SET_BACK
from connector.flow.concerns import KEYS, TRUST
from connector.flow.ledger import Ledger, Work
from connector.flow.told import kept
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.conditions import Condition, ConditionKind, lift, put
from connector.store.due_again import due_again
from connector.trust.inventory import certificate_findings
from connector.trust.keyring import Keyring, Reload
from connector.trust.trust_source import TrustChange, TrustSource

__all__ = ["Upkeep"]

_DAY: Final = dt.timedelta(days=1)
_HELD_AT_MOST: Final = 100_000


@dataclass(slots=True)
class _News:
    """What has happened and is not on record yet."""

    changes: list[TrustChange] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    answers: int = 0

    @property
    def moved(self) -> int:
        """How much has changed."""
        return len(self.changes) + len(self.keys) + self.answers

    def add(
        self,
        changes: Iterable[TrustChange],
        keys: Iterable[str],
        problems: Iterable[Finding],
        answers: int,
    ) -> None:
        """Take in what came next; what is refused again and again is one thing."""
        for change in changes:
            if change not in self.changes[-1:]:
                self.changes.append(change)
        self.keys += (code for code in keys if code not in self.keys)
        self.problems += (each for each in problems if each not in self.problems)
        self.answers += answers


class Upkeep:
    """One step looks at everything once."""

    def __init__(self, ledger: Ledger, source: TrustSource, keyring: Keyring) -> None:
        self._ledger = ledger
        self._source = source
        self._keyring = keyring
        self._warned: dt.datetime | None = None
        self._refused: dict[str, str | None] = {}
        self._keys_asked = False
        self._news = _News()
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
            count = due_again(work.tx, now=work.now)
            if count:
                _alarm(work, (CLOCK_SET_BACK.at("clock", count=count),))
        self._ledger.follows_clock()
        return count

    def reload(self, actor: str) -> int:
        """Read trust data and keys anew at once, changed or not; return how much changed.

        Safe beside `step`; it asks no network.

        Raises:
            StorageError: the journal cannot be written.
        """
        self._source.reload()
        return self._take_over(self._keyring.reload(force=True), actor=actor)

    def _take_over(
        self,
        reloaded: Reload,
        answers: int = 0,
        problems: Iterable[Finding] = (),
        *,
        actor: str | None = None,
    ) -> int:
        trust = self._source.current()
        asked = actor is not None
        with self._noting:
            news, now = self._news, self._ledger.clock.now()
            news.add(self._source.take_changes(), reloaded.changed, problems, answers)
            warning = self._warned is None or now - self._warned >= _DAY
            expiring = certificate_findings(trust, self._keyring, at=now) if warning else ()
            refused, keys_asked = self._refused_now(reloaded, asked=asked)
            other = {name: what for name, what in refused.items() if self._is_news(name, what)}
            of_keys = reloaded.findings if KEYS in other or asked else ()
            findings = [*news.problems, *of_keys, *expiring]
            if asked or news.moved or findings or other:
                self._record(news, actor, findings, other)
            # only what is durable now is no news any more
            self._news, self._keys_asked = _News(), keys_asked
            self._refused |= refused
            self._warned = now if warning else self._warned
        return news.moved

    def _refused_now(self, reloaded: Reload, *, asked: bool) -> tuple[dict[str, str | None], bool]:
        """Return why keys and trust data are not what their files say, None if they are.

        A key whose files did not change is read again only where a reload is asked for: what
        that one has found stays so until the next. Whether it was asked for is told, too.
        """
        refused, keys_asked = {TRUST: _said(self._source.refused)}, self._keys_asked
        if reloaded.findings:
            refused[KEYS], keys_asked = _said(reloaded.findings), asked
        elif asked or reloaded.changed or not keys_asked:
            refused[KEYS], keys_asked = None, False
        return refused, keys_asked

    def _is_news(self, name: str, what: str | None) -> bool:
        return name not in self._refused or self._refused[name] != what

    def _record(
        self,
        news: _News,
        actor: str | None,
        findings: Iterable[Finding],
        refused: Mapping[str, str | None],
    ) -> None:
        with self._ledger.work() as work:
            if actor is not None:
                work.record(OperatorActed(action="reload", actor=actor, target="trust, keys"))
            for change in news.changes:
                _record_change(work, change)
            for code in news.keys:
                work.record(KeysReloaded(agency=code))
            _alarm(work, findings)
            for name, what in refused.items():
                _note(work, name, what)
            if news.answers or any(change.accepted for change in news.changes):
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
