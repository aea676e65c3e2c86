from __future__ import annotations

import datetime as dt

import pytest

from connector.agencies.agency import Agency
from connector.agencies.catalogue import Catalogue
from connector.agencies.files import load
from connector.agencies.names import AgencyNames, name_key
from connector.mapping.receiver_transforms import is_group
from tests.unit.mapping.desk import ADAPTER, ROW, refused, run

TODAY = dt.date(2026, 1, 5)
LISTED = ADAPTER.replace('[{split: ";"}, {table: noi_nhan}]', "[receiver_list]")
TABLED = ADAPTER.replace(
    '[{split: ";"}, {table: noi_nhan}]',
    '[receiver_list, {table: {table: noi_nhan, unknown: keep}}, {split: ";"}]',
).replace("Cũ: H40", '"các Bộ": "G09; H41"')


def names() -> AgencyNames:
    """Return the names of the shipped catalogue."""
    return AgencyNames(load(None))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Bộ Nội vụ; UBND tỉnh Nghệ An; Lưu: VT", ["G09", "H41"]),
        ("- Bộ Nội vụ (để b/c);\n- UBND tỉnh Nghệ An;\n- Lưu: VT, TCCB (02b).", ["G09", "H41"]),
        ("Nơi nhận:\r\n• BỘ NỘI VỤ.\r\n+ Uỷ ban nhân dân tỉnh Nghệ An./.", ["G09", "H41"]),
        ("1. Bộ Nội vụ; 2. H41; Lưu VT", ["G09", "H41"]),
        ("Bộ Nội vụ, UBND tỉnh Nghệ An", ["G09", "H41"]),
        ("Bộ Nội vụ; Bộ Nội vụ (02 bản); 000.00.00.H41", ["G09", "H41"]),
    ],
)
def test_free_text_is_resolved_through_the_catalogue(text: str, codes: list[str]) -> None:
    """Bullets, remarks, labels and Lưu are not names; names and codes become receivers once."""
    document = run(LISTED, NoiNhan=text).document
    assert [to.organ_id for to in document.receivers] == codes


def test_what_is_only_alike_is_a_finding_with_the_nearest_names() -> None:
    """A name that the catalogue does not have exactly is never taken for another one."""
    (found,) = refused(LISTED, NoiNhan="Bộ Nội vụ; UBND tỉnh Nghệ Am")
    assert found.code == "EDX-1266"
    assert found.place == "vb.csv:2 [NoiNhan]"
    assert "H41 UBND tỉnh Nghệ An" in found.vi
    assert refused(LISTED, NoiNhan="Bo Noi vu")[0].code == "EDX-1266"


def test_every_unknown_name_has_its_own_finding() -> None:
    """Nothing hides behind the first unknown receiver."""
    found = refused(LISTED, NoiNhan="Vụ Pháp chế; Bộ Nội vụ; Phòng Tổ chức")
    assert [one.code for one in found] == ["EDX-1266", "EDX-1266"]


@pytest.mark.parametrize("group", ["các Bộ", "UBND các tỉnh, thành phố", "Toàn thể cán bộ"])
def test_a_group_is_refused_unless_a_table_expands_it(group: str) -> None:
    """Nobody can tell which agencies "các Bộ" are; a table of the adapter can."""
    assert is_group(group)
    (found,) = refused(LISTED, NoiNhan=group)
    assert found.code == "EDX-1268"
    assert "split" in found.hint_en


def test_a_table_expands_a_group() -> None:
    """One entry may stand for several codes, divided by the split after it."""
    document = run(TABLED, NoiNhan="các Bộ; Lưu: VT").document
    assert [to.organ_id for to in document.receivers] == ["G09", "H41"]


def test_as_above_needs_what_stands_above() -> None:
    """Dropping "Như trên" alone would lose the addressee: it is refused, or read from before it."""
    (found,) = refused(LISTED, NoiNhan="- Như trên; - Bộ Nội vụ; - Lưu: VT")
    assert found.code == "EDX-1269"
    both = LISTED.replace("{column: NoiNhan,", "{columns: [KinhGui, NoiNhan],")
    document = run(both, KinhGui="UBND tỉnh Nghệ An", NoiNhan="- Như trên; - Bộ Nội vụ").document
    assert [to.organ_id for to in document.receivers] == ["H41", "G09"]
    dropped = LISTED.replace("[receiver_list]", "[{receiver_list: drop}]")
    document = run(dropped, NoiNhan="Như Điều 3; Bộ Nội vụ").document
    assert [to.organ_id for to in document.receivers] == ["G09"]
    assert refused(dropped, NoiNhan="Như trên; Lưu: VT")[0].code == "EDX-1240"


def test_the_explanation_names_what_the_catalogue_made_of_a_name() -> None:
    """--explain shows the name and the agency that it became."""
    steps = [
        step
        for one in run(LISTED, explain=True, NoiNhan="Bộ Nội vụ").provenance
        if one.field == "receivers"
        for step in one.steps
    ]
    assert [(step.transform, step.before, step.after) for step in steps][-1] == (
        "catalogue",
        "Bộ Nội vụ",
        "G09 Bộ Nội vụ",
    )


def test_names_of_closed_agencies_lead_to_their_successors() -> None:
    """A ministry that was merged is refused as its closed code is, naming who came after."""
    found = names().named("Bộ Thông tin và Truyền thông", TODAY)
    assert ([row.code for row in found.closed], found.open) == (["G14"], ())
    (finding,) = refused(LISTED, NoiNhan="Cơ quan cũ")
    assert finding.code.startswith("EDX-85")
    assert "H41" in finding.en


def test_a_name_of_two_agencies_is_ambiguous() -> None:
    """The catalogue must say one agency."""
    catalogue = Catalogue([Agency(code="H01", name="Sở A"), Agency(code="H02", name="sở  A")])
    found = AgencyNames(catalogue).named("SỞ A", TODAY)
    assert [row.code for row in found.open] == ["H01", "H02"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ủy ban nhân dân tỉnh Nghệ An", "UBND tỉnh  Nghệ An"),
        ("UỶ BAN NHÂN DÂN TỈNH NGHỆ AN", "UBND tỉnh Nghệ An"),
        ("UBND TP. Đà Nẵng", "UBND thành phố Đà Nẵng"),
        ("Hội đồng nhân dân tỉnh Hòa Bình", "HĐND tỉnh Hoà Bình"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    """Case, short forms and the place of the tone mark do not make another name."""
    assert name_key(one) == name_key(other)


def test_names_with_commas_are_kept_whole() -> None:
    """A list with commas is divided only if every part is exact, the longest names first."""
    text = "Bộ Văn hóa, Thể thao và Du lịch, Bộ Nội vụ"
    assert names().divided(text, TODAY) == ("Bộ Văn hóa, Thể thao và Du lịch", "Bộ Nội vụ")
    assert names().divided("Bộ Văn hóa, Bộ Nội vụ", TODAY) == ()


def test_every_open_agency_of_the_catalogue_is_found_by_its_name() -> None:
    """The seed's own names resolve, whatever their case."""
    index = names()
    for agency in load(None):
        if agency.open_on(TODAY):
            assert agency.code in {row.code for row in index.named(agency.name, TODAY).open}
            assert agency.code in {row.code for row in index.named(agency.name.upper(), TODAY).open}


def test_the_row_of_these_tests_is_good() -> None:
    """Without a change the row is mapped, so that every refusal above has one reason."""
    assert run(LISTED, NoiNhan="Bộ Nội vụ").document.subject.startswith("Về việc")
    assert ROW["NoiNhan"]
