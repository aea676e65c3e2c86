from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from connector.config.yaml_source import Node, parse_yaml
from connector.errors import ConfigError, PermanentError
from connector.model.inbound import Inbound
from connector.sinks import codes
from connector.sinks.base import Sink
from connector.sinks.registry import open_sink

CSV = """
type: folder
directory: den
desk: true
index:
  file: vanban.csv
  format: csv
  charset: utf-8
  columns: {SoKyHieu: code, NgayVB: promulgation.date, TrichYeu: subject, Han: due_date}
  constants: {Nguon: Trục}
  files_column: Tep
  date_format: dd/MM/yyyy
"""
JSON = """
type: folder
directory: den
index:
  file: vanban.json
  format: json
  columns:
    van_ban.so: code
    van_ban.khan: priority
    ngay: promulgation.date
    den_luc: arrived_at
    giay: business.paper
    han: due_date
  constants: {nguon: "5"}
  files_column: tep
"""
HOME = "2018/20180712-05-2018-QD-TTg-0b0c5a9e-9a53-5a1a-8a6d-0d6a6c1f2e01"
STORED = ["01-Quyet-dinh-05.pdf", "02-Quyet-dinh-05.pdf"]


def node(text: str, directory: Path) -> Node:
    """Return a sink's configuration as it is read from a file."""
    return parse_yaml(text.encode(), directory / "connector.yaml")


def opened(directory: Path, text: str, *changes: tuple[str, str]) -> Sink:
    """Return the sink of a text in which something is changed."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return open_sink(node(text, directory))


def about(item: Inbound, subject: str) -> Inbound:
    """Return a document with another subject."""
    return replace(item, document=replace(item.document, subject=subject))


def test_a_line_as_the_legacy_system_reads_it(tmp_path: Path, item: Inbound) -> None:
    """The columns stand in their order, with their names, beside the document's own files."""
    assert opened(tmp_path, CSV).deliver(item)
    home = tmp_path / "den" / HOME
    assert sorted(path.name for path in home.iterdir()) == [
        *STORED,
        *("document.json", "packet.edxml", "vanban.csv", "verification.json"),
    ]
    assert (home / "vanban.csv").read_bytes().decode() == (
        '"SoKyHieu";"NgayVB";"TrichYeu";"Han";"Nguon";"Tep"\r\n'
        '"05/2018/QĐ-TTg";"12/07/2018";"Về việc gửi, nhận văn bản điện tử";"";"Trục";'
        '"01-Quyet-dinh-05.pdf; 02-Quyet-dinh-05.pdf"\r\n'
    )


def test_an_object_as_the_legacy_system_reads_it(tmp_path: Path, item: Inbound) -> None:
    """Numbers and truth values stay what they are, dots make objects, what is absent is null."""
    opened(tmp_path, JSON).deliver(item)
    assert json.loads((tmp_path / "den" / HOME / "vanban.json").read_bytes()) == {
        "van_ban": {"so": "05/2018/QĐ-TTg", "khan": int(item.document.priority)},
        "ngay": "2018-07-12",
        "den_luc": "2018-07-13 03:30:00",
        "giay": False,
        "han": None,
        "nguon": "5",
        "tep": STORED,
    }


