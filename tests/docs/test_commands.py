from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks_of, without_blocks

SHELL = {"sh", "console"}
GUIDES = ("README.md", "README.vi.md", "docs/integrator.md", "docs/integrator.en.md")
MAKE = re.compile(r"^make [a-z-]+$")


def make_targets() -> set[str]:
    """Return the targets of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


@pytest.fixture
def broker_ends(tmp_path: Path) -> Iterator[None]:
    """End the broker of a guide, also where one of its commands fails."""
    yield
    command = [sys.executable, "-m", "connector.broker", "stop", str(tmp_path / "broker")]
    subprocess.run(command, capture_output=True, check=True)


@pytest.mark.usefixtures("broker_ends")
@pytest.mark.parametrize("name", GUIDES)
def test_every_command_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    """A reader who copies all blocks of a page in order gets through it without an error."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    run = 0
    for block in blocks_of(ROOT / name):
        if block.file is not None:
            file = tmp_path / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.content, encoding="utf-8")
        if block.language not in SHELL or all(map(MAKE.match, block.commands.splitlines())):
            continue
        run += 1
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.commands],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{block.commands}\n{done.stdout[-800:]}\n{done.stderr[-800:]}"
    assert run


def test_the_guide_shows_what_it_promises(tmp_path: Path) -> None:
    """The mistake of step 3 is found at the line of charset, with the right charset proposed."""
    adapter, table = (
        next(b for b in blocks_of(ROOT / "docs/integrator.md") if b.file == name)
        for name in ("qlvb/adapter.yaml", "qlvb/tables/noi_nhan.csv")
    )
    shutil.copytree(ROOT / "examples/g22-csv-tcvn3/export", tmp_path / "export")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "noi_nhan.csv").write_text(table.content, encoding="utf-8")
    text = adapter.content.replace("charset: tcvn3", "charset: utf-8")
    (tmp_path / "adapter.yaml").write_text(text, encoding="utf-8")
    line = text[: text.index("charset")].count("\n") + 1
    said = subprocess.run(
        [sys.executable, "-m", "connector", "lint", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert f"adapter.yaml:{line}:" in said.stdout
    assert "EDX-4005" in said.stdout
    assert "tcvn3" in said.stdout


@pytest.mark.parametrize(
    ("vietnamese", "english"),
    [("README.vi.md", "README.md"), ("docs/integrator.md", "docs/integrator.en.md")],
)
def test_both_languages_show_the_same(vietnamese: str, english: str) -> None:
    """The two versions of a page have the same blocks, in the same order."""
    assert blocks_of(ROOT / vietnamese) == blocks_of(ROOT / english)


def test_the_two_commands_stand_at_the_top() -> None:
    """The first block of both READMEs is `make demo` and `make test`."""
    for name in ("README.md", "README.vi.md"):
        assert blocks_of(ROOT / name)[0].text == "make demo\nmake test\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    """Every `make …` that a page names is a target of the Makefile."""
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^\$ |^)make ([a-z-]+)(?:`|$)", text, re.MULTILINE))
    assert named <= make_targets()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_verbs_exist(page: Path) -> None:
    """Every `connector …` that a page names in running text is a verb."""
    from connector.cli.app import VERBS

    named = set(re.findall(r"`connector ([a-z]+)", without_blocks(page)))
    for block in blocks_of(page):
        if block.language in SHELL:
            named |= set(re.findall(r"^connector ([a-z]+)", block.commands, re.MULTILINE))
    assert named <= set(VERBS)
