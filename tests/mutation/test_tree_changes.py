"""Any change of a signed tree is caught, and only changes are: spelling is not content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connector.trust.registry import Trust
from connector.trust.verify import explain
from tests.corpus.signing import C14N, DS, ENVELOPED, EXCLUSIVE, sign
from tests.corpus.vector import document, g22, packet, status
from tests.corpus.world import NOW, World

PLACES: Final = st.integers(0, 10**6)
WORLD: Final = World()
TRUST: Final[Trust] = WORLD.trust()
STYLES: Final = (
    {"prefix": "ds", "c14n": EXCLUSIVE, "transforms": (ENVELOPED, EXCLUSIVE)},
    {"prefix": "", "c14n": C14N, "transforms": (ENVELOPED,)},
)
SIGNED: Final = tuple(
    sign(packet(envelope), g22(WORLD), **style)  # type: ignore[arg-type]
    for envelope in (document(), status("G22"))
    for style in STYLES
)


@dataclass
class Tree:
    """A signed tree, one of its elements outside of the Signature, and another one."""

    root: etree._Element
    element: etree._Element
    other: etree._Element
    text: str


def _text(tree: Tree) -> None:
    tree.element.text = tree.text


def _tail(tree: Tree) -> None:
    if tree.element is not tree.root:
        tree.element.tail = tree.text


def _append_text(tree: Tree) -> None:
    tree.element.text = (tree.element.text or "") + tree.text


def _rename(tree: Tree) -> None:
    tree.element.tag = etree.QName(tree.element).localname


def _rename_local(tree: Tree) -> None:
    tree.element.tag = str(tree.element.tag) + "x"


def _attribute(tree: Tree) -> None:
    tree.element.set("a", tree.text)


def _language(tree: Tree) -> None:
    tree.element.set("{http://www.w3.org/XML/1998/namespace}lang", "en")


def _remove(tree: Tree) -> None:
    parent = tree.element.getparent()
    if parent is not None and not _holds_signature(tree.element):
        parent.remove(tree.element)


def _double(tree: Tree) -> None:
    parent = tree.element.getparent()
    if parent is not None and not _holds_signature(tree.element):
        tree.element.addnext(etree.fromstring(etree.tostring(tree.element, with_tail=False)))


def _move(tree: Tree) -> None:
    held = _holds_signature(tree.element)
    below = tree.element in tree.other.iterancestors() or tree.element is tree.other
    if tree.element is not tree.root and not held and not below:
        tree.other.append(tree.element)


def _swap_texts(tree: Tree) -> None:
    tree.element.text, tree.other.text = tree.other.text, tree.element.text


def _wrap(tree: Tree) -> None:
    inner = etree.SubElement(tree.element, "wrapper")
    inner.text, tree.element.text = tree.element.text, None


def _reverse(tree: Tree) -> None:
    if not _holds_signature(tree.element):
        tree.element[:] = tree.element[::-1]


def _nothing(_tree: Tree) -> None:
    """Leave the tree as it is."""


CHANGES: Final[tuple[Callable[[Tree], None], ...]] = (
    *(_text, _tail, _append_text, _rename, _rename_local, _attribute, _language),
    *(_remove, _double, _move, _swap_texts, _wrap, _reverse, _nothing),
)


def _holds_signature(element: etree._Element) -> bool:
    return next(element.iter(f"{{{DS}}}Signature"), None) is not None


def _content(data: bytes, *, exclusive: bool) -> bytes:
    """Return what a Signature over the whole packet is about."""
    root = etree.fromstring(data)
    for signature in list(root.iter(f"{{{DS}}}Signature")):
        parent = signature.getparent()
        if parent is not None:
            parent.remove(signature)
    return etree.tostring(root, method="c14n", exclusive=exclusive, with_comments=False)


def _in_place(data: bytes) -> bool:
    """Tell whether the Signature is still last in its parent: what is behind it is refused."""
    return next(etree.fromstring(data).iter(f"{{{DS}}}Signature")).getnext() is None


def _elements(root: etree._Element) -> list[etree._Element]:
    inside = set(next(root.iter(f"{{{DS}}}Signature")).iter())
    return [element for element in root.iter("*") if element not in inside]


@pytest.mark.parametrize("signed", SIGNED, ids=["document", "inclusive", "status", "status-incl"])
@settings(max_examples=250, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    places=st.tuples(PLACES, PLACES),
    text=st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=12),
)
def test_any_change_of_the_tree(
    signed: bytes, change: Callable[[Tree], None], places: tuple[int, int], text: str
) -> None:
    """A tree is accepted if and only if its content is what was signed, before its Signature."""
    root = etree.fromstring(signed)
    elements = _elements(root)
    element, other = (elements[place % len(elements)] for place in places)
    change(Tree(root, element, other, text))
    data = etree.tostring(root, encoding="utf-8")
    exclusive = b"<ds:" in signed
    same = _content(data, exclusive=exclusive) == _content(signed, exclusive=exclusive)
    verdict = explain(data, TRUST, at=NOW)
    assert verdict.valid == (same and _in_place(data)), (
        change.__name__,
        [str(each) for each in verdict.findings],
    )


@pytest.mark.parametrize("signed", SIGNED, ids=["document", "inclusive", "status", "status-incl"])
@settings(max_examples=60, deadline=None)
@given(places=st.lists(PLACES, min_size=1, max_size=5), declared=st.booleans())
def test_other_spellings_of_the_same_content(
    *, signed: bytes, places: list[int], declared: bool
) -> None:
    """References to characters, spaces in tags and a declaration change nothing that is signed."""
    text = signed.decode()
    for place in places:
        text = _respelled(text, place)
    data = ('<?xml version="1.0" encoding="UTF-8"?>\n' if declared else "") + text
    verdict = explain(data.encode(), TRUST, at=NOW)
    assert verdict.valid, [str(each) for each in verdict.findings]
    assert verdict.digest == explain(signed, TRUST, at=NOW).digest


def _respelled(text: str, place: int) -> str:
    """Return the packet with a letter as its reference, or a space before the end of a tag."""
    at = place % len(text)
    start, end = text.rfind("<", 0, at + 1), text.rfind(">", 0, at)
    if start > end:
        behind = text.index(">", at)
        slash = 1 if text[behind - 1] == "/" else 0
        return f"{text[: behind - slash]}\n{text[behind - slash :]}"
    if text[at].isalpha() and "&" not in text[max(at - 6, 0) : at + 1]:
        return f"{text[:at]}&#x{ord(text[at]):x};{text[at + 1 :]}"
    return text
