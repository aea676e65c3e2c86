"""A demonstration that goes wrong says why, and at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector import resources
from connector.clock import ManualClock, SystemClock
from connector.demo.agencies import AGENCIES
from connector.demo.daemons import Daemons, running_daemons
from connector.demo.material import Material
from connector.demo.nodes import DemoNode, write_nodes
from connector.demo.scenario import run_demo
from connector.errors import TransientError
from connector.trust.pki import new_dev_pki
from connector.trust.soft_token import SoftToken, new_soft_token

pytestmark = [pytest.mark.broker, pytest.mark.slow]


class _UntilSaid(SystemClock):
    """The machine's clock, whose hours fly as soon as a log holds a word."""

    def __init__(self, log: Path, word: str) -> None:
        self._log = log
        self._word = word
        self._flown = 0.0

    def monotonic(self) -> float:
        """Return the machine's seconds, and an hour more for each look after the word."""
        if self._log.exists() and self._word in self._log.read_text(encoding="utf-8"):
            self._flown += 3600
        return super().monotonic() + self._flown


def test_deliveries_without_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that trusts nobody answers nobody: what waits is told, and why the node is silent."""
    monkeypatch.delenv("CONNECTOR_DEMO_KEYS", raising=False)
    directory = tmp_path / "demo"
    node = directory / "nodes" / "H41"

    def trust_others(told: str) -> None:
        if told.startswith("starting three daemons"):
            new_dev_pki(tmp_path / "other", [("G22", "Văn phòng khác")], clock=SystemClock())
            config = node / "connector.yaml"
            text = config.read_text(encoding="utf-8")
            text = text.replace(str(directory / "pki" / "anchors"), str(tmp_path / "other/anchors"))
            config.write_text(text, encoding="utf-8")

    clock = _UntilSaid(node / "daemon.log", "EDX-3207")
    with pytest.raises(TransientError, match="EDX-9202") as caught:
        run_demo(directory, clock=clock, say=trust_others)
    (finding,) = caught.value.findings
    assert re.search(r" to [A-Z][0-9.]+: \w+", finding.en)
    told = "\n".join(line for line in finding.en.splitlines() if line.startswith("    H41: "))
    assert re.search(r"Z (warning|error) (alarm_raised|message_quarantined) .*EDX-3207", told)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """A software token with the key of one agency."""
    made = new_soft_token(tmp_path / "token", "connector-demo", ["G22"])
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.configuration))
    return made


@pytest.fixture
def node(tmp_path: Path, token: SoftToken) -> DemoNode:
    """A node whose key lies on the token; nobody listens where its broker should be."""
    return _node(tmp_path, token)


def _node(directory: Path, token: SoftToken | None) -> DemoNode:
    agency = AGENCIES[0]
    pki = new_dev_pki(
        directory / "pki",
        [(agency.code, agency.name)],
        clock=SystemClock(),
        public_keys=token.public_keys if token else None,
    )
    material = Material(
        directory=directory,
        catalogue=resources.schemas_dir() / "agencies.csv",
        agencies=(agency,),
        adapters={agency.code: resources.examples_dir() / agency.adapter},
        expected=(),
    )
    (made,) = write_nodes(
        directory / "nodes",
        material,
        pki=pki,
        token=token,
        broker_url="amqp://127.0.0.1:1/",
        passwords={agency.code: "none"},
    )
    return made


def test_a_daemon_that_cannot_begin(tmp_path: Path) -> None:
    """A key that others can read ends its daemon; the demonstration quotes what the daemon said.

    It does not wait for answers that nobody will give.
    """
    node = _node(tmp_path, None)
    (key,) = (tmp_path / "pki" / "keys").glob("*.key")
    key.chmod(0o644)
    said: list[str] = []

    def watch(daemons: Daemons) -> None:
        while True:
            daemons.check()
            SystemClock().sleep(0.05)

    with (
        pytest.raises(TransientError, match="EDX-9201") as caught,
        running_daemons([node], SystemClock(), said.append) as daemons,
    ):
        watch(daemons)
    (finding,) = caught.value.findings
    assert finding.place == str(node.log)
    assert "ended with status 78" in finding.en
    assert "EDX-3002" in finding.en
    assert "mode 0644" in finding.en
    assert not said


def _pull(token: SoftToken) -> tuple[Path, Path]:
    """Take the token out of its slot; return where it was and where it is."""
    tokens, away = token.directory / "tokens", token.directory / "away"
    tokens.rename(away)
    tokens.mkdir()
    return tokens, away


def test_a_daemon_whose_token_is_away_is_started_again(token: SoftToken, node: DemoNode) -> None:
    """Status 69 is tried again, as systemd does; the token is back in time."""
    tokens, away = _pull(token)
    said: list[str] = []

    def put_it_back(told: str) -> None:
        said.append(told)
        tokens.rmdir()
        away.rename(tokens)

    with running_daemons([node], SystemClock(), put_it_back) as daemons:
        while "node_started" not in node.log.read_text(encoding="utf-8"):
            daemons.check()
            SystemClock().sleep(0.1)
    assert len(said) == 1
    assert "G22" in said[0]
    assert "EDX-30" in node.log.read_text(encoding="utf-8")


def test_a_daemon_whose_token_stays_away(token: SoftToken, node: DemoNode) -> None:
    """After a few starts the demonstration ends and quotes the log."""
    _pull(token)
    said: list[str] = []
    clock = ManualClock()

    def watch(daemons: Daemons) -> None:
        while True:
            daemons.check()
            clock.sleep(1)
            SystemClock().sleep(0.05)

    with (
        pytest.raises(TransientError, match="EDX-9201") as caught,
        running_daemons([node], clock, said.append) as daemons,
    ):
        watch(daemons)
    (finding,) = caught.value.findings
    assert "ended with status 69" in finding.en
    assert "EDX-30" in finding.en
    assert len(said) == 3
