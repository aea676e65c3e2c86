"""The cards pass the suite that every source passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.testing.contract import SourceContract
from connector.testing.exports import COLUMNS, Export, Rows, SourceCase
from connector.text.codecs import register


def _write(directory: Path, content: Rows) -> None:
    cards = [
        "".join(f"{name}: {value}\n" for name, value in zip(COLUMNS, row, strict=True))
        for row in content
    ]
    register()
    (directory / "phieu.txt").write_text("\n".join(cards), encoding="tcvn3")


CARDS = SourceCase(
    "{type: cards, path: phieu.txt, charset: tcvn3, columns: [SoKyHieu, TrichYeu, Trang],"
    " attachments_directory: files}",
    _write,
    number=str,
)


class TestCards(SourceContract):
    """Every rule, one case."""

    @pytest.fixture
    def export(self, tmp_path: Path) -> Export:
        """Give an empty export."""
        return Export.under(tmp_path, CARDS)
