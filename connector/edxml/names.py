"""Names of the packet format, as the field writes them (``Bussiness`` with its double s)."""

from __future__ import annotations

from typing import Final

__all__ = [
    "DS_NS",
    "EVIDENCE_NS",
    "NS",
    "OLD_NS",
    "ROOT",
    "SIGNATURE",
    "SIGNATURE_LOCATION",
    "SKELETON",
    "attachment_path",
    "qcvn",
    "readable",
]

NS: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
"""The one namespace of QCVN 102:2016 packets."""

DS_NS: Final = "http://www.w3.org/2000/09/xmldsig#"
EVIDENCE_NS: Final = "urn:connector:evidence:1"
OLD_NS: Final = "http://www.e-doc.vn/Schema/"
"""The dialect of 2014 (CV 2803/BTTTT-THH), which is recognised and refused."""

ROOT: Final = f"{{{NS}}}edXML"
SIGNATURE: Final = f"{{{DS_NS}}}Signature"
SIGNATURE_LOCATION: Final = f"./{{{NS}}}edXMLEnvelope/{{{NS}}}edXMLHeader/"
"""Where the Signature stands: as last child of this element, nowhere else."""

SKELETON: Final = frozenset({"edXML", "edXMLEnvelope", "edXMLHeader", "edXMLBody"})
"""Elements that only carry others; readable paths leave them out."""


def qcvn(local: str) -> str:
    """Return the qualified name of an element of the packet format."""
    return f"{{{NS}}}{local}"


def attachment_path(number: int, count: int) -> str:
    """Return the path of one of a packet's attachments; numbered only if there are several."""
    return readable("AttachmentEncoded", "Attachment", number if count > 1 else 0)


def readable(path: str, local: str, index: int = 0) -> str:
    """Return the path of a child as people read it; `index` counts from 1, 0 means only one."""
    if local in SKELETON:
        return path
    step = f"{local}[{index}]" if index else local
    return f"{path}/{step}" if path else step
