"""A finding kept for `status`: in both languages, and told with its code and what to do."""

from __future__ import annotations

import json
from typing import Final

from connector.errors import Finding, Severity

__all__ = ["inside", "kept", "read", "told"]

_NAMES: Final = ("code", "severity", "place", "en", "vi", "hint_en", "hint_vi")


def kept(finding: Finding) -> str:
    """Return a finding as the reason of a condition."""
    return json.dumps(finding.as_dict(), ensure_ascii=False)


def read(reason: str | None) -> Finding:
    """Return the finding that a condition was kept with; another reason speaks for itself."""
    try:
        facts = json.loads(reason or "")
        code, severity, *rest = (str(facts[name]) for name in _NAMES)
        return Finding(code, Severity(severity), *rest)
    except (ValueError, KeyError, TypeError):
        return Finding("", Severity.ERROR, "", reason or "-", reason or "-")


def told(finding: Finding) -> str:
    """Return a finding as a concern: code, both languages, what to do in both."""
    hint = f" → {finding.hint_vi} / {finding.hint_en}" if finding.hint_en else ""
    return f"{finding.code}: {finding.vi} / {finding.en}{hint}"


def inside(finding: Finding) -> dict[str, str]:
    """Return the facts `vi` and `en` for a sentence that gives another finding as its reason."""
    before = " ".join(each for each in (finding.code, finding.place) if each)
    before = f"{before}: " if before else ""
    return {"vi": before + finding.vi, "en": before + finding.en}
