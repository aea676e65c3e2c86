"""The charset of a sample, over the whole of what was read of it; never a guess cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from connector.errors import ConfigError, Language
from connector.errors import Finding as Complaint
from connector.text.codecs import register
from connector.text.detect import Guess, detect, detect_mojibake
from connector.workbench import codes
from connector.workbench.evidence import Finding, Reason, joined

__all__ = ["cells_charset", "decoded", "file_charset", "reasons_of", "undecided"]

_ENOUGH: Final = 256 << 10
_COUNTED: Final = re.compile(r"(\w+): ([0-9]+) of ([0-9]+) words with marks are Vietnamese")
_SAID: Final = {
    "it begins with a byte order mark": "có dấu thứ tự byte (BOM)",
    "every byte is ASCII": "mọi byte đều là ASCII",
    "every character is ASCII": "mọi ký tự đều là ASCII",
    "it has letters that only Vietnamese Unicode has": "có chữ chỉ có trong Unicode tiếng Việt",
    "it is valid UTF-8": "là UTF-8 hợp lệ",
    "read as Latin-1 before": "đã bị đọc nhầm là Latin-1",
}
_NONE_NEEDED: Final = frozenset({"ascii", "utf-8"})


def file_charset(path: Path, head: bytes, told: str | None) -> Finding:
    """Return the charset of a text file; raises ConfigError if it is not certain."""
    register()
    if told is not None:
        return Finding("charset", told, 1.0, (Reason("do người dùng nêu", "said by the user"),))
    guess = detect(_whole_lines(head[:_ENOUGH]))
    if guess.charset is None:
        raise ConfigError(undecided(path, guess))
    name = "utf-8" if guess.charset == "ascii" else guess.charset
    return Finding("charset", name, guess.score, reasons_of(guess))


def cells_charset(texts: Iterable[str], told: str | None) -> Finding | None:
    """Return the legacy charset that cells of a database or sheet were typed in, None if none."""
    register()
    if told is not None:
        return Finding("charset", told, 1.0, (Reason("do người dùng nêu", "said by the user"),))
    guess = detect_mojibake(texts)
    if guess.charset is None or guess.charset in _NONE_NEEDED:
        return None
    return Finding("charset", guess.charset, guess.score, reasons_of(guess))


def decoded(path: Path, head: bytes, charset: str) -> str:
    """Return the text of a sample's beginning; raises ConfigError if it is not in the charset."""
    try:
        name = "utf-8-sig" if charset == "utf-8" else charset
        text = head.decode(name, "ignore")
        _whole_lines(head).decode(name)
    except (LookupError, UnicodeError) as error:
        raise ConfigError(codes.CHARSET_UNKNOWN.at(str(path), charset=charset)) from error
    return text


def _whole_lines(head: bytes) -> bytes:
    """Return the beginning up to its last line break, where no letter is cut."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 4 * 4]
    end = head.rfind(b"\n")
    return head if end < 0 else head[: end + 1]


def undecided(path: Path, guess: Guess) -> Complaint:
    """Return what to say of a sample whose charset is not certain."""
    reasons = reasons_of(guess)
    return codes.CHARSET_UNDECIDED.at(
        str(path),
        evidence_vi=joined(reasons, Language.VIETNAMESE),
        evidence_en=joined(reasons, Language.ENGLISH),
    )


def reasons_of(guess: Guess) -> tuple[Reason, ...]:
    """Return the evidence of a guess in both languages."""
    return tuple(Reason(_vietnamese(text), text) for text in guess.evidence)


def _vietnamese(text: str) -> str:
    counted = _COUNTED.fullmatch(text)
    if counted is not None:
        return f"{counted[1]}: {counted[2]}/{counted[3]} từ có dấu là tiếng Việt"
    return _SAID.get(text, text)
