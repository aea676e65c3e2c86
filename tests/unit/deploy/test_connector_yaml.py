"""The sample configuration names every setting, and works."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from connector.cli.app import app
from connector.clock import SystemClock
from connector.config.node import NodeConfig, load_node
from connector.config.secrets import SecretRef
from connector.sinks.settings import FolderSettings, SqlSettings
from connector.trust.pki import new_dev_pki
from connector.trust.settings import KEY_MODELS

SAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "connector.yaml"
# Their keys are columns of somebody's table, or the settings of any kind of source.
FREE = {"columns", "constants", "status_source", "status_sink"}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the settings models inside a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def names_below(model: type[BaseModel]) -> set[str]:
    """Return the names of all settings of a model and of the models in it."""
    if model is SecretRef:
        return set()
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            names |= names_below(inner)
    return names


EXTRA = {
    "agencies": set().union(*map(names_below, KEY_MODELS.values())),
    "sinks": names_below(FolderSettings) | names_below(SqlSettings),
}
SECTIONS = {
    name: EXTRA.get(name, set()).union(*map(names_below, models_in(field.annotation)))
    for name, field in NodeConfig.model_fields.items()
}


def sections(text: str) -> dict[str, str]:
    """Return the text below each top-level setting."""
    found = re.split(r"(?m)^([a-z_]+):", text)
    return dict(zip(found[1::2], found[2::2], strict=True))


def keys(section: str) -> set[str]:
    """Return every key that is written in a section, commented out or not."""
    lines, skipped = [], None
    for line in section.splitlines():
        found = re.match(r"[ #-]*(?=\S)", line)
        depth = len(found[0]) if found else 0
        if skipped is not None and depth > skipped:
            continue
        head = line[depth:].partition(":")[0]
        skipped = depth if head in FREE else None
        lines.append(f"{head}:" if head in FREE else line)
    return set(
        re.findall(r"(?:^[ #-]*|[{,] ?)([a-z][a-z0-9_]*):(?=\s|$)", "\n".join(lines), re.MULTILINE)
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_in_the_sample(section: str) -> None:
    """A setting that exists stands in its section of the sample, commented out or not."""
    written = sections(SAMPLE.read_text(encoding="utf-8"))
    assert section in written
    assert SECTIONS[section] - keys(written[section]) == set()


@pytest.mark.parametrize("section", SECTIONS)
def test_the_sample_names_no_setting_that_does_not_exist(section: str) -> None:
    """What the sample shows, even commented out, is a setting of that section."""
    written = sections(SAMPLE.read_text(encoding="utf-8"))[section]
    references = {section, "file", "env", "credential"}
    assert keys(written) - SECTIONS[section] - references == set()


def test_defaults_in_the_sample_are_the_real_ones() -> None:
    """The numbers that the sample shows are the defaults."""
    sample = load_node(SAMPLE)
    for part in ("broker", "limits", "retry", "metrics", "log"):
        settings = getattr(sample, part)
        for name, field in type(settings).model_fields.items():
            if isinstance(field.default, int | float):
                assert getattr(settings, name) == field.default, name
    assert sample.poll_seconds == NodeConfig.model_fields["poll_seconds"].default


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return the sample in a directory with the keys, trust and secret that it names."""
    new_dev_pki(tmp_path / "pki", [("G22", "Văn phòng Chính phủ")], clock=SystemClock())
    shutil.copytree(tmp_path / "pki" / "keys", tmp_path / "keys")
    shutil.copytree(tmp_path / "pki" / "anchors", tmp_path / "trust" / "anchors")
    shutil.copy(tmp_path / "pki" / "registry.yaml", tmp_path / "trust" / "registry.yaml")
    secret = tmp_path / "secrets" / "g22-broker"
    secret.parent.mkdir(mode=0o700)
    secret.touch(0o600)
    secret.write_text("a-throw-away-password\n", encoding="utf-8")
    config = tmp_path / "connector.yaml"
    text = SAMPLE.read_text(encoding="utf-8").replace("/var/lib/connector", str(tmp_path / "state"))
    config.write_text(text, encoding="utf-8")
    return config


def test_lint_passes_on_the_sample(installed: Path) -> None:
    """On a machine with keys and secrets in place the sample has no finding."""
    result = CliRunner().invoke(app, ["lint", "--node", str(installed)])
    assert (result.exit_code, result.stdout) == (0, "")


def test_lint_tells_what_the_sample_lacks(installed: Path) -> None:
    """Without the key file the same sample is refused, at that file."""
    (installed.parent / "keys" / "g22.key").unlink()
    result = CliRunner().invoke(app, ["lint", "--node", str(installed)])
    assert result.exit_code == 1
    assert "keys/g22.key" in result.stdout
