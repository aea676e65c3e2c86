"""Write the reference pages and JSON Schemas from the code: ``python -m docs.generate``.

With ``--check`` nothing is written; the exit code is 1 if a page is not what the code says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docs import pages

__all__ = ["generated", "main"]

_ROOT = Path(__file__).resolve().parent.parent
_NOTE = "<!-- Made by `make docs` from the code; changes here are lost. -->\n\n"


def generated() -> Mapping[str, Callable[[], str]]:
    """Return what makes each file, by its path from the top."""
    names = {
        "cli": pages.cli,
        "errors": pages.errors,
        "transforms": pages.transforms,
        "rules": pages.rules,
        "events": pages.events,
        "states": pages.states,
        "sources": pages.sources,
        "sinks": pages.sinks,
        "node-config": pages.node_config,
        "adapter-config": pages.adapter_config,
    }
    made = {f"docs/reference/{name}.md": _noted(page) for name, page in names.items()}
    return made | {
        "schemas/connector.schema.json": _node_schema,
        "schemas/adapter.schema.json": _adapter_schema,
        "schemas/tests.schema.json": _tests_schema,
    }


def _noted(page: Callable[[], str]) -> Callable[[], str]:
    return lambda: _NOTE + page()


def _node_schema() -> str:
    from connector.config.node import node_json_schema

    return _json(node_json_schema())


def _adapter_schema() -> str:
    from connector.mapping.settings import adapter_json_schema

    return _json(adapter_json_schema())


def _tests_schema() -> str:
    from connector.flow.adapters.trial import tests_json_schema

    return _json(tests_json_schema())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check every generated file; return the exit code."""
    stale = []
    for name, make in generated().items():
        path, text = _ROOT / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stderr.write(f"{'stale' if '--check' in arguments else 'written'}: {name}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
