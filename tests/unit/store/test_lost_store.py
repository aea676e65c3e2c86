from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.clock import ManualClock
from connector.errors import ConfigError, NoInputError
from connector.store import codes, migrate
from connector.store.engine import FILE_NAME, connect
from connector.store.spool import Spool
from connector.store.store import Store


def lose(state: Path, how: str) -> None:
    """Leave a state directory whose store is gone."""
    if how == "empty":
        (state / FILE_NAME).touch()
    elif how == "no schema":
        engines = connect(state, read_only=False)
        engines.run_outside("PRAGMA journal_mode=WAL")
        engines.dispose()
        assert (state / FILE_NAME).stat().st_size


def files_of(state: Path) -> dict[str, int]:
    """Return the files of a state directory and how long they are."""
    return {str(path): path.stat().st_size for path in state.rglob("*") if path.is_file()}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("name", ["spool", "parts"])
@pytest.mark.parametrize("how", ["absent", "empty", "no schema"])
def test_a_lost_store_beside_documents_is_not_begun_anew(
    tmp_path: Path, clock: ManualClock, how: str, name: str, *, read_only: bool
) -> None:
    """Documents that only the lost store knew are not forgotten: nothing is touched."""
    body = Spool(tmp_path / name).put(b"an acknowledged document")
    lose(tmp_path, how)
    before = files_of(tmp_path)
    with pytest.raises(ConfigError) as caught:
        Store.open(tmp_path, clock=clock, read_only=read_only)
    assert caught.value.code == codes.STORE_LOST.code
    (finding,) = caught.value.findings
    assert finding.place == str(tmp_path / FILE_NAME)
    assert str(body.path) in finding.en
    assert "backup" in finding.hint_en
    after = {path: size for path, size in files_of(tmp_path).items() if "-shm" not in path}
    assert {path: size for path, size in after.items() if size or path in before} == before


def test_the_log_of_a_lost_store_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    """SQLite would remove the log beside an empty file; it may be all that is left."""
    Spool(tmp_path / "spool").put(b"an acknowledged document")
    log = tmp_path / f"{FILE_NAME}-wal"
    log.write_bytes(b"what can still be read")
    (tmp_path / FILE_NAME).touch()
    with pytest.raises(ConfigError):
        Store.open(tmp_path, clock=clock)
    assert log.read_bytes() == b"what can still be read"


def test_a_url_of_the_file_is_held_to_it_too(tmp_path: Path, clock: ManualClock) -> None:
    """The file may be named by a URL."""
    Spool(tmp_path / "spool").put(b"an acknowledged document")
    with pytest.raises(ConfigError) as caught:
        Store.open(f"sqlite:///{tmp_path}/{FILE_NAME}", clock=clock)
    assert caught.value.code == codes.STORE_LOST.code


@pytest.mark.parametrize("how", ["absent", "empty", "no schema"])
def test_a_first_start_beside_empty_directories_goes_on(
    tmp_path: Path, clock: ManualClock, how: str
) -> None:
    """A process that died at its first start, or drafts of one, keep nobody from starting."""
    for name in ("spool", "parts"):
        Spool(tmp_path / name)
        (tmp_path / name / "tmp" / ("0" * 62)).write_bytes(b"a draft")
        (tmp_path / name / "ab" / "not-a-content").write_bytes(b"")
    (tmp_path / "spool" / "README").write_text("not ours")
    lose(tmp_path, how)
    opened = Store.open(tmp_path, clock=clock)
    assert opened.schema_version == migrate.newest()
    opened.close()


def test_reading_an_empty_store_beside_an_empty_spool_says_what_it_said(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Where nothing can be lost, an absent or empty store is one that was not begun yet."""
    Spool(tmp_path / "spool")
    for how in ("absent", "empty"):
        lose(tmp_path, how)
        with pytest.raises(NoInputError) as caught:
            Store.open(tmp_path, clock=clock, read_only=True)
        assert caught.value.code == codes.STORE_ABSENT.code


def test_moving_the_documents_away_begins_anew(tmp_path: Path, clock: ManualClock) -> None:
    """What the hint says works."""
    Spool(tmp_path / "state" / "spool").put(b"an acknowledged document")
    with pytest.raises(ConfigError):
        Store.open(tmp_path / "state", clock=clock)
    shutil.move(tmp_path / "state" / "spool", tmp_path / "kept")
    Store.open(tmp_path / "state", clock=clock).close()


def test_a_store_with_a_schema_looks_at_no_file(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every other start nothing is looked for, however large the spool is."""
    Store.open(tmp_path, clock=clock).close()
    Spool(tmp_path / "spool").put(b"a document")

    def look(_directory: Path) -> None:
        raise AssertionError

    monkeypatch.setattr(migrate, "content_beside", look)
    Store.open(tmp_path, clock=clock).close()
    Store.open(tmp_path, clock=clock, read_only=True).close()
