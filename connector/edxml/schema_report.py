"""Says what libxml2 found wrong, by name and path, through the slower library `xmlschema`.

Imported only after a failure. Payloads are cut out first: that library needs a hundred times
their size.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any, Final

import xmlschema
from lxml import etree
from xmlschema.validators import (
    XMLSchemaChildrenValidationError,
    XMLSchemaValidationError,
    XsdEnumerationFacets,
    XsdMaxInclusiveFacet,
    XsdMaxLengthFacet,
    XsdMinInclusiveFacet,
    XsdMinLengthFacet,
    XsdPatternFacets,
)

from connector.edxml import codes
from connector.edxml.names import qcvn, readable
from connector.edxml.payload import STAND_IN
from connector.errors import Finding
from connector.resources import schemas_dir

__all__ = ["report"]

_SHOWN: Final = 80


def report(name: str, root: etree._Element) -> tuple[Finding, ...]:
    """Return at least one finding for a tree that a schema refuses."""
    skeleton = copy.deepcopy(root)
    for payload in skeleton.iter(qcvn("ContentTransferEncoded")):
        payload.text = STAND_IN.decode()
    source: Any = skeleton  # lxml's elements are accepted, though not in its annotations
    findings = tuple(_finding(error) for error in _schema(name).iter_errors(source))
    return findings or (codes.SCHEMA.at(reason="ContentTransferEncoded is not base64"),)


@functools.cache
def _schema(name: str) -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(str(schemas_dir() / name), allow="local", defuse="always")


def _finding(error: XMLSchemaValidationError) -> Finding:
    place = _place(error.path or "")
    if isinstance(error, XMLSchemaChildrenValidationError):
        return _children(error, place)
    for facet, explain in _FACETS:
        if isinstance(error.validator, facet):
            return explain(place, str(error.obj), error.validator)
    return codes.SCHEMA.at(place, reason=error.reason or "")


def _too_long(place: str, value: str, facet: Any) -> Finding:
    return codes.TOO_LONG.at(place, length=len(value), limit=facet.value)


def _too_short(place: str, _value: str, _facet: Any) -> Finding:
    return codes.MISSING.at(place)


def _not_listed(place: str, value: str, facet: Any) -> Finding:
    allowed = ", ".join(map(str, facet.enumeration))
    return codes.NOT_LISTED.at(place, value=value[:_SHOWN], allowed=allowed)


def _wrong_shape(place: str, value: str, _facet: Any) -> Finding:
    return codes.WRONG_SHAPE.at(place, value=value[:_SHOWN])


def _out_of_range(place: str, value: str, facet: Any) -> Finding:
    return codes.OUT_OF_RANGE.at(place, value=value[:_SHOWN], limit=facet.value)


_FACETS: Final[tuple[tuple[type, Callable[[str, str, Any], Finding]], ...]] = (
    (XsdMaxLengthFacet, _too_long),
    (XsdMinLengthFacet, _too_short),
    (XsdEnumerationFacets, _not_listed),
    (XsdPatternFacets, _wrong_shape),
    (XsdMaxInclusiveFacet, _out_of_range),
    (XsdMinInclusiveFacet, _out_of_range),
)


def _children(error: XMLSchemaChildrenValidationError, place: str) -> Finding:
    """Return "missing" if one child is expected that is nowhere, else what stands in its way."""
    wanted = error.expected if isinstance(error.expected, list) else []
    names = [_local(each.name or "") for each in wanted]
    present = {_local(str(child.tag)) for child in error.obj}
    if len(names) == 1 and names[0] not in present:
        return codes.MISSING.at(readable(place, names[0]))
    found = _local(error.invalid_tag) if error.invalid_tag else "–"
    return codes.WRONG_CHILDREN.at(place, found=found, expected=" | ".join(names) or "–")


def _place(path: str) -> str:
    """Return ``MessageHeader/To[2]/OrganId`` for an absolute path with prefixes."""
    place = ""
    for step in path.strip("/").split("/"):
        place = readable(place, step.rpartition(":")[2])
    return place


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2]
