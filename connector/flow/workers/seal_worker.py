"""The inside of a signing process: reads digests from its standard input until that ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Final

from connector.errors import ConnectorError
from connector.flow.workers.child import receive, send, serve_parent
from connector.flow.workers.sealing import Answer, Setup, ToSign
from connector.trust.keyring import Keyring
from connector.trust.splice import signature_over

__all__ = ["main", "serve"]

_RELOAD_SECONDS: Final = 10.0


def main() -> None:
    """Serve the daemon that started this process, until that ends."""
    serve_parent(serve)


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Sign digests, some at a time; ends with EOFError when the daemon is gone."""
    setup: Setup = receive(questions)
    keyring, since = None, setup.clock.monotonic()
    while True:
        batch: Sequence[ToSign] = receive(questions)
        try:
            if keyring is None:
                keyring = Keyring(setup.keys, clock=setup.clock)
            elif setup.clock.monotonic() - since > _RELOAD_SECONDS:
                keyring.reload()
                since = setup.clock.monotonic()
        except ConnectorError as error:
            send(answers, error)
            continue
        send(answers, [_answer(keyring, each) for each in batch])


def _answer(keyring: Keyring, asked: ToSign) -> Answer:
    try:
        return Answer(signature_over(asked.digest, keyring[asked.agency]))
    except ConnectorError as error:
        return Answer(error=error)
    except Exception:  # noqa: BLE001 - whatever it is, the daemon finds it again
        return Answer()
