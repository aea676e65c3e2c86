"""Reading Markdown pages: fenced blocks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = tuple(
    sorted(
        page
        for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "examples/*.md")
        for page in ROOT.glob(pattern)
    )
)
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_NAMED: Final = re.compile(r"# (\S+\.\w+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the file that its first line names."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that the reader is told to write, None for other blocks."""
        named = _NAMED.match(self.text)
        return named[1] if named and self.language in {"yaml", "csv"} else None

    @property
    def content(self) -> str:
        """The text without the line that names the file, for tables that know no comments."""
        return self.text.partition("\n")[2] if self.language == "csv" else self.text

    @property
    def commands(self) -> str:
        """The commands, without the prompts of a console."""
        if self.language == "console":
            lines = self.text.splitlines()
            return "\n".join(line[2:] for line in lines if line.startswith("$ "))
        return self.text


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    return [Block(*found) for found in _FENCE.findall(page.read_text(encoding="utf-8"))]


def without_blocks(page: Path) -> str:
    """Return the text of a page outside of its blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links_of(page: Path) -> Iterator[str]:
    """Yield the targets of links inside the repository."""
    text = re.sub(r"`[^`]*`", "", without_blocks(page))
    for target in _LINK.findall(text):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made by GitHub."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-")
        for heading in headings
    }
