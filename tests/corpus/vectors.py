"""All vectors of the corpus."""

from __future__ import annotations

from tests.corpus.algorithms import algorithms
from tests.corpus.certificates import certificates
from tests.corpus.markup import markup
from tests.corpus.names import names
from tests.corpus.packets import packets
from tests.corpus.shapes import shapes
from tests.corpus.vector import Vector
from tests.corpus.wrapping import wrapping

__all__ = ["all_vectors"]


def all_vectors() -> tuple[Vector, ...]:
    """Return every vector, in the order of the families; names are unique."""
    families = (shapes, wrapping, markup, algorithms, certificates, names, packets)
    return tuple(vector for family in families for vector in family())
