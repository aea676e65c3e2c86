"""What is shipped for operators agrees with the code."""

from __future__ import annotations

import json
from pathlib import Path

from connector.broker.topology import definitions, plan

_DIRECTORY = Path(__file__).resolve().parents[3] / "deploy/rabbitmq"


def test_the_shipped_definitions_are_the_plan() -> None:
    """definitions.json is what the plan says for the three agencies of the demo."""
    shipped = json.loads((_DIRECTORY / "definitions.json").read_text(encoding="utf-8"))
    assert shipped == definitions(plan(["G09", "G22", "H41"])), "write it anew, see README.md"
