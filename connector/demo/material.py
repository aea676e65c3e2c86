"""Build the demonstration: three legacy exports, the catalogue, and what must come of them.

What is written depends on nothing but the corpus: building it twice gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from connector import resources
from connector.demo.agencies import AGENCIES, DemoAgency, catalogue_rows
from connector.demo.corpus import Scene, Sending, load_sendings
from connector.demo.exports import EXPORTERS, Row
from connector.demo.files import Files
from connector.demo.pdf import Typesetter

__all__ = ["Expected", "Material", "Outcome", "build", "build_samples"]


class Outcome(StrEnum):
    """What must come of a row of an export, or of its delivery to one receiver."""

    PACKAGED = "packaged"
    REFUSED = "refused"
    REPEATED = "repeated"
    DELIVERED = "delivered"
    RETURNED = "returned"
    ANSWERED_02 = "answered 02"
    RECALLED = "recalled"


_RECORDS: Final = {
    Scene.CLASSIFIED: Outcome.REFUSED,
    Scene.UNKNOWN_RECEIVER: Outcome.REFUSED,
    Scene.IMPOSSIBLE_DATE: Outcome.REFUSED,
    Scene.REPETITION: Outcome.REPEATED,
}
_SPECIAL_RECEIVERS: Final = {"G12": Outcome.RETURNED, "H41.90": Outcome.ANSWERED_02}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must come of one row of an export.

    `record` is packaged, refused or repeated; `deliveries` maps each receiver to what must be in
    the end, and is empty unless the record is packaged. `document_id` is the default identifier;
    empty where the date does not exist. `place` is relative to the adapter's directory.
    """

    agency: str
    adapter: str
    place: str
    document: str
    code: str
    document_id: str
    scene: Scene
    record: Outcome
    deliveries: Mapping[str, Outcome]
    attachments: tuple[str, ...]
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """What was built and what must come of it.

    `adapters` maps each agency's code to the directory with its ``adapter.yaml``.
    """

    directory: Path
    catalogue: Path
    agencies: tuple[DemoAgency, ...]
    adapters: Mapping[str, Path]
    expected: tuple[Expected, ...]

    @property
    def documents(self) -> int:
        """Number of rows in all exports."""
        return len(self.expected)

    @property
    def deliveries(self) -> int:
        """Number of (packet, receiver) that the senders publish, the acts of recall not counted."""
        return sum(len(row.deliveries) for row in self.expected)

    def count(self, outcome: Outcome) -> int:
        """Return how many rows or deliveries must end like this."""
        return sum(
            (row.record is outcome) + sum(end is outcome for end in row.deliveries.values())
            for row in self.expected
        )

    def of_scene(self, scene: Scene) -> tuple[Expected, ...]:
        """Return the rows that show one scene."""
        return tuple(row for row in self.expected if row.scene is scene)


def build(directory: Path) -> Material:
    """Write the whole demonstration below a directory and return what must come of it.

    Below it stand ``catalogue.csv`` and one directory for each adapter: the ``adapter.yaml`` and
    tables of ``examples/`` beside a full export. What an earlier build left there is replaced.
    """
    expected: list[Expected] = []
    with Typesetter() as typesetter:
        files = Files(typesetter)
        for agency in AGENCIES:
            own = directory / agency.adapter
            shutil.rmtree(own, ignore_errors=True)
            _copy_adapter(resources.examples_dir() / agency.adapter, own)
            expected += _export(agency, own, files, load_sendings())
    return Material(
        directory=directory,
        catalogue=_write_catalogue(directory / "catalogue.csv"),
        agencies=AGENCIES,
        adapters={agency.code: directory / agency.adapter for agency in AGENCIES},
        expected=tuple(expected),
    )


def build_samples(directory: Path) -> tuple[Expected, ...]:
    """Write the small exports that are kept beside the example adapters.

    Exports and attachments of earlier builds are replaced, everything else is left alone.
    """
    expected: list[Expected] = []
    chosen = tuple(sending for sending in load_sendings() if sending.in_sample)
    with Typesetter() as typesetter:
        files = Files(typesetter)
        for agency in AGENCIES:
            own = directory / agency.adapter
            for old in ("export", "files", "tep"):
                shutil.rmtree(own / old, ignore_errors=True)
            (own / "qlvb.db").unlink(missing_ok=True)
            expected += _export(agency, own, files, chosen)
    return tuple(expected)


def _copy_adapter(example: Path, target: Path) -> None:
    target.mkdir(parents=True)
    shutil.copyfile(example / "adapter.yaml", target / "adapter.yaml")
    if (example / "tables").is_dir():
        shutil.copytree(example / "tables", target / "tables", copy_function=shutil.copyfile)


def _export(
    agency: DemoAgency, directory: Path, files: Files, sendings: tuple[Sending, ...]
) -> list[Expected]:
    own = [sending for sending in sendings if sending.agency == agency.code]
    rows = [Row(sending, files.of(sending)) for sending in own]
    places = EXPORTERS[agency.code](directory, rows)
    return [_expected(agency, row, place) for row, place in zip(rows, places, strict=True)]


def _expected(agency: DemoAgency, row: Row, place: str) -> Expected:
    sending = row.sending
    record = _RECORDS.get(sending.scene, Outcome.PACKAGED)
    return Expected(
        agency=agency.code,
        adapter=agency.adapter,
        place=place,
        document=sending.document.id,
        code=sending.document.code,
        document_id=_document_id(sending),
        scene=sending.scene,
        record=record,
        deliveries=_deliveries(sending) if record is Outcome.PACKAGED else {},
        attachments=tuple(file.name for file in row.files),
        replaces=sending.replaces.id if sending.replaces else None,
    )


def _deliveries(sending: Sending) -> dict[str, Outcome]:
    usual = Outcome.RECALLED if sending.scene is Scene.RECALL else Outcome.DELIVERED
    return {code: _SPECIAL_RECEIVERS.get(code, usual) for code in sending.receivers}


def _document_id(sending: Sending) -> str:
    if sending.scene is Scene.IMPOSSIBLE_DATE:
        return ""
    document = sending.document
    return f"{sending.agency},{document.date.replace('-', '/')},{document.code}"


def _write_catalogue(path: Path) -> Path:
    seed = (resources.schemas_dir() / "agencies.csv").read_text(encoding="utf-8")
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(catalogue_rows())
    path.write_text(f"{seed.rstrip()}\n{text.getvalue()}", encoding="utf-8", newline="\n")
    return path
