from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.config.load import Settings, findings_of, parse
from connector.config.yaml_source import parse_yaml
from connector.mapping.code_transforms import split_code
from connector.mapping.tables import CodeTable
from connector.mapping.transform import Example
from connector.mapping.transforms import TRANSFORMS, TransformSetting, bind, call
from connector.mapping.values import Refusal
from connector.model.envelope import DocumentCode

HOLIDAYS = dict.fromkeys(("2026-04-30", "2026-05-01", "2026-09-02"), "holiday")
TABLES = {
    "noi_nhan": CodeTable.of("noi_nhan", {"UBND tỉnh Nghệ An": "H41", "": "G09"}),
    "ngay_nghi": CodeTable.of("ngay_nghi", {**HOLIDAYS, "2026-05-09": "working"}),
}


def so_ky_hieu(value: object) -> object:
    """Turn what one legacy system writes around, as an adapter's own function."""
    kind, _, number = str(value).partition("-")
    return f"{number}/{kind.replace('QD', 'QĐ')}"


FUNCTIONS = {"so_ky_hieu": so_ky_hieu}
EXAMPLES = [(name, example) for name, one in TRANSFORMS.items() for example in one.examples]


def apply(name: str, value: object, argument: Any = None) -> object:
    """Apply one transform."""
    (bound,) = bind([call(name, argument)], TABLES, FUNCTIONS)
    return bound.function(value)


def code_of(name: str, value: object, argument: Any = None) -> str:
    """Return the code of the refusal of a value."""
    with pytest.raises(Refusal) as caught:
        apply(name, value, argument)
    return caught.value.text.code


class Holder(Settings):
    """Something with transforms."""

    transforms: tuple[TransformSetting, ...] = ()


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples_hold(name: str, example: Example) -> None:
    """Each example of the reference is what the transform does."""
    assert apply(name, example.given, example.argument) == example.result


@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_every_transform_is_documented(name: str) -> None:
    """Each has a Vietnamese title, one English sentence, an example and described parameters."""
    one = TRANSFORMS[name]
    assert one.name == name
    assert one.title
    assert one.doc.endswith(".")
    assert one.examples
    for parameter in one.parameters.model_fields.values():
        assert parameter.title
        assert parameter.description


@pytest.mark.parametrize("name", [name for name, one in TRANSFORMS.items() if not one.on_empty])
@pytest.mark.parametrize("value", [None, "", "  ", ()])
def test_empty_values_pass_by(name: str, value: object) -> None:
    """A transform has nothing to say about a value that is not there."""
    argument = TRANSFORMS[name].examples[0].argument
    assert apply(name, value, argument) == value or name == "join"


def test_lists_are_transformed_item_by_item() -> None:
    """Split makes a list, later transforms see its items, nested lists become flat."""
    assert apply("table", ("UBND tỉnh Nghệ An", ""), "noi_nhan") == ("H41", "G09")
    assert apply("split", ("a;b", "c"), ";") == ("a", "b", "c")


def test_transforms_read_numbers_as_people_write_them() -> None:
    """Excel's 12.0 is the text 12; amounts keep their digits; truth values are words."""
    assert apply("prefix", 12.0, "Số ") == "Số 12"
    assert apply("prefix", Decimal("12.50"), "x") == "x12.50"
    assert apply("prefix", True, "x") == "xtrue"


@pytest.mark.parametrize(
    "value", [dt.date(2020, 1, 5), dt.time(8), b"abc", float("nan"), Decimal("sNaN"), 10**30]
)
def test_values_without_one_spelling_are_not_text(value: object) -> None:
    """A date, bytes, or a number that is none cannot silently become text."""
    assert code_of("upper", value) == "EDX-1252"


@pytest.mark.parametrize(
    ("text", "number", "notation"),
    [
        ("28/2018/QĐ-TTg", "28", "2018/QĐ-TTg"),
        ("7816/VPCP-TTĐT", "7816", "VPCP-TTĐT"),
        ("01-NQ/TW", "01", "-NQ/TW"),
        ("05/NQ-CP", "05", "NQ-CP"),
        ("182/CCDSTE-DSTE", "182", "CCDSTE-DSTE"),
        ("12a/BC-UBND", "12a", "BC-UBND"),
        ("51/2022/QH15", "51", "2022/QH15"),
        ("12bis/QĐ-UBND", "12bis", "QĐ-UBND"),
        ("005/2026/TT-BNV", "005", "2026/TT-BNV"),
        ("1234-CV/VPTW", "1234", "-CV/VPTW"),
        ("15-CV/BTGTU", "15", "-CV/BTGTU"),
        ("01/2015/TTLT-BTP-BCA", "01", "2015/TTLT-BTP-BCA"),
    ],
)
def test_split_code_reads_every_legal_shape(text: str, number: str, notation: str) -> None:
    """Administrative, QPPL and Party codes are split and join to the same text."""
    code = split_code(text)
    assert code == DocumentCode(number, notation)
    assert str(code) == text


def test_split_code_composes_letters() -> None:
    """A decomposed Đ̣ or ê of a Mac export is composed."""
    assert split_code("1/UBND-Kie\u0302") == DocumentCode("1", "UBND-Kiê")


