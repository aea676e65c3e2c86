"""Forms: what packets that differ in some texts only have in common, checked once for all.

A form is written as `connector.edxml.writer` writes it, with a sign in the place of each text, and
checked by the schema. A packet of the same form is the form with its own texts escaped into it,
and follows the schema exactly if each text does; of these the schema asks for a length only, for
what it asks more of (days, moments, numbers) is made by this project. What is not plain, too
long, or in any way refused is left to the general way, which says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from connector.edxml.document_checks import is_sound
from connector.edxml.schema import check_schema, read_back
from connector.edxml.writer import draft, is_sound_value
from connector.errors import PermanentError
from connector.model.envelope import Envelope
from connector.model.packet import WriteOptions

__all__ = ["Form", "form_of", "sign"]

_FIRST: Final = 0xE000
_SIGN: Final = re.compile("(?:cid:)?[\ue000-\uf8ff]")


def sign(number: int) -> str:
    """Return a letter of Unicode's private area, which no text that fits into a form has."""
    return chr(_FIRST + number)


class Form(NamedTuple):
    """What stands around the texts of packets, and how long each text may be."""

    literals: tuple[str, ...]
    longest: tuple[int, ...]
    sound: bool
    """Whether nothing is wrong with the characters of the literals."""

    def takes(self, texts: Sequence[str]) -> bool:
        """Tell whether schema and writer have nothing against any of the texts."""
        return all(
            0 < len(text) <= longest and is_sound_value(text)
            for text, longest in zip(texts, self.longest, strict=True)
        )

    def characters(self, texts: Sequence[str]) -> str | None:
        """Return what `check_rules` has to look at for wrong characters; None for all."""
        return " ".join(texts) if self.sound else None


def form_of(
    sample: Envelope,
    options: WriteOptions,
    *,
    signs: Sequence[str],
    stands: Mapping[str, str],
    longest: tuple[int, ...],
) -> Form | None:
    """Return the form of a sample with signs for texts; None if it is refused in any way.

    `stands` has the texts that stand for signs where a sign cannot be: each is the whole text of
    its elements. All signs must be found in their order, and nothing that looks like one.
    """
    try:
        skeleton = draft(sample, options).skeleton()
        if check_schema(read_back(skeleton)):
            return None
    except PermanentError:
        return None
    written = skeleton.decode()
    for stand, meant in stands.items():
        written = written.replace(f">{stand}<", f">{meant}<")
    if _SIGN.findall(written) != list(signs):
        return None
    literals = tuple(_SIGN.split(written))
    return Form(literals, longest, is_sound("".join(literals)))
