"""Small wrong changes of a module's source, one at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Mutant", "mutants"]

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
}
_NAMES: Final[dict[type[ast.AST], str]] = {
    ast.Compare: "comparison",
    ast.BoolOp: "and for or",
    ast.If: "negated",
    ast.IfExp: "negated",
    ast.Raise: "raise removed",
    ast.Continue: "continue removed",
}
_TELLING: Final = frozenset({"at", "passed", "_misplaced", "dataclass"})
"""Calls whose arguments are only shown to people, or to the type checker."""

_WORDS: Final = frozenset({"reason", "facts", "place", "__all__"})
"""Names of what is only shown to people."""


@dataclass(frozen=True)
class Mutant:
    """One changed source: what was done in which line."""

    module: str
    line: int
    change: str
    source: str


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(source)
    shown = _shown(tree)
    for index, node in enumerate(ast.walk(tree)):
        change = None if index in shown else _change_of(node)
        if change is None:
            continue
        mutated = _Exchange(index).of(copy.deepcopy(tree))
        line = getattr(node, "lineno", 0)
        yield Mutant(module, line, f"{change}: {_line(source, line)}", ast.unparse(mutated))


def _line(source: str, number: int) -> str:
    return source.splitlines()[number - 1].strip()[:80] if number else ""


def _shown(tree: ast.AST) -> frozenset[int]:
    """Return the nodes that make words for people, annotations and docstrings."""
    found: set[int] = set()
    for node in ast.walk(tree):
        for part in _words_of(node):
            found |= {id(each) for each in ast.walk(part)}
    return frozenset(index for index, node in enumerate(ast.walk(tree)) if id(node) in found)


def _words_of(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name in _TELLING:
            yield from (*node.args, *node.keywords)
    elif isinstance(node, ast.Assign):
        if any(isinstance(each, ast.Name) and each.id in _WORDS for each in node.targets):
            yield node
    elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
        yield node.annotation
    elif isinstance(node, ast.FunctionDef) and node.returns is not None:
        yield node.returns
    elif isinstance(node, ast.JoinedStr) or _is_docstring(node):
        yield node


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _change_of(node: ast.AST) -> str | None:
    """Return what can be done to a node, None if nothing."""
    if isinstance(node, ast.Constant):
        return "constant" if isinstance(node.value, bool | int | str | bytes) else None
    if isinstance(node, ast.UnaryOp):
        return "not removed" if isinstance(node.op, ast.Not) else None
    if isinstance(node, ast.BinOp):
        return "arithmetic" if type(node.op) in _OPERATORS else None
    if isinstance(node, ast.Expr):
        return "call removed" if isinstance(node.value, ast.Call) else None
    if isinstance(node, ast.Return):
        nothing = node.value is None or ast.unparse(node.value) == "None"
        return None if nothing else "returns None"
    return next((name for kind, name in _NAMES.items() if isinstance(node, kind)), None)


class _Exchange(ast.NodeTransformer):
    """Replaces the node that stands at one index of the walk."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._target: ast.AST | None = None

    def of(self, tree: ast.Module) -> ast.AST:
        """Return the tree with the node replaced."""
        self._target = list(ast.walk(tree))[self._index]
        return ast.fix_missing_locations(self.visit(tree))

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the node, or go down."""
        return _replaced(node) if node is self._target else self.generic_visit(node)


def _replaced(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Compare):
        node.ops[-1] = _COMPARISONS[type(node.ops[-1])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.If | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.UnaryOp):
        return node.operand
    elif isinstance(node, ast.BinOp):
        node.op = _OPERATORS[type(node.op)]()
    elif isinstance(node, ast.Constant):
        node.value = _constant(node.value)
    elif isinstance(node, ast.Return):
        node.value = ast.Constant(None)
    else:
        return ast.Pass()
    return node


def _constant(value: object) -> bool | int | str | bytes:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return b"mutant" if isinstance(value, bytes) else "mutant"
