from __future__ import annotations

import datetime as dt
import random
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Previewed, Terminal

KEYS = {"place", "file", "packet_id", "document_id", "code", "subject", "receivers", "findings"}


def test_preview_of_an_example_is_sound(terminal: Terminal, example: Path, tmp_path: Path) -> None:
    """Packets of every example are valid and verify by the PKI that preview made."""
    out = tmp_path / "out"
    said = terminal.run("preview", example, "--out", out, "--json")
    assert said.status == 0
    assert all(set(row) == KEYS for row in said.data)
    files = [row["file"] for row in said.data if row["file"]]
    assert len(files) >= 3
    assert sorted(str(path) for path in out.glob("*.edxml")) == sorted(files)
    assert f"--trust {out / 'dev-pki'}" in said.err
    for file in files:
        assert terminal.run("validate", file).status == 0
        verdict = terminal.run("verify", "--trust", out / "dev-pki", "--json", file)
        assert verdict.status == 0
        assert verdict.data["verdict"] == "valid"
        assert verdict.data["signer"]["agencies"] == [verdict.data["sender"]]
        assert {stage["outcome"] for stage in verdict.data["stages"]} == {"passed"}


def test_preview_refuses_with_reasons(terminal: Terminal, example: Path, tmp_path: Path) -> None:
    """A secret record gives findings instead of a file, and nothing of its content is shown."""
    said = terminal.run("preview", example, "--out", tmp_path / "out", "--json")
    secret = [row for row in said.data if row["findings"] and row["document_id"] is None]
    assert "EDX-1201" in {finding["code"] for row in secret for finding in row["findings"]}
    assert all(row["subject"] is None and row["file"] is None for row in secret)


def test_preview_explains_each_field(terminal: Terminal, adapter: Path, tmp_path: Path) -> None:
    """--explain tells column, raw value and each step of a field, as text and as JSON."""
    options = ("--limit", 1, "--explain", "--out", tmp_path / "out")
    (row,) = terminal.run("preview", adapter, *options, "--json").data
    fields = {field["field"]: field for field in row["fields"]}
    assert fields["promulgation.date"]["column"] == "NgayBanHanh"
    assert fields["promulgation.date"]["raw"] == "12/07/2018"
    assert fields["promulgation.date"]["steps"][-1]["transform"] == "date"
    assert fields["promulgation.date"]["place"].startswith("export/van-ban-di-1.csv:2")
    text = terminal.run("preview", adapter, *options).out
    assert "promulgation.date ← export/van-ban-di-1.csv:2 [NgayBanHanh]: '12/07/2018'" in text


