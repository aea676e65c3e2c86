from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError, Finding

PRINTABLE = st.characters(
    codec="utf-8", exclude_categories=["Cc"], exclude_characters="$\ufeff\ufffe\uffff"
)
TEXTS = st.text(PRINTABLE | st.sampled_from("\n\t\x07"), max_size=12)
TREES = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


@given(st.dictionaries(TEXTS, TREES, max_size=4))
def test_quoted_texts_come_back_unchanged(tree: dict[str, object]) -> None:
    """What is written as JSON, a subset of YAML, is read back text for text."""
    node = parse_yaml(json.dumps(tree, ensure_ascii=False).encode(), Path("a.yaml"), environ={})
    assert node.value == tree


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No input makes the reader fail in another way than by findings."""
    try:
        value = parse_yaml(data, Path("a.yaml"), environ={}).value
        findings: tuple[Finding, ...] = ()
    except ConfigError as error:
        value, findings = None, error.findings
    assert findings or isinstance(value, dict | list)
    assert all(finding.place.startswith("a.yaml") for finding in findings)
