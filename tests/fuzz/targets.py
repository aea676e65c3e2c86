"""What the fuzzer throws bytes at: whatever they are, only the project's own errors come out.

A refusal for an unexpected reason (EDX-3199) counts as a crash too: it is the net under the
verifier, and nothing ought to fall into it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any, Final

__all__ = ["run"]

_UNEXPECTED: Final = "EDX-3199"
Target = Callable[[bytes], None]


def _reader() -> Target:
    from connector.edxml.reader import read
    from connector.errors import ConnectorError

    def target(data: bytes) -> None:
        try:
            read(data)
        except ConnectorError as error:
            str(error)

    return target


def _verifier() -> Target:
    from connector.errors import ConnectorError
    from connector.trust.verify import explain, signed_digest, verify
    from tests.corpus.world import NOW, World

    trust = World().trust()

    def target(data: bytes) -> None:
        verdict = explain(data, trust, at=NOW)
        if any(finding.code == _UNEXPECTED for finding in verdict.findings):
            raise AssertionError(verdict.findings)
        verdict.as_dict()
        digest = signed_digest(data)
        if verdict.valid and digest != verdict.digest:
            raise AssertionError(digest)
        try:
            verify(data, trust, at=NOW)
        except ConnectorError as error:
            if verdict.valid:
                raise AssertionError(error) from error

    return target


def _ways() -> Target:
    from tests.corpus.ways import over_skeleton, over_tree
    from tests.corpus.world import NOW, World

    trust = World().trust()

    def target(data: bytes) -> None:
        quick = over_skeleton(data, trust, NOW)
        if quick is None:
            return
        whole = over_tree(data, trust, NOW)
        if quick[1:] != whole[1:]:
            raise AssertionError((quick[1:], whole[1:]))
        there, here = quick[0], whole[0]
        if there and here and (there.data, there.reading) != (here.data, here.reading):
            raise AssertionError(there.reading, here.reading)

    return target


_TARGETS: Final[dict[str, Callable[[], Target]]] = {
    "reader": _reader,
    "verify": _verifier,
    "ways": _ways,
}


def run(name: str) -> None:
    """Fuzz one target with the arguments of libFuzzer on the command line."""
    atheris: Any = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["connector.edxml", "connector.trust"]):
        target = _TARGETS[name]()
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
