"""The inside of a verifying process: reads questions from its standard input until that ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final

from connector.agencies.files import load as load_catalogue
from connector.errors import ConnectorError
from connector.flow.workers.checking import Body, Checked, Setup, Version, checked
from connector.flow.workers.child import receive, send, serve_parent
from connector.flow.workers.memory import keep_freed_memory

if TYPE_CHECKING:
    from connector.trust.registry import Trust

__all__ = ["main", "serve"]

_READ_AGAIN_SECONDS: Final = 5.0


def main() -> None:
    """Serve the daemon that started this process."""
    keep_freed_memory()
    serve_parent(serve)


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer questions about packets; ends with EOFError when the daemon is gone."""
    setup: Setup = receive(questions)
    judge = _Judge(setup)
    while True:
        version, today, bodies = receive(questions)
        send(answers, judge.answers(version, today, bodies))


class _Judge:
    """Looks at packets by the trust that the daemon names, if that can be had."""

    def __init__(self, setup: Setup) -> None:
        catalogue = load_catalogue(setup.catalogue)
        self._setup = setup
        self._canonical = catalogue.canonical
        self._version = Version(catalogue)
        self._trust: Trust | None = None
        self._missed = ""
        self._not_before = 0.0

    def answers(self, version: str, today: dt.date, bodies: Sequence[Body]) -> list[Checked | None]:
        """Return what is known of authentic packets; None of all others."""
        trust = self._trust_of(version) if bodies else None
        if trust is None:
            return [None] * len(bodies)
        return [self._answer(trust, today, body) for body in bodies]

    def _trust_of(self, version: str) -> Trust | None:
        """Return the trust of a version; files that did not have it are read again later."""
        if self._version_here() == version:
            return self._trust
        clock = self._setup.clock
        if version == self._missed and clock.monotonic() < self._not_before:
            return None
        try:
            self._trust = self._setup.trust.load(self._canonical, at=clock.now())
        except ConnectorError:
            self._trust = None
        if self._version_here() != version:
            self._missed, self._not_before = version, clock.monotonic() + _READ_AGAIN_SECONDS
            return None
        return self._trust

    def _version_here(self) -> str | None:
        return None if self._trust is None else self._version.of(self._trust)

    def _answer(self, trust: Trust, today: dt.date, body: Body) -> Checked | None:
        try:
            limits = self._setup.limits
            return checked(body.content, trust, at=body.at, today=today, limits=limits)
        except Exception:  # noqa: BLE001 - whatever it is, the daemon finds it again
            return None
