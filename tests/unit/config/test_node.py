from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connector.config.node import Environment, NodeConfig, load_node, node_json_schema
from connector.errors import ConfigError, Finding, NoInputError

MINIMAL = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - {code: G22, name: Văn phòng Chính phủ}
trust: {anchors_dir: trust/anchors}
broker: {url: "amqp://G22@localhost/", password: {env: PW}}
"""


def load(tmp_path: Path, text: str) -> NodeConfig:
    """Read a connector.yaml from tmp_path."""
    path = tmp_path / "connector.yaml"
    path.write_text(text, encoding="utf-8")
    return load_node(path)


def refused(tmp_path: Path, text: str) -> tuple[Finding, ...]:
    """Return why a connector.yaml is refused."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return caught.value.findings


def test_minimal_node_has_defaults(tmp_path: Path) -> None:
    """Six settings are enough; the rest has the documented defaults."""
    node = load(tmp_path, MINIMAL)
    assert node.environment is Environment.TEST
    assert node.state_dir == tmp_path / "state"
    assert node.served == ("G22",)
    assert node.broker.window == 64
    assert node.store.url is None
    assert node.catalogue.file is None
    assert node.retry.park_after_seconds == 259_200
    assert node.limits.max_packet_bytes == 100_000_000
    assert node.metrics is None
    assert node.log.format == "auto"


def test_full_node(tmp_path: Path) -> None:
    """All sections are read; paths count from the file's directory."""
    node = load(
        tmp_path,
        MINIMAL.replace(
            "{code: G22, name: Văn phòng Chính phủ}",
            "{code: G22, name: VPCP, serves: [G22, G22.01], organization: {email: a@b.vn},"
            " key: {type: pem, key_file: keys/g22.key}}",
        )
        + "catalogue: {file: agencies.csv}\nstore: {url: 'sqlite:///x.db'}\n"
        "adapters: [adapters/a, adapters/b]\n"
        "sinks:\n  - {type: folder, directory: in, serves: [G22.01]}\n  - {type: sql}\n"
        "retry: {first_seconds: 0.5}\nmetrics: {}\nlog: {level: debug}\n",
    )
    assert node.adapters == (tmp_path / "adapters/a", tmp_path / "adapters/b")
    assert node.catalogue.file == tmp_path / "agencies.csv"
    assert node.served == ("G22", "G22.01")
    serving = node.agency_serving("G22.01")
    assert serving is node.agency("G22")
    assert node.agency("G22.01") is None
    assert node.agency_serving("H41") is None
    assert node.sinks[0].type == "folder"
    assert node.metrics is not None
    assert node.metrics.listen == "127.0.0.1:9464"


def test_sections_of_other_rooms_keep_their_places(tmp_path: Path) -> None:
    """Key and sink settings are handed on with line and column, `serves` taken out."""
    node = load(
        tmp_path,
        MINIMAL.replace("Chính phủ}", "Chính phủ, key: {type: pem}}")
        + "sinks:\n  - {type: folder, desk: true, serves: [G22]}\n",
    )
    path = tmp_path / "connector.yaml"
    key = node.key_section(0)
    assert key.value == {"type": "pem"}
    assert key.place(("type",)).startswith(f"{path}:5:")
    sink = node.sink_section(0)
    assert sink.value == {"type": "folder", "desk": "true"}
    assert sink.place(("desk",)) == f"{path}:9:26"


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("config_version: 1", "config_version: 2", "EDX-1026", 1),
        ("environment: test", "environment: prod", "EDX-1013", 2),
        ("state_dir: state", "statedir: state", "EDX-1010", 3),
        ("code: G22", "code: 000.00.00.G22", "EDX-1028", 5),
        ("code: G22", "code: g22", "EDX-1028", 5),
        ("phủ}", "phủ, serves: [G22, x]}", "EDX-1028", 5),
        ("phủ}", "phủ}\n  - {code: G22, name: x}", "EDX-1030", 6),
        ("phủ}", "phủ, key: inline}", "EDX-1012", 5),
        ("amqp://G22@", "http://", "EDX-1015", 7),
        ("{env: PW}", "secret", "EDX-1020", 7),
        ("anchors_dir: trust/anchors", "", "EDX-1011", 6),
        ("config_version: 1", "config_version: 1\nretry: {hold_seconds: 1e300}", "EDX-1014", 2),
        ("environment: test", "environment: test\nmetrics: {listen: 'h:65536'}", "EDX-1014", 3),
        ("environment: test", "environment: test\nmetrics: {listen: 'h:99999'}", "EDX-1014", 3),
    ],
)
def test_wrong_nodes_are_refused_at_the_line(
    tmp_path: Path, old: str, new: str, code: str, line: int
) -> None:
    """Each mistake is found with its code at its line."""
    findings = refused(tmp_path, MINIMAL.replace(old, new))
    assert (code, line) in {(one.code, int(one.place.split(":")[-2])) for one in findings}


def test_no_agencies_is_refused(tmp_path: Path) -> None:
    """A node without an agency cannot do anything."""
    text = MINIMAL.replace("agencies:\n  - {code: G22, name: Văn phòng Chính phủ}", "agencies: []")
    assert [one.code for one in refused(tmp_path, text)] == ["EDX-1015"]


