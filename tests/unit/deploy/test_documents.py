"""What the documents of the repository point to exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    [
        *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")),
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs" / f"{name}.md" for name in ("operator", "benchmarks")),
        ROOT / "docs" / "delivery-guarantees.md",
        *(ROOT / "docs" / "adr").glob("*.md"),
    ]
)
GUARANTEES = [f"G{number}" for number in range(1, 9)]


def named_tests(page: str) -> Iterator[tuple[str, str]]:
    """Yield file and function of the tests that a page names."""
    yield from re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_tests_and_files_exist(page: Path) -> None:
    """A test, file or page that is named is there."""
    text = page.read_text(encoding="utf-8")
    for file, function in named_tests(text):
        path = ROOT / file
        assert path.is_file(), file
        assert f"def {function}(" in path.read_text(encoding="utf-8"), f"{file}::{function}"
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for file in re.findall(r"`((?:deploy|schemas|tests|docs)/[\w./-]+)`", text):
        assert (ROOT / file).exists(), file
    for file in re.findall(r"`((?:flow|service|edxml|trust)/\w+\.py)`", text):
        assert (ROOT / "connector" / file).is_file(), file


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_every_guarantee_has_a_test(guarantee: str) -> None:
    """The table of guarantees names at least one test for each."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {guarantee} ")]
    assert list(named_tests(row))
