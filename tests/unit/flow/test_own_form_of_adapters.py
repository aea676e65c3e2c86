"""What an adapter makes is what `own_form` knows: the usual packet is read without a tree."""

from __future__ import annotations

from collections.abc import Callable

from connector.edxml.cut import cut
from connector.edxml.own_form import OwnForm
from connector.edxml.parser import DEFAULT_LIMITS
from connector.trust.forms import recognise
from connector.trust.pki import DevPki
from connector.trust.registry import load_trust
from connector.trust.verify import verify
from tests.unit.flow.conftest import Office

Row = Callable[..., str]
FILE = b"%PDF-1.4\n" + b"x" * 5_000


def test_documents_of_an_adapter_are_read_without_a_tree(
    office: Office, row: Row, pki: DevPki
) -> None:
    """New documents, urgent or not, with one file or two, once the form of Signature is known."""
    for name in ("a.pdf", "b.pdf"):
        (office.adapter / "files" / name).write_bytes(FILE + name.encode())
    office.export(
        row("05/VPCP-KSTT", Tep="a.pdf"),
        row("06/VPCP-KSTT", Tep="a.pdf", NoiNhan="Nghệ An, Nội vụ"),
        row("07/VPCP-KSTT", Tep="a.pdf|b.pdf", DoKhan="Khẩn"),
        row("08/VPCP-KSTT", 'V/v "A & B" <mới>', Tep="b.pdf"),
    )
    assert office.collect().sealed == 4
    trust = load_trust(pki.anchors_dir, pki.registry_file)
    for packet in office.packets():
        data = office.bytes_of(packet)
        verified = verify(data, trust, at=office.node.clock.now())
        skeleton = cut(data)
        assert skeleton is not None
        found = recognise(skeleton.data, trust.forms, limits=DEFAULT_LIMITS)
        assert found is not None
        assert isinstance(found.root, OwnForm)
        assert verify(data, trust, at=office.node.clock.now()).reading == verified.reading