def test_adapter_named_twice_is_refused(tmp_path: Path) -> None:
    """One export is not read twice."""
    found = refused(tmp_path, MINIMAL + "adapters: [a, b, ./a]\n")
    assert [one.code for one in found] == ["EDX-1031"]
    assert found[0].place.endswith(":8:18")


def test_sink_for_a_foreign_code_is_refused(tmp_path: Path) -> None:
    """A sink serves only codes that the node serves."""
    found = refused(tmp_path, MINIMAL + "sinks:\n  - {type: folder, serves: [H41]}\n")
    assert [one.code for one in found] == ["EDX-1032"]


def test_password_in_the_url_is_refused_in_production(tmp_path: Path) -> None:
    """In production no password stands in the file; in test a throw-away one may."""
    text = MINIMAL.replace("amqp://G22@", "amqp://G22:pw@")
    assert load(tmp_path, text).broker.url == "amqp://G22:pw@localhost/"
    found = refused(tmp_path, text.replace("environment: test", "environment: production"))
    assert [one.code for one in found] == ["EDX-1020"]
    assert "pw" not in found[0].en


def test_absent_file_is_no_input(tmp_path: Path) -> None:
    """A node without configuration ends with 66."""
    with pytest.raises(NoInputError):
        load_node(tmp_path / "connector.yaml")


def _models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    seen.add(model)
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if part not in seen:
                _models(part, seen)
    return seen


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _parts(part)]


def test_every_setting_is_described() -> None:
    """Each setting has a Vietnamese title and an English description for the reference."""
    for model in _models(NodeConfig, set()):
        assert model.__doc__
        for name, field in model.model_fields.items():
            assert field.title, f"{model.__name__}.{name}"
            assert field.description, f"{model.__name__}.{name}"
            assert field.description.endswith("."), f"{model.__name__}.{name}"


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for item in value.values() for found in _references(item)]
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    return []


def test_json_schema_is_draft_07() -> None:
    """The schema names its dialect, resolves its own references, uses no newer keyword."""
    schema = node_json_schema()
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["title"] == "connector.yaml"
    text = str(schema)
    assert "$defs" not in text
    assert "prefixItems" not in text
    references = _references(schema)
    assert references
    for reference in references:
        assert reference.removeprefix("#/definitions/") in schema["definitions"]
    assert schema["properties"]["config_version"]["const"] == 1
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(("text", "count"), [("auto", None), ("0", 0), ("7", 7), ("32", 32)])
def test_sealing_processes(tmp_path: Path, text: str, count: int | None) -> None:
    """The machine decides how many processes seal, unless a number says so."""
    assert load(tmp_path, MINIMAL).seal_worker_count is None
    assert load(tmp_path, f"{MINIMAL}seal_workers: {text}\n").seal_worker_count == count


@pytest.mark.parametrize("text", ["33", "-1", "1.0", "many", "''", "007"])
def test_sealing_processes_are_bounded(tmp_path: Path, text: str) -> None:
    """Anything but auto and 0 to 32 is refused at its place."""
    (finding,) = refused(tmp_path, f"{MINIMAL}seal_workers: {text}\n")
    assert "connector.yaml:8:" in finding.place


@pytest.mark.parametrize(
    ("setting", "fits"),
    [
        ("part_bytes: 65536", True),
        ("part_bytes: 67108864", True),
        ("part_bytes: 65535", False),
        ("part_bytes: 67108865", False),
        ("part_bytes: 1e6", False),
        ("parts_expire_seconds: 1", True),
        ("parts_expire_seconds: 0", False),
    ],
)
def test_parts_are_bounded(tmp_path: Path, setting: str, fits: bool) -> None:
    """Packets travel in parts of 64 KiB to 64 MiB, which wait for each other for some time."""
    broker = load(tmp_path, MINIMAL).broker
    assert (broker.part_bytes, broker.parts_expire_seconds) == (4 << 20, 3 * 86_400)
    text = MINIMAL.replace("password: {env: PW}", f"password: {{env: PW}}, {setting}")
    if fits:
        load(tmp_path, text)
    else:
        (finding,) = refused(tmp_path, text)
        assert "connector.yaml:7:" in finding.place


@pytest.mark.parametrize(
    ("retry", "at"),
    [
        ("{first_seconds: 60, max_seconds: 30}", ":8:24"),
        ("{max_seconds: 3, first_seconds: 3.5}", ":8:40"),
        ("{max_seconds: 4}", ":8:8"),
        ("{first_seconds: 4000}", ":8:24"),
    ],
)
def test_first_wait_is_not_the_longest(tmp_path: Path, retry: str, at: str) -> None:
    """Waits grow: a first one above the longest is refused at its place."""
    (finding,) = refused(tmp_path, f"{MINIMAL}retry: {retry}\n")
    assert (finding.code, finding.severity.value) == ("EDX-1033", "error")
    assert finding.place.endswith(f"connector.yaml{at}")
    assert finding.hint_en
    assert finding.hint_vi


def test_waits_may_stay_the_same(tmp_path: Path) -> None:
    """A first wait that is the longest as well is one length for all."""
    retry = load(tmp_path, f"{MINIMAL}retry: {{first_seconds: 7, max_seconds: 7}}\n").retry
    assert (retry.first_seconds, retry.max_seconds) == (7, 7)
