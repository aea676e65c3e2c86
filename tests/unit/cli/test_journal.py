"""`connector journal verify` and `show`: what they say of a record that was changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.store import codes, inbox, journal
from connector.store.inbox import NewMessage
from connector.store.store import Store
from tests.unit.cli.conftest import Terminal

HEAD = "0" * 64
MESSAGE = NewMessage(
    user_id="H41",
    message_id="m",
    type="document",
    queue="edoc.G22.inbox",
    body_sha256=HEAD,
    body_size=1,
    headers={},
    received_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
)
CONFIG = """config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key: {type: pem, key_file: g22.key, certificate_file: g22.crt}
trust: {anchors_dir: anchors, registry_file: registry.yaml}
broker: {url: 'amqp://g22@127.0.0.1:1'}
adapters: []
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A node that has not yet run."""
    path = tmp_path / "connector.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def store(config: Path) -> Iterator[Store]:
    """The node's store, still empty."""
    opened = Store.open(config.parent / "state", clock=SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def hashes(store: Store) -> list[str]:
    """The hashes of three entries that the node wrote."""
    with store.begin() as tx:
        return [
            journal.append(tx, "event", {"n": number}, now=store.clock.now(), packet_id="p1")
            for number in range(3)
        ]


def witnessed(directory: Path, *heads: tuple[str, object]) -> Path:
    """Write what a peer's `connector journal heads --json` prints, from agencies and heads."""
    path = directory / f"witnessed-{len(list(directory.iterdir()))}.json"
    entries = [{"agency": agency, "head": head} for agency, head in heads]
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def verify(config: Path, *files: Path) -> tuple[object, ...]:
    """Return the arguments of a check against files."""
    options = [part for file in files for part in ("--witnessed", file)]
    return ("journal", "verify", "--config", config, *options)


@pytest.mark.usefixtures("hashes")
@pytest.mark.parametrize("heads", [(), (("H41", HEAD),)])
def test_a_file_without_a_head_of_this_node_proves_nothing(
    terminal: Terminal, config: Path, tmp_path: Path, heads: tuple[tuple[str, object], ...]
) -> None:
    """Nothing was compared with it: that is a finding, in both languages with the next step."""
    file = witnessed(tmp_path, *heads)
    said = terminal.run(*verify(config, file))
    assert said.status == 1
    assert f"{codes.NO_HEAD_COMPARED.code} {file}" in said.err
    assert codes.NO_HEAD_COMPARED.hint_vi in said.err
    assert "0 witnessed heads compared, 1 finding" in said.out
    data = terminal.run(*verify(config, file), "--json").data
    assert data["compared"] == 0
    assert [each["code"] for each in data["findings"]] == [codes.NO_HEAD_COMPARED.code]


def test_how_many_heads_were_compared_is_told(
    terminal: Terminal, config: Path, tmp_path: Path, hashes: list[str]
) -> None:
    """Each head counts once, whoever saw it; a lost one is compared too."""
    first = witnessed(tmp_path, ("G22", hashes[0]), ("H41", HEAD), ("G22", hashes[0]))
    second = witnessed(tmp_path, ("G22", hashes[0]), ("G22", hashes[2]))
    said = terminal.run(*verify(config, first, second))
    assert (said.status, said.err) == (0, "")
    assert "2 witnessed heads compared, 0 findings" in said.out
    lost = witnessed(tmp_path, ("G22", HEAD))
    data = terminal.run(*verify(config, first, lost), "--json").data
    assert data["compared"] == 2
    assert [each["code"] for each in data["findings"]] == [codes.JOURNAL_HEAD_LOST.code]
    expected = ("--expected-head", hashes[1], "--json")
    assert terminal.run(*verify(config), *expected).data["compared"] == 1


def test_heads_that_a_served_unit_showed(
    terminal: Terminal, config: Path, tmp_path: Path, hashes: list[str]
) -> None:
    """A status about a unit's document is from the unit, and carries the node's one journal."""
    text = config.read_text(encoding="utf-8")
    served = text.replace("code: G22\n", "code: G22\n    serves: [G22, G22.01, G22.02]\n")
    config.write_text(served, encoding="utf-8")
    of_units = witnessed(tmp_path, ("G22.01", hashes[0]), ("G22.02", hashes[2]), ("G22.03", HEAD))
    said = terminal.run(*verify(config, of_units), "--json")
    assert (said.status, said.data["compared"], said.data["findings"]) == (0, 2, [])
    lost = witnessed(tmp_path, ("G22.01", HEAD))
    data = terminal.run(*verify(config, lost), "--json").data
    assert [each["code"] for each in data["findings"]] == [codes.JOURNAL_HEAD_LOST.code]


def test_each_file_has_to_prove_something(
    terminal: Terminal, config: Path, tmp_path: Path, hashes: list[str]
) -> None:
    """A file of nobody's heads is named, also beside one that holds ours."""
    ours, nothing = witnessed(tmp_path, ("G22", hashes[0])), witnessed(tmp_path)
    said = terminal.run(*verify(config, ours, nothing), "--json")
    assert (said.status, said.data["compared"]) == (1, 1)
    assert [each["place"] for each in said.data["findings"]] == [str(nothing)]


@pytest.mark.usefixtures("hashes")
@pytest.mark.parametrize(
    "text",
    [
        '[{"agency": "G22", "head": null}]',
        '[{"agency": "H41", "head": null}]',
        '[{"agency": "G22", "head": 5}]',
        '[{"agency": "G22", "head": "None"}]',
        '[{"agency": null, "head": "x"}]',
        '[{"agency": ["G22"], "head": "x"}]',
        '[{"agency": "G22"}]',
        '["G22"]',
        "[" * 200_000,
        '{"a":' * 200_000,
        "",
        "{}",
    ],
    ids=lambda text: text[:40],
)
def test_a_file_that_is_no_list_of_heads_is_refused(
    terminal: Terminal, config: Path, tmp_path: Path, text: str
) -> None:
    """Whatever stands in it, the refusal names the file."""
    path = tmp_path / "wrong.json"
    path.write_text(text, encoding="utf-8")
    said = terminal.run(*verify(config, path))
    assert said.status == 66
    assert f"{codes.HEADS_UNREADABLE.code} {path}" in said.err


@pytest.mark.usefixtures("store")
def test_a_fresh_node_has_nothing_to_find(terminal: Terminal, config: Path) -> None:
    """A journal without entries is whole as long as nothing was done."""
    said = terminal.run(*verify(config))
    assert (said.status, said.err) == (0, "")
    assert terminal.run("journal", "show", "--config", config).status == 0


DAMAGE = [
    ("at", "'yesterday'", "yesterday"),
    ("at", "x'ff'", "x'ff'"),
    ("at", "'2026-01-05T01:00:00'", "2026-01-05T01:00:00"),
    ("at", "'9999-12-31T23:59:59.000000+00:00'", "9999-12-31T23:59:59.000000+00:00"),
    ("at", "'0001-01-01T00:00:00.000000+14:00'", "0001-01-01T00:00:00.000000+14:00"),
    ("facts", "'[1]'", "[1]"),
    ("facts", "'nonsense'", "nonsense"),
    ("facts", "x'ff00'", "x'ff00'"),
    ("facts", "'{\"n\":1e999}'", '{"n":1e999}'),
    ("facts", "'" + "[" * 100_000 + "'", "[" * 100_000),
    ("facts", '\'{"n":' + "[" * 900 + "]" * 900 + "}'", '{"n":' + "[" * 900 + "]" * 900 + "}"),
    ("event", "x'ff'", "x'ff'"),
    ("packet_id", "x'ff'", "x'ff'"),
    ("hash", "x'ff'", "x'ff'"),
    ("at", "CAST(x'ff' AS TEXT)", "x'ff'"),
    ("event", "CAST(x'41c3' AS TEXT)", "x'41c3'"),
    ("packet_id", "CAST(x'ff' AS TEXT)", "x'ff'"),
    ("facts", "CAST(x'7b7dff' AS TEXT)", "x'7b7dff'"),
    ("hash", "CAST(x'ff' AS TEXT)", "x'ff'"),
]


@pytest.mark.parametrize(
    ("column", "value", "shown"), DAMAGE, ids=[f"{each[0]}={each[1][:20]}" for each in DAMAGE]
)
def test_a_damaged_entry_is_shown_as_it_stands(
    terminal: Terminal,
    config: Path,
    store: Store,
    hashes: list[str],
    *,
    column: str,
    value: str,
    shown: str,
) -> None:
    """The row is marked and raw, those beside it are as always, and the exit status is 1."""
    with store.begin() as tx:
        tx.exec_driver_sql(f"UPDATE journal SET {column} = {value} WHERE seq = 2")  # noqa: S608
    show = ("journal", "show", "--config", config)
    said = terminal.run(*show, "--json")
    assert said.status == 1
    assert f"{codes.JOURNAL_ROW_CHANGED.code} journal:2" in said.err
    assert [each["damaged"] for each in said.data] == [False, True, False]
    assert said.data[1][column] == shown
    assert [said.data[0]["facts"], said.data[2]["hash"]] == [{"n": 0}, hashes[2]]
    assert dt.datetime.fromisoformat(said.data[0]["at"]).tzinfo
    text = terminal.run(*show)
    assert text.status == 1
    lines = text.out.splitlines()
    assert ["damaged / hư hỏng" in line for line in lines] == [False, True, False]
    assert shown in lines[1]
    assert terminal.run(*show, "--after", 2).status == 0
    checked = terminal.run("journal", "verify", "--config", config, "--json")
    assert checked.status == 1
    assert codes.JOURNAL_ROW_CHANGED.code in [each["code"] for each in checked.data["findings"]]


@pytest.mark.parametrize("value", ["x'ff'", "CAST(x'ff' AS TEXT)"])
def test_a_damaged_head_is_told(
    terminal: Terminal, config: Path, store: Store, hashes: list[str], value: str
) -> None:
    """The last entry may be the damaged one: it is named, and what is written later holds on."""
    assert len(hashes) == 3
    with store.begin() as tx:
        tx.exec_driver_sql(f"UPDATE journal SET hash = {value} WHERE seq = 3")  # noqa: S608
    said = terminal.run("journal", "verify", "--config", config, "--json")
    assert (said.status, said.data["head"]) == (1, "x'ff'")
    with store.begin() as tx:
        journal.append(tx, "event", {}, now=store.clock.now())
    said = terminal.run("journal", "verify", "--config", config, "--json")
    assert [each["place"] for each in said.data["findings"]] == ["journal:3"]


@pytest.mark.usefixtures("hashes")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'yesterday'"),
        ("at", "CAST(x'ff' AS TEXT)"),
        ("event", "CAST(x'ff' AS TEXT)"),
        ("facts", "'[1]'"),
        ("facts", "'nonsense'"),
        ("facts", "CAST(x'ff' AS TEXT)"),
    ],
)
def test_a_timeline_goes_on_past_a_damaged_entry(
    terminal: Terminal, config: Path, store: Store, column: str, value: str
) -> None:
    """It stands in its place, marked, without a time; the entries beside it are as always."""
    with store.begin() as tx:
        inbox.receive(tx, MESSAGE)
        tx.exec_driver_sql("UPDATE journal SET packet_id = ?", (MESSAGE.message_key,))
        tx.exec_driver_sql(f"UPDATE journal SET {column} = {value} WHERE seq = 2")  # noqa: S608
    shown = ("status", "--config", config, MESSAGE.message_key)
    (found,) = terminal.run(*shown, "--json").data
    events = [(each["event"], each["at"] is None) for each in found["events"]]
    assert events == [("event", False), ("damaged / hư hỏng", True), ("event", False)]
    said = terminal.run(*shown)
    assert said.status == 0
    assert "damaged / hư hỏng" in said.out


def test_a_damaged_entry_does_not_write_to_the_terminal(
    terminal: Terminal, config: Path, store: Store, hashes: list[str]
) -> None:
    """Control characters that somebody put in are shown, not obeyed."""
    assert len(hashes) == 3
    with store.begin() as tx:
        tx.exec_driver_sql("UPDATE journal SET at = 'x' || char(27, 10) || '[2J' WHERE seq = 2")
    said = terminal.run("journal", "show", "--config", config)
    assert "\x1b" not in said.out
    assert len(said.out.splitlines()) == 3
