"""Whatever an attachment is called, nothing that the folder sink writes runs by being opened."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
import unicodedata
from pathlib import Path
from typing import Final

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from connector.edxml.pack import pack
from connector.edxml.reader import read
from connector.edxml.writer import write
from connector.errors import PermanentError
from connector.model.content import BytesContent
from connector.model.envelope import Document
from connector.model.inbound import Inbound
from connector.sinks.folder import FolderSink
from tests.corpus.vector import document

TODAY: Final = dt.date(2026, 1, 6)
RUN: Final = (
    *("com", "exe", "bat", "cmd", "vbs", "vbe", "js", "jse", "wsf", "wsh", "msc"),  # PATHEXT
    *("scr", "pif", "cpl", "hta", "lnk", "jar", "ps1", "msi", "reg", "chm", "sh", "dll"),
    *("url", "website", "inf", "mst", "diagcab", "settingcontent-ms", "appref-ms"),
)
UNSEEN: Final = [
    sign for sign in map(chr, range(0x10FFFF)) if unicodedata.category(sign) in {"Cf", "Zl", "Zp"}
]
_ODD: Final = st.sampled_from(
    [*UNSEEN, "\t", " ", ".", "\u00a0", "/", "\\", ":", "::$DATA", "e\u0301"]
)
_ENDING: Final = st.sampled_from(
    [*RUN, *(each.upper() for each in RUN), "ｂａｔ", "pdf", "docx", ""]
)
_TYPES: Final = st.sampled_from(
    [
        *("application/javascript", "text/javascript", "application/x-sh", "application/x-csh"),
        *("application/x-msdos-program", "application/hta", "application/x-python-code"),
        *("application/octet-stream", "application/pdf", "text/plain", "application/x-msdownload"),
    ]
)


@st.composite
def _names(draw: st.DrawFn) -> str:
    """Return a name with something odd anywhere in it."""
    name = draw(st.sampled_from(["Giấy mời", "a", "", "v1.2"])) + draw(st.sampled_from([".", ""]))
    name += draw(_ENDING)
    for odd in draw(st.lists(_ODD, max_size=3)):
        at = draw(st.integers(0, len(name)))
        name = name[:at] + odd + name[at:]
    return name


def _called(name: str, content_type: str) -> Document:
    """Return a document with a batch file of that name and type."""
    (file,) = document().attachments
    batch = BytesContent(b"@echo off\r\ncalc.exe\r\n")
    odd = dataclasses.replace(file, name=name, content_type=content_type, content=batch)
    return document(attachments=(odd,))


def _stored(arrived: Document) -> list[str]:
    """Return the endings of the files that the folder sink writes, without its own."""
    item = Inbound(
        packet_id="0b0c5a9e-9a53-5a1a-8a6d-0d6a6c1f2e01",
        packet=BytesContent(b"<edXML/>"),
        digest="cd" * 32,
        document=arrived,
        served=("H41",),
        arrived_at=dt.datetime(2026, 1, 6, 1, tzinfo=dt.UTC),
        verification={},
    )
    with tempfile.TemporaryDirectory() as directory:
        FolderSink(Path(directory)).deliver(item)
        written = [path for path in Path(directory).rglob("*") if path.is_file()]
    assert any(path.name.startswith("01-") for path in written)
    return [path.suffix.removeprefix(".").lower() for path in written]


@given(name=_names(), content_type=_TYPES)
@example(name="Giay-moi.b\u00adat", content_type="application/octet-stream")
@example(name="Giay moi", content_type="application/javascript")
@example(name="Giay moi", content_type="application/x-sh")
@example(name="a.pif", content_type="application/pdf")
@example(name="Giay moi.url", content_type="text/plain")
@example(name="a.exe::$DATA", content_type="text/plain")
@example(name="", content_type="application/octet-stream")
@settings(max_examples=150, deadline=None)
def test_what_is_stored_never_runs(name: str, content_type: str) -> None:
    """The sink writes no ending that runs, even of a packet that nobody checked."""
    packet = _called(name, content_type)
    assert not set(RUN).intersection(_stored(packet))
    try:
        arrived = read(write(packet)).envelope
    except PermanentError:
        event("refused")
        with pytest.raises(PermanentError):  # nor does it leave
            pack(packet, today=TODAY)
        return
    event("delivered")
    assert isinstance(arrived, Document)
    seen = "".join(sign for sign in arrived.attachments[0].name if sign not in UNSEEN)
    assert not seen.rstrip(" .").lower().endswith(tuple(f".{each}" for each in RUN))
