from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.edxml.endings import runs
from connector.sinks.names import attachment_name, plain_name

PDF = "application/pdf"


@pytest.mark.parametrize(
    ("original", "stored"),
    [
        ("Quyết định 28.pdf", "01-Quyet-dinh-28.pdf"),
        ("Đề án.PDF", "01-De-an.pdf"),
        ("../../etc/passwd", "01-passwd.pdf"),
        ("..\\..\\autorun.inf", "01-autorun-inf"),
        ("C:\\Windows\\CON", "01-CON.pdf"),
        ("nul.txt", "01-nul.txt"),
        ("bao\u202ecod.exe", "01-baocod-exe"),
        ("Giay-moi.b\u00adat", "01-Giay-moi-bat"),
        ("x" * 300 + ".PIF", "01-" + "x" * 69 + "-pif"),
        (".exe", "01-exe.pdf"),
        ("đ.exe", "01-d-exe"),
        ("文書.exe", "01-exe"),
        ("a\u200bb\ufeff.pdf", "01-ab.pdf"),
        ("a\x00b.pdf", "01-ab.pdf"),
        ("..", "01-tep.pdf"),
        ("", "01-tep.pdf"),
        (".pdf", "01-pdf.pdf"),
        ("báo cáo.", "01-bao-cao.pdf"),
        ("v1.2 bản cuối", "01-v1-2-ban-cuoi.pdf"),
        ("hoá\u0323 đơn.tar.gz", "01-hoa-don-tar.gz"),
        ("x" * 300 + ".docx", "01-" + "x" * 80 + ".docx"),
        ("文書.pdf", "01-tep.pdf"),
    ],
)
def test_hostile_and_honest_names(original: str, stored: str) -> None:
    """What remains of a name is readable and cannot leave its directory."""
    assert attachment_name(1, original, PDF) == stored


def test_the_same_name_twice() -> None:
    """The ordinal keeps equal names apart, also on file systems without case."""
    assert attachment_name(1, "a.pdf", PDF) != attachment_name(2, "A.PDF", PDF)


def test_unknown_content_type() -> None:
    """No extension is invented for an unknown type."""
    assert attachment_name(3, "tệp", "application/x-khong-biet") == "03-tep"


@pytest.mark.parametrize(
    ("content_type", "stored"),
    [
        ("Application/PDF; charset=binary", "03-tep.pdf"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "03-tep.docx"),
        ("application/javascript", "03-tep-js"),
        ("application/x-sh", "03-tep-sh"),
    ],
)
def test_the_ending_of_a_type(content_type: str, stored: str) -> None:
    """A type gives a name its ending, unless that makes the file run."""
    assert attachment_name(3, "tệp", content_type) == stored


def test_plain_name_of_a_code() -> None:
    """Codes of documents become readable parts of directory names."""
    assert plain_name("28/2018/QĐ-TTg") == "28-2018-QD-TTg"


@given(st.text(max_size=300), st.integers(1, 200))
def test_every_name_is_safe(original: str, ordinal: int) -> None:
    """Any text yields a short ASCII name without separators, begun by its ordinal."""
    name = attachment_name(ordinal, original, PDF)
    assert re.fullmatch(r"[0-9]{2,}-[A-Za-z0-9-]+\.[a-z0-9]{1,10}", name)
    assert len(name) <= 100
    assert not runs(name.rpartition(".")[2])