@pytest.mark.parametrize(
    "text",
    [
        "28",
        "/QĐ-TTg",
        "QĐ-TTg",
        "28/",
        "28/2018",
        "28-",
        "28//QĐ",
        "28/-QĐ",
        "28/QĐ-",
        "28 /QĐ-TTg",
        "28/QĐ - TTg",
        "Số: 28/QĐ-TTg",
        "28/QĐ-TTg ",
        "28/QĐ--TTg",
        "01NQ/TW",
        "-1/QĐ",
        "1\n/QĐ",
    ],
)
def test_split_code_refuses_other_shapes(text: str) -> None:
    """What is not a number and notation is refused, not repaired."""
    assert code_of("split_code", text) == "EDX-1246"


def test_table_refuses_unknown_values_with_table_and_suggestion() -> None:
    """The refusal names the value, the table and the likest entry."""
    with pytest.raises(Refusal) as caught:
        apply("table", "UBND tỉnh Nghệ Am", "noi_nhan")
    finding = caught.value.at("x.csv:2")
    assert finding.code == "EDX-1247"
    assert "Nghệ Am" in finding.en
    assert "noi_nhan" in finding.en
    assert "UBND tỉnh Nghệ An" in finding.vi


def test_table_sees_empty_values() -> None:
    """A table can map the empty value; without such an entry it stays empty."""
    assert apply("table", None, "noi_nhan") == "G09"
    (bound,) = bind([call("table", "t")], {"t": CodeTable.of("t", {"a": "b"})})
    assert bound.function("") == ""
    assert bound.function(None) is None


@pytest.mark.parametrize("value", ["12.5", "1.000", "mười", "1 000", "", "٣", "1" * 30, True, 1.5])
def test_integer_refuses_what_is_not_whole(value: object) -> None:
    """Only digits and numbers without fraction are whole numbers."""
    if value == "":
        assert apply("integer", value) == ""
    else:
        assert code_of("integer", value) == "EDX-1245"


def test_boolean_refuses_other_words() -> None:
    """A word that is neither yes nor no is refused with the known ones."""
    assert code_of("boolean", "có thể") == "EDX-1251"
    assert apply("boolean", "KHÔNG") is False


@pytest.mark.parametrize("value", ["5", "0", "gấp", "Mật"])
def test_priority_is_by_name_only(value: str) -> None:
    """Numbers of legacy systems are not urgency: one stores 5 for Thường."""
    assert code_of("priority", value) == "EDX-1250"


def test_priority_ignores_case_and_spaces() -> None:
    """Degrees of urgency are recognised however they are typed."""
    assert apply("priority", " hoả  tốc ") == 3
    assert apply("priority", "THUONG KHAN") == 2
    assert apply("priority", "Bình thường") == 0


def test_competence_without_position_is_refused() -> None:
    """An authority alone is not a title."""
    assert code_of("competence_position", "KT.") == "EDX-1257"


def node_findings(text: str) -> list[tuple[str, str]]:
    """Return what lint finds in a list of transforms."""
    node = parse_yaml(f"transforms: {text}".encode(), Path("a.yaml"), environ={})
    return [(one.code, one.place) for one in findings_of(Holder, node)]


def test_settings_read_names_and_arguments() -> None:
    """A transform is a name, a name with a bare argument, or a name with parameters."""
    text = '[trim, {split: ";"}, {replace: {find: a, by: b}}, {date: [dd/MM/yyyy, text]}]'
    node = parse_yaml(f"transforms: {text}".encode(), Path("a.yaml"), environ={})
    calls = parse(Holder, node).transforms
    assert [one.transform.name for one in calls] == ["trim", "split", "replace", "date"]
    assert calls[1].parameters.model_dump() == {"separator": ";"}
    assert calls[3].parameters.model_dump() == {"patterns": ("dd/MM/yyyy", "text")}


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("[trimm]", "EDX-1213", 14),
        ("[trim, {splitt: x}]", "EDX-1213", 21),
        ("[{split: a, join: b}]", "EDX-1214", 14),
        ("[[trim]]", "EDX-1214", 14),
        ("[split]", "EDX-1011", 14),
        ("[{split: ''}]", "EDX-1015", 22),
        ("[{split: {separator: a, x: b}}]", "EDX-1010", 37),
        ("[{trim: x}]", "EDX-1012", 21),
        ("[{date: dd/mm/yyyy}]", "EDX-1225", 21),
        ("[{date: [dd/MM/yyyy, MMM]}]", "EDX-1225", 21),
        ("[{replace: {fnd: a}}]", "EDX-1010", 25),
        ("[~]", "EDX-1214", 14),
    ],
)
def test_wrong_transforms_are_found_at_their_place(text: str, code: str, column: int) -> None:
    """Unknown names and bad arguments are placed at line and column."""
    assert (code, f"a.yaml:1:{column}") in node_findings(text)


def test_unknown_transform_has_a_suggestion() -> None:
    """A misspelled name gets the one that was meant."""
    node = parse_yaml(b"transforms: [colapse_spaces]", Path("a.yaml"), environ={})
    (found,) = findings_of(Holder, node)
    assert "'collapse_spaces'" in found.en
