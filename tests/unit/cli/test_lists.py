from __future__ import annotations

import re
from pathlib import Path

import pytest

import connector
from connector.cli.catalogues import WHAT, all_texts
from tests.unit.cli.conftest import Terminal


@pytest.mark.parametrize("what", WHAT)
def test_every_list(terminal: Terminal, what: str) -> None:
    """Each list has rows of equal keys, and its text shows each of them."""
    said = terminal.run("list", what, "--json")
    assert said.status == 0
    assert len({tuple(row) for row in said.data}) == 1
    text = terminal.run("list", what).out
    for row in said.data:
        assert str(next(iter(row.values()))) in text


def test_every_message_of_the_sources_is_listed() -> None:
    """What any room can report stands in the list, in both languages, each code once."""
    texts = all_texts()
    package = Path(connector.__file__).parent
    written = [
        code
        for path in package.rglob("*codes.py")
        for code in re.findall(r'Text\(\s*"(EDX-\d{4})"', path.read_text(encoding="utf-8"))
    ]
    assert len(written) > 150
    assert sorted(written) == [text.code for text in texts]
    assert all(text.en and text.vi for text in texts)


@pytest.mark.parametrize("what", ["node", "adapter"])
def test_schema(terminal: Terminal, what: str) -> None:
    """The schemas are draft-07, as editors read them."""
    said = terminal.run("schema", what)
    assert said.status == 0
    assert said.data["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert said.data["properties"]


def test_version(terminal: Terminal) -> None:
    """The program's version is told with those of its libraries."""
    data = terminal.run("version", "--json").data
    assert {"connector", "python", "pika", "lxml", "signxml"} <= set(data)
    assert f"connector {data['connector']}" in terminal.run("version").out
    assert data["connector"] in terminal.run("--version").out
