"""Samples that are packets already: every column says what it is."""

from __future__ import annotations

from typing import Any, Final

from connector.workbench.evidence import Column, Reason
from connector.workbench.proposal import Entry, Proposal

__all__ = ["propose_packet_fields"]

_FIELDS: Final[dict[str, tuple[str, list[Any]]]] = {
    "code.number": ("code.number", []),
    "code.notation": ("code.notation", []),
    "promulgation.date": ("promulgation.date", ["date"]),
    "promulgation.place": ("promulgation.place", []),
    "document_type.type": ("document_type.type", ["integer"]),
    "document_type.type_name": ("document_type.type_name", []),
    "document_type.type_detail": ("document_type.type_detail", ["integer"]),
    "subject": ("subject", []),
    "content": ("content", []),
    "signer.full_name": ("signer.full_name", []),
    "signer.position": ("signer.position", []),
    "signer.competence": ("signer.competence", []),
    "receivers": ("receivers.organ_id", [{"split": ";"}, "trim"]),
    "document_id": ("document_id", []),
    "due_date": ("due_date", ["date"]),
    "other_info.priority": ("other_info.priority", ["integer"]),
    "other_info.page_amount": ("other_info.page_amount", ["integer"]),
    "other_info.promulgation_amount": ("other_info.promulgation_amount", ["integer"]),
    "other_info.sphere_of_promulgation": ("other_info.sphere_of_promulgation", []),
}
_REASON: Final = Reason("phần tử của gói tin", "an element of the packet")


def propose_packet_fields(proposal: Proposal) -> None:
    """Add a field for everything that the packets of the sample say."""
    present = {column.name: column for column in proposal.look.columns}
    for path, (name, transforms) in _FIELDS.items():
        column = present.get(name)
        if column is None or not _says(column):
            continue
        spec: dict[str, Any] = {"column": name}
        if transforms:
            spec["transforms"] = transforms
        proposal.fields.append(Entry(path, spec, 0.99, (_REASON,)))
    files = present.get("attachments")
    if files is not None and _says(files):
        spec = {"column": "attachments", "split": ";"}
        proposal.attachments.append(Entry("attachments", spec, 0.99, (_REASON,)))


def _says(column: Column) -> bool:
    return any(value not in {None, ""} for value in column.values)
