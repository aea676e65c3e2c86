"""Checks packets against the XSDs that this project authored.

The fast path is libxml2; only what fails is looked at again by `schema_report`.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from connector.edxml.names import qcvn
from connector.edxml.parser import parse, tree
from connector.edxml.writer import DEFAULT_OPTIONS, write_skeleton
from connector.errors import Finding
from connector.model.envelope import Envelope
from connector.model.packet import WriteOptions
from connector.resources import schemas_dir

__all__ = ["check_schema", "check_schema_of", "read_back"]

_DOCUMENT: Final = "edxml-document.xsd"
_STATUS: Final = "edxml-status.xsd"
_WITHIN_LIMITS: Final = 65_536
"""So few bytes of our own writing exceed none of the limits that `parse` enforces."""

_STATUS_CODE: Final = "/".join(
    qcvn(step) for step in ("edXMLEnvelope", "edXMLHeader", "MessageHeader", "StatusCode")
)


def check_schema(root: etree._Element) -> tuple[Finding, ...]:
    """Return what the schema finds in a packet's tree; the tree is not changed."""
    name = _STATUS if root.find(_STATUS_CODE) is not None else _DOCUMENT
    if _compiled(name).accepts(root):
        return ()
    from connector.edxml.schema_report import report

    return report(name, root)


def check_schema_of(
    envelope: Envelope, options: WriteOptions = DEFAULT_OPTIONS
) -> tuple[Finding, ...]:
    """Return what the schema finds in an envelope as this node would write it."""
    skeleton = write_skeleton(envelope, options)
    return check_schema(read_back(skeleton))


def read_back(skeleton: bytes) -> etree._Element:
    """Return the tree of what `writer` wrote."""
    return tree(skeleton) if len(skeleton) <= _WITHIN_LIMITS else parse(skeleton)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A compiled schema; its error log is not made for several threads at once."""

    schema: etree.XMLSchema
    lock: threading.Lock = field(default_factory=threading.Lock)

    def accepts(self, root: etree._Element) -> bool:
        """Tell whether a tree follows the schema."""
        with self.lock:
            return bool(self.schema.validate(root))


@functools.cache
def _compiled(name: str) -> _Compiled:
    parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
    return _Compiled(etree.XMLSchema(etree.parse(schemas_dir() / name, parser)))
