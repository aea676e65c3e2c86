"""The agencies of the demonstration: three with a node, one without, two made-up units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["AGENCIES", "NAMES", "SAMPLE_UNITS", "SENDERS", "DemoAgency", "catalogue_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAgency:
    """An agency with a node: its code, the directory of its adapter, the codes it serves."""

    code: str
    name: str
    adapter: str
    serves: tuple[str, ...]


AGENCIES: Final = (
    DemoAgency(code="G22", name="Văn phòng Chính phủ", adapter="g22-csv-tcvn3", serves=("G22",)),
    DemoAgency(code="G09", name="Bộ Nội vụ", adapter="g09-excel", serves=("G09",)),
    DemoAgency(code="H41", name="UBND tỉnh Nghệ An", adapter="h41-sql", serves=("H41", "H41.91")),
)
"""The three agencies, each with another kind of legacy export."""

SENDERS: Final = {agency.code: agency for agency in AGENCIES}

SAMPLE_UNITS: Final = {
    "H41.90": "Đơn vị mẫu 90 thuộc UBND tỉnh Nghệ An",
    "H41.91": "Đơn vị mẫu 91 thuộc UBND tỉnh Nghệ An",
}
"""Units that exist in this demonstration only. No node serves the first one."""

NAMES: Final = {
    **{agency.code: agency.name for agency in AGENCIES},
    "G12": "Bộ Tài chính",
    "H41.90": "Đơn vị mẫu 90",
    "H41.91": "Đơn vị mẫu 91",
}
"""How the legacy systems of the demonstration write the receivers."""


def catalogue_rows() -> tuple[tuple[str, ...], ...]:
    """Return the made-up units as rows of an agency catalogue, in its order of columns."""
    return tuple(
        (code, name, _code102(code), "", "", "", "false", "demonstration sample, not a real unit")
        for code, name in SAMPLE_UNITS.items()
    )


def _code102(code: str) -> str:
    parent, _, unit = code.partition(".")
    return f"000.00.{unit}.{parent}"
