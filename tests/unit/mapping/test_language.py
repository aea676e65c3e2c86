"""What adapters can say: conditions, titles, subjects, working days, own functions, marks."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.config.load import parse
from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError, Finding
from connector.mapping.config_hash import config_hash
from connector.mapping.mapper import Mapped, Mapper
from connector.mapping.python_functions import python_warnings
from connector.mapping.settings import AdapterSettings, load_adapter
from connector.mapping.signer_titles import divided_title
from connector.mapping.subject_transforms import leading_type
from connector.mapping.tables import CodeTable
from connector.mapping.transforms import bind, call
from connector.mapping.values import Refusal, SignerTitle
from connector.model.record import Record
from tests.unit.mapping.desk import ADAPTER, CATALOGUE, ROW, SENDER, attach, refused, run

FUNCTIONS = '''
"""Functions of a test adapter."""

def subject(value):
    return value.replace("Về việc", "V/v")

def fails(value):
    raise ValueError("không nhận " + value)

def leaves(value):
    raise SystemExit(3)

def an_object(value):
    return object()

def a_list(value):
    return value.split()

_hidden = len
'''


def with_field(line: str, text: str = ADAPTER) -> str:
    """Return the adapter with one more field."""
    return text.replace("attachments:", f"  {line}\nattachments:")


def findings_of(text: str) -> list[Finding]:
    """Return what is wrong with an adapter in memory."""
    node = parse_yaml(text.encode(), Path("adapter.yaml"), environ={})
    with pytest.raises(ConfigError) as caught:
        parse(AdapterSettings, node).load_tables()
    return list(caught.value.findings)


@pytest.mark.parametrize(
    ("when", "value", "has"),
    [
        ("{column: Can, is: [Có, x]}", " Có ", True),
        ("{column: Can, is: [Có, x]}", "không", False),
        ("{column: Can, is: [Có]}", None, False),
        ("{column: Can, is_not: [không]}", "Có", True),
        ("{column: Can, is_not: [không]}", "không", False),
        ("{column: Can, empty: true}", "", True),
        ("{column: Can, empty: false}", "", False),
        ("{column: Can, is: ['1']}", 1, True),
    ],
)
def test_a_condition_decides_whether_a_field_is_read(when: str, value: object, has: bool) -> None:
    """Where the condition does not hold the field says nothing."""
    text = with_field(f"due_date: {{column: Han, transforms: [date], when: {when}}}")
    document = run(text, Han="09/10/2025", Can=value).document
    assert (document.due_date == dt.date(2025, 10, 9)) is has


def test_a_condition_that_fails_leaves_the_default() -> None:
    """A default stands for every value that is not there, whatever the reason."""
    when = "when: {column: Can, is: [x]}"
    text = with_field(f"content: {{column: TrichYeu, {when}, default: không}}")
    assert run(text, Can="").document.content == "không"


def test_a_condition_is_explained_and_its_column_is_needed() -> None:
    """The step shows in the explanation; a record without the column is refused."""
    text = with_field("content: {column: TrichYeu, when: {column: Can, is: [x]}}")
    (field,) = [one for one in run(text, explain=True, Can="").provenance if one.field == "content"]
    assert [step.transform for step in field.steps] == ["when"]
    assert refused(text)[0].code == "EDX-1241"


def test_an_unclear_condition_is_refused_at_its_line() -> None:
    """Exactly one question may be asked of the column."""
    text = with_field("content: {column: TrichYeu, when: {column: Can, is: [x], empty: true}}")
    (found,) = findings_of(text)
    assert found.code == "EDX-1235"
    assert found.place.startswith("adapter.yaml:")


@pytest.mark.parametrize(
    ("text", "competence", "position"),
    [
        ("KT. BỘ TRƯỞNG\nTHỨ TRƯỞNG", "KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"),
        ("KT. BỘ TRƯỞNG THỨ TRƯỞNG", "KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"),
        ("KT. Bộ trưởng / Thứ trưởng", "KT. Bộ trưởng", "Thứ trưởng"),
        ("KT. CHỦ TỊCH PHÓ CHỦ TỊCH", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
        ("KT BỘ TRƯỞNG THỨ TRƯỞNG", "KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"),
        ("K/T GIÁM ĐỐC PHÓ GIÁM ĐỐC", "KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"),
        ("TL. BỘ TRƯỞNG\nVỤ TRƯỞNG VỤ PHÁP CHẾ", "TL. BỘ TRƯỞNG", "VỤ TRƯỞNG VỤ PHÁP CHẾ"),
        ("TL. BỘ TRƯỞNG CHÁNH VĂN PHÒNG", "TL. BỘ TRƯỞNG", "CHÁNH VĂN PHÒNG"),
        ("TUQ. CHỦ TỊCH GIÁM ĐỐC SỞ", "TUQ. CHỦ TỊCH", "GIÁM ĐỐC SỞ"),
        ("TM. ỦY BAN NHÂN DÂN CHỦ TỊCH", "TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
        ("TM. BAN THƯỜNG VỤ BÍ THƯ", "TM. BAN THƯỜNG VỤ", "BÍ THƯ"),
        ("Q. CỤC TRƯỞNG", "Q.", "CỤC TRƯỞNG"),
        ("KT. CHỦ NHIỆM", "KT.", "CHỦ NHIỆM"),
        ("Thủ tướng", None, "Thủ tướng"),
        ("Quyền Giám đốc", None, "Quyền Giám đốc"),
    ],
)
def test_titles_are_divided(text: str, competence: str | None, position: str) -> None:
    """The authority names whose it is; the signer's own position is the last one."""
    assert divided_title(text) == SignerTitle(competence, position)


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("Quyết định về việc gửi, nhận", "Quyết định", "về việc gửi, nhận"),
        ("QUYẾT ĐỊNH: Ban hành quy chế", "QUYẾT ĐỊNH", "Ban hành quy chế"),
        ("Nghị quyết liên tịch về phối hợp", "Nghị quyết liên tịch", "về phối hợp"),
        ("V/v báo cáo", "Công văn", "V/v báo cáo"),
        ("Công văn v/v báo cáo", "Công văn", "v/v báo cáo"),
    ],
)
def test_kind_and_subject_in_one_column(text: str, kind: str, rest: str) -> None:
    """The register of NĐ 30 PL IV writes both in one column; they are told apart."""
    assert leading_type(text) == (kind, rest)


