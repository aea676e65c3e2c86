from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connector.cli.catalogues import all_texts, facts_of
from connector.config.yaml_source import load_yaml
from docs.generate import generated
from docs.settings_tables import models_below
from tests.docs.blocks import PAGES, ROOT, anchors_of, blocks_of, links_of

IDS = [str(page.relative_to(ROOT)) for page in PAGES]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", sorted(generated()))
def test_generated_files_are_fresh(name: str) -> None:
    """What `make docs` would write is what stands there."""
    assert (ROOT / name).read_text(encoding="utf-8") == generated()[name](), "run `make docs`"


def test_nothing_else_lies_among_the_generated_pages() -> None:
    """A page that is no longer made is removed."""
    there = {f"docs/reference/{path.name}" for path in REFERENCE.iterdir()}
    assert there == {name for name in generated() if name.startswith("docs/")}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link inside the repository leads to a file, and to a heading if it names one."""
    for link in links_of(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target), link


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_yaml_blocks_parse(page: Path, tmp_path: Path) -> None:
    """Every YAML block is read by the project's own strict reader."""
    for number, block in enumerate(blocks_of(page)):
        if block.language == "yaml":
            file = tmp_path / f"{number}.yaml"
            file.write_text(block.text, encoding="utf-8")
            assert load_yaml(file).value, f"block {number} says nothing"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_configurations_in_pages_are_right(page: Path, tmp_path: Path) -> None:
    """Whole configurations of nodes and adapters in pages fit their models."""
    from connector.config.node import load_node
    from connector.mapping.settings import load_adapter

    for number, block in enumerate(blocks_of(page)):
        if block.language != "yaml":
            continue
        directory = tmp_path / str(number)
        directory.mkdir()
        if "adapter_version:" in block.text:
            (directory / "adapter.yaml").write_text(block.text, encoding="utf-8")
            assert load_adapter(directory).name
        elif "config_version:" in block.text:
            (directory / "connector.yaml").write_text(block.text, encoding="utf-8")
            assert load_node(directory / "connector.yaml").agencies


def test_every_code_has_a_heading() -> None:
    """Each message that can be reported is explained under its code."""
    headings = anchors_of(REFERENCE / "errors.md")
    assert {text.code.lower() for text in all_texts()} <= headings


def test_every_transform_has_a_heading() -> None:
    """Each transform has its section."""
    headings = anchors_of(REFERENCE / "transforms.md")
    assert {row["transform"] for row in facts_of("transforms")} <= headings


@pytest.mark.parametrize(
    ("page", "what", "key"),
    [
        ("rules", "rules", "rule"),
        ("events", "events", "event"),
        ("adapter-config", "fields", "field"),
    ],
)
def test_every_entry_has_a_row(page: str, what: str, key: str) -> None:
    """Each rule, event and field has its row."""
    text = (REFERENCE / f"{page}.md").read_text(encoding="utf-8")
    for row in facts_of(what):
        assert f"\n| `{row[key]}` | " in text


def test_every_verb_has_a_heading() -> None:
    """Each verb and sub-verb has its section with its help."""
    from docs.pages import commands

    headings = anchors_of(REFERENCE / "cli.md")
    names = [name for name, _ in commands()]
    assert len(names) > 40
    assert {f"connector-{name.replace(' ', '-')}" for name in names} <= headings


def models() -> list[Any]:
    """Return every settings model with the page that has to show it."""
    from connector.config.node import NodeConfig
    from connector.mapping.settings import AdapterSettings
    from connector.sinks import registry as sinks
    from connector.sources import registry as sources
    from connector.trust.settings import KEY_MODELS

    return [
        *(("node-config", model) for model in models_below(NodeConfig)),
        *(("node-config", model) for model in KEY_MODELS.values()),
        *(("adapter-config", model) for model in models_below(AdapterSettings)),
        *(("sources", sources.settings_model(kind)) for kind in sources.BUILT_IN),
        *(("sinks", m) for k in sinks.kinds() for m in models_below(sinks.settings_model(k))),
    ]


@pytest.mark.parametrize(("page", "model"), models())
def test_every_setting_has_a_row(page: str, model: type[BaseModel]) -> None:
    """Each setting has a row with its Vietnamese name and its meaning."""
    text = (REFERENCE / f"{page}.md").read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        assert field.title, name
        assert f"\n| `{field.alias or name}` | {field.title} | " in text, name
