from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from connector.agencies import codes
from connector.agencies.agency import Agency
from connector.agencies.files import import_csv, load, merge, save
from connector.errors import ConfigError, NoInputError, PermanentError, Text, TransientError

HEADER = "code,name,code102,valid_from,valid_to,successors,verified,source\n"


def _file(directory: Path, text: str) -> Path:
    path = directory / "agencies.csv"
    path.write_text(text, encoding="utf-8")
    return path


def _codes(path: Path) -> list[str]:
    return [finding.code for finding in import_csv(path).findings]


def test_save_and_load(tmp_path: Path) -> None:
    """What is saved is what is loaded, quotes and dates included."""
    agencies = [
        Agency(
            code="G16",
            name='Bộ Văn hóa, "Thể thao" và Du lịch',
            code102="000.00.00.G16",
            valid_from=dt.date(2020, 7, 22),
            valid_to=dt.date(2030, 1, 1),
            successors=("G17", "G18"),
            verified=True,
            source="nguồn",
        ),
        Agency(code="G17", name="Bộ Xây dựng"),
        Agency(code="G18", name="Bộ Y tế"),
    ]
    path = tmp_path / "catalogue.csv"
    save(agencies, path)
    save(agencies, path)
    assert list(load(path)) == agencies
    assert [entry.name for entry in tmp_path.iterdir()] == ["catalogue.csv"]


def test_save_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A catalogue that cannot be written is reported, and nothing is left behind."""
    with pytest.raises(TransientError) as caught:
        save([Agency(code="G22", name="A")], tmp_path / "absent" / "catalogue.csv")
    assert caught.value.code == codes.FILE_UNWRITABLE.code


@pytest.mark.parametrize(
    "agencies",
    [
        [],
        [Agency(code="G22", name="A"), Agency(code="G22", name="B")],
        [Agency(code="G22", name="A", code102="x"), Agency(code="G23", name="B", code102="x")],
    ],
)
def test_save_what_could_not_be_loaded(tmp_path: Path, agencies: list[Agency]) -> None:
    """A list that the node would refuse is not written over the one that it has."""
    with pytest.raises(PermanentError):
        save(agencies, tmp_path / "catalogue.csv")
    assert list(tmp_path.iterdir()) == []


def test_axis_export(tmp_path: Path) -> None:
    """The axis' own list is read: new codes, old codes, and level 1 from the old code alone."""
    path = _file(
        tmp_path,
        "id,pid,code,name,mail,oldCode\n"
        "1,0,H41,UBND tỉnh Nghệ An,vt@nghean.gov.vn,000.00.00.H41\n"
        "2,1,000.00.17.H41,Văn phòng UBND tỉnh,,H41.02\n"
        "3,0,000.00.00.H37,UBND tỉnh Lạng Sơn,,\n"
        "4,1,000.00.18.H41,Sở Nội vụ,,\n",
    )
    listing = import_csv(path)
    assert [(agency.code, agency.code102) for agency in listing.agencies] == [
        ("H41", "000.00.00.H41"),
        ("H41.02", "000.00.17.H41"),
        ("H37", "000.00.00.H37"),
    ]
    (finding,) = listing.findings
    assert (finding.code, finding.place) == (codes.NOT_COMPUTABLE.code, f"{path}:5")


def test_excel_csv(tmp_path: Path) -> None:
    """A byte order mark, semicolons, empty lines and decomposed letters do no harm."""
    path = _file(tmp_path, "\ufeffcode;name\n\nH41;UBND ti\u0309nh Nghe\u0323\u0302 An\n;\n")
    assert [agency.name for agency in import_csv(path).agencies] == ["UBND tỉnh Nghệ An"]
    assert _codes(path) == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("h41,UBND,,,,,,", codes.UNROUTABLE),
        ("H41.#,UBND,,,,,,", codes.UNROUTABLE),
        (",UBND,,,,,,", codes.UNROUTABLE),
        ("H41,,,,,,,", codes.BAD_NAME),
        ("H41,=HYPERLINK(1),,,,,,", codes.BAD_NAME),
        ("H41,UBND\u202e,,,,,,", codes.BAD_NAME),
        ("H41,UBND\u2028tỉnh,,,,,,", codes.BAD_NAME),
        (f"H41,{'x' * 201},,,,,,", codes.BAD_NAME),
        ("H41,UBND,,22/07/2020,,,,", codes.BAD_DATE),
        ("H41,UBND,,2020-02-30,,,,", codes.BAD_DATE),
        ("H41,UBND,,2020-07-22,2020-07-22,,,", codes.BAD_PERIOD),
        ("H41,UBND,,,,,có,", codes.BAD_FLAG),
    ],
)
def test_bad_rows(tmp_path: Path, row: str, code: Text) -> None:
    """A bad row is left out with its line and reason; the good one stays."""
    path = _file(tmp_path, f"{HEADER}G22,Văn phòng Chính phủ,,,,,,\n{row}\n")
    listing = import_csv(path)
    assert [agency.code for agency in listing.agencies] == ["G22"]
    (finding,) = listing.findings
    assert finding.place == f"{path}:3"
    assert finding.code == code.code
    with pytest.raises(ConfigError):
        load(path)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("G10,A,,2020-01-01,2025-05-01,,,\nG10,B,,2025-04-14,,,,\n", codes.OVERLAP),
        ("G10,A,,,,,,\nG10,B,,2025-04-14,,,,\n", codes.OVERLAP),
        ("G10,A,000.00.00.G10,,,,,\nG11,B,000.00.00.G10,,,,,\n", codes.DUPLICATE_OLD_CODE),
        ("G10,A,,,2025-01-01,G99,,\n", codes.UNKNOWN_SUCCESSOR),
    ],
)
def test_contradictions(tmp_path: Path, rows: str, code: Text) -> None:
    """Rows that contradict each other are reported; what is left can be saved and loaded."""
    path = _file(tmp_path, HEADER + rows)
    assert _codes(path) == [code.code]
    save(import_csv(path).agencies, path)
    assert len(load(path)) > 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("# catalogue_version: 2\n" + HEADER, codes.WRONG_VERSION),
        ("id,pid,mail\n1,0,x\n", codes.MISSING_COLUMNS),
        ("", codes.MISSING_COLUMNS),
        (HEADER, codes.EMPTY),
    ],
)
def test_bad_files(tmp_path: Path, text: str, code: Text) -> None:
    """A file that is no catalogue says what it lacks."""
    assert _codes(_file(tmp_path, text)) == [code.code]