def test_a_subject_without_kind_is_refused() -> None:
    """Nothing says that a text without a name of a kind is a công văn."""
    assert leading_type("Quyết địnhx") is None
    (bound,) = bind([call("leading_type")], {})
    with pytest.raises(Refusal) as caught:
        bound.function("Triển khai chuyển đổi số")
    assert caught.value.text.code == "EDX-1274"


def working(value: object, known: dict[str, str], **argument: object) -> object:
    """Apply add_working_days with a table."""
    table = CodeTable.of("nghi", known)
    (bound,) = bind([call("add_working_days", {"holidays": "nghi", **argument})], {"nghi": table})
    return bound.function(value)


def test_working_days_pass_over_weekends_and_holidays() -> None:
    """Saturday and Sunday are off unless the table makes them compensatory days."""
    friday = dt.date(2026, 4, 24)
    year = {"2026-04-30": "holiday", "2026-05-01": "holiday"}
    assert working(friday, year, days=1) == dt.date(2026, 4, 27)
    assert working(friday, {**year, "2026-04-25": "working"}, days=1) == dt.date(2026, 4, 25)
    assert working("29/04/2026", year, days=1) == dt.date(2026, 5, 4)
    assert working(("29/04/2026", "2"), year) == dt.date(2026, 5, 5)
    assert working(friday, year, days=0) == friday


def test_working_days_of_an_unknown_year_are_refused() -> None:
    """Tết is announced every year: without its days nothing is counted."""
    with pytest.raises(Refusal) as caught:
        working(dt.date(2026, 12, 31), {"2026-01-01": "holiday"}, days=1)
    assert caught.value.text.code == "EDX-1271"
    assert caught.value.facts["year"] == 2027


def test_a_period_without_number_is_no_due_date() -> None:
    """Where the legacy system names no number of days, no day is due."""
    assert working(("29/04/2026",), {"2026-01-01": "holiday"}) is None
    with pytest.raises(Refusal):
        working(("29/04/2026", "999"), {"2026-01-01": "holiday"})


