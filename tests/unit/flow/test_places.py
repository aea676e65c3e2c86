"""Two things of a node never share a place on the disk; `lint --node` tells it, `run` refuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from prometheus_client import CollectorRegistry

from connector.clock import ManualClock
from connector.config.node import load_node
from connector.errors import ConfigError, Finding, Severity
from connector.events import Emitter
from connector.flow.node import open_node
from connector.flow.node_checks import check_node
from connector.trust.pki import DevPki
from tests.unit.flow.conftest import files_of

CONFIG = """\
config_version: 1
environment: test
state_dir: {state}
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    serves: [G22, G22.01]
    key: {{type: pem, key_file: "{key}", certificate_file: "{certificate}"}}
    broker_password: {{file: password}}
{status}trust: {{anchors_dir: "{anchors}", registry_file: "{registry}"}}
broker: {{url: "amqp://127.0.0.1:5672/x"}}
adapters: [{adapters}]
sinks: [{sinks}]
"""
FOLDER = "{type: folder, directory: %s}"
STATUS = "    status_sink: {type: csv, path: %s}\n"

Made = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, pki: DevPki, adapter: Path) -> Made:
    """Write the configuration of a node with given sinks, adapters, state and status sink."""
    (tmp_path / "password").write_text("x", encoding="ascii")
    (tmp_path / "password").chmod(0o600)

    def written(
        *sinks: str, state: str = "state", adapters: str = adapter.name, status: str = ""
    ) -> Path:
        path = tmp_path / "connector.yaml"
        text = CONFIG.format(
            **files_of(pki),
            sinks=", ".join(sinks),
            state=state,
            adapters=adapters,
            status=STATUS % status if status else "",
        )
        path.write_text(text, encoding="utf-8")
        return path

    return written


def found(config: Path) -> list[Finding]:
    """Return what lint says of a node, but for the sinks that most of these tests leave out."""
    findings = check_node(load_node(config), ManualClock())
    return [finding for finding in findings if finding.code != "EDX-1125"]


def codes_of(config: Path) -> list[str]:
    """Return the codes of what lint says of a node."""
    return [finding.code for finding in found(config)]


def refused(config: Path) -> tuple[Finding, ...]:
    """Return with what a node is not opened, nothing having appeared on the disk."""
    before = sorted(config.parent.rglob("*"))
    with pytest.raises(ConfigError) as refusal:
        open_node(
            load_node(config), clock=ManualClock(), emitter=Emitter(CollectorRegistry())
        ).close()
    assert sorted(config.parent.rglob("*")) == before
    return refusal.value.findings


def place_of(config: Path, text: str) -> str:
    """Return the place at which a value stands for the last time."""
    before = config.read_text("utf-8").rpartition(f": {text}")[0] + ": "
    return f"{config}:{before.count(chr(10)) + 1}:{len(before.rpartition(chr(10))[2]) + 1}"


@pytest.mark.parametrize("second", ["den", "./x/../den", "link", "{here}/den"])
def test_two_sinks_in_one_directory(make: Made, tmp_path: Path, second: str) -> None:
    """The second would find every document there already, and never write its own index."""
    for name in ("x", "den"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("den")
    second = second.format(here=tmp_path)
    other = FOLDER.replace("directory", "serves: [G22.01], directory") % second
    config = make(FOLDER % "den", other)
    (finding,) = found(config)
    assert (finding.code, finding.severity) == ("EDX-1111", Severity.ERROR)
    assert finding.place == place_of(config, f"{second}}}")
    assert refused(config) == (finding,)


def test_sinks_that_keep_apart(make: Made, adapter: Path) -> None:
    """Neighbours of one another, of the state and of the adapter are no mistake."""
    sinks = ("den", "den2", f"{adapter.name}/den", "state/den")
    assert codes_of(make(*(FOLDER % sink for sink in sinks))) == []


@pytest.mark.parametrize(
    "directory",
    [
        *("state", "state/spool/den", "anchors", "anchors/den", "keys", "."),
        *("adapter/export", "adapter/export/den", "adapter/files/den"),
    ],
)
def test_sink_in_a_place_of_the_node_itself(
    make: Made, pki: DevPki, tmp_path: Path, directory: str
) -> None:
    """Nobody who takes documents finds state, keys or anchors there, and no document goes out."""
    path = directory.replace("anchors", str(pki.anchors_dir))
    path = path.replace("keys", str(pki.key_file("G22").parent))
    config = make(FOLDER % path)
    (finding,) = found(config)
    assert (finding.code, finding.severity) == ("EDX-1112", Severity.ERROR)
    assert finding.place == place_of(config, f"{path}}}")
    assert refused(config) == (finding,)
    assert tmp_path.is_dir()


@pytest.mark.parametrize("state", ["adapter/export", "adapter/export/state", "adapter/files/s"])
def test_state_in_an_export(make: Made, state: str) -> None:
    """An export is written by others, and records may name the files beside it."""
    config = make(state=state)
    (finding,) = found(config)
    assert (finding.code, finding.place) == ("EDX-1113", place_of(config, state))
    assert refused(config) == (finding,)


def test_export_in_the_state(make: Made, tmp_path: Path) -> None:
    """What stands in the state directory is the node's alone, a single file too."""
    config = make(state=".")
    assert codes_of(config) == ["EDX-1113"]
    change_source(tmp_path / "adapter", "export/*.csv", "export/di.csv")
    (finding,) = refused(config)
    assert "g22-van-ban-di" in finding.en