@pytest.mark.parametrize("charset", ["utf-8-sig", "tcvn3", "vni", "viscii", "utf-16", "cp1258"])
def test_charsets_of_old_systems(tmp_path: Path, item: Inbound, charset: str) -> None:
    """What is written in a charset reads back as it was."""
    subject = "đồng ý; trích yếu"
    sink = opened(tmp_path, CSV, ("utf-8", charset), ("Trục", "truc"), ("SoKyHieu: code, ", ""))
    if charset == "cp1258":  # it has vowels and tones apart, Unicode has them as one
        with pytest.raises(PermanentError):
            sink.deliver(about(item, subject))
        return
    sink.deliver(about(item, subject))
    data = (tmp_path / "den" / HOME / "vanban.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(data.decode(charset), newline=""), delimiter=";"))
    assert rows[1] == ["12/07/2018", subject, "", "truc", "; ".join(STORED)]


@pytest.mark.parametrize("text", [CSV.replace("Trục", "truc"), JSON.replace("khan: pr", "x: pr")])
@pytest.mark.parametrize("subject", ["ỦY BAN", "文書", "a\u200bb"])
def test_what_the_charset_cannot_hold(
    tmp_path: Path, item: Inbound, text: str, subject: str
) -> None:
    """The document is refused with the field and the character; nothing of it is seen."""
    text = text.replace("  charset: utf-8\n", "").replace("code", "subject")
    sink = opened(tmp_path, text, ("  format:", "  charset: tcvn3\n  format:"))
    with pytest.raises(PermanentError) as caught:
        sink.deliver(about(item, subject))
    (finding,) = caught.value.findings
    assert (finding.code, finding.place) == (codes.CHARSET.code, "subject")
    assert "?" not in finding.en
    assert list((tmp_path / "den").glob("[0-9]*/*")) == []
    sink.deliver(about(item, "trích yếu"))
    assert [path.name for path in (tmp_path / "den").glob("[0-9]*/*")] == [Path(HOME).name]


def test_small_capitals_on_request(tmp_path: Path, item: Inbound) -> None:
    """A capital that the charset lacks is written small, as typists did, only if so configured."""
    changes = (("charset: utf-8", "charset: tcvn3\n  small_capitals: true"), ("Trục", "TRỤC"))
    opened(tmp_path, CSV, *changes).deliver(about(item, "ỦY BAN Đà Nẵng"))
    text = (tmp_path / "den" / HOME / "vanban.csv").read_bytes().decode("tcvn3")
    assert "ủY BAN Đà Nẵng" in text
    assert "TRụC" in text


@pytest.mark.parametrize("raw", ["false", "true"])
def test_values_cannot_leave_their_cell(tmp_path: Path, item: Inbound, raw: str) -> None:
    """Delimiters and quotes of a document stay inside of their column, its row is one line."""
    subject = 'a";"b\r\n;x;\n"\u2028\x0bc\t d\x85'
    changes = ("format: csv", f"format: csv\n  header: false\n  raw_values: {raw}")
    opened(tmp_path, CSV, changes).deliver(about(item, subject))
    text = (tmp_path / "den" / HOME / "vanban.csv").read_bytes().decode()
    assert text.splitlines() == [text.removesuffix("\r\n")]
    (row,) = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert row[2] == 'a";"b ;x; " c d'
    assert len(row) == 6


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r\n=", " =", "＝", "＋", "－", "＠"])
def test_formulas_from_the_network(tmp_path: Path, item: Inbound, sign: str) -> None:
    """A spreadsheet shows what a sender wrote as text; the integrator's own values stay."""
    text = f"{sign}cmd|' /C calc'!A0"
    for directory, shown, more in (
        (tmp_path / "1", "'" + text.strip(), ""),
        (tmp_path / "2", text.strip(), "\n  raw_values: true"),
    ):
        changes = (("format: csv", f"format: csv{more}"), ("Nguon: Trục", 'Nguon: "-1"'))
        opened(directory, CSV, *changes).deliver(about(item, text))
        data = (directory / "den" / HOME / "vanban.csv").read_bytes().decode()
        _, row = csv.reader(io.StringIO(data, newline=""), delimiter=";")
        assert (row[2], row[4]) == (shown, "-1")


def test_raw_values_have_quotes_where_they_are_needed(tmp_path: Path, item: Inbound) -> None:
    """An import that splits lines at the delimiter reads what it read before."""
    opened(tmp_path, CSV, ("format: csv", "format: csv\n  raw_values: true")).deliver(item)
    assert (tmp_path / "den" / HOME / "vanban.csv").read_bytes().decode() == (
        "SoKyHieu;NgayVB;TrichYeu;Han;Nguon;Tep\r\n"
        "05/2018/QĐ-TTg;12/07/2018;Về việc gửi, nhận văn bản điện tử;;Trục;"
        '"01-Quyet-dinh-05.pdf; 02-Quyet-dinh-05.pdf"\r\n'
    )


def test_an_object_keeps_texts_as_they_are(tmp_path: Path, item: Inbound) -> None:
    """JSON has no formulas and no lines: nothing is done to a text."""
    subject = "=1\n\t+2  3"
    opened(tmp_path, JSON, ("so: code", "so: subject")).deliver(about(item, subject))
    read = json.loads((tmp_path / "den" / HOME / "vanban.json").read_bytes())
    assert read["van_ban"]["so"] == subject


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (JSON, "Ấ", "ấ"),
        (CSV, "Ấ", "ấ"),
        (JSON, "\u1ea5", "a\u0302\u0301"),
        (JSON, "Ấ", "ấ.so"),
    ],
)
def test_names_that_become_one_in_the_charset(
    tmp_path: Path, text: str, first: str, second: str
) -> None:
    """Two columns whose names are written alike would hide one another."""
    charset = "\n  charset: tcvn3\n  small_capitals: true"
    text = text.replace("  charset: utf-8\n", "").replace("Trục", "truc")
    names = f"constants: {{{json.dumps(first)}: x, {json.dumps(second)}: y, "
    text = text.replace("constants: {", names)
    form = "  format: csv" if "format: csv" in text else "  format: json"
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, text, (form, form + charset))
    assert caught.value.code == codes.COLUMN_TWICE.code
    (finding,) = caught.value.findings
    assert "connector.yaml:" in finding.place


