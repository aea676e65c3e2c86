"""Writes the vectors of the corpus as seeds: ``python -m tests.fuzz.seeds DIRECTORY``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.corpus.vectors import all_vectors
from tests.corpus.world import World

__all__ = ["DICTIONARY", "write_seeds"]

_LARGEST: Final = 65_536
DICTIONARY: Final = "tokens.dict"
_TOKENS: Final = (
    *("<ds:Signature", "</ds:Signature>", "<ds:Reference URI=", "<ds:Transform Algorithm="),
    *("<ds:X509Certificate>", "<ds:KeyValue>", "<edXML:OrganId>", "<edXML:StatusCode>"),
    *(
        "<ContentTransferEncoded>",
        "cid:",
        "xmlns=",
        "xml:lang=",
        "Id=",
        "&#13;",
        "&#0;",
        "<!",
        "<?",
    ),
    *("http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/10/xml-exc-c14n#"),
    *("2026/01/05", "n/a", "\u202e", "UEsDBBQ", "====", "edXML:", "/>", "]]>"),
)


def write_seeds(directory: Path, largest: int = _LARGEST) -> int:
    """Write every vector of at most `largest` bytes, and the dictionary beside; return how many."""
    directory.mkdir(parents=True, exist_ok=True)
    world, count = World(), 0
    for vector in all_vectors():
        data = b"" if vector.large else vector.build(world)
        if 0 < len(data) <= largest:
            (directory / vector.name).write_bytes(data)
            count += 1
    lines = ("".join(f"\\x{byte:02x}" for byte in token.encode()) for token in _TOKENS)
    dictionary = directory.with_name(DICTIONARY)
    dictionary.write_text("".join(f'"{line}"\n' for line in lines), encoding="ascii")
    return count


if __name__ == "__main__":
    write_seeds(Path(sys.argv[1]))
