"""The lines above a signature, divided into the authority to sign and the signer's position.

NĐ 30/2020 PL I: TM. before the collective, KT., TL. or TUQ. before the position of the head, each
on a line above the signer's own position; Q. before the signer's own. What both parts say joined
is what was written.
"""

from __future__ import annotations

import re
from typing import Final

from connector.mapping import codes
from connector.mapping.values import Refusal, SignerTitle, shown
from connector.text.normalise import collapse_spaces, nfc

__all__ = ["divided_title", "looks_like_title"]

_AUTHORITY: Final = re.compile(
    r"(?P<mark>T/?M|K/?T|T/?L|T/?U/?Q)(?:\.|(?=\s))\s*|(?P<acting>Q)\.\s*", re.IGNORECASE
)
_LINES: Final = re.compile(r"\s*(?:[\n\r]+|\s/\s|\s[-–]\s)\s*")
_POSITIONS: Final = (
    "thủ tướng chính phủ|thủ tướng|bộ trưởng|thứ trưởng|tổng thanh tra|tổng kiểm toán nhà nước|"
    "thống đốc|chủ nhiệm|tổng cục trưởng|cục trưởng|vụ trưởng|viện trưởng|trưởng ban|"
    "trưởng phòng|trưởng đoàn|trưởng khoa|chánh văn phòng|chánh thanh tra|chánh án|tổng giám đốc|"
    "giám đốc|chủ tịch|hiệu trưởng|viện trưởng|chi cục trưởng|đội trưởng|tư lệnh|chính ủy|"
    "chính uỷ|bí thư|tổng biên tập|tổng thư ký|kế toán trưởng|ủy viên|uỷ viên|thư ký|"
    "trưởng đại diện"
)
_POSITION: Final = re.compile(
    rf"(?<!\w)(?:(?:phó|quyền|nguyên)\s+)?(?:chủ nhiệm ủy ban|{_POSITIONS})(?!\w)", re.IGNORECASE
)


def divided_title(value: str) -> SignerTitle:
    """Return authority and position; raises Refusal if an authority has no position after it.

    In one line the signer's own position is the last one that is named; where only the head's
    is, the authority is the mark alone.
    """
    text = nfc(value).strip()
    match = _AUTHORITY.match(text)
    whole = collapse_spaces(text)
    if match is None:
        return SignerTitle(None, whole)
    mark = _mark(match)
    rest = text[match.end() :]
    if not rest.strip():
        raise Refusal(codes.BAD_TITLE, value=shown(whole))
    if match["acting"]:
        return SignerTitle(mark, collapse_spaces(rest))
    above, position = _divided(rest)
    return SignerTitle(" ".join(filter(None, (mark, above))), position)


def looks_like_title(value: str) -> bool:
    """Tell whether a text names a position of those who sign."""
    text = nfc(value)
    return _AUTHORITY.match(text) is not None or _POSITION.search(text) is not None


def _mark(match: re.Match[str]) -> str:
    return f"{(match['mark'] or match['acting']).replace('/', '').upper()}."


def _divided(text: str) -> tuple[str, str]:
    lines = [collapse_spaces(line) for line in _LINES.split(text) if line.strip()]
    if len(lines) > 1 and _POSITION.search(lines[-1]):
        return " ".join(lines[:-1]), lines[-1]
    line = collapse_spaces(text)
    places = [found.start() for found in _POSITION.finditer(line)]
    if places and places[-1] > 0:
        return line[: places[-1]].rstrip(" -–/,"), line[places[-1] :]
    return "", line
