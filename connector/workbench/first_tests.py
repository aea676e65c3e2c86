"""A first tests.yaml: records that become packets, and records that are refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

from connector.agencies.catalogue import Catalogue
from connector.clock import ManualClock
from connector.errors import ConnectorError, Severity
from connector.flow.adapters.adapter import stand_alone
from connector.flow.adapters.dry_run import DryRun, dry_run
from connector.flow.ours import Ours
from connector.mapping import codes as mapping_codes
from connector.text.fold import fold
from connector.workbench.proposal import Proposal
from connector.workbench.scaffold import now_line
from connector.workbench.yaml_text import flow, scalar

__all__ = ["tests_of_adapter", "tests_of_sample"]

_LOOKED_AT: Final = 200
_PACKETS: Final = 3
_REFUSALS: Final = 3
_HEAD: Final = (
    "# connector test --update ghi gói tin mẫu vào expected/; hãy đọc kỹ trước khi lưu.\n"
    "# `connector test --update` writes the golden packets; read them before you keep them.\n"
)


def tests_of_adapter(directory: Path, catalogue: Catalogue, *, now: dt.datetime) -> str | None:
    """Return a tests.yaml from what the adapter makes of its sample; None if it cannot run yet.

    Every kind of document and every reason of refusal among the first records has a test.
    """
    try:
        adapter = stand_alone(directory, Ours({}, catalogue), ManualClock(now))
        runs = list(dry_run(adapter, now=now, limit=_LOOKED_AT))
    except ConnectorError:
        return None
    cases: dict[str, dict[str, Any]] = {}
    for row, run in enumerate(runs, start=1):
        key, case = _case(row, run)
        limit = _PACKETS if run.packet is not None else _REFUSALS
        same = [one for one in cases.values() if ("expect" in one) is (run.packet is not None)]
        if key not in cases and len(same) < limit:
            cases[key] = case
    return _text(list(cases.values()), now)


def tests_of_sample(proposal: Proposal, *, now: dt.datetime) -> str:
    """Return a tests.yaml for an adapter in which a person still has to decide.

    Secret records are known by their own words; the first other record is expected as a packet.
    """
    column = proposal.secrecy.spec.get("column")
    values = next((c.values for c in proposal.look.columns if c.name == column), ())
    secret = [fold(str(value or "")) in {"mat", "toimat", "tuyetmat"} for value in values]
    first = secret.index(False) + 1 if False in secret else 1
    cases = [_expecting(first, "bản ghi đầu tiên")]
    if True in secret and not proposal.look.refused:
        codes = [mapping_codes.SECRET.code]
        name = "văn bản mật bị từ chối trước khi đóng gói"
        cases.append({"name": name, "row": secret.index(True) + 1, "refused": codes})
    return _text(cases, now)


def _case(row: int, run: DryRun) -> tuple[str, dict[str, Any]]:
    if run.packet is None or run.mapped is None:
        errors = [one for one in run.findings if one.severity is Severity.ERROR]
        found = list(dict.fromkeys(one.code for one in errors))
        reason = errors[0].vi if errors else ""
        return " ".join(found), {"name": f"từ chối: {reason}"[:150], "row": row, "refused": found}
    document = run.mapped.document
    kind = document.document_type.type_name
    return f"packet {kind}", _expecting(row, f"{kind} {document.code}")


def _expecting(row: int, name: str) -> dict[str, Any]:
    return {"name": name, "row": row, "expect": f"expected/ban-ghi-{row}.edxml"}


def _text(cases: list[dict[str, Any]], now: dt.datetime) -> str:
    lines = [f"{_HEAD}{now_line(now)}tests:"]
    for case in cases:
        lines.append(f"  - name: {scalar(case['name'])}")
        lines += [f"    {name}: {flow(case[name])}" for name in case if name != "name"]
    return "\n".join(lines) + "\n"
