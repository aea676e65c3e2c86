"""The corpus as a quick judge of mutants: prepared once, asked in a fork of this process."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from connector.errors import Severity
from connector.trust.registry import Trust
from tests.corpus.vector import Vector
from tests.corpus.vectors import all_vectors
from tests.corpus.world import NOW, World
from tests.mutation.mutants import Mutant

__all__ = ["MODULES", "QuickJudge"]

MODULES: Final = (
    "connector/trust/structure.py",
    "connector/trust/signature.py",
    "connector/trust/signer.py",
    "connector/trust/forms.py",
    "connector/trust/skeleton.py",
    "connector/trust/verify.py",
)
"""The modules that are changed, those that are imported by others first."""

_SECONDS: Final = 60


@dataclass(frozen=True)
class _Case:
    vector: Vector
    data: bytes
    trust: Trust

    def disagrees(self) -> bool:
        """Tell whether the verifier, as it is now, says anything else than is due."""
        verifier: Any = sys.modules["connector.trust.verify"]
        vector, at = self.vector, NOW + dt.timedelta(days=self.vector.days)
        verdict = verifier.explain(self.data, self.trust, at=at)
        failed = next((each.name for each in verdict.stages if each.outcome == "failed"), None)
        if vector.envelope is None:
            code = verdict.findings[0].code
            return (verdict.valid, failed, code) != (False, vector.stage, vector.code)
        verified = verifier.verify(self.data, self.trust, at=at)
        told = tuple(each.code for each in verdict.findings if each.severity is not Severity.INFO)
        same = verified.reading.envelope == vector.envelope()
        return (verdict.valid, failed, told, same) != (True, None, vector.warnings, True)


class QuickJudge:
    """Holds the corpus ready and asks it about mutants, each in a process of its own."""

    def __init__(self) -> None:
        importlib.import_module("connector.trust.verify")
        world = World()
        self._cases = [
            _Case(vector, vector.build(world), vector.trust(world))
            for vector in all_vectors()
            if not vector.large
        ]
        if any(case.disagrees() for case in self._cases):
            raise SystemExit("the corpus fails without any mutant")

    def notices(self, found: Sequence[Mutant], workers: int) -> list[bool]:
        """Return for each mutant whether a vector of the corpus gets another verdict."""
        noticed, running = [True] * len(found), dict[int, int]()
        for index, mutant in enumerate(found):
            if len(running) == workers:
                _wait(running, noticed)
            child = os.fork()
            if child == 0:
                self._judge(mutant)
            running[child] = index
        while running:
            _wait(running, noticed)
        return noticed

    def _judge(self, mutant: Mutant) -> NoReturn:
        """End this process with 0 if the corpus lets a mutant pass; anything else is a notice."""
        status = 1
        signal.alarm(_SECONDS)
        try:
            _install(mutant)
            status = int(any(case.disagrees() for case in self._cases))
        finally:
            os._exit(status)


def _wait(running: dict[int, int], noticed: list[bool]) -> None:
    child, status = os.wait()
    noticed[running.pop(child)] = status != 0


def _install(mutant: Mutant) -> None:
    """Put the changed module in place of the real one, and load anew what imports it."""
    for path in MODULES[MODULES.index(mutant.module) :]:
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        if path == mutant.module:
            exec(compile(mutant.source, path, "exec"), module.__dict__)  # noqa: S102
        else:
            importlib.reload(module)
