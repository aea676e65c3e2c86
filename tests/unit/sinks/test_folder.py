from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from connector.disk import Syncing
from connector.errors import PermanentError, StorageError, TransientError, UnavailableError
from connector.model.content import BytesContent
from connector.model.envelope import Business, BusinessType
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks import codes
from connector.sinks.folder import FolderSink
from connector.sinks.index import Index
from connector.sinks.index_settings import IndexFile

HOME = "2018/20180712-05-2018-QD-TTg-0b0c5a9e-9a53-5a1a-8a6d-0d6a6c1f2e01"
INDEX = Index(
    IndexFile(
        file="vanban.csv",
        format="csv",
        charset="tcvn3",
        small_capitals=True,
        columns={"TrichYeu": "subject"},
    )
)
OTHER = InboundTarget("11111111-9a53-5a1a-8a6d-0d6a6c1f2e01", "khác")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


def homes(root: Path) -> list[str]:
    """Return the documents that can be seen in a folder."""
    return sorted(str(path.relative_to(root)) for path in root.glob("[0-9]*/*"))


def recall_of(item: Inbound) -> Inbound:
    """Return the recall of a document."""
    business = Business(type=BusinessType.RECALL, reason="Ban hành nhầm")
    document = replace(item.document, business=business, attachments=())
    return replace(item, packet_id="22222222", packet=BytesContent(b"<r/>"), document=document)


def target(item: Inbound) -> InboundTarget:
    """Return a document as an act names it."""
    return InboundTarget(item.packet_id, item.document.document_id)


def test_a_document_has_its_directory(tmp_path: Path, item: Inbound) -> None:
    """The directory holds packet, data, verdict and files, under names that can be foretold."""
    FolderSink(tmp_path).deliver(item)
    assert homes(tmp_path) == [HOME]
    home = tmp_path / HOME
    assert sorted(path.name for path in home.iterdir()) == [
        "01-Quyet-dinh-05.pdf",
        "02-Quyet-dinh-05.pdf",
        "document.json",
        "packet.edxml",
        "verification.json",
    ]
    assert (home / "packet.edxml").read_bytes() == b"<edXML/>"
    data = json.loads((home / "document.json").read_bytes())
    assert data["code"] == "05/2018/QĐ-TTg"
    assert data["arrived_at"] == "2018-07-13T03:30:00+07:00"
    assert data["document"]["business"]["replacements"][0]["organ_ids"] == ["H41", "G09"]
    assert [one["name"] for one in data["attachments"]] == [
        "Quyết định 05.pdf",
        "../../Quyết định 05.pdf",
    ]
    assert list((tmp_path / "_incoming").iterdir()) == []


def test_invisible_characters_show_in_the_data(tmp_path: Path, item: Inbound) -> None:
    """A direction-changing name is kept, but as an escape that everybody sees."""
    attachment = replace(item.document.attachments[0], name="bao\u202efdp.exe")
    document = replace(item.document, attachments=(attachment,))
    FolderSink(tmp_path).deliver(replace(item, document=document))
    text = (tmp_path / HOME / "document.json").read_text("utf-8")
    assert "bao\\u202efdp.exe" in text
    assert json.loads(text)["attachments"][0]["name"] == "bao\u202efdp.exe"


def test_cancelled_documents_leave_the_desk(tmp_path: Path, item: Inbound) -> None:
    """A recall moves the document away and says who took it back, when and why."""
    sink = FolderSink(tmp_path)
    sink.deliver(item)
    sink.cancel(recall_of(item), target(item))
    assert homes(tmp_path) == []
    home = tmp_path / "_cancelled" / Path(HOME).name
    notice = json.loads((home / "cancelled.json").read_bytes())
    assert notice["sender"]["organ_id"] == "G22"
    assert notice["reason"] == "Ban hành nhầm"
    assert notice["target"]["packet_id"] == item.packet_id
    assert (home / "recall.edxml").read_bytes() == b"<r/>"
    assert (home / "packet.edxml").is_file()


