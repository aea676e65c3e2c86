"""The attached files: named in a column beside the export, or held in a column."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from connector.mapping.undecided import UNDECIDED
from connector.workbench.evidence import Column, Reason
from connector.workbench.meanings import Meaning
from connector.workbench.proposal import Entry, Proposal
from connector.workbench.shapes import SHAPES, share

__all__ = ["propose_files"]

_SEPARATORS: Final = ("|", ";", ",", "\n")
_EMBEDDING: Final = frozenset({"dxl", "edxml"})
_TREES: Final = frozenset({"json", "xml", "dxl", "edxml"})
_DIRECTORIES: Final = 400


def propose_files(proposal: Proposal, files: Meaning | None) -> None:
    """Add the attachments: BLOB columns with the column of their names, or paths."""
    blobs = [c for c in proposal.look.columns if any(isinstance(v, bytes) for v in c.values)]
    if blobs:
        _held(proposal, blobs)
    elif files is not None:
        _named(proposal, files)


def _held(proposal: Proposal, blobs: list[Column]) -> None:
    named = [c for c in proposal.look.columns if share(c.texts, _is_file) >= 0.8]
    reason = Reason("cột chứa nội dung tệp", "the column holds bytes of files")
    for number, blob in enumerate(blobs):
        if number >= len(named):
            proposal.decide(
                "attachments", f"tên tệp của cột '{blob.name}'", f"the names of '{blob.name}'"
            )
            continue
        spec = {"blob": blob.name, "name": named[number].name}
        proposal.attachments.append(Entry("attachments", spec, 0.8, (reason,)))


def _named(proposal: Proposal, files: Meaning) -> None:
    kind = proposal.look.source["type"]
    split = _split(files.column)
    if split is None and kind in _TREES:
        split = ";"
    spec: dict[str, Any] = {"column": files.column.name}
    if split is not None:
        spec["split"] = split
    cells = [text.split(split) if split else [text] for text in files.column.texts]
    references = [part.strip() for cell in cells for part in cell]
    if kind in _EMBEDDING:
        proposal.attachments.append(Entry("attachments", spec, files.confidence, files.reasons))
        return
    directory = _directory_of(proposal.look.path.resolve().parent, references[:50])
    if directory is not None:
        found, count = directory
        reason = Reason(
            f"tìm thấy {count}/{len(references[:50])} tệp", f"{count} of the files are there"
        )
        proposal.attachments_directory = str(found)
        entry = Entry("attachments", spec, files.confidence, (*files.reasons, reason))
        proposal.attachments.append(entry)
        return
    spec = {**spec, "column": UNDECIDED}
    reason = Reason(f"có vẻ là cột '{files.column.name}'", f"it seems to be '{files.column.name}'")
    proposal.attachments.append(Entry("attachments", spec, 0.0, (reason,)))
    proposal.decide(
        "attachments",
        f"thư mục chứa các tệp nêu ở cột '{files.column.name}' (source.attachments_directory), "
        "rồi ghi tên cột",
        f"where the files of column '{files.column.name}' are (source.attachments_directory); then "
        "name the column",
    )


def _split(column: Column) -> str | None:
    """Return what divides several names in a cell; None if every cell has one."""
    for separator in _SEPARATORS:
        cells = [text for text in column.texts if separator in text]
        parts = [part.strip() for text in cells for part in text.split(separator) if part.strip()]
        if cells and share(parts, _is_file) >= 0.8:
            return separator
    return None


def _is_file(value: object) -> bool:
    return SHAPES["files"](str(value))


def _directory_of(base: Path, references: list[str]) -> tuple[Path, int] | None:
    """Return the directory near the sample in which the most of the files are."""
    names = [reference.replace("\\", "/") for reference in references if reference]
    best: tuple[int, Path] | None = None
    for directory in _near(base):
        count = sum(_is_there(directory, name) for name in names)
        if count and (best is None or count > best[0]):
            best = count, directory
    return None if best is None else (best[1], best[0])


def _is_there(directory: Path, name: str) -> bool:
    try:
        return not Path(name).is_absolute() and (directory / name).is_file()
    except (OSError, ValueError):
        return False


def _near(base: Path) -> Iterator[Path]:
    """Yield the sample's directory, those below it, and those beside it."""
    yield base
    seen = 0
    for top in (base, base.parent):
        for root, directories, _ in os.walk(top):
            depth = len(Path(root).relative_to(top).parts)
            directories[:] = sorted(directories) if depth < 2 else []
            for name in directories:
                seen += 1
                if seen > _DIRECTORIES:
                    return
                yield Path(root) / name
