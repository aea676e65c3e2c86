"""Every example directory: lint, test and preview end well, and the packets validate and verify."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from connector.cli.app import run_program
from connector.resources import examples_dir
from connector.sources.registry import BUILT_IN, kinds
from connector.testing.golden import adapter_at, check_adapter

EXAMPLES = sorted(path.parent.name for path in examples_dir().glob("*/adapter.yaml"))
SAMPLES = sorted(path.parent.name for path in examples_dir().glob("*/adapter.sample.yaml"))
REGISTERS = sorted(name for name in EXAMPLES if name.startswith("register-"))
STAND_IN = """#!{python}
import pathlib, sys
sys.stdout.buffer.write(pathlib.Path(sys.argv[-2]).with_name("VanBanDi.csv").read_bytes())
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[object]:
    """Give what runs a command line and returns its output; any status but 0 fails the test."""

    def command(*arguments: object) -> str:
        with pytest.raises(SystemExit) as ended:
            run_program([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert ended.value.code == 0, f"{arguments}\n{out}\n{err}"
        return out

    yield command
    structlog.reset_defaults()
    for handler in tuple(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)


@pytest.fixture
def adapter(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give a copy of an example, with its server or program where it needs one."""
    directory = tmp_path / request.param
    shutil.copytree(examples_dir() / request.param, directory)
    sample = directory / "adapter.sample.yaml"
    if sample.exists():
        sample.rename(directory / "adapter.yaml")
    if request.param == "access":
        (directory / "qlvb.mdb").write_bytes(b"stands for a database")
        program = tmp_path / "bin" / "mdb-export"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
    if request.param != "rest":
        yield directory
        return
    monkeypatch.setenv("QLVB_TOKEN", "mau-token")
    command = [sys.executable, str(directory / "server.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        monkeypatch.setenv("QLVB_URL", f"http://127.0.0.1:{server.stdout.readline().strip()}")
        try:
            yield directory
        finally:
            server.terminate()


@pytest.mark.parametrize("adapter", [*EXAMPLES, *SAMPLES], indirect=True)
def test_an_example_is_right(adapter: Path, run: object, tmp_path: Path) -> None:
    """As its reader would go through it: lint, test, preview, validate, verify."""
    assert callable(run)
    run("lint", adapter)
    told = json.loads(run("test", "--json", adapter))
    assert len(told) >= 3
    found = json.loads(run("preview", adapter, "--json", "--out", tmp_path / "out"))
    packets = [one["file"] for one in found if one["file"]]
    assert len(packets) >= 3
    for one in found:
        assert bool(one["file"]) != bool(one["findings"])
    for packet in packets:
        run("validate", packet)
        run("verify", "--trust", tmp_path / "out" / "dev-pki", packet)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_kit_agrees(name: str) -> None:
    """`connector.testing` says the same of the examples as the command line."""
    assert check_adapter(examples_dir() / name, update=False) >= 3


def test_every_kind_has_an_example() -> None:
    """A kind of source cannot be forgotten here; Odoo needs an Odoo, and stands in the cookbook."""
    used = set()
    for name in (*EXAMPLES, *SAMPLES):
        for file in (examples_dir() / name).glob("adapter*.yaml"):
            text = file.read_text(encoding="utf-8")
            used |= {kind for kind in kinds() if f"type: {kind}\n" in text}

    assert used == set(BUILT_IN) - {"odoo"}


def test_a_register_gives_the_same_packets_from_every_source() -> None:
    """The ten columns of NĐ 30/2020 PL IV in Excel, TCVN3, VNI and SQL: not a byte differs."""
    assert len(REGISTERS) == 4
    packets = {
        name: [
            path.read_bytes()
            for path in sorted((examples_dir() / name / "expected").glob("*.edxml"))
        ]
        for name in REGISTERS
    }
    first = packets[REGISTERS[0]]

    assert len(first) == 3
    assert all(found == first for found in packets.values())


@pytest.mark.parametrize("name", REGISTERS)
def test_a_register_has_the_columns_of_the_decree(name: str) -> None:
    """Ten of them, in their order, and no other but a key of the database."""
    source = adapter_at(examples_dir() / name).open_source()
    columns = [column for column in source.columns() if column != "id"]
    source.close()

    assert columns == [
        "Số, ký hiệu văn bản",
        "Ngày tháng văn bản",
        "Tên loại và trích yếu nội dung văn bản",
        "Người ký",
        "Nơi nhận văn bản",
        "Đơn vị, người nhận bản lưu",
        "Số lượng bản",
        "Ngày chuyển",
        "Ký nhận",
        "Ghi chú",
    ]


def test_the_samples_can_be_made_again(tmp_path: Path) -> None:
    """The script writes the same bytes as stand there."""
    copy = tmp_path / "examples"
    shutil.copytree(examples_dir(), copy)
    subprocess.run([sys.executable, str(copy / "make_samples.py")], check=True)

    before, after = (
        {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        for root in (examples_dir(), copy)
    )
    assert {name for name in before if before[name] != after.get(name)} == set()
    assert set(after) == set(before)
