"""Two agencies witness each other's journals: by the heads that their signed statuses carry."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.store import journal
from connector.store import tables as t
from connector.store.store import Store
from tests.integration.cli.conftest import Node, Pair

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
def witnessed(pair: Pair, tmp_path: Path) -> Path:
    """What G22 has seen of H41's journal, as a file."""
    said = pair.sender.do("journal", "heads", "--of", "H41", "--json")
    assert said.status == 0, said.err
    assert {each["agency"] for each in said.data} == {"H41"}
    path = tmp_path / "witnessed.json"
    path.write_text(said.out, encoding="utf-8")
    return path


@pytest.fixture
def copy(pair: Pair) -> Node:
    """H41's node with a copy of its state, which may be damaged."""
    directory = pair.directory
    shutil.rmtree(directory / "state-copied", ignore_errors=True)
    shutil.copytree(directory / "state-H41", directory / "state-copied")
    text = pair.receiver.config.read_text("utf-8").replace("state-H41", "state-copied")
    config = directory / "connector-copied.yaml"
    config.write_text(text, encoding="utf-8")
    return Node(config)


def test_a_whole_journal_has_all_heads_that_a_peer_saw(pair: Pair, witnessed: Path) -> None:
    """What was stated in statuses is still in the chain."""
    said = pair.receiver.do("journal", "verify", "--witnessed", witnessed, "--json")
    assert (said.status, said.data["findings"]) == (0, [])
    assert said.data["compared"] == len(
        {each["head"] for each in json.loads(witnessed.read_text())}
    )
    listed = pair.sender.do("journal", "heads", "--limit", "1")
    assert "H41" in listed.out
    assert sum(line.startswith("H41 ") for line in listed.out.splitlines()) == 1


def test_a_journal_whose_end_was_cut_off_is_found_out(copy: Node, witnessed: Path) -> None:
    """The chain alone is whole; the peer's heads are not in it any more."""
    store = Store.open(copy.config.parent / "state-copied", clock=SystemClock())
    with store.begin() as tx:
        tx.execute(t.journal.delete().where(t.journal.c.seq > 1))
    store.close()
    assert copy.do("journal", "verify").status == 0
    said = copy.do("journal", "verify", "--witnessed", witnessed, "--json")
    assert said.status == 1
    assert {each["code"] for each in said.data["findings"]} == {"EDX-5042"}


def test_a_journal_that_was_written_anew_is_found_out(copy: Node, witnessed: Path) -> None:
    """Whoever computes all hashes again cannot change what the peer has under our signature."""
    store = Store.open(copy.config.parent / "state-copied", clock=SystemClock())
    with store.begin() as tx:
        entries = journal.entries(tx, limit=10_000)
        tx.execute(t.journal.delete())
        for entry in entries:
            facts = {**entry.facts, "sender": "G99"}
            journal.append(tx, entry.event, facts, now=entry.at, packet_id=entry.packet_id)
    store.close()
    assert copy.do("journal", "verify").status == 0
    assert copy.do("journal", "verify", "--witnessed", witnessed).status == 1


def test_a_journal_that_was_emptied_is_found_out(copy: Node) -> None:
    """What the node received and sent stands beside it, so nobody has to witness anything."""
    store = Store.open(copy.config.parent / "state-copied", clock=SystemClock())
    with store.begin() as tx:
        tx.execute(t.journal.delete())
    store.close()
    said = copy.do("journal", "verify", "--json")
    assert said.status == 1
    assert [each["code"] for each in said.data["findings"]] == ["EDX-5045"]


def test_heads_of_somebody_else_prove_nothing(pair: Pair, witnessed: Path) -> None:
    """What was seen of the receiver's journal says nothing of the sender's."""
    said = pair.sender.do("journal", "verify", "--witnessed", witnessed, "--json")
    assert (said.status, said.data["compared"]) == (1, 0)
    assert [each["code"] for each in said.data["findings"]] == ["EDX-5044"]


@pytest.mark.parametrize("text", ["", "{}", '[{"head": "x"}]', "[1]"])
def test_a_file_that_is_no_list_of_heads_is_refused(pair: Pair, tmp_path: Path, text: str) -> None:
    """Nothing is taken for checked that was not."""
    path = tmp_path / "wrong.json"
    path.write_text(text, encoding="utf-8")
    said = pair.receiver.do("journal", "verify", "--witnessed", path)
    assert said.status == 66
    assert "EDX-5043" in said.err
