"""The inside of a sealing process: reads jobs from its standard input until that ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import IO, Final

from connector.errors import Bug, ConnectorError
from connector.flow.workers.child import receive, send, serve_parent
from connector.flow.workers.sealer import Sealer
from connector.flow.workers.sealing import Answer, Job, Setup
from connector.model.content import Content
from connector.model.envelope import Document, Envelope
from connector.model.packet import Sealed
from connector.sources.attachments import HELD_BYTES, SourceFile
from connector.trust.keyring import Keyring

__all__ = ["main", "serve"]

_RELOAD_SECONDS: Final = 10.0


def main() -> None:
    """Serve the daemon that started this process, until that ends."""
    serve_parent(serve)


def serve(jobs: IO[bytes], answers: IO[bytes]) -> None:
    """Answer batches of jobs; ends with EOFError when the daemon is gone."""
    setup: Setup = receive(jobs)
    keyring, since = None, setup.clock.monotonic()
    while True:
        batch: Sequence[Job] = receive(jobs)
        try:
            if keyring is None:
                keyring = Keyring(setup.keys, clock=setup.clock)
            elif setup.clock.monotonic() - since > _RELOAD_SECONDS:
                keyring.reload()
                since = setup.clock.monotonic()
        except ConnectorError as error:
            send(answers, error)
            continue
        sealer = Sealer(keyring, setup.limits)
        send(answers, [_answer(sealer, job) for job in batch])


def _answer(sealer: Sealer, job: Job) -> Answer:
    try:
        sealed = sealer.seal(_held(job.envelope), job.agency, job.options, job.now)
    except Bug as error:
        return Answer(unexpected=repr(error))
    except ConnectorError as error:
        return Answer(error=error)
    except Exception as error:  # noqa: BLE001 - one odd record must not end the worker
        return Answer(unexpected=repr(error))
    return Answer(
        parts=_light(sealed),
        packet_id=sealed.packet_id,
        content_digest=sealed.content_digest,
        digest=sealed.digest,
    )


def _held(envelope: Envelope) -> Envelope:
    """Return an envelope with its small files in memory, each of which is looked at twice."""
    if not isinstance(envelope, Document):
        return envelope
    files = tuple(
        replace(each, content=each.content.held())
        if isinstance(each.content, SourceFile) and each.content.size <= HELD_BYTES
        else each
        for each in envelope.attachments
    )
    return replace(envelope, attachments=files)


def _light(sealed: Sealed) -> tuple[bytes | tuple[int, bytes, bytes], ...]:
    """Return the parts with files as the numbers of their attachments: the daemon has them."""
    document = sealed.envelope
    files: Mapping[int, int] = (
        {id(each.content): number for number, each in enumerate(document.attachments)}
        if isinstance(document, Document)
        else {}
    )

    def number_of(content: Content) -> int:
        return files[id(content)]

    return tuple(
        part
        if isinstance(part, bytes)
        else (number_of(part.content), getattr(part, "head", b""), getattr(part, "tail", b""))
        for part in sealed.parts
    )
