"""`status` tells each guarantee, G1 to G8: what it is seen by, and what touches it."""

from __future__ import annotations

import datetime as dt
import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
import structlog
from click.testing import CliRunner

from connector import clock
from connector.broker import codes as broker_codes
from connector.broker import probe
from connector.broker.settings import BrokerSettings
from connector.cli.app import app
from connector.clock import ManualClock
from connector.errors import Finding, PermanentError, Text
from connector.flow import concern_codes as codes
from connector.flow import report
from connector.flow.adapters.acts import AdapterActs
from connector.flow.adapters.codes import RELOAD_REFUSED
from connector.flow.concerns import KEYS, TRUST
from connector.flow.guarantees import Guarantee
from connector.flow.told import kept
from connector.model.states import DeliveryState, InboxState
from connector.sinks import system_codes
from connector.sources.codes import SOURCE_GONE as GONE
from connector.store import inbox, journal, outbox, parts, sources
from connector.store.conditions import Condition, put
from connector.store.conditions import ConditionKind as Kind
from connector.store.inbox import NewMessage
from connector.store.lock import node_lock
from connector.store.parts import Piece
from tests.unit.flow.conftest import Office, row

NAME = "g22-van-ban-di"
ALL = [each.value for each in Guarantee]
NO_CONCERNS = {codes.CLOCK_SET_BACK}
"""Texts of the concerns' catalogue that are alarms alone."""

Act = Callable[["Post"], None]


@dataclass
class Post:
    """A node at whose terminal somebody asks `status`; `broker` is why it lets nobody in."""

    office: Office
    broker: Finding | None = None
    daemon: bool = True
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def clock(self) -> ManualClock:
        """The node's clock."""
        assert isinstance(self.office.node.clock, ManualClock)
        return self.office.node.clock

    def status(self, *options: str) -> tuple[int, str]:
        """Run `connector status --check` and return its exit code and what it printed."""
        file = str(self.office.directory / "connector.yaml")
        arguments = ["status", "--check", "--config", file, *options]
        with node_lock(self.office.node.config.state_dir) if self.daemon else nullcontext():
            said = CliRunner().invoke(app, arguments)
        return said.exit_code, said.stdout

    def state(self) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the state in JSON; every concern is of one guarantee."""
        code, out = self.status("--json")
        told: dict[str, Any] = json.loads(out)
        shared = [text for each in told["guarantees"].values() for text in each["concerns"]]
        assert sorted(shared) == sorted(told["concerns"])
        assert code == (1 if told["concerns"] else 0)
        return code, told

    def touched(self) -> dict[str, list[str]]:
        """Return the guarantees that do not hold with their concerns."""
        _, told = self.state()
        found = told["guarantees"].items()
        assert all(each["holds"] is (not each["concerns"]) for _, each in found)
        return {name: each["concerns"] for name, each in found if not each["holds"]}

    def figures(self, guarantee: str) -> dict[str, Any]:
        """Return what one guarantee is seen by."""
        figures: dict[str, Any] = self.state()[1]["guarantees"][guarantee]["figures"]
        return figures

    def damage(self, statement: str) -> None:
        """Change the store behind the program's back."""
        with self.office.node.store.begin() as tx:
            tx.exec_driver_sql(statement)


