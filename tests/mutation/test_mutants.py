"""The mutation tool itself: every kind of change is made, and words for people are left alone."""

from __future__ import annotations

import ast

from tests.mutation.mutants import mutants

SOURCE = '''
"""Docstring."""
LIMIT: int = 3
NAME = "x"
def judge(a: int, b: str) -> bool | None:
    """Docstring."""
    if not a:
        raise ValueError(codes.WRONG.at("place", reason="words"))
    for each in (a, b):
        if each is None:
            continue
        check(each)
    reason = "words"
    total = a + LIMIT if a in NAME else a - 1
    return a < LIMIT and total == 2
'''


def test_every_kind_of_change() -> None:
    """Each mutant differs from the source, compiles, and says what was done where."""
    found = list(mutants("m.py", SOURCE))
    kinds = {each.change.partition(":")[0] for each in found}
    assert kinds == {
        "comparison",
        "and for or",
        "negated",
        "not removed",
        "arithmetic",
        "constant",
        "raise removed",
        "continue removed",
        "call removed",
        "returns None",
    }
    plain = ast.unparse(ast.parse(SOURCE))
    for mutant in found:
        compile(mutant.source, "m.py", "exec")
        assert mutant.source != plain
        assert mutant.change.partition(": ")[2] in SOURCE
        assert SOURCE.splitlines()[mutant.line - 1].strip() == mutant.change.partition(": ")[2]
    assert len({mutant.source for mutant in found}) == len(found)


def test_words_for_people_are_left_alone() -> None:
    """Neither docstrings nor the words of findings are changed: no test could notice."""
    for mutant in mutants("m.py", SOURCE):
        assert mutant.source.count("words") == SOURCE.count("words") - (
            1 if mutant.change.startswith("raise removed") else 0
        )
        assert mutant.source.count("Docstring.") == 2