def test_preview_leaves_signals_as_they_were(
    terminal: Terminal, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only while it works in a temporary directory it clears up after SIGTERM and SIGHUP."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ends = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(each) for each in ends]
    assert terminal.run("preview", adapter, "--limit", 1).status == 0
    assert [signal.getsignal(each) for each in ends] == before
    (kept,) = tmp_path.glob("connector-preview-*")
    assert list(kept.glob("*.edxml"))


def test_preview_is_repeatable(terminal: Terminal, adapter: Path, tmp_path: Path) -> None:
    """Twice the same records are the same packets, signed by the same key."""
    first = terminal.run("preview", adapter, "--out", tmp_path, "--json")
    again = terminal.run("preview", adapter / "adapter.yaml", "--out", tmp_path, "--json")
    assert again.data == first.data
    assert len(list(tmp_path.glob("*.edxml"))) == len([r for r in first.data if r["file"]])


def test_two_adapters_into_one_directory(terminal: Terminal, tmp_path: Path) -> None:
    """A second agency gets a development PKI of its own instead of the first one's key."""
    from connector import resources

    for name, pki in (("g22-csv-tcvn3", "dev-pki"), ("g09-excel", "dev-pki-g09")):
        example = resources.examples_dir() / name
        said = terminal.run("preview", example, "--limit", 1, "--out", tmp_path, "--json")
        assert said.status == 0
        (row,) = said.data
        assert terminal.run("verify", "--trust", tmp_path / pki, row["file"]).status == 0


def test_preview_without_any_usable_record(
    terminal: Terminal, adapter: Path, tmp_path: Path
) -> None:
    """If every record is refused the status is 65."""
    for file in (adapter / "files").rglob("*.pdf"):
        file.unlink()
    said = terminal.run("preview", adapter, "--out", tmp_path / "out", "--json")
    assert said.status == 65
    assert {row["file"] for row in said.data} == {None}


def test_preview_where_it_may_not_write(terminal: Terminal, adapter: Path) -> None:
    """A directory that cannot be made is 73."""
    assert terminal.run("preview", adapter, "--out", "/proc/none/here").status == 73


def test_preview_without_export(terminal: Terminal, adapter: Path) -> None:
    """An export that is not there is an unavailable source; no adapter is no input."""
    shutil.rmtree(adapter / "export")
    assert terminal.run("preview", adapter).status == 69
    assert terminal.run("preview", adapter / "none").status == 66


def test_preview_leaves_nothing_but_packets(
    terminal: Terminal, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --out the packets stay in a new directory; where there are none, no directory."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    said = terminal.run("preview", adapter, "--json")
    (target,) = temporary.iterdir()
    assert f" in {target}, " in said.err
    assert {str(path) for path in target.glob("*.edxml")} == {
        row["file"] for row in said.data if row["file"]
    }
    shutil.rmtree(target)
    for file in (adapter / "files").rglob("*.pdf"):
        file.unlink()
    said = terminal.run("preview", adapter)
    assert (said.status, "0 packets, " in said.err) == (65, True)
    shutil.rmtree(adapter / "export")
    assert terminal.run("preview", adapter).status == 69
    assert list(temporary.iterdir()) == []


def test_validate_tells_what_is_wrong(terminal: Terminal, previewed: Previewed) -> None:
    """A packet with an impossible value is 65, with code and readable path."""
    data = previewed.packet.read_bytes()
    bad = previewed.packet.with_name("bad.edxml")
    bad.write_bytes(re.sub(rb"(<edXML:PromulgationDate>)[^<]*", rb"\g<1>2019-02-30", data))
    said = terminal.run("validate", "--json", bad)
    assert said.status == 65
    assert said.data["valid"] is False
    assert "PromulgationDate" in said.data["findings"][0]["place"]
    text = terminal.run("validate", bad)
    assert (text.status, text.out) == (65, "")
    assert said.data["findings"][0]["vi"] in text.err


@pytest.mark.parametrize("data", [b"", b"garbage", b"<edXML", b"<a/>", b"\xff\xfe\x00"])
def test_malformed_packets(terminal: Terminal, tmp_path: Path, data: bytes) -> None:
    """Validate and show end with 65, verify with 77, all with a finding and none with a trace."""
    file = tmp_path / "x.edxml"
    file.write_bytes(data)
    terminal.run("keys", "new-dev", tmp_path / "pki", "G22")
    for arguments, status in (
        (("validate", "--json", file), 65),
        (("show", "--json", file), 65),
        (("verify", "--trust", tmp_path / "pki", "--json", file), 77),
    ):
        said = terminal.run(*arguments)
        assert said.status == status
        assert said.data["findings"][0]["code"].startswith("EDX-")
        assert "Traceback" not in said.err
        text = terminal.run(*(part for part in arguments if part != "--json"))
        assert (text.status, "EDX-" in text.err) == (status, True)


@pytest.mark.parametrize("verb", ["validate", "show", "verify", "sign"])
def test_a_file_that_is_not_there(terminal: Terminal, tmp_path: Path, verb: str) -> None:
    """Every verb that reads a packet ends with 66 if there is none."""
    said = terminal.run(verb, tmp_path / "none.edxml")
    assert (said.status, "EDX-9010" in said.err) == (66, True)


def test_show_says_what_a_packet_says(terminal: Terminal, previewed: Previewed) -> None:
    """Number, subject and attachments come out, as text and as JSON."""
    said = terminal.run("show", "--json", previewed.packet)
    assert said.status == 0
    assert set(said.data) == {"dialect", "packet", "findings"}
    assert "VPCP-VBM" in str(said.data["packet"])
    assert "VPCP-VBM" in terminal.run("show", previewed.packet).out


def test_any_changed_byte_of_content_is_refused(
    terminal: Terminal, previewed: Previewed, tmp_path: Path
) -> None:
    """At forty places between two tags another letter or digit makes verify end with 77."""
    data = previewed.packet.read_bytes()
    start, end = data.index(b"<ds:Signature"), data.index(b"</ds:Signature>")
    inside = [
        place
        for text in re.finditer(rb">([^<]+)<", data)
        for place in range(text.start(1), text.end(1))
        if not start < place < end and chr(data[place]).isalnum() and data[place] < 128
    ]
    chance = random.Random(20180712)  # noqa: S311 - a sample, no secret
    for place in [inside[0], inside[-1], *chance.sample(inside, 38)]:
        changed = bytearray(data)
        changed[place] = ord("b") if data[place] == ord("a") else ord("a")
        file = tmp_path / "changed.edxml"
        file.write_bytes(changed)
        said = terminal.run("verify", "--trust", previewed.trust, "--json", file)
        assert said.status == 77, place
        assert said.data["verdict"] == "refused"
        assert said.data["findings"]


def test_verify_trusts_only_what_it_is_told_to(
    terminal: Terminal, previewed: Previewed, tmp_path: Path
) -> None:
    """Another PKI of the same agency, and the same one years later, refuse the packet."""
    terminal.run("keys", "new-dev", tmp_path / "other", "G22")
    other = terminal.run("verify", "--trust", tmp_path / "other", "--json", previewed.packet)
    assert other.status == 77
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(days=4000)).isoformat()
    args = ("verify", "--trust", previewed.trust, previewed.packet, "--at")
    said = terminal.run(*args, later)
    assert said.status == 77
    assert "certificate" in said.out
    assert terminal.run(*args, dt.datetime.now(dt.UTC).isoformat()).status == 0


def test_verify_without_trust(terminal: Terminal, previewed: Previewed, tmp_path: Path) -> None:
    """A trust directory or a configuration that is not there is no refusal of the packet: 66."""
    for option in ("--trust", "--config"):
        said = terminal.run("verify", option, tmp_path / "none", previewed.packet)
        assert said.status == 66


def test_sign_by_hand(terminal: Terminal, previewed: Previewed, tmp_path: Path) -> None:
    """A packet signed with a given key verifies; the file is never overwritten."""
    terminal.run("keys", "new-dev", tmp_path / "pki", "G22")
    keys = tmp_path / "pki" / "keys"
    command = ("sign", "--key", keys / "g22.key", "--certificate", keys / "g22.crt")
    said = terminal.run(*command, previewed.packet)
    assert said.status == 0
    signed = previewed.packet.with_suffix(".signed.edxml")
    assert str(signed) in said.err
    assert terminal.run("verify", "--trust", tmp_path / "pki", signed).status == 0
    assert terminal.run("verify", "--trust", previewed.trust, signed).status == 77
    again = terminal.run(*command, previewed.packet)
    assert (again.status, "EDX-9011" in again.err) == (73, True)


def test_sign_refuses_a_bad_packet(terminal: Terminal, tmp_path: Path) -> None:
    """What is not valid is not signed."""
    file = tmp_path / "x.edxml"
    file.write_bytes(b"<a/>")
    terminal.run("keys", "new-dev", tmp_path / "pki", "G22")
    keys = tmp_path / "pki" / "keys"
    said = terminal.run("sign", "--key", keys / "g22.key", "--certificate", keys / "g22.crt", file)
    assert said.status == 65
    assert list(tmp_path.glob("*.signed.edxml")) == []