def test_few_files_are_open_at_a_time(tmp_path: Path, item: Inbound) -> None:
    """A document with very many files, and many documents at once, need no more descriptors."""
    (one, *_) = item.document.attachments
    many = tuple(replace(one, content_id=f"id-{number}") for number in range(700))
    large = replace(item, document=replace(item.document, attachments=many))
    small = [replace(item, packet_id=f"{number:08}") for number in range(100, 400)]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 300, limits[1]))
    try:
        FolderSink(tmp_path).deliver_many([large, *small])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(homes(tmp_path)) == 301
    assert len(list((tmp_path / HOME).iterdir())) == 703


def test_a_move_that_a_power_cut_left_halfway_is_finished(tmp_path: Path, item: Inbound) -> None:
    """Whoever has one directory synced and the other not has a cancelled document in both."""
    sink = FolderSink(tmp_path)
    sink.deliver(item)
    home = tmp_path / HOME
    sink.cancel(recall_of(item), target(item))
    shutil.copytree(tmp_path / "_cancelled" / home.name, home)
    sink.cancel(recall_of(item), target(item))
    assert homes(tmp_path) == []
    assert (tmp_path / "_cancelled" / home.name / "packet.edxml").is_file()
    sink.check()
    assert list((tmp_path / "_incoming").iterdir()) == []


def test_a_cancelled_document_that_somebody_put_back_unmarked_stays(
    tmp_path: Path, item: Inbound
) -> None:
    """Only what bears the mark of its cancelling is the rest of a move."""
    sink = FolderSink(tmp_path)
    sink.deliver(item)
    home = tmp_path / HOME
    sink.cancel(recall_of(item), target(item))
    shutil.copytree(tmp_path / "_cancelled" / home.name, home)
    (home / "cancelled.json").unlink()
    sink.cancel(recall_of(item), target(item))
    assert homes(tmp_path) == [HOME]


def test_updates_stand_beside_the_content(tmp_path: Path, item: Inbound) -> None:
    """An update adds a file of its own and leaves every other byte alone."""
    sink = FolderSink(tmp_path)
    sink.deliver(item)
    home = tmp_path / HOME
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    sink.update(replace(item, packet_id="3"), target(item))
    assert {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()} == before
    assert sorted(path.name for path in (home / "updates").iterdir()) == ["3.edxml", "3.json"]
    data = json.loads((home / "updates" / "3.json").read_bytes())
    assert [one["organ_id"] for one in data["receivers"]] == ["H41", "G09"]


def test_acts_on_documents_that_were_taken_away(tmp_path: Path, item: Inbound) -> None:
    """Acts on what the legacy system has removed are written where it can find them."""
    sink = FolderSink(tmp_path)
    sink.update(item, OTHER)
    sink.replace(item, [OTHER])
    acts = tmp_path / "_acts" / OTHER.packet_id
    assert (acts / "updates" / f"{item.packet_id}.json").is_file()
    notice = json.loads((acts / "replaced.json").read_bytes())
    assert [act["packet_id"] for act in notice["replaced_by"]] == [item.packet_id]


def test_two_documents_replace_one(tmp_path: Path, item: Inbound) -> None:
    """Each replacing document is named once in the notice."""
    sink = FolderSink(tmp_path)
    for packet_id in ("4", "5", "4"):
        sink.replace(replace(item, packet_id=packet_id), [OTHER])
    notice = json.loads((tmp_path / "_acts" / OTHER.packet_id / "replaced.json").read_bytes())
    assert [act["packet_id"] for act in notice["replaced_by"]] == ["4", "5"]


def test_a_notice_that_somebody_changed(tmp_path: Path, item: Inbound) -> None:
    """A notice that cannot be read any more is not overwritten."""
    acts = tmp_path / "_acts" / OTHER.packet_id
    acts.mkdir(parents=True)
    (acts / "replaced.json").write_text("[")
    with pytest.raises(PermanentError) as caught:
        FolderSink(tmp_path).replace(item, [OTHER])
    assert caught.value.code == codes.NOTICE_DAMAGED.code


