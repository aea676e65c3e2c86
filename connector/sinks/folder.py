"""Documents as directories: what a person or any legacy system can pick up.

::

    2026/20260105-28-2018-QD-TTg-<packet id>/
        packet.edxml          the bytes as they were received
        document.json         the same, normalised
        verification.json     why it was believed
        vanban.csv            the same as the legacy system reads it, if `index` asks for it
        01-Quyet-dinh.pdf     attachments under generated names
        replaced.json         another document replaced this one
        updates/              update packets that named this one
    _cancelled/…/cancelled.json, recall.edxml     taken back by its issuer, kept as evidence
    _acts/<packet id>/        acts on documents that are not here any more
    _incoming/                being written; nothing in it counts

A directory appears complete, by one rename. Its name follows from the packet alone, so doing it
again finds it done. One lock file keeps two processes apart.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from connector import crash
from connector.errors import Finding, PermanentError, TransientError, UnavailableError
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks import codes, durable, notices
from connector.sinks.index import Index
from connector.sinks.names import plain_name
from connector.sinks.settings import FolderSettings

__all__ = ["FolderSink", "open_folder"]

_ID: Final = re.compile(r"[0-9A-Za-z]([0-9A-Za-z-]{0,62}[0-9A-Za-z])?")
_YEAR: Final = re.compile(r"[0-9]{4}")
_MAX_CODE: Final = 60


def open_folder(settings: FolderSettings, base: Path) -> FolderSink:
    """Return the sink of some settings; nothing is touched before the first document."""
    directory = settings.directory  # a LocalPath: counted from the file's directory already
    if not directory.is_absolute() and not directory.is_relative_to(base):
        directory = base / directory
    index = Index(settings.index) if settings.index is not None else None
    directory = directory.absolute()
    return FolderSink(directory, desk=settings.desk, create=settings.create, index=index)


class FolderSink:
    """Puts each document into a directory of its own under `directory`.

    `desk` says that the clerk takes documents from here; `create` makes an absent directory;
    `index` writes one more file, in the legacy system's own shape.
    """

    def __init__(
        self,
        directory: Path,
        *,
        desk: bool = False,
        create: bool = True,
        index: Index | None = None,
    ) -> None:
        self._root: Final = directory
        self._incoming: Final = directory / "_incoming"
        self._cancelled: Final = directory / "_cancelled"
        self._acts: Final = directory / "_acts"
        self._desk: Final = desk
        self._create: Final = create
        self._index: Final = index

    def deliver(self, item: Inbound) -> bool:
        """Put a document in place once; a document that was taken back does not come again."""
        return self.deliver_many([item])[0]

    def deliver_many(self, items: Sequence[Inbound]) -> list[bool]:
        """Put documents in place as `deliver` does, with one wait for the disk for all."""
        with self._at_work():
            cancelled = os.listdir(self._cancelled)  # noqa: PTH208 - names are all that is wanted
            kept = [not _ends_in(cancelled, item.packet_id) for item in items]
            homes = {self._home(item): item for item, keep in zip(items, kept, strict=True) if keep}
            self._publish({home: item for home, item in homes.items() if not home.is_dir()})
            for year in {home.parent for home in homes}:
                durable.sync(year)
        return [keep and self._desk for keep in kept]

    def cancel(self, item: Inbound, target: InboundTarget) -> None:
        """Move a document out of the clerk's way and keep the recall beside it."""
        with self._at_work():
            done, desk = self._find_cancelled(target.packet_id), self._find(target.packet_id)
            found = done or desk
            if found is None:
                name = f"undelivered-{_checked(target.packet_id)}"
                found = durable.directory(self._incoming / name)
            if not (found / "cancelled.json").is_file():
                durable.copy(item.packet, found / "recall.edxml")
                data = notices.act_data(item, target)
                durable.replace_file(found / "cancelled.json", durable.as_json(data))
            crash.point("folder.marked")
            if done is None:
                durable.move(found, self._cancelled / found.name)
            elif desk is not None and (desk / "cancelled.json").is_file():
                # A power cut can leave a move on the disk in one of its two directories only.
                durable.move(desk, self._incoming / desk.name)
            durable.sync(self._cancelled)
        crash.point("folder.cancelled")

    def replace(self, item: Inbound, targets: Sequence[InboundTarget]) -> bool:
        """Put the new document in place, then mark those that it replaces."""
        on_desk = self.deliver(item)
        with self._at_work():
            for target in targets:
                path = self._place(target) / "replaced.json"
                acts = _read_acts(path)
                if all(act.get("packet_id") != item.packet_id for act in acts):
                    acts.append(notices.act_data(item, target))
                    durable.replace_file(path, durable.as_json({"replaced_by": acts}))
                    crash.point("folder.replaced")
        return on_desk

    def update(self, item: Inbound, target: InboundTarget) -> None:
        """Keep an update packet beside the document, which stays as it is."""
        with self._at_work():
            updates = durable.directory(self._place(target) / "updates")
            path = updates / f"{_checked(item.packet_id)}.json"
            if not path.is_file():
                durable.copy(item.packet, path.with_suffix(".edxml"))
                data = notices.act_data(item, target) | notices.changes_data(item)
                durable.replace_file(path, durable.as_json(data))
            durable.sync(updates)
        crash.point("folder.updated")

    def check(self) -> tuple[Finding, ...]:
        """Return what keeps documents from being written here; tries one small file."""
        try:
            with self._at_work():
                probe = self._incoming / ".probe"
                durable.write(probe, b"")
                probe.unlink()
        except TransientError as error:
            return error.findings
        return ()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Hold the folder's lock; what stands in `_incoming` is then left from a kill."""
        try:
            if not self._root.is_dir() and not self._create:
                raise UnavailableError(codes.FOLDER_ABSENT.at(str(self._root), path=self._root))
            self._root.mkdir(parents=True, exist_ok=True)
            with durable.locked(self._root / ".lock"):
                for area in (self._incoming, self._cancelled, self._acts):
                    durable.directory(area)
                for leftover in self._incoming.iterdir():
                    _remove(leftover)
                yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            finding = codes.FOLDER_FAILED.at(str(self._root), path=self._root, reason=reason)
            raise TransientError(finding) from error

    def _home(self, item: Inbound) -> Path:
        day = item.document.promulgation.date
        code = plain_name(str(item.document.code), _MAX_CODE)
        name = f"{day:%Y%m%d}-{code}-{_checked(item.packet_id)}"
        return self._root / f"{day:%Y}" / name

    def _publish(self, fresh: Mapping[Path, Inbound]) -> None:
        """Build directories aside and put each in place by one rename."""
        if not fresh:
            return
        for year in {home.parent for home in fresh}:
            durable.directory(year)
        with durable.Group() as group:
            for home, item in fresh.items():
                self._build(group, f"{self._incoming}/{home.name}", item)
        crash.point("folder.built")
        for home in fresh:
            (self._incoming / home.name).rename(home)
            crash.point("folder.placed")
        durable.sync(self._incoming)

    def _build(self, group: durable.Group, building: str, item: Inbound) -> None:
        names = notices.attachment_names(item)
        index = None if self._index is None else self._index.of(item, names)
        group.mkdir(building)
        group.copy(item.packet, f"{building}/packet.edxml")
        for attachment, name in zip(item.document.attachments, names, strict=True):
            group.copy(attachment.content, f"{building}/{name}")
        document = durable.as_json(notices.document_data(item, names))
        group.write(f"{building}/document.json", document)
        verification = durable.as_json(item.verification)
        group.write(f"{building}/verification.json", verification)
        if self._index is not None and index is not None:
            group.write(f"{building}/{self._index.file}", index)

    def _place(self, target: InboundTarget) -> Path:
        """Return where acts on a document are recorded, wherever it has gone."""
        found = self._find(target.packet_id) or self._find_cancelled(target.packet_id)
        return found or durable.directory(self._acts / _checked(target.packet_id))

    def _find(self, packet_id: str) -> Path | None:
        ending = f"-{_checked(packet_id)}"
        years = (year for year in self._root.iterdir() if _YEAR.fullmatch(year.name))
        names = (path for year in years for path in year.iterdir())
        return next((path for path in names if path.name.endswith(ending)), None)

    def _find_cancelled(self, packet_id: str) -> Path | None:
        ending = f"-{_checked(packet_id)}"
        names = self._cancelled.iterdir()
        return next((path for path in names if path.name.endswith(ending)), None)


def _ends_in(names: Collection[str], packet_id: str) -> bool:
    ending = f"-{_checked(packet_id)}"
    return any(name.endswith(ending) for name in names)


def _checked(packet_id: str) -> str:
    if not _ID.fullmatch(packet_id):
        raise PermanentError(codes.BAD_PACKET_ID.at(packet_id=packet_id))
    return packet_id


def _read_acts(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    try:
        return [dict(act) for act in json.loads(path.read_bytes())["replaced_by"]]
    except (ValueError, KeyError, TypeError) as error:
        raise PermanentError(codes.NOTICE_DAMAGED.at(str(path), name=path.name)) from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