def test_export_of_one_file_beside_the_state(make: Made, tmp_path: Path) -> None:
    """A file's directory is not the export, so everything may stand in one directory."""
    change_source(tmp_path / "adapter", "export/*.csv", "export/di.csv")
    assert codes_of(make(FOLDER % "adapter/export/den", state="adapter/export/state")) == []


def change_source(directory: Path, before: str, after: str) -> None:
    """Change a text of an adapter that stands there once."""
    path = directory / "adapter.yaml"
    text = path.read_text("utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("path", ["../adapter/export/*.csv", "mau/*.csv", "mau.csv", "mau/d*.csv"])
def test_one_export_under_two_adapters(make: Made, tmp_path: Path, path: str) -> None:
    """Every record would be taken twice: a warning, whichever way the path is written."""
    twin = tmp_path / "twin"
    twin.mkdir()
    text = (tmp_path / "adapter" / "adapter.yaml").read_text("utf-8")
    text = text.replace("export/*.csv", path).replace("attachments_directory: files", "")
    text = text.replace("name: g22-van-ban-di", "name: twin")
    (twin / "adapter.yaml").write_text(text, encoding="utf-8")
    (twin / "mau").symlink_to("../adapter/export")
    (twin / "mau.csv").symlink_to("../adapter/export/di.csv")
    config = make(adapters="adapter, twin")
    (finding,) = found(config)
    assert (finding.code, finding.severity) == ("EDX-1114", Severity.WARNING)
    assert finding.place.startswith(f"{twin}/adapter.yaml:5:")
    emitter = Emitter(CollectorRegistry())
    open_node(load_node(config), clock=ManualClock(), emitter=emitter).close()


def test_two_sheets_of_one_workbook(make: Made, tmp_path: Path) -> None:
    """Adapters that read other parts of one file are no mistake."""
    twin = tmp_path / "twin"
    twin.mkdir()
    for directory, sheet in ((tmp_path / "adapter", "Di"), (twin, "Mat")):
        text = (tmp_path / "adapter" / "adapter.yaml").read_text("utf-8")
        source = text[text.index("source:") : text.index("key:")]
        other = f"source: {{type: excel, path: ../so.xlsx, sheet: {sheet}}}\n"
        text = text.replace(source, other).replace("g22-van-ban-di", f"g22-{sheet.lower()}")
        (directory / "adapter.yaml").write_text(text, encoding="utf-8")
    text = (twin / "adapter.yaml").read_text("utf-8")
    (twin / "adapter.yaml").write_text(text.replace("name: g22-di", "name: g22-mat"), "utf-8")
    assert codes_of(make(adapters="adapter, twin")) == []


def test_status_file_that_is_good(make: Made, tmp_path: Path) -> None:
    """Absent in a directory that is there, or a plain file, is no mistake."""
    assert codes_of(make(status="ra.csv")) == []
    (tmp_path / "ra.csv").touch()
    assert codes_of(make(status="ra.csv")) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("away/ra.csv", "EDX-1115"),
        ("adapter", "EDX-1116"),
        ("pipe", "EDX-1116"),
        ("connector.yaml", "EDX-1117"),
        ("password", "EDX-1117"),
        ("key", "EDX-1117"),
        ("state/store.db", "EDX-1117"),
        ("state/spool/ra.csv", "EDX-1117"),
        ("adapter/adapter.yaml", "EDX-1117"),
        ("adapter/export/ra.csv", "EDX-1118"),
        ("adapter/export/other", "EDX-1118"),
    ],
)
def test_status_file_that_cannot_be(make: Made, tmp_path: Path, path: str, code: str) -> None:
    """It must be a plain file of its own, in a directory that is there, and not be sent out."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "state" / "spool").mkdir(parents=True)
    (tmp_path / "adapter" / "export" / "other").symlink_to("di.csv")
    (tmp_path / "key").symlink_to(load_node(make()).key_section(0).get(("key_file",)))
    config = make(status=path)
    assert [(each.code, each.place) for each in found(config)] == [(code, place_of(config, path))]


def test_status_file_that_may_not_be_written(make: Made) -> None:
    """A file that this user may not write is told."""
    with TemporaryDirectory() as directory:  # others may not search those of the tests
        Path(directory).chmod(0o755)
        path = Path(directory) / "ra.csv"
        path.touch(0o444)
        config = load_node(make(status=str(path)))
        if os.getuid() == 0:
            os.seteuid(65534)
        try:
            findings = list(check_node(config, ManualClock()))
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
    assert "EDX-1119" in [finding.code for finding in findings]


def test_one_status_file_for_two_agencies(make: Made, tmp_path: Path) -> None:
    """Their changes would be mixed, whichever way the path is written."""
    (tmp_path / "link").symlink_to("ra.csv")
    config = make(status="ra.csv")
    text = config.read_text("utf-8")
    second = "  - {code: G09, name: Bộ Nội vụ, status_sink: {type: csv, path: link}}\n"
    config.write_text(text.replace("trust: ", f"{second}trust: "), encoding="utf-8")
    (finding,) = found(config)
    assert (finding.code, finding.place) == ("EDX-1120", place_of(config, "link}}"))


def test_status_file_that_is_the_source_of_states(make: Made, tmp_path: Path) -> None:
    """What the node writes is never read as what the legacy system says."""
    (tmp_path / "ra.csv").write_text("id;tt\n", encoding="ascii")
    config = make(status="ra.csv")
    source = (
        "    status_source: {source: {type: csv, path: ra.csv, delimiter: ';'}, id: id, "
        "status: tt, table: {a: ignore}}\n"
    )
    text = config.read_text("utf-8")
    config.write_text(text.replace("    status_sink", f"{source}    status_sink"), "utf-8")
    assert codes_of(config) == ["EDX-1118"]
