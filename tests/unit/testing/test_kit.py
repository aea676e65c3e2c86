"""Hostile source, golden files and throw-away PKI do what adapter authors rely on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.errors import ConfigError, ConnectorError
from connector.flow.adapters.adapter import Adapter
from connector.flow.adapters.dry_run import dry_run
from connector.model.content import read_all
from connector.resources import examples_dir
from connector.sources.base import Source
from connector.testing.golden import UPDATE, adapter_at, check_adapter, check_golden, updating
from connector.testing.hostile import HOSTILE_CELLS, ChangingContent, HostileSource
from connector.testing.pki import throw_away_pki
from connector.testing.verdicts import raises

EXAMPLE = "g22-csv-tcvn3"


@dataclass(frozen=True)
class Besieged(Adapter):
    """An adapter whose export means no good."""

    source: HostileSource | None = None

    def open_source(self) -> Source:
        """Open the hostile source."""
        assert self.source is not None
        return self.source


def besieged() -> Besieged:
    """Return a shipped adapter over records that are spoiled in one cell each."""
    adapter = adapter_at(examples_dir() / EXAMPLE)
    source = adapter.open_source()
    good = next(iter(source.read(None))).records[0]
    source.close()
    return Besieged(
        **{name: getattr(adapter, name) for name in Adapter.__dataclass_fields__},
        source=HostileSource(good.values),
    )


def test_an_adapter_withstands_the_hostile_source() -> None:
    """Every spoiled record is a packet or is refused with findings; nothing else comes of it."""
    adapter = besieged()
    assert adapter.source is not None
    runs = list(dry_run(adapter, now=ManualClock().now()))

    assert len(runs) == len(list(adapter.source.records())) + 1
    assert runs[0].packet is not None
    refused = [run for run in runs if run.packet is None]
    assert len(refused) > len(runs) // 2
    assert all(run.findings and run.findings[0].vi for run in refused)


def test_the_hostile_source_gives_everything_once() -> None:
    """It reads like any source, so that a whole corridor can be put behind it."""
    source = HostileSource({"a": "x", "b": "y"})
    batches = list(source.read(None, batch_size=7))
    records = [record for batch in batches for record in batch.records]

    assert len(records) == 1 + 2 * len(HOSTILE_CELLS) + 2 + 1
    assert list(source.read(batches[-1].cursor)) == []
    assert source.columns() == ("a", "b")
    assert [len(batch.refusals) for batch in batches][-1] == 1


def test_content_that_changes() -> None:
    """Each reading gives other bytes than the digest says."""
    content = ChangingContent()

    assert read_all(content) != read_all(content)


def test_check_adapter_runs_lint_and_tests(tmp_path: Path) -> None:
    """The shipped example passes; a wrong word in it does not, and the finding is told."""
    directory = tmp_path / EXAMPLE
    shutil.copytree(examples_dir() / EXAMPLE, directory)
    assert check_adapter(directory) == 4

    file = directory / "adapter.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("column: TrichYeu", "column: TrichYeuu"), encoding="utf-8")
    with pytest.raises(AssertionError, match="TrichYeuu"):
        check_adapter(directory)
    file.write_text(good.replace("value: Hà Nội", "value: Huế"), encoding="utf-8")
    with pytest.raises(AssertionError, match="Huế"):
        check_adapter(directory)
    check_adapter(directory, update=True)
    check_adapter(directory)


def test_golden_files(tmp_path: Path) -> None:
    """A difference is shown by element; a file is renewed only when that is asked for."""
    golden = tmp_path / "new" / "a.edxml"
    with pytest.raises(AssertionError):
        check_golden(b"<a><b>1</b></a>", golden, update=False)
    check_golden(b"<a><b>1</b></a>", golden, update=True)
    check_golden(b"<a><b>1</b></a>", golden)
    with pytest.raises(AssertionError, match=r"-<b>1</b>"):
        check_golden(b"<a><b>2</b></a>", golden, update=False)
    assert updating({UPDATE: "1"})
    assert not updating({})


def test_the_pki_signs_and_is_trusted(tmp_path: Path) -> None:
    """Keys of the agencies that were named, and the trust in them."""
    pki = throw_away_pki(tmp_path / "pki", "G22", "H41")

    assert pki.key("G22").certificate != pki.key("H41").certificate
    assert pki.trust() is not None
    with pytest.raises(ConnectorError):
        pki.key("G09")
    with pytest.raises(ConfigError):
        throw_away_pki(tmp_path / "pki", "G22")


def test_raises_wants_the_right_error() -> None:
    """No error, and another one, are told."""
    with pytest.raises(AssertionError, match="no error"), raises(ConfigError, "rule"):
        pass
    with pytest.raises(AssertionError, match="KeyError"), raises(ConfigError, "rule"):
        raise KeyError("x")
    with pytest.raises(AssertionError, match="finding"), raises(ConfigError, "rule"):
        raise ConfigError