def test_bad_holidays_are_found_in_the_table() -> None:
    """A table of days holds days, off or work."""
    days = "{days: 5, holidays: nghi}"
    line = f"due_date: {{column: Ngay, transforms: [date, {{add_working_days: {days}}}]}}"
    text = with_field(line).replace("tables:\n", "tables:\n  nghi: {2026-1-1: holiday, x: y}\n")
    assert [one.code for one in findings_of(text)] == ["EDX-1236", "EDX-1236"]


@pytest.mark.parametrize(
    ("right", "undecided", "code"),
    [
        ("secrecy: {column: DoMat, table: do_mat}", 'secrecy: "?"', "EDX-1227"),
        ("secrecy: {column: DoMat, table: do_mat}", 'secrecy: {not_exported: "?"}', "EDX-1227"),
        ("{value: Hà Nội}", '{value: "?"}', "EDX-1226"),
        ("{column: NguoiKy}", '{column: "?"}', "EDX-1226"),
        ("agency: G22", 'agency: "?"', "EDX-1226"),
        ("Thường: open", 'Thường: "?"', "EDX-1228"),
        ("Cũ: H40", 'Cũ: "?"', "EDX-1228"),
    ],
)
def test_what_a_person_must_decide_is_refused(right: str, undecided: str, code: str) -> None:
    """The mark '?' never runs, wherever it stands."""
    text = ADAPTER.replace(right, undecided)
    assert text != ADAPTER
    assert code in [one.code for one in findings_of(text)]


