"""From a sample export to a tested adapter, as an integrator does it at the terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from connector import resources
from connector.clock import SystemClock, vietnam_date
from connector.text.codecs import register
from tests.unit.cli.conftest import Terminal
from tests.unit.workbench.samples import SAMPLES, Sample


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal without settings in its environment."""
    for name in ("CONNECTOR_CONFIG", "CONNECTOR_CATALOGUE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal(capsys)


def decide(adapter: Path) -> None:
    """Decide what a person has to, in the text of adapter.yaml."""
    text = adapter.read_text(encoding="utf-8")
    text = text.replace('agency: "?"', "agency: G22")
    text = text.replace('secrecy: "?"', "secrecy: {not_exported: không kết xuất văn bản mật}")
    text = text.replace('{value: "?"}', "{value: Hà Nội}")
    text = re.sub(r'(?m)^    ("[0-9]*"): "\?"$', _meaning(text), text)
    if '- {column: "?"}' in text:
        text = text[: text.index("\nattachments:")]
    adapter.write_text(text, encoding="utf-8")


def _meaning(text: str) -> str:
    """Return what the numbers of the samples mean: open, and ordinary urgency."""
    first = text.find("do_khan:")
    return r"    \1: Thường" if first > -1 and "do_mat:" not in text else r"    \1: open"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_from_an_unseen_export_to_green_tests(
    terminal: Terminal, tmp_path: Path, sample: Sample
) -> None:
    """Common fields come right, what is open is refused by lint, and then everything is green."""
    path = sample.write(tmp_path)
    said = terminal.run("init", tmp_path / "a", "--from", path, "--agency", "G22", "--json")
    assert said.status == 0, said.err
    found = {entry["path"]: entry["spec"].get("column") for entry in said.data["fields"]}
    found["secrecy"] = said.data["secrecy"]["spec"].get("column")
    assert {name: found.get(name) for name in sample.expected} == sample.expected
    source = said.data["source"]
    assert {name: source.get(name) for name in sample.source} == sample.source
    assert said.data["decide"], "the place of issue is in none of these exports"
    assert terminal.run("lint", tmp_path / "a").status == 1
    decide(tmp_path / "a" / "adapter.yaml")
    text = (tmp_path / "a" / "adapter.yaml").read_text(encoding="utf-8")
    if "do_khan:" in text and "do_mat:" in text:
        adapter = tmp_path / "a" / "adapter.yaml"
        head, _, tail = text.partition("  do_khan:\n")
        adapter.write_text(f"{head}  do_khan:\n{tail.replace(': open', ': Thường', 1)}", "utf-8")
    linted = terminal.run("lint", tmp_path / "a")
    assert (linted.status, linted.out) == (0, "")
    updated = terminal.run("test", "--update", tmp_path / "a")
    assert updated.status == 0, updated.out + updated.err
    tested = terminal.run("test", tmp_path / "a")
    assert tested.status == 0, tested.out
    assert "ok " in tested.out


def test_a_complete_sample_needs_no_decision(terminal: Terminal, tmp_path: Path) -> None:
    """With place and secrecy in the export, packets and refusals are tested at once."""
    (tmp_path / "di.csv").write_text(
        "SoKyHieu,NgayThang,LoaiVanBan,TrichYeu,NguoiKy,NoiNhan,DoMat,DiaDanh\n"
        "01/VPCP-TH,05/01/2026,Công văn,V/v báo cáo,Lê Văn A,Bộ Y tế,Thường,Hà Nội\n"
        "02/QĐ-VPCP,05/01/2026,Quyết định,Ban hành quy chế,Lê Văn A,Bộ Y tế,Mật,Hà Nội\n"
        "03/QĐ-VPCP,31/02/2025,Quyết định,Ban hành quy chế,Lê Văn A,Bộ Y tế,Thường,Hà Nội\n",
        encoding="utf-8",
    )
    said = terminal.run(
        "init", tmp_path / "a", "--from", tmp_path / "di.csv", "--agency", "G22", "--json"
    )
    assert said.data["decide"] == []
    assert terminal.run("lint", tmp_path / "a").status == 0
    tests = (tmp_path / "a" / "tests.yaml").read_text(encoding="utf-8")
    assert "refused: [EDX-1201]" in tests
    assert "refused: [EDX-1243]" in tests
    assert terminal.run("test", "--update", tmp_path / "a").status == 0
    assert "3 passed" in terminal.run("test", tmp_path / "a").err


@pytest.mark.parametrize(
    ("example", "agency"),
    [
        ("g22-csv-tcvn3/export/van-ban-di-1.csv", "G22"),
        ("g09-excel/so-van-ban-di.xlsx", "G09"),
        ("h41-sql/qlvb.db", "H41"),
    ],
)
def test_the_shipped_samples(terminal: Terminal, tmp_path: Path, example: str, agency: str) -> None:
    """On the shipped samples the proposal names the columns of the shipped adapters."""
    from connector.mapping.settings import load_adapter

    sample = resources.examples_dir() / example
    said = terminal.run("init", tmp_path / "a", "--from", sample, "--agency", agency, "--json")
    assert said.status == 0, said.err
    found = {entry["path"]: entry["spec"].get("column") for entry in said.data["fields"]}
    directory = resources.examples_dir() / example.split("/", maxsplit=1)[0]
    shipped = load_adapter(directory)
    joined = {"receivers", "business.replaces"} if agency == "H41" else set()
    for path, field in shipped.fields.items():
        if field.column is not None and path not in joined:
            assert found.get(path) == field.column, path
    assert said.data["secrecy"]["spec"]["column"] == shipped.secrecy.column


@pytest.mark.parametrize(
    "name",
    [
        "csv-vni",
        "dbf",
        "excel-xls",
        "json",
        "json-lines",
        "lotus-dxl",
        "register-csv-tcvn3",
        "register-csv-vni",
        "register-excel",
        "register-sql",
    ],
)
def test_the_shipped_sample_of_every_kind(terminal: Terminal, tmp_path: Path, name: str) -> None:
    """Every column that a shipped adapter of a kind reads is found in its sample."""
    from connector.mapping.settings import load_adapter

    directory = resources.examples_dir() / name
    shipped = load_adapter(directory)
    place = str(shipped.source.get("path") or shipped.source["url"]).removeprefix("sqlite:///")
    sample = min(directory.glob(place))
    said = terminal.run("init", tmp_path / "a", "--from", sample, "--agency", "G22", "--json")
    assert said.status == 0, said.err
    found = {entry["path"]: entry["spec"].get("column") for entry in said.data["fields"]}
    decide = {one["what"] for one in said.data["decide"]}
    wanted = {
        path: "?" if f"fields.{path}" in decide else field.column
        for path, field in shipped.fields.items()
        if field.column
    }
    assert list(wanted.values()).count("?") <= 1
    assert {path: found.get(path) for path in wanted} == wanted
    if shipped.secrecy.column is not None:
        assert said.data["secrecy"]["spec"]["column"] == shipped.secrecy.column


def test_without_a_sample_a_scaffold_that_lints(terminal: Terminal, tmp_path: Path) -> None:
    """The scaffold is clean and its tests pass after --update; another agency may be named."""
    for agency in (None, "H41"):
        directory = tmp_path / str(agency)
        arguments = ["init", directory, *(["--agency", agency] if agency else [])]
        assert terminal.run(*arguments).status == 0
        assert terminal.run("lint", directory).status == 0
        assert terminal.run("test", "--update", directory).status == 0
        assert "3 passed, 0 failed" in terminal.run("test", directory).err


def test_nothing_is_overwritten(terminal: Terminal, tmp_path: Path) -> None:
    """A file that is there stays as it is, and nothing else is written beside it."""
    (tmp_path / "tests.yaml").write_text("mine", encoding="utf-8")
    said = terminal.run("init", tmp_path)
    assert (said.status, "EDX-9106" in said.err) == (78, True)
    assert [path.name for path in tmp_path.iterdir()] == ["tests.yaml"]
    assert (tmp_path / "tests.yaml").read_text(encoding="utf-8") == "mine"
    sample = SAMPLES[0].write(tmp_path)
    said = terminal.run("init", tmp_path, "--from", sample)
    assert (said.status, "EDX-9106" in said.err) == (78, True)
    assert not (tmp_path / "adapter.yaml").exists()


def test_wrong_samples_and_agencies(terminal: Terminal, tmp_path: Path) -> None:
    """What is absent, empty, of no known kind or no agency is told, and nothing is written."""
    target = tmp_path / "a"
    assert terminal.run("init", target, "--from", tmp_path / "none.csv").status == 66
    for name, content, code in [
        ("empty.csv", b"", "EDX-9102"),
        ("header.csv", b"SoKyHieu,TrichYeu\n", "EDX-9102"),
        ("binary.bin", b"\x7fELF\0\0\0\0", "EDX-9104"),
        ("prose.txt", b"one two\nthree", "EDX-9105"),
        ("other.csv", b"apple,pear\nred,1\nblue,2\n", "EDX-9107"),
        ("cut.json", b'[{"SoKyHieu": "01/A', "EDX-9111"),
        ("cut.db", b"SQLite format 3\0" + b"\xff" * 900, "EDX-9111"),
        ("cut.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1cut", "EDX-9111"),
        (
            "entity.xml",
            b"<!DOCTYPE r [<!ENTITY a 'b'>]><r><v><SoKyHieu>1</SoKyHieu></v></r>",
            "EDX-9113",
        ),
        ("cut.xml", b"<r><v><SoKyHieu>1</SoKyHieu><TrichYeu>a</TrichYeu>", "EDX-4050"),
    ]:
        (tmp_path / name).write_bytes(content)
        said = terminal.run("init", target, "--from", tmp_path / name)
        assert (said.status, code in said.err) == (65, True), (name, said.err)
        assert "permissions" not in said.err
    said = terminal.run("init", target, "--agency", "000.00.00.G22")
    assert (said.status, "EDX-9108" in said.err) == (78, True)
    assert not target.exists()


def test_what_is_no_ordinary_file_is_refused_at_once(terminal: Terminal, tmp_path: Path) -> None:
    """Nobody waits for a pipe to speak."""
    os.mkfifo(tmp_path / "pipe")
    for sample in (tmp_path / "pipe", Path("/dev/zero")):
        said = terminal.run("init", tmp_path / "a", "--from", sample)
        assert (said.status, "EDX-9112" in said.err) == (66, True)
    assert not (tmp_path / "a").exists()


def test_a_sample_of_today_passes_its_own_tests(terminal: Terminal, tmp_path: Path) -> None:
    """The clock of a first tests.yaml stands at the moment of writing, with and without `?`."""
    day = f"{vietnam_date(SystemClock().now()):%d/%m/%Y}"
    for place in ("Hà Nội", "12"):
        sample = tmp_path / f"{place}.csv"
        sample.write_text(
            "SoKyHieu,NgayThang,LoaiVanBan,TrichYeu,NguoiKy,NoiNhan,DoMat,DiaDanh\n"
            f"01/VPCP-TH,{day},Công văn,V/v báo cáo,Lê Văn A,Bộ Y tế,Thường,{place}\n",
            encoding="utf-8",
        )
        adapter = tmp_path / f"{place}.d"
        assert terminal.run("init", adapter, "--from", sample, "--agency", "G22").status == 0
        decide(adapter / "adapter.yaml")
        text = (adapter / "adapter.yaml").read_text(encoding="utf-8")
        text = text.replace('promulgation.place: {column: "?"}', "promulgation.place: {value: Huế}")
        (adapter / "adapter.yaml").write_text(text, encoding="utf-8")
        assert terminal.run("lint", adapter).status == 0
        assert terminal.run("test", "--update", adapter).status == 0
        assert terminal.run("test", adapter).status == 0


def test_a_column_that_fits_no_value_is_left_open(terminal: Terminal, tmp_path: Path) -> None:
    """Dates without a year are no dates: the column is named as evidence, the field stays `?`."""
    sample = resources.examples_dir() / "register-csv-tcvn3" / "so-van-ban-di.csv"
    said = terminal.run("init", tmp_path / "a", "--from", sample, "--agency", "G22", "--json")
    (date,) = (one for one in said.data["fields"] if one["path"] == "promulgation.date")
    assert (date["spec"], date["confidence"]) == ({"column": "?"}, 0)
    assert "it may be column 'Ngày tháng văn bản'" in date["en"]
    assert "fields.promulgation.date" in [one["what"] for one in said.data["decide"]]
    assert terminal.run("lint", tmp_path / "a").status == 1


def test_an_uncertain_charset_is_reported_not_guessed(terminal: Terminal, tmp_path: Path) -> None:
    """A few letters that fit several charsets are not enough; a person says it."""
    sample = tmp_path / "di.csv"
    sample.write_bytes("SoKyHieu;TrichYeu;NguoiKy\n01/BC;B\xe1o c\xe1o;An\n".encode("latin-1"))
    said = terminal.run("init", tmp_path / "a", "--from", sample)
    assert (said.status, "EDX-9103" in said.err) == (78, True)
    assert "tcvn3" in said.err
    arguments = ("init", tmp_path / "a", "--from", sample, "--charset")
    assert "EDX-9109" in terminal.run(*arguments, "no-such").err
    assert terminal.run(*arguments, "viscii").status == 0


def test_unknown_receivers_get_a_table_with_suggestions(terminal: Terminal, tmp_path: Path) -> None:
    """Names that the catalogue does not have stand in a table that lint refuses until decided."""
    sample = tmp_path / "di.csv"
    sample.write_text(
        "SoKyHieu,NgayBanHanh,LoaiVanBan,TrichYeu,NguoiKy,NoiNhan,DoMat,DiaDanh\n"
        '01/A-B,05/01/2026,Công văn,V/v báo cáo,Lê A,"các Bộ; UBND tỉnh Nghệ Am",Thường,Huế\n',
        encoding="utf-8",
    )
    terminal.run("init", tmp_path / "a", "--from", sample, "--agency", "G22")
    table = tmp_path / "a" / "tables" / "noi_nhan.csv"
    text = table.read_text(encoding="utf-8")
    assert 'các Bộ,?,"nhóm cơ quan' in text
    assert 'UBND tỉnh Nghệ Am,?,"gần giống: H41 UBND tỉnh Nghệ An' in text
    said = terminal.run("lint", tmp_path / "a")
    assert said.out.count("EDX-1228") == 2
    assert f"{table}:2:1" in said.out
    table.write_text("from,to\ncác Bộ,G09;G12\nUBND tỉnh Nghệ Am,H41\n", encoding="utf-8")
    assert terminal.run("lint", tmp_path / "a").status == 0
    assert terminal.run("test", "--update", tmp_path / "a").status == 0
    (packet,) = (tmp_path / "a" / "expected").iterdir()
    for code in (b"G09", b"G12", b"H41"):
        assert code in packet.read_bytes()


def test_what_people_read(terminal: Terminal, tmp_path: Path) -> None:
    """Findings, confidences and open questions are on standard output; comments in English too."""
    sample = SAMPLES[0].write(tmp_path)
    said = terminal.run("init", tmp_path / "a", "--from", sample, "--language", "en")
    assert "0.99  code ← DOC_CODE" in said.out
    assert "?  agency" in said.out
    assert "connector lint" in said.err
    text = (tmp_path / "a" / "adapter.yaml").read_text(encoding="utf-8")
    assert "A person has to decide" in text
    assert "6 of 6 values have the shape" in text


def test_a_capital_font_is_noticed(terminal: Terminal, tmp_path: Path) -> None:
    """A column typed in .VnTimeH reads in mixed case: the transform capitals is proposed."""
    sample = tmp_path / "di.csv"
    rows = "SoKyHieu,TrichYeu,NguoiKy\n"
    rows += '01/A-B,"BAN HàNH QUY CHế LàM VIệC CủA Cơ QUAN",NGUYễN VăN A\n' * 4
    register()
    sample.write_bytes(rows.encode("tcvn3"))
    options = ("--charset", "tcvn3", "--agency", "G22", "--json")
    said = terminal.run("init", tmp_path / "a", "--from", sample, *options)
    fields = {entry["path"]: entry for entry in said.data["fields"]}
    assert fields["subject"]["spec"]["transforms"] == ["capitals", "collapse_spaces"]
    assert ".VnTimeH" in fields["subject"]["en"]
    assert "capitals" not in fields["code"]["spec"]["transforms"]


def test_everything_to_decide_is_told_at_once(terminal: Terminal, tmp_path: Path) -> None:
    """Lint names the open settings and the open rows of tables in one go."""
    sample = next(one for one in SAMPLES if one.name == "laravel").write(tmp_path)
    terminal.run("init", tmp_path / "a", "--from", sample)
    said = terminal.run("lint", tmp_path / "a")
    assert said.out.count("EDX-1226") == 2
    assert said.out.count("EDX-1228") == 2
