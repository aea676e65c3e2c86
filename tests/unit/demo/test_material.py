"""The demonstration's material is complete, deterministic and as the old systems wrote it."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import load_workbook

from connector import resources
from connector.demo.corpus import Scene
from connector.demo.material import Expected, Material, Outcome, build, build_samples
from connector.text import codecs


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """One full build, shared by the tests that only read it."""
    return build(tmp_path_factory.mktemp("demo"))


def _tree(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def _csv_rows(path: Path) -> list[dict[str, str]]:
    codecs.register()
    text = path.read_bytes().decode("tcvn3")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_building_twice_gives_the_same_bytes(material: Material, tmp_path: Path) -> None:
    """Times, ids and what an earlier build left there make no trace in any file."""
    stray = tmp_path / "g22-csv-tcvn3" / "export" / "old.csv"
    stray.parent.mkdir(parents=True)
    stray.touch()
    build(tmp_path)
    assert _tree(tmp_path) == _tree(material.directory)


def test_there_is_enough_to_show(material: Material) -> None:
    """At least 80 source documents and 150 deliveries."""
    assert material.documents >= 80
    assert material.deliveries >= 150


def test_every_scene_has_its_outcome(material: Material) -> None:
    """What must come of the material adds up, each special row on its own."""
    assert material.count(Outcome.REFUSED) == 5
    assert material.count(Outcome.REPEATED) == 1
    assert material.count(Outcome.RETURNED) == 1
    assert material.count(Outcome.ANSWERED_02) == 1
    assert material.count(Outcome.RECALLED) == 2
    (urgent,) = material.of_scene(Scene.URGENT)
    assert set(urgent.deliveries.values()) == {Outcome.DELIVERED}


def test_refused_rows_have_no_deliveries(material: Material) -> None:
    """Only packaged records are published."""
    for row in material.expected:
        assert bool(row.deliveries) is (row.record is Outcome.PACKAGED)


def test_document_ids_are_unique_but_for_the_repetition(material: Material) -> None:
    """Two rows share an id only where the same row was exported twice."""
    counted = Counter(row.document_id for row in material.expected if row.document_id)
    (twice,) = material.of_scene(Scene.EXPORTED_TWICE)
    assert [one for one, times in counted.items() if times > 1] == [twice.document_id]


def test_the_replacement_names_a_document_sent_before_it(material: Material) -> None:
    """A type 3 row comes after the row that it replaces, in the same export."""
    (new,) = material.of_scene(Scene.REPLACEMENT)
    (old,) = material.of_scene(Scene.REPLACED)
    assert new.replaces == old.document
    assert material.expected.index(old) < material.expected.index(new)


def test_the_csv_is_tcvn3_and_decodes_back(material: Material) -> None:
    """The export is no UTF-8, and its text comes back letter by letter."""
    directory = material.adapters["G22"]
    rows = [row for path in sorted(directory.glob("export/*.csv")) for row in _csv_rows(path)]
    expected = [row for row in material.expected if row.agency == "G22"]
    assert [row["SoKyHieu"] for row in rows] == [row.code for row in expected]
    assert rows[1]["TrichYeu"] == "Về công tác văn thư"
    assert rows[1]["NguoiKy"] == "Nguyễn Xuân Phúc"
    with pytest.raises(UnicodeDecodeError):
        (directory / "export" / "van-ban-di-1.csv").read_bytes().decode("utf-8")


def test_the_repetition_is_the_same_row_in_a_second_file(material: Material) -> None:
    """The last row of the first export file stands again at the head of the second."""
    directory = material.adapters["G22"] / "export"
    first, second = (_csv_rows(directory / f"van-ban-di-{number}.csv") for number in (1, 2))
    assert first[-1] == second[0]


def test_every_named_attachment_is_beside_its_export(material: Material) -> None:
    """Each path of the CSV and the register leads to a file with content."""
    directory = material.adapters["G22"]
    for path in directory.glob("export/*.csv"):
        for row in _csv_rows(path):
            for name in row["TepDinhKem"].split("|"):
                assert (directory / "files" / name).stat().st_size > 0
    sizes = [path.stat().st_size for path in directory.rglob("files/*/*")]
    assert 2_000_000 < max(sizes) < 3_000_000
    assert len(set(sizes)) > 20


def test_the_register_has_titles_above_its_header(material: Material) -> None:
    """The header stands in row 5; dates are partly real ones, partly typed text."""
    book = load_workbook(material.adapters["G09"] / "so-van-ban-di.xlsx")
    sheet = book["Văn bản đi"]
    rows = list(sheet.iter_rows(values_only=True))
    expected = [row for row in material.expected if row.agency == "G09"]
    assert rows[4][:2] == ("Số, ký hiệu", "Ngày tháng văn bản")
    assert [row[0] for row in rows[5:]] == [row.code for row in expected]
    assert {type(row[1]).__name__ for row in rows[5:]} == {"datetime", "str"}
    assert "30/02/2019" in {row[1] for row in rows[5:]}


def test_the_database_holds_every_document_with_its_files(material: Material) -> None:
    """Each row of the database has at least one file, and receivers in order."""
    path = material.adapters["H41"] / "qlvb.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        codes = connection.execute(
            "SELECT SoVanBan || '/' || KyHieu FROM VanBanDi ORDER BY ID"
        ).fetchall()
        bare = connection.execute(
            "SELECT count(*) FROM VanBanDi WHERE ID NOT IN (SELECT VanBanID FROM TepDinhKem)"
        ).fetchone()
    assert [code for (code,) in codes] == [
        row.code for row in material.expected if row.agency == "H41"
    ]
    assert bare == (0,)


def test_the_catalogue_is_the_seed_with_two_sample_units(material: Material) -> None:
    """The made-up units are added below H41 and say that they are not real."""
    seed = (resources.schemas_dir() / "agencies.csv").read_text(encoding="utf-8")
    text = material.catalogue.read_text(encoding="utf-8")
    assert text.startswith(seed.rstrip())
    header = next(line for line in seed.splitlines() if line.startswith("code,"))
    tail = text[len(seed.rstrip()) :].strip().splitlines()
    rows = list(csv.DictReader([header, *tail]))
    assert [row["code"] for row in rows] == ["H41.90", "H41.91"]
    assert all("not a real unit" in row["source"] for row in rows)


def test_the_committed_samples_are_what_the_corpus_gives(tmp_path: Path) -> None:
    """Small exports in examples/ are up to date with corpus and generator."""
    expected = build_samples(tmp_path)
    assert len(expected) == 13
    for agency in ("g22-csv-tcvn3", "g09-excel", "h41-sql"):
        names = set(_tree(tmp_path / agency))
        assert names <= set(_tree(resources.examples_dir() / agency))
    export = Path("g22-csv-tcvn3/export/van-ban-di-1.csv")
    assert (resources.examples_dir() / export).read_bytes() == (tmp_path / export).read_bytes()
    assert _dump(resources.examples_dir()) == _dump(tmp_path)


def _dump(directory: Path) -> list[tuple[object, ...]]:
    path = directory / "h41-sql" / "qlvb.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT * FROM VanBanDi ORDER BY ID").fetchall()


def test_places_name_the_row_of_the_export(material: Material) -> None:
    """A place leads to the row: file and line, sheet and row, or table row."""
    first: dict[str, Expected] = {}
    for row in material.expected:
        first.setdefault(row.agency, row)
    assert first["G22"].place == "export/van-ban-di-1.csv:2"
    assert first["G09"].place == "so-van-ban-di.xlsx!Văn bản đi:6"