@pytest.fixture
def post(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A node whose daemon runs and whose broker lets it in."""
    made = Post(office)
    monkeypatch.setattr(report, "probe", lambda _settings: made.broker)
    monkeypatch.setattr(clock, "SystemClock", lambda: made.clock)
    yield made
    structlog.reset_defaults()
    for handler in tuple(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)


def collected(post: Post) -> tuple[str, str]:
    """Seal one document; return packet and receiver."""
    before = {packet.packet_id for packet in post.office.packets()}
    post.office.export(row(f"{next(post.numbers):02d}/VPCP-KSTT"))
    post.office.collect()
    (new,) = {packet.packet_id for packet in post.office.packets()} - before
    return new, "H41"


def sent_as(*states: DeliveryState) -> Act:
    """Move a document that was sealed through states."""

    def act(post: Post) -> None:
        packet, receiver = collected(post)
        for state in states:
            with post.office.node.store.begin() as tx:
                outbox.set_state(tx, packet, receiver, state, now=post.clock.now())

    return act


def received_as(*states: InboxState, kind: str = "document", attempts: int = 0) -> Act:
    """Move a message that was received through states."""

    def act(post: Post) -> None:
        message = NewMessage(
            user_id="H41",
            message_id=f"m{next(post.numbers)}",
            type=kind,
            queue="edoc.G22.inbox",
            body_sha256="0" * 64,
            body_size=1,
            headers={},
            received_at=post.clock.now(),
        )
        with post.office.node.store.begin() as tx:
            inbox.receive(tx, message)
            journal.append(tx, "message_received", {}, now=post.clock.now())
            for state in states:
                known = {"kind": kind, "attempts": attempts}
                key = message.message_key
                inbox.update(tx, key, state=state, now=post.clock.now(), **known)

    return act


def answered_as(*states: DeliveryState) -> Act:
    """Seal an answer to a document that was received, and move it through states."""

    def act(post: Post) -> None:
        now = post.clock.now()
        number = f"answer-{next(post.numbers)}"
        packet = outbox.OutboxPacket(
            packet_id=number,
            kind="status",
            sender="G22",
            document_id="H41.1",
            status_code="03",
            content_digest=number,
            digest=number,
            body_size=1,
            sealed_at=now,
        )
        with post.office.node.store.begin() as tx:
            outbox.enqueue(tx, packet, ["H41"], b"recipe")
            journal.append(tx, "status_sealed", {}, now=now)
            for state in states:
                outbox.set_state(tx, number, "H41", state, now=now)

    return act


def later(act: Act, **passed: float) -> Act:
    """Let time pass after something."""

    def both(post: Post) -> None:
        act(post)
        post.clock.sleep(dt.timedelta(**passed).total_seconds())

    return both


def no_daemon(post: Post) -> None:
    """Stop the daemon."""
    post.daemon = False


def no_broker(post: Post) -> None:
    """Take the broker away."""
    post.broker = broker_codes.UNREACHABLE.at(broker="h:1", reason="nobody answers")


def refused(post: Post) -> None:
    """Export a record to a receiver that nobody knows."""
    post.office.export(row("06/VPCP", NoiNhan="Sao Hỏa"))
    post.office.collect()


def secret(post: Post) -> None:
    """Export a secret record."""
    post.office.export(row("07/VPCP", DoMat="Mật"))
    post.office.collect()


def conflict(post: Post) -> None:
    """Note that a record changed after it was sent."""
    with post.office.node.store.begin() as tx:
        facts = {"adapter": NAME, "source_key": "k", "content_digest": "0" * 64}
        sources.record_conflict(tx, **facts, place="di.csv:2", now=post.clock.now())


def paused(post: Post) -> None:
    """Pause the adapter."""
    AdapterActs(post.office.node.ledger, [NAME], actor="lan").pause(NAME, "bảo trì")


def changed_entry(post: Post) -> None:
    """Change the newest entry of the journal."""
    collected(post)
    post.damage("UPDATE journal SET facts = '{\"x\":1}' WHERE seq = (SELECT max(seq) FROM journal)")


def full_disk(post: Post) -> None:
    """Ask for more room than any disk has."""
    file = post.office.directory / "connector.yaml"
    limits = f"limits: {{max_packet_bytes: {10**18}, max_attachment_bytes: 1000}}\n"
    file.write_text(file.read_text(encoding="utf-8") + limits, encoding="utf-8")


def condition(kind: Kind, name: str = NAME, text: Text | None = None) -> Act:
    """Let a condition hold."""
    reason = None if text is None else kept(text.at("di.csv", path="di.csv", reason="x"))

    def act(post: Post) -> None:
        now = post.clock.now()
        new = Condition(adapter=name, kind=kind.value, since=now, reason=reason, records=3)
        with post.office.node.store.begin() as tx:
            put(tx, new)

    return act


SENT, RETURNED = DeliveryState.SENT, DeliveryState.RETURNED
CONCERNS: dict[str, tuple[str, Act, str]] = {
    "paused": ("G1", paused, codes.ADAPTER_PAUSED.code),
    "waiting": ("G1", condition(Kind.WAITING), codes.ADAPTER_WAITS.code),
    "not reloaded": ("G1", condition(Kind.NOT_RELOADED, text=GONE), RELOAD_REFUSED.code),
    "adapter failing": ("G1", condition(Kind.FAILING, text=GONE), GONE.code),
    "refused": ("G1", refused, codes.RECORDS_REFUSED.code),
    "returned answer": ("G2", answered_as(RETURNED), codes.DELIVERIES_RETURNED.code),
    "blocked answer": ("G2", answered_as(DeliveryState.BLOCKED), codes.DELIVERIES_BLOCKED.code),
    "parked answer": ("G2", answered_as(DeliveryState.PARKED), codes.DELIVERIES_PARKED.code),
    "quarantined status": (
        "G4",
        received_as(InboxState.QUARANTINED, kind="status"),
        codes.MESSAGES_QUARANTINED.code,
    ),
    "held status": (
        "G4",
        received_as(InboxState.HELD, kind="status"),
        codes.MESSAGES_HELD.code,
    ),
    "parked status": (
        "G5",
        received_as(InboxState.PARKED, kind="status"),
        codes.MESSAGES_PARKED.code,
    ),
    "broker": ("G2", no_broker, codes.BROKER_SHUT.code),
    "returned": ("G2", sent_as(RETURNED), codes.DELIVERIES_RETURNED.code),
    "blocked": ("G2", sent_as(DeliveryState.BLOCKED), codes.DELIVERIES_BLOCKED.code),
    "parked out": ("G2", sent_as(DeliveryState.PARKED), codes.DELIVERIES_PARKED.code),
    "unsent": ("G2", later(sent_as(), minutes=16), codes.UNSENT.code),
    "conflict": ("G3", conflict, codes.RECORDS_CHANGED.code),
    "quarantined": ("G4", received_as(InboxState.QUARANTINED), codes.MESSAGES_QUARANTINED.code),
    "held": ("G4", received_as(InboxState.HELD), codes.MESSAGES_HELD.code),
    "keys": ("G4", condition(Kind.NOT_TAKEN_OVER, KEYS, GONE), codes.KEYS_REFUSED.code),
    "trust": ("G4", condition(Kind.NOT_TAKEN_OVER, TRUST, GONE), codes.TRUST_REFUSED.code),
    "daemon": ("G5", no_daemon, codes.NO_DAEMON.code),
    "unanswered": ("G5", later(sent_as(SENT), days=1, minutes=1), codes.UNANSWERED.code),
    "sink": ("G5", received_as(InboxState.VERIFIED, attempts=1), codes.NOT_TAKEN.code),
    "undelivered": ("G5", later(received_as(), minutes=16), codes.UNDELIVERED.code),
    "parked in": ("G5", received_as(InboxState.PARKED), codes.MESSAGES_PARKED.code),
    "exchange failing": (
        "G5",
        condition(Kind.FAILING, "status sink G22", system_codes.FILE_FOREIGN),
        system_codes.FILE_FOREIGN.code,
    ),
    "journal": ("G6", changed_entry, codes.JOURNAL_BROKEN.code),
    "disk": ("G8", full_disk, codes.DISK_FULL_SOON.code),
}
"""Everything that `status` can raise: the guarantee, what brings it about, how it begins."""


def test_a_healthy_node_keeps_all_eight(post: Post) -> None:
    """With a document under way nothing is a concern, and each guarantee says its names."""
    sent_as(SENT)(post)
    received_as(InboxState.VERIFIED, InboxState.DELIVERED)(post)
    code, told = post.state()
    assert (code, told["concerns"]) == (0, [])
    assert list(told["guarantees"]) == ALL
    for each in told["guarantees"].values():
        assert set(each) == {"name", "holds", "figures", "concerns"}
        assert each["holds"] is True
        assert each["figures"]
        assert set(each["name"]) == {"vi", "en"}
        assert all(each["name"].values())
    code, out = post.status()
    assert code == 0
    assert "\nG1 nothing lost on the way in / không mất trên đường vào: holds (adapters 1, " in out
    assert ": needs attention" not in out
    assert "\n! " not in out


@pytest.mark.parametrize("name", CONCERNS)
def test_each_concern_touches_its_guarantee_alone(post: Post, name: str) -> None:
    """The guarantee says so, in JSON and as a line, and --check ends with 1."""
    guarantee, act, begins = CONCERNS[name]
    act(post)
    ((found, texts),) = post.touched().items()
    assert (found, len(texts)) == (guarantee, 1)
    assert texts[0].startswith(f"{begins}: ")
    assert " / " in texts[0]
    assert " → " in texts[0]
    code, out = post.status()
    lines = out.splitlines()
    (told,) = (line for line in lines if line.startswith(f"{guarantee} "))
    assert ": needs attention (" in told
    assert sum(": holds (" in line for line in lines) == len(ALL) - 1
    assert code == 1
    assert [line for line in lines if line.startswith("! ")] == lines[-1:]
    assert lines[-1].startswith(f"! {guarantee} {begins}")


def test_everything_at_once(post: Post) -> None:
    """All concerns together: seven guarantees need attention, each is told once, in order."""
    for _, act, _ in CONCERNS.values():
        act(post)
    touched = post.touched()
    assert list(touched) == [name for name in ALL if name != "G7"]
    _, out = post.status()
    lines = [line[2:4] for line in out.splitlines() if line.startswith("! ")]
    assert lines == sorted(lines)
    assert len(lines) == sum(map(len, touched.values()))


def test_no_text_and_no_condition_is_left_out() -> None:
    """What the catalogue of concerns has, and each kind of condition, is walked through above."""
    begins = {begin for _, _, begin in CONCERNS.values()}
    texts = [each for each in codes.CATALOGUE if each not in NO_CONCERNS]
    assert {each.code for each in texts} <= begins
    assert {guarantee for guarantee, _, _ in CONCERNS.values()} == set(ALL) - {"G7"}
    silent = {Kind.CONFIRMED}
    told = {"paused", "waiting", "not_reloaded", "not_taken_over", "failing"}
    assert {each.value for each in set(Kind) - silent} == told


def test_a_secret_record_is_a_figure_and_no_concern(post: Post) -> None:
    """It is refused rightly: G7 counts it and holds, and G1 does not count it."""
    secret(post)
    assert post.figures("G7") == {"secret_records_refused": 1}
    assert post.figures("G1")["refused_in_7_days"] == 0
    assert post.touched() == {}


def test_figures_follow_the_store(post: Post) -> None:
    """What stands in the store is what the lines say."""
    for act in (paused, refused, conflict, no_broker):
        act(post)
    came = post.figures("G1")
    assert came == {"adapters": 1, "held_up": 1, "failing": 0, "refused_in_7_days": 1}
    sent_as(RETURNED)(post)
    received_as(InboxState.DUPLICATE)(post)
    received_as(InboxState.QUARANTINED, kind="status")(post)
    out = post.figures("G2")
    assert (out["agencies"], out["connected"], out["returned"], out["parked"]) == (1, 0, 1, 0)
    assert post.figures("G3") == {
        "changed_after_sending_in_7_days": 1,
        "duplicates_set_aside": 1,
    }
    assert post.figures("G4")["quarantined_statuses"] == 1
    now = post.clock.now()
    with post.office.node.store.begin() as tx:
        parts.add(tx, "a", Piece(1, 0, 7), of=2, facts={}, now=now)
    room = post.figures("G8")
    assert (room["unfinished_packets"], room["unfinished_bytes"]) == (1, 7)
    assert room["free_bytes"] > 0
    assert room["largest_packet_bytes"] == post.office.node.config.limits.max_packet_bytes
    _, told = post.state()
    assert post.figures("G6") == {
        "entries": told["journal_entries"],
        "newest_checked": told["journal_entries"],
        "head": told["journal_head"],
    }


def test_answers_are_counted_apart_from_documents(post: Post) -> None:
    """The figures and the concerns of answers are beside those of documents, not among them."""
    for sent in (RETURNED, DeliveryState.PARKED, DeliveryState.BLOCKED):
        answered_as(sent)(post)
    for received in (InboxState.QUARANTINED, InboxState.HELD, InboxState.PARKED):
        received_as(received, kind="status")(post)
    sent_as(RETURNED)(post)
    received_as(InboxState.PARKED)(post)
    out, verified, stuck = (post.figures(name) for name in ("G2", "G4", "G5"))
    assert [out[name] for name in ("returned", "parked", "blocked")] == [1, 0, 0]
    assert [out[f"{name}_statuses"] for name in ("returned", "parked", "blocked")] == [1, 1, 1]
    assert [verified[name] for name in ("quarantined", "held")] == [0, 0]
    assert [verified[f"{name}_statuses"] for name in ("quarantined", "held")] == [1, 1]
    assert (stuck["parked"], stuck["parked_statuses"]) == (1, 1)
    touched = post.touched()
    assert [_heads(touched[name]) for name in ("G2", "G4", "G5")] == [
        [
            "EDX-7066 1 returned among the documents sent",
            "EDX-7067 1 parked among the answers sent",
            "EDX-7066 1 returned among the answers sent",
            "EDX-7068 1 blocked among the answers sent",
        ],
        [
            "EDX-7070 1 quarantined among the answers received",
            "EDX-7071 1 held among the answers received",
        ],
        [
            "EDX-7069 1 parked among the documents received",
            "EDX-7069 1 parked among the answers received",
        ],
    ]
    (documents, answers) = touched["G5"]
    assert "connector inbox retry --all / " not in answers
    assert "connector inbox retry --all --kind status" in answers
    assert "--kind status" not in documents


def _heads(concerns: list[str]) -> list[str]:
    """Return of each concern its code and the first half of its English sentence."""
    english = (each.partition(" / ")[2].partition(" → ")[0].partition(":")[0] for each in concerns)
    return [f"{each[:8]} {text}" for each, text in zip(concerns, english, strict=True)]


@pytest.mark.parametrize(("kind", "what"), [("document", "documents"), ("status", "answers")])
def test_a_closed_case_is_no_concern(post: Post, kind: str, what: str) -> None:
    """Somebody has seen to a forgery: it stays where it is, and only the next one is told."""
    received_as(InboxState.QUARANTINED, kind=kind)(post)
    (first,) = _quarantined(post)
    operator = post.office.node.operator("lan")
    operator.close_quarantined(first, "đã hỏi H41 qua điện thoại")
    assert post.touched() == {}
    assert _quarantined(post) == [first]
    assert post.figures("G4")["closed_cases"] == 1
    with post.office.node.store.read() as tx:
        newest = journal.entries(tx, limit=99)[-1]
    assert (newest.event, newest.packet_id) == ("operator_acted", first)
    assert newest.facts["reason"] == "đã hỏi H41 qua điện thoại"
    received_as(InboxState.QUARANTINED, kind=kind)(post)
    (told,) = post.touched()["G4"]
    assert f"1 quarantined among the {what} received" in told
    assert "connector inbox close" in told


def test_a_case_is_opened_again(post: Post) -> None:
    """What is processed again and quarantined again needs attention again."""
    received_as(InboxState.QUARANTINED)(post)
    (key,) = _quarantined(post)
    operator = post.office.node.operator("lan")
    operator.close_quarantined(key, "x")
    operator.process_again(key)
    with post.office.node.store.begin() as tx:
        inbox.update(tx, key, state=InboxState.QUARANTINED, now=post.clock.now())
    assert list(post.touched()) == ["G4"]
    received_as(InboxState.PARKED)(post)
    (parked,) = _quarantined(post, InboxState.PARKED)
    with pytest.raises(PermanentError, match="EDX-7032"):
        operator.close_quarantined(parked, "x")


def test_what_arrived_meanwhile_is_not_sent_again(post: Post) -> None:
    """Between the question and the answer a delivery was accepted: it stays so."""
    packet, receiver = collected(post)
    stuck = frozenset({RETURNED, DeliveryState.PARKED})
    operator, store = post.office.node.operator("lan"), post.office.node.store
    for state, sent in ((RETURNED, True), (SENT, False)):
        with store.begin() as tx:
            outbox.set_state(tx, packet, receiver, state, now=post.clock.now())
        if sent:
            assert operator.requeue(packet, receiver=receiver, states=stuck)
            continue
        with pytest.raises(PermanentError, match="EDX-7032"):
            operator.requeue(packet, receiver=receiver, states=stuck)
    with store.read() as tx:
        assert [each.state for each in outbox.deliveries(tx, packet)] == [SENT]


def _quarantined(post: Post, state: InboxState = InboxState.QUARANTINED) -> list[str]:
    with post.office.node.store.read() as tx:
        found = inbox.list_messages(tx, states=[state], limit=9)
    return [each.message_key for each in found]


def test_answers_that_went_well_are_no_concern(post: Post) -> None:
    """An answer that was sent, and one that was taken in, touch nothing."""
    answered_as(SENT)(post)
    received_as(InboxState.DELIVERED, kind="status")(post)
    received_as(InboxState.DUPLICATE, kind="status")(post)
    assert post.touched() == {}


def test_a_frozen_broker_is_a_concern_and_all_else_is_told(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that takes connections and says nothing, as a stopped process has it, touches G2."""
    paused(post)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"amqp://G22:x@127.0.0.1:{listener.getsockname()[1]}/x"

        def ask(settings: BrokerSettings) -> Finding | None:
            return probe.probe(replace(settings, url=url))

        monkeypatch.setattr(probe, "_SECONDS", 0.3)
        monkeypatch.setattr(report, "probe", ask)
        touched = post.touched()
        code, out = post.status()
    assert list(touched) == ["G1", "G2"]
    (text,) = touched["G2"]
    host = url.rpartition("@")[2].removesuffix("/x")
    told = broker_codes.UNREACHABLE.at(broker=host, reason="").en
    assert text.startswith(f"{codes.BROKER_SHUT.code}: ")
    assert " / broker of G22: EDX-" in text
    assert f": {told}" in text
    assert code == 1
    assert "\njournal: " in out
    assert f"\n! G2 {text}\n" in out


def test_the_concern_about_the_journal_says_where(post: Post) -> None:
    """Code, first place, both languages, and the verb that tells all of it."""
    changed_entry(post)
    ((text,),) = post.touched().values()
    vi, _, rest = text.partition(" / ")
    assert "EDX-5040 journal:" in vi
    assert "không còn đúng như khi được ghi" in vi
    assert "is not what was written" in rest
    assert "connector journal verify" in rest


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM journal", "EDX-5045"),
        ("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal) - 1", "EDX-5041"),
        ("UPDATE journal SET hash = 'x' WHERE seq = (SELECT max(seq) FROM journal)", "EDX-5040"),
    ],
)
def test_a_damaged_journal_is_seen(post: Post, statement: str, code: str) -> None:
    """Entries that were changed or removed touch G6 alone."""
    for _ in range(3):
        collected(post)
    post.damage(statement)
    ((guarantee, (text,)),) = post.touched().items()
    assert guarantee == "G6"
    assert code in text


def test_only_so_many_of_the_newest_entries_are_checked(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older entry that was changed is `journal verify`'s to find; the figure says how many."""
    for _ in range(4):
        collected(post)
    entries = post.figures("G6")["entries"]
    post.damage("UPDATE journal SET facts = '{\"x\":1}' WHERE seq = 2")
    for checked, touched in ((entries, ["G6"]), (entries - 1, ["G6"]), (entries - 2, [])):
        monkeypatch.setattr(report, "_CHECKED", checked)
        assert list(post.touched()) == touched
        assert post.figures("G6")["newest_checked"] == checked