@pytest.mark.parametrize("row", ["\x00,x\n", f"G23,{'x' * 200_000}\n"])
def test_what_is_no_csv(tmp_path: Path, row: str) -> None:
    """A file that breaks off into something else keeps its good rows and says where it broke."""
    path = _file(tmp_path, f"code,name\nG22,Văn phòng Chính phủ\n{row}")
    listing = import_csv(path)
    assert [agency.code for agency in listing.agencies] == ["G22"]
    assert {finding.code for finding in listing.findings} <= {
        codes.NOT_CSV.code,
        codes.UNROUTABLE.code,
    }
    assert listing.findings[0].place == f"{path}:3"


def test_unknown_columns_are_told(tmp_path: Path) -> None:
    """A misspelled column is reported with the name that was probably meant."""
    path = _file(tmp_path, "code,name,valid_form\nG22,Văn phòng Chính phủ,2020-01-01\n")
    (finding,) = import_csv(path).findings
    assert finding.code == codes.UNKNOWN_COLUMN.code
    assert "valid_from" in finding.en
    assert len(load(path)) == 1


def test_deleted_rows_of_the_axis(tmp_path: Path) -> None:
    """What the axis marks as deleted is not imported as an open code."""
    path = _file(tmp_path, "code,name,deleted\nG22,Văn phòng Chính phủ,0\nG23,Cũ,1\n")
    listing = import_csv(path)
    assert [agency.code for agency in listing.agencies] == ["G22"]
    assert [finding.code for finding in listing.findings] == [codes.AXIS_DELETED.code]


def test_absent_and_binary_files(tmp_path: Path) -> None:
    """A missing file and one in another charset have their own errors."""
    with pytest.raises(NoInputError):
        import_csv(tmp_path / "absent.csv")
    path = tmp_path / "tcvn3.csv"
    path.write_bytes(b"code,name\nG22,V\xa8n ph\xdfng\n")
    with pytest.raises(PermanentError) as caught:
        import_csv(path)
    assert caught.value.code == codes.NOT_UTF8.code
    with pytest.raises(ConfigError):
        load(tmp_path / "absent.csv")


def test_multi_line_cells_keep_line_numbers(tmp_path: Path) -> None:
    """A finding names the line on which its row begins."""
    path = _file(tmp_path, 'code,name,source\nG22,Văn phòng,"a\nb"\nbad,Tên,\n')
    (finding,) = import_csv(path).findings
    assert finding.place == f"{path}:4"


def test_merge_keeps_what_the_import_does_not_know() -> None:
    """An undated list renews names, keeps periods and closed codes, and adds new units."""
    seed = list(load())
    imported = [
        Agency(code="G10", name="Bộ Nông nghiệp & Môi trường"),
        Agency(code="G04", name="Bộ Giao thông vận tải"),
        Agency(code="G22.01", name="Vụ Hành chính"),
    ]
    merged = merge(seed, imported)
    rows = {(agency.code, agency.valid_from): agency for agency in merged.agencies}
    assert rows["G10", dt.date(2020, 7, 22)].name == "Bộ Nông nghiệp và Phát triển nông thôn"
    assert rows["G10", dt.date(2025, 4, 14)].name == "Bộ Nông nghiệp & Môi trường"
    assert rows["G04", dt.date(2020, 7, 22)].successors == ("G17",)
    assert ("G22.01", None) in rows
    assert [finding.code for finding in merged.findings] == [codes.CLOSED_IN_FORCE.code]


def test_merge_gives_old_codes_to_the_import() -> None:
    """If both lists claim an old code, the imported agency has it."""
    old = [Agency(code="H41.01", name="A", code102="000.00.17.H41")]
    new = [Agency(code="H41.02", name="B", code102="000.00.17.H41")]
    merged = merge(old, new)
    assert [(row.code, row.code102) for row in merged.agencies] == [
        ("H41.01", None),
        ("H41.02", "000.00.17.H41"),
    ]
    assert [finding.code for finding in merged.findings] == [codes.DUPLICATE_OLD_CODE.code]


def test_merge_takes_dated_rows_whole() -> None:
    """A code imported with dates replaces all that was known of it."""
    old = [Agency(code="G10", name="A"), Agency(code="G11", name="B")]
    new = [Agency(code="G10", name="C", valid_from=dt.date(2026, 1, 1))]
    assert merge(old, new).agencies == (new[0], old[1])
