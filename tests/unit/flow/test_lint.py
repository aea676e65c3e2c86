"""`connector lint` tells each mistake at its line and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.errors import NoInputError, Severity
from connector.flow import codes
from connector.flow.adapters.lint import adapters_below, lint_adapter
from connector.flow.ours import Ours

Row = Callable[..., str]


def place_of(directory: Path, text: str) -> str:
    """Return file:line:col of the first occurrence of a text in adapter.yaml."""
    path = directory / "adapter.yaml"
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if text in line:
            return f"{path}:{number}:{line.index(text) + 1}"
    raise AssertionError(text)


def change(directory: Path, before: str, after: str) -> None:
    """Replace a text in adapter.yaml that occurs there once."""
    path = directory / "adapter.yaml"
    text = path.read_text("utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_clean_adapter_has_no_findings(adapter: Path, ours: Ours, row: Row) -> None:
    """Nothing is said about an adapter that works."""
    export = adapter / "export" / "di.csv"
    export.write_text(export.read_text() + row() + "\n")
    assert lint_adapter(adapter, ours, ManualClock()) == ()


@pytest.mark.parametrize(
    ("before", "after", "at", "word"),
    [
        ("secrecy:", "secrcy:", "secrcy", "secrecy"),
        ("column: TrichYeu", "column: TrichYe", "TrichYe", "TrichYeu"),
        ("[collapse_spaces]", "[colapse_spaces]", "colapse_spaces", "collapse_spaces"),
        ("charset: utf-8", "charset: utf-9", "utf-9", "utf-9"),
        ("value: Hà Nội", 'value: "${KHONG_CO}"', '"${KHONG_CO}', "KHONG_CO"),
        ("agency: G22", "agency: hello", "hello", "hello"),
        ("{table: noi_nhan}", "{table: noi_nhn}", "noi_nhn", "noi_nhn"),
    ],
)
def test_mistake_is_told_where_it_stands(
    adapter: Path, ours: Ours, before: str, after: str, at: str, word: str
) -> None:
    """Key, column, transform, charset, variable, code, table: line and column are exact."""
    change(adapter, before, after)
    findings = lint_adapter(adapter, ours, ManualClock())
    places = {finding.place for finding in findings}
    assert place_of(adapter, at) in places, findings
    told = next(finding for finding in findings if finding.place == place_of(adapter, at))
    assert word in f"{told.en} {told.hint_en}"


def test_value_without_table_entry_is_told_at_the_lookup(
    adapter: Path, ours: Ours, row: Row
) -> None:
    """A value of the export that a code table lacks is found before it is refused."""
    export = adapter / "export" / "di.csv"
    export.write_text(
        export.read_text() + row(NoiNhan="Sao Hỏa") + "\n" + row("06/VP", DoMat="Lạ") + "\n"
    )
    findings = lint_adapter(adapter, ours, ManualClock())
    assert [finding.place for finding in findings] == [
        place_of(adapter, "{table: noi_nhan}").rpartition(":")[0]
        + f":{_column(adapter, '{table: noi_nhan}')}",
        place_of(adapter, "do_mat}"),
    ]
    assert "Sao Hỏa" in findings[0].en


def test_key_that_does_not_tell_records_apart(adapter: Path, ours: Ours, row: Row) -> None:
    """One finding at `key` names the columns, how often, and where first."""
    export = adapter / "export" / "di.csv"
    rows = [row("01/VP"), row("02/VP"), row("01/VP", "V/v khác"), row("01/VP"), row("02/VP", "x")]
    export.write_text(export.read_text() + "\n".join(rows) + "\n", encoding="utf-8")
    (finding,) = lint_adapter(adapter, ours, ManualClock())
    assert (finding.code, finding.severity) == (codes.KEY_REPEATS.code, Severity.WARNING)
    line, _, column = place_of(adapter, "key: [").rpartition(":")
    assert finding.place == f"{line}:{int(column) + len('key: ')}"
    assert "So, Ngay" in finding.en
    assert "2 keys" in finding.en
    assert "4 rows in all of the 5" in finding.en
    assert f"first at export/{export.name}:2 and export/{export.name}:4" in finding.en


def test_identical_rows_are_no_finding(adapter: Path, ours: Ours, row: Row) -> None:
    """A row that stands twice in an export is one record."""
    export = adapter / "export" / "di.csv"
    export.write_text(export.read_text() + f"{row()}\n" * 3, encoding="utf-8")
    assert lint_adapter(adapter, ours, ManualClock()) == ()


def test_no_more_than_the_first_thousand_rows_are_read(adapter: Path, ours: Ours, row: Row) -> None:
    """What stands behind them is the matter of the first run."""
    export = adapter / "export" / "di.csv"
    rows = [row(f"{number}/VP") for number in range(1000)]
    export.write_text("\n".join([export.read_text().strip(), *rows, row("1/VP", "x")]) + "\n")
    assert lint_adapter(adapter, ours, ManualClock()) == ()


def _column(adapter: Path, text: str) -> str:
    return place_of(adapter, text).rpartition(":")[2]


def test_adapters_are_found_below_a_path(adapter: Path, tmp_path: Path) -> None:
    """A directory, its adapter.yaml, or any directory above means the adapter."""
    for path in (adapter, adapter / "adapter.yaml", tmp_path):
        assert list(adapters_below(path)) == [adapter]


def test_absent_adapter_is_no_finding_but_no_input(tmp_path: Path, ours: Ours) -> None:
    """A path without adapter.yaml cannot be linted at all."""
    with pytest.raises(NoInputError):
        lint_adapter(tmp_path / "nothing", ours, ManualClock())
