"""What an adapter says of its cards."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.sources.settings import Charset, FileSettings

__all__ = ["CardsSettings"]


class CardsSettings(FileSettings):
    """Text files of cards."""

    type: Literal["cards"] = Field(title="Loại nguồn", description="Cards of lines name: value.")
    charset: Charset = Field(default="utf-8", title="Bảng mã", description="Charset of the files.")
    columns: list[str] = Field(
        title="Các cột",
        description="Names that a card may have, in order.",
        min_length=1,
    )
