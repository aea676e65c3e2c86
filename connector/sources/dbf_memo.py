"""Memo files of DBF tables: .fpt of FoxPro, .dbt of dBase III and IV; limited in length."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

from dbfread.memo import BinaryMemo

__all__ = ["MAX_MEMO_BYTES", "MemoFile", "memo_file_of"]

MAX_MEMO_BYTES: Final = 64 << 20
"""Bytes of one memo; a longer one refuses its row."""

_BLOCK: Final = 512
_CHUNK: Final = 64 << 10
_DBASE_3: Final = 0x83
_TEXT: Final = 1
_END: Final = b"\x1a"


def memo_file_of(path: Path) -> Path | None:
    """Return the memo file beside a table, in whatever case its name is written."""
    wanted = {f"{path.stem}{suffix}".lower() for suffix in (".fpt", ".dbt")}
    found = sorted(
        one for one in path.parent.iterdir() if one.name.lower() in wanted and one.is_file()
    )
    return found[0] if found else None


class MemoFile:
    """Memos by the number of their block; ValueError for what is no memo."""

    def __init__(self, path: Path | None, dbversion: int) -> None:
        self._stream: BinaryIO | None = None if path is None else path.open("rb")
        self._dbversion = dbversion
        self._foxpro = path is not None and path.suffix.lower() == ".fpt"
        self._block = self._block_size() if self._foxpro else _BLOCK

    def __getitem__(self, index: int) -> bytes | None:
        if index <= 0 or self._stream is None:
            return None
        self._stream.seek(index * self._block)
        if self._foxpro:
            kind, length = struct.unpack(">LL", self._stream.read(8))
            data = self._exactly(length)
            return data if kind == _TEXT else BinaryMemo(data)
        if self._dbversion == _DBASE_3:
            return self._to_end_mark()
        _, length = struct.unpack("<LL", self._stream.read(8))
        return self._exactly(max(length - 8, 0)).split(b"\x1f", 1)[0]

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()

    def _block_size(self) -> int:
        header = self._stream.read(8) if self._stream is not None else b""
        return int.from_bytes(header[6:8], "big") or 1

    def _exactly(self, length: int) -> bytes:
        if self._stream is None or length > MAX_MEMO_BYTES:
            raise ValueError(f"memo of {length} B")
        data = self._stream.read(length)
        if len(data) != length:
            raise ValueError("the memo file ends within a memo")
        return data

    def _to_end_mark(self) -> bytes:
        data = bytearray()
        while self._stream is not None and len(data) <= MAX_MEMO_BYTES:
            chunk = self._stream.read(_CHUNK)
            text, mark, _ = chunk.partition(_END)
            data += text
            if mark or not chunk:
                return bytes(data)
        raise ValueError(f"memo of more than {MAX_MEMO_BYTES} B")