def test_names_that_are_not_written_may_be_alike(tmp_path: Path, item: Inbound) -> None:
    """Without a header line the names of csv only tell the columns apart in the configuration."""
    text = CSV.replace("Nguon: Trục", "Ấ: x, ấ: y").replace("charset: utf-8", "charset: tcvn3")
    form = ("format: csv", "format: csv\n  small_capitals: true\n  header: false")
    opened(tmp_path, text, form).deliver(item)
    (line,) = (tmp_path / "den" / HOME / "vanban.csv").read_bytes().splitlines()
    assert line.count(b'"x"') == line.count(b'"y"') == 1


def test_again_changes_nothing(tmp_path: Path, item: Inbound) -> None:
    """A document that stands there keeps its index file, whatever the settings say by now."""
    opened(tmp_path, CSV).deliver(item)
    path = tmp_path / "den" / HOME / "vanban.csv"
    path.write_bytes(b"edited")
    assert opened(tmp_path, CSV).deliver(item)
    opened(tmp_path, JSON).deliver(item)
    assert path.read_bytes() == b"edited"
    assert not (tmp_path / "den" / HOME / "vanban.json").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("../x.csv", "a/b.csv", ".x", "", "văn bản.csv", "x" * 65, "01-a.csv", "updates"),
        *("packet.edxml", "Document.json", "verification.json", "cancelled.json", "replaced.json"),
        *("document.json.", "vanban.csv..", "CON", "nul.csv", "Com1.txt"),
    ],
)
def test_names_that_the_index_cannot_have(tmp_path: Path, name: str) -> None:
    """The index can neither leave the directory nor stand for another of its files."""
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, CSV, ("vanban.csv", json.dumps(name, ensure_ascii=False)))
    assert caught.value.code == codes.INDEX_NAME.code


@pytest.mark.parametrize(
    ("text", "old", "new", "code"),
    [
        (CSV, "TrichYeu: subject", "TrichYeu: subjct", codes.UNKNOWN_PATH.code),
        (CSV, "charset: utf-8", "charset: tcvn", codes.UNKNOWN_CHARSET.code),
        (CSV, "charset: utf-8", "charset: base64", codes.UNKNOWN_CHARSET.code),
        (CSV, "charset: utf-8", "charset: IDNA", codes.UNKNOWN_CHARSET.code),
        (CSV, "charset: utf-8", "charset: punycode", codes.UNKNOWN_CHARSET.code),
        (CSV, "charset: utf-8", "charset: unicode_escape", codes.UNKNOWN_CHARSET.code),
        (CSV, "charset: utf-8", "charset: Raw-Unicode-Escape", codes.UNKNOWN_CHARSET.code),
        (CSV, "charset: utf-8", "charset: U7", codes.UNKNOWN_CHARSET.code),
        (CSV, "Nguon: Trục", "SoKyHieu: x", codes.COLUMN_TWICE.code),
        (CSV, "Nguon: Trục", "sokyhieu: x", codes.COLUMN_TWICE.code),
        (CSV, "files_column: Tep", "files_column: Nguon", codes.COLUMN_TWICE.code),
        (JSON, "ngay: prom", "van_ban: prom", codes.COLUMN_TWICE.code),
        (JSON, "files_column: tep", "files_column: han.tep", codes.COLUMN_TWICE.code),
        (CSV, "charset: utf-8", "charset: ascii", codes.CHARSET.code),
    ],
)
def test_wrong_settings(tmp_path: Path, text: str, old: str, new: str, code: str) -> None:
    """What no document could be written with is refused when the configuration is read."""
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, text, (old, new))
    assert caught.value.code == code


def test_a_name_that_the_charset_cannot_hold(tmp_path: Path) -> None:
    """The finding points at the name; without a header line the name is not written."""
    text = CSV.replace("charset: utf-8", "charset: tcvn3").replace("Trục", "truc")
    text = text.replace("SoKyHieu", "文")
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, text)
    (finding,) = caught.value.findings
    assert finding.code == codes.CHARSET.code
    assert finding.place.startswith(f"{tmp_path / 'connector.yaml'}:9:")
    opened(tmp_path, text, ("format: csv", "format: csv\n  header: false"))
