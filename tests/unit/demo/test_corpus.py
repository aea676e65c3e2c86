"""Nothing invented is presented as real: the corpus against its sources."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

import pytest

from connector import resources
from connector.demo.corpus import CorpusDocument, Scene, load_documents, load_sendings

DOCUMENTS = load_documents()
CITED = [document for document in DOCUMENTS.values() if document.is_cited]
SAMPLES = [document for document in DOCUMENTS.values() if not document.is_cited]
QUOTED = re.compile(r"số ([\d/A-ZĐa-z-]+?) ngày (\d{1,2})/(\d{1,2})/(\d{4})")


def _source(document: CorpusDocument, lines: int = 14) -> str:
    """Return the text from the cited line on, without white space and case."""
    name, _, line = document.source.partition(":")
    folder = "corpus" if name == "public-record.txt" else "legal"
    text = (resources.examples_dir() / folder / name).read_text(encoding="utf-8").splitlines()
    return _tight(" ".join(text[int(line) - 1 : int(line) - 1 + lines]))


def _tight(text: str) -> str:
    return re.sub(r"\s", "", text).casefold()


def _spellings(day: dt.date) -> tuple[str, ...]:
    return tuple(
        _tight(spelling)
        for spelling in (
            f"ngày {day:%d} tháng {day.month} năm {day.year}",
            f"ngày {day:%d} tháng {day:%m} năm {day.year}",
            f"{day.day}/{day.month}/{day.year}",
        )
    )


@pytest.mark.parametrize("document", CITED, ids=lambda document: document.id)
def test_cited_documents_stand_in_their_source(document: CorpusDocument) -> None:
    """Number, date and subject of a cited document are found at the line that it names."""
    text = _source(document)
    assert _tight(document.code) in text
    assert any(form in text for form in _spellings(dt.date.fromisoformat(document.date)))
    assert _tight(document.subject) in text
    assert text.index(_tight(document.code)) < 80


def test_only_signers_that_stand_in_the_source_are_named() -> None:
    """A cited document has a signer only if the text itself ends with that name."""
    signed = {document.id for document in CITED if document.signer}
    assert signed == {"qd-28-2018", "nd-30-2020"}
    for document in CITED:
        if document.signer:
            name = document.source.partition(":")[0]
            text = (resources.examples_dir() / "legal" / name).read_text(encoding="utf-8")
            assert f"{document.position.upper()}\n\n{document.signer}" in text


@pytest.mark.parametrize("document", SAMPLES, ids=lambda document: document.id)
def test_samples_say_that_they_are_samples(document: CorpusDocument) -> None:
    """A sample is marked in subject, notation, signer and position."""
    assert document.status == "sample"
    assert document.subject.startswith("Văn bản mẫu: ")
    assert document.code.endswith("-VBM")
    assert document.signer == "Nguyễn Văn Mẫu"
    assert document.position.endswith(" mẫu")


def test_what_samples_quote_stands_in_the_sources() -> None:
    """Each "số … ngày …" in a sample's subject is a number with its date of some source."""
    folders = ("legal/*.txt", "corpus/public-record.txt")
    files = [path for pattern in folders for path in resources.examples_dir().glob(pattern)]
    everything = _tight(" ".join(path.read_text(encoding="utf-8") for path in files))
    quoted = {found for sample in SAMPLES for found in QUOTED.findall(sample.subject)}
    assert len(quoted) > 15
    for number, day, month, year in quoted:
        date = dt.date(int(year), int(month), int(day))
        heads = [
            everything[found.end() : found.end() + 260]
            for found in re.finditer(re.escape(_tight(number)), everything)
        ]
        assert any(form in text for text in heads for form in _spellings(date)), number


def test_only_complete_documents_are_sent() -> None:
    """What is sent as itself has every field; a cited document without a signer is not sent."""
    for sending in load_sendings():
        document = sending.document
        assert all((document.place, document.signer, document.subject, document.code))


def test_numbers_are_unique_within_a_year() -> None:
    """NĐ 30/2020 Đ15(1): number and notation are unique for an agency in a year."""
    counted = Counter((one.issuer, one.date[:4], one.code) for one in DOCUMENTS.values())
    assert set(counted.values()) == {1}


def test_there_are_enough_documents_and_every_scene() -> None:
    """At least 80 documents, three agencies, and each scene of the demonstration occurs."""
    sendings = load_sendings()
    assert len(DOCUMENTS) >= 80
    assert {sending.agency for sending in sendings} == {"G22", "G09", "H41"}
    assert {sending.scene for sending in sendings} == set(Scene)


def test_no_sample_is_older_than_what_it_quotes() -> None:
    """A letter does not forward a document of its own future."""
    for sample in SAMPLES:
        if sample.id == "g09-impossible":
            continue
        for _, day, month, year in QUOTED.findall(sample.subject):
            assert dt.date(int(year), int(month), int(day)) <= dt.date.fromisoformat(sample.date)
