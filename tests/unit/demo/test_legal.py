"""The two legal texts are cut right and repaired without changing a letter."""

from __future__ import annotations

import re

import pytest

from connector import resources
from connector.demo.legal import LEGAL_TEXTS, load_legal, repair


def _raw(name: str) -> str:
    path = resources.examples_dir() / "legal" / LEGAL_TEXTS[name]
    return path.read_text(encoding="utf-8")


def _letters(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("name", LEGAL_TEXTS)
def test_repair_changes_white_space_only(name: str) -> None:
    """Every character of the source but white space is still there, in order."""
    assert _letters(repair(_raw(name))) == _letters(_raw(name))


@pytest.mark.parametrize("name", LEGAL_TEXTS)
def test_nothing_but_page_breaks_is_left_out(name: str) -> None:
    """The paragraphs hold the whole text except running heads and page numbers."""
    text = load_legal(name)
    kept = _letters("".join(text.paragraphs))
    heads = re.findall(r"CÔNGBÁO/Số\d+\+\d+/Ngày\d+-\d+-\d{4}", _letters(_raw(name)))
    assert "CÔNGBÁO" not in kept
    assert len(_letters(_raw(name))) - len(kept) < len(heads) * 45


def test_stray_spaces_inside_syllables_are_closed() -> None:
    """A bare onset joins its rime; words that belong apart stay apart."""
    broken = "Căn c ứ Nghị định s ố 09/2010/N Đ-CP, quy định; Quy ết định có ý kiến"
    assert (
        repair(f"{broken} Quyết")
        == "Căn cứ Nghị định số 09/2010/NĐ-CP, quy định; Quyết định có ý kiến Quyết"
    )


def test_an_article_begins_with_its_title_and_ends_before_the_next() -> None:
    """Điều 4 of QĐ 28/2018 is its heading and two clauses."""
    article = load_legal("QD28").article(4)
    assert article.title == "Giá trị pháp lý của văn bản điện tử"
    assert article.paragraphs[0] == "Điều 4. Giá trị pháp lý của văn bản điện tử"
    assert [text[:2] for text in article.paragraphs[1:]] == ["1.", "2."]


@pytest.mark.parametrize(("name", "count"), [("QD28", 22), ("ND30", 38)])
def test_every_article_is_found(name: str, count: int) -> None:
    """All articles exist, each with text of its own, and there is none beyond the last."""
    text = load_legal(name)
    assert all(len(text.article(number).paragraphs) > 1 for number in range(1, count + 1))
    with pytest.raises(KeyError):
        text.article(count + 1)


@pytest.mark.parametrize(("name", "count"), [("QD28", 5), ("ND30", 7)])
def test_preamble_chapters_and_appendices_make_up_the_text(name: str, count: int) -> None:
    """Joined together, the parts that are sent are the whole text."""
    text = load_legal(name)
    numbers = ("I", "II", "III", "IV", "V", "VI", "VII")
    parts = [text.preamble(), *(text.chapter(number) for number in numbers[:count])]
    if name == "ND30":
        parts += [text.appendix(number) for number in numbers[:6]]
    assert sum((part.paragraphs for part in parts), ()) == text.paragraphs