def test_leftovers_of_a_kill_are_cleared(tmp_path: Path, item: Inbound) -> None:
    """What a killed process left half written is never seen and is removed."""
    leftover = tmp_path / "_incoming" / Path(HOME).name
    leftover.mkdir(parents=True)
    (leftover / "packet.edxml").write_bytes(b"<edX")
    (tmp_path / "_incoming" / "file").write_bytes(b"")
    FolderSink(tmp_path).deliver(item)
    assert homes(tmp_path) == [HOME]
    assert (tmp_path / HOME / "packet.edxml").read_bytes() == b"<edXML/>"
    assert list((tmp_path / "_incoming").iterdir()) == []


def _steps(monkeypatch: pytest.MonkeyPatch, until: int) -> Callable[[], int]:
    """Kill at the `until`-th step that touches the disk; the result counts the steps."""
    count = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count == until:
                raise Killed
            return real(*arguments, **named)

        return step

    for owner, name in (
        *((os, "fsync"), (os, "mkdir"), (Syncing, "begin"), (Syncing, "_ended")),
        *((Path, "rename"), (Path, "replace"), (Path, "mkdir")),
    ):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: count


@pytest.fixture
def killer() -> Iterator[pytest.MonkeyPatch]:
    """Return a patch that each round undoes."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.parametrize("index", [None, INDEX], ids=["plain", "index"])
@pytest.mark.parametrize("act", ["deliver", "cancel", "replace", "update"])
def test_killed_at_every_step(
    tmp_path: Path, item: Inbound, killer: pytest.MonkeyPatch, act: str, index: Index | None
) -> None:
    """Wherever the kill falls, documents are whole or absent, and doing it again finishes."""
    old = replace(item, packet_id="6")
    acts: dict[str, Callable[[FolderSink], object]] = {
        "deliver": lambda sink: sink.deliver(item),
        "cancel": lambda sink: sink.cancel(recall_of(old), target(old)),
        "replace": lambda sink: sink.replace(item, [target(old)]),
        "update": lambda sink: sink.update(item, target(old)),
    }
    for until in range(1, 200):
        root = tmp_path / str(until)
        FolderSink(root, index=index).deliver(old)
        steps = _steps(killer, until)
        try:
            acts[act](FolderSink(root, index=index))
        except Killed:
            killer.undo()
        else:
            assert steps() < until
            break
        for home in root.glob("[0-9]*/*"):
            assert {"packet.edxml", "document.json", "02-Quyet-dinh-05.pdf"} <= {
                path.name for path in home.iterdir()
            }
            assert index is None or (home / index.file).read_bytes().endswith(b"\r\n")
        acts[act](FolderSink(root, index=index))
        _expect(root, act)
    assert until > 5


def _expect(root: Path, act: str) -> None:
    (old,) = root.glob("*/*-6")
    present = {
        "deliver": old / "packet.edxml",
        "cancel": root / "_cancelled" / old.name / "cancelled.json",
        "replace": old / "replaced.json",
        "update": next(iter((old / "updates").glob("*.json")), old / "absent"),
    }
    assert present[act].is_file()
    assert len(homes(root)) == {"deliver": 2, "replace": 2, "cancel": 0, "update": 1}[act]
    assert list((root / "_incoming").iterdir()) == []


def test_killed_at_every_step_of_several(
    tmp_path: Path, item: Inbound, killer: pytest.MonkeyPatch
) -> None:
    """A kill while several documents are delivered together leaves each whole or absent."""
    line = INDEX.of(item, [])
    items = [replace(item, packet_id=f"{number}") for number in range(1, 5)]
    for until in range(1, 300):
        root = tmp_path / str(until)
        FolderSink(root, index=INDEX).deliver(items[1])
        steps = _steps(killer, until)
        try:
            sink = FolderSink(root, desk=True, index=INDEX)
            assert sink.deliver_many(items) == [True] * len(items)
        except Killed:
            killer.undo()
        else:
            assert steps() < until
            break
        for home in root.glob("[0-9]*/*"):
            assert {"packet.edxml", "document.json", "02-Quyet-dinh-05.pdf"} <= {
                path.name for path in home.iterdir()
            }
            assert (home / INDEX.file).read_bytes() == line
        FolderSink(root, index=INDEX).deliver_many(items)
        assert len(homes(root)) == len(items)
        assert list((root / "_incoming").iterdir()) == []
    assert until > len(items)


def test_several_at_once_are_as_one_by_one(tmp_path: Path, item: Inbound) -> None:
    """Together or one by one, the folder holds the same; one taken back does not come again."""
    items = [replace(item, packet_id=f"{number}") for number in (1, 2, 3)]
    together, alone = FolderSink(tmp_path / "a", desk=True), FolderSink(tmp_path / "b", desk=True)
    for sink in (together, alone):
        sink.cancel(recall_of(items[1]), target(items[1]))
    assert together.deliver_many(items) == [True, False, True]
    assert [alone.deliver(each) for each in items] == [True, False, True]
    assert together.deliver_many([items[0], items[0]]) == [True, True]
    trees = [
        {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }
        for root in (tmp_path / "a", tmp_path / "b")
    ]
    assert trees[0] == trees[1]


def test_a_killed_process_lets_the_folder_go(tmp_path: Path, item: Inbound) -> None:
    """A process that is killed with the lock in its hands does not stop the next one."""
    program = (
        "import sys, pathlib, os, signal\n"
        "from connector.sinks import durable\n"
        "with durable.locked(pathlib.Path(sys.argv[1]) / '.lock'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    FolderSink(tmp_path).deliver(item)
    assert homes(tmp_path) == [HOME]


def test_an_absent_mount_is_not_written_over(tmp_path: Path, item: Inbound) -> None:
    """With `create: false` a missing share makes documents wait."""
    root = tmp_path / "share"
    sink = FolderSink(root, create=False)
    with pytest.raises(UnavailableError) as caught:
        sink.deliver(item)
    assert caught.value.code == codes.FOLDER_ABSENT.code
    assert [finding.code for finding in sink.check()] == [codes.FOLDER_ABSENT.code]
    assert not root.exists()


def test_a_folder_that_is_a_file(tmp_path: Path, item: Inbound) -> None:
    """What the operating system refuses is told and tried again later."""
    root = tmp_path / "inbox"
    root.write_text("")
    with pytest.raises(TransientError) as caught:
        FolderSink(root).deliver(item)
    assert caught.value.code == codes.FOLDER_FAILED.code


class Damaged:
    """A content whose bytes are not what was recorded of them."""

    sha256 = "00" * 32
    size = 3

    def open(self) -> BinaryIO:
        """Return other bytes."""
        return BytesContent(b"abc").open()


def test_damaged_content_is_not_delivered(tmp_path: Path, item: Inbound) -> None:
    """Bytes that lost their digest in the spool never reach the clerk."""
    with pytest.raises(StorageError) as caught:
        FolderSink(tmp_path).deliver(replace(item, packet=Damaged()))
    assert caught.value.code == codes.CONTENT_DAMAGED.code
    assert homes(tmp_path) == []


@pytest.mark.parametrize("packet_id", ["../x", "", "a/b", "-", "a\n", "x" * 65])
def test_ids_that_are_no_names(tmp_path: Path, item: Inbound, packet_id: str) -> None:
    """A packet id is checked before it becomes part of a path."""
    with pytest.raises(PermanentError) as caught:
        FolderSink(tmp_path).deliver(replace(item, packet_id=packet_id))
    assert caught.value.code == codes.BAD_PACKET_ID.code
