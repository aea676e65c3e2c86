"""The demonstration's documents and who sends them to whom, read from ``examples/corpus``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from connector import resources

__all__ = ["SCENES", "CorpusDocument", "Scene", "Sending", "load_documents", "load_sendings"]


class Scene(StrEnum):
    """What is special about a sending; most are `PLAIN`."""

    PLAIN = ""
    LARGE = "large"
    URGENT = "urgent"
    CLASSIFIED = "classified"
    UNKNOWN_RECEIVER = "unknown-receiver"
    IMPOSSIBLE_DATE = "impossible-date"
    NOT_CONNECTED = "not-connected"
    NOT_SERVED = "not-served"
    EXPORTED_TWICE = "exported-twice"
    REPETITION = "repetition"
    RECALL = "recall"
    REPLACED = "replaced"
    REPLACEMENT = "replacement"


SCENES: Final = {
    Scene.PLAIN: "goes out and arrives",
    Scene.LARGE: "carries an attachment of about 2 MB",
    Scene.URGENT: "Hỏa tốc: travels in the urgent lane",
    Scene.CLASSIFIED: "marked as state secret: refused before packaging, its content is never kept",
    Scene.UNKNOWN_RECEIVER: "a receiver that no catalogue knows: refused before packaging",
    Scene.IMPOSSIBLE_DATE: "dated 30/02/2019: refused before packaging",
    Scene.NOT_CONNECTED: "one receiver is known but has no node: the broker returns it",
    Scene.NOT_SERVED: "one receiver is a unit that its node does not serve: answered 02 (R31)",
    Scene.EXPORTED_TWICE: "stands twice in the export: one packet",
    Scene.REPETITION: "the second time of the same row: nothing happens",
    Scene.RECALL: "delivered, then recalled by its issuer",
    Scene.REPLACED: "delivered, then replaced by a later document",
    Scene.REPLACEMENT: "replaces an earlier document (type 3)",
}
"""What each scene shows, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusDocument:
    """One document: public record (`cited`, only what the sources say) or a marked sample.

    `date` is the text of the corpus, ISO, because one sample has a date that does not exist.
    Empty fields do not stand in the source. `source` is ``file:line`` or ``sample``.
    """

    id: str
    issuer: str
    code: str
    type: str
    date: str
    place: str
    subject: str
    signer: str
    position: str
    competence: str
    source: str
    status: str

    @property
    def is_cited(self) -> bool:
        """Whether number, date and subject stand in a public source."""
        return self.status == "cited"

    @property
    def day(self) -> str:
        """The date as Vietnamese registers write it, dd/MM/yyyy."""
        return "/".join(reversed(self.date.split("-")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One row of an agency's export: a document, its receivers and what it carries.

    `receivers` are canonical codes; a name that no catalogue knows begins with ``?``.
    `attachments` are recipes that `connector.demo.files` can follow. `in_sample` rows stand in
    the small export that is committed beside each example adapter.
    """

    agency: str
    document: CorpusDocument
    receivers: tuple[str, ...]
    urgency: str
    secrecy: str
    attachments: tuple[str, ...]
    replaces: CorpusDocument | None
    scene: Scene
    in_sample: bool


def load_documents(directory: Path | None = None) -> dict[str, CorpusDocument]:
    """Return all documents of the corpus by id, in the order of the file."""
    rows = _rows(directory, "documents.csv")
    return {row["id"]: CorpusDocument(**row) for row in rows}


def load_sendings(directory: Path | None = None) -> tuple[Sending, ...]:
    """Return what the three agencies send, in the order of their exports."""
    documents = load_documents(directory)
    return tuple(_sending(row, documents) for row in _rows(directory, "sendings.csv"))


def _sending(row: dict[str, str], documents: dict[str, CorpusDocument]) -> Sending:
    return Sending(
        agency=row["agency"],
        document=documents[row["document"]],
        receivers=tuple(row["receivers"].split(";")),
        urgency=row["urgency"],
        secrecy=row["secrecy"],
        attachments=tuple(row["attachments"].split(";")),
        replaces=documents[row["replaces"]] if row["replaces"] else None,
        scene=Scene(row["scene"]),
        in_sample=row["sample"] == "x",
    )


def _rows(directory: Path | None, name: str) -> Iterator[dict[str, str]]:
    path = (directory or resources.examples_dir() / "corpus") / name
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)