def test_an_undecided_row_of_a_table_file_is_at_its_line(tmp_path: Path) -> None:
    """A table file with '?' is refused at the row; further columns may hold notes."""
    (tmp_path / "n.csv").write_text("from,to,note\nA,H41,\nB,?,gần giống\n", encoding="utf-8")
    text = ADAPTER.replace("{Nghệ An: H41, Nội vụ: G09, Cũ: H40}", "{file: n.csv}")
    (tmp_path / "adapter.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_adapter(tmp_path).load_tables()
    (found,) = caught.value.findings
    assert (found.code, found.place) == ("EDX-1228", f"{tmp_path / 'n.csv'}:3:1")


def own(directory: Path, function: str, settings: str = "enabled: true", code: str = "") -> Path:
    """Write an adapter whose subject goes through an own function."""
    directory.mkdir(exist_ok=True)
    (directory / "rules.py").write_text(code or FUNCTIONS, encoding="utf-8")
    text = ADAPTER.replace("[collapse_spaces]", f"[collapse_spaces, {{python: {function}}}]")
    text += f"python: {{file: rules.py, {settings}}}\n" if settings else ""
    (directory / "adapter.yaml").write_text(text, encoding="utf-8")
    return directory


def mapper_of(directory: Path) -> Mapper:
    """Build the mapper of an adapter."""
    settings = load_adapter(directory)
    return Mapper(settings, CATALOGUE, settings.load_tables(), SENDER, clock=ManualClock())


def mapped(directory: Path) -> Mapped:
    """Map the row by an adapter in files."""
    return mapper_of(directory).map(Record("vb.csv:2", ROW), attach)


def config_error(directory: Path) -> Finding:
    """Return why an adapter cannot run."""
    with pytest.raises(ConfigError) as caught:
        mapper_of(directory)
    return caught.value.findings[0]


def test_an_own_function_is_a_step_like_others(tmp_path: Path) -> None:
    """An enabled function gets the value and gives the new one."""
    assert mapped(own(tmp_path, "subject")).document.subject == "V/v gửi, nhận văn bản"


@pytest.mark.parametrize(
    ("function", "code", "reason"),
    [
        ("fails", "EDX-1272", "không nhận"),
        ("leaves", "EDX-1272", "3"),
        ("an_object", "EDX-1273", "object"),
        ("a_list", "EDX-1254", "subject"),
    ],
)
def test_what_a_function_does_wrong_refuses_the_record(
    tmp_path: Path, function: str, code: str, reason: str
) -> None:
    """Whatever comes out of a function, it is a finding with the place of the value."""
    from connector.errors import RecordError

    with pytest.raises(RecordError) as caught:
        mapped(own(tmp_path, function))
    (found,) = caught.value.findings
    assert (found.code, found.place) == (code, "vb.csv:2 [TrichYeu]")
    assert reason in found.en


@pytest.mark.parametrize("settings", ["", "enabled: false", "sha256: null"])
def test_code_does_not_run_unless_enabled(tmp_path: Path, settings: str) -> None:
    """Without enabled: true the file is not even read."""
    found = config_error(own(tmp_path, "subject", settings, code="raise SystemExit"))
    assert found.code == "EDX-1230"
    assert found.place.startswith(f"{tmp_path / 'adapter.yaml'}:")


def test_the_content_can_be_pinned(tmp_path: Path) -> None:
    """Another content than the named digest is refused before it runs."""
    digest = hashlib.sha256(FUNCTIONS.encode()).hexdigest()
    directory = own(tmp_path, "subject", f"enabled: true, sha256: {digest}")
    assert mapped(directory).document.subject.startswith("V/v")
    (tmp_path / "rules.py").write_text("raise SystemExit", encoding="utf-8")
    assert config_error(tmp_path).code == "EDX-1234"


@pytest.mark.parametrize(
    ("code", "line"),
    [("x = 1\nraise ValueError('no')\n", 2), ("x = 1\ny = = 2\n", 2), ("import no_such_one", 1)],
)
def test_a_file_that_cannot_run_is_told_with_its_line(tmp_path: Path, code: str, line: int) -> None:
    """Mistakes of the file are found before the first record, at their line."""
    found = config_error(own(tmp_path, "subject", code=code))
    assert found.code == "EDX-1232"
    assert found.place.startswith(f"{tmp_path / 'rules.py'}:{line}:")


def test_unknown_hidden_and_foreign_functions(tmp_path: Path) -> None:
    """A misspelled name has a suggestion; what is hidden or no function is not offered."""
    found = config_error(own(tmp_path, "subjekt"))
    assert found.code == "EDX-1233"
    assert "subject" in found.en
    outside = own(tmp_path / "inner", "subject")
    (tmp_path / "outside.py").write_text(FUNCTIONS, encoding="utf-8")
    text = (outside / "adapter.yaml").read_text(encoding="utf-8")
    (outside / "adapter.yaml").write_text(
        text.replace("file: rules.py", "file: ../outside.py"), encoding="utf-8"
    )
    assert config_error(outside).code == "EDX-1232"


def test_lint_warns_of_own_code_and_the_hash_covers_it(tmp_path: Path) -> None:
    """The warning names the digest; a changed file is another configuration."""
    directory = own(tmp_path, "subject")
    settings = load_adapter(directory)
    (warning,) = python_warnings(settings.python, settings.node.at(("python",)))
    assert (warning.code, warning.severity.value) == ("EDX-1231", "warning")
    assert hashlib.sha256(FUNCTIONS.encode()).hexdigest() in warning.hint_en
    before = config_hash(directory, settings)
    (directory / "rules.py").write_text(FUNCTIONS + "\n", encoding="utf-8")
    assert config_hash(directory, settings) != before


def test_the_difficult_places_of_the_guide_are_valid() -> None:
    """What the integrator's guide shows of the language is accepted as it stands."""
    page = Path(__file__).resolve().parents[3] / "docs" / "integrator.md"
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (shown,) = [block for block in blocks if "python:" in block]
    head, fields = shown.split("tables:\n")[1], shown.split("tables:\n")[0]
    text = (
        "adapter_version: 1\nname: a\nagency: G22\nsource: {type: csv}\nkey: [SoKyHieu]\n"
        "secrecy: {not_exported: không kết xuất văn bản mật}\n"
        f"{fields}  code: {{column: SoKyHieu, transforms: [split_code]}}\n"
        "  promulgation.date: {column: NgayBanHanh, transforms: [date]}\n"
        "  promulgation.place: {value: Huế}\n  signer.full_name: {column: NguoiKy}\n"
        f"tables:\n{head}"
    )
    node = parse_yaml(text.encode(), Path("adapter.yaml"), environ={})
    assert parse(AdapterSettings, node).load_tables()["ngay_nghi"].get("2026-04-30") == "holiday"
