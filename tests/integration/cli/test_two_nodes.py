from __future__ import annotations

import fcntl
import getpass
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Pair, connector, process

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def test_status_tells_counts_and_concerns(pair: Pair) -> None:
    """Both nodes are connected; what was returned needs attention, so --check ends with 1."""
    said = pair.sender.do("status", "--json", "--check")
    assert said.status == 1
    state = said.data
    assert state["brokers"] == {"G22": "connected"}
    assert state["refused_records"] == 1
    assert state["outbox_documents"]["returned"] >= 1
    assert state["inbox_statuses"]
    assert any("returned" in concern for concern in state["concerns"])
    assert not any("EDX-7072" in concern for concern in state["concerns"])  # rightly: a secret
    (refused,) = pair.sender.do("outbox", "refused", "--json").data
    assert refused["findings"][0]["code"].startswith("EDX-")
    assert refused["findings"][0]["code"] in pair.sender.do("outbox", "refused").out
    assert any("EDX-7078" in concern for concern in state["concerns"])
    told = pair.sender.do("status").out
    assert "records refused: 0 in the last 7 days, without secret ones; 1 in all" in told
    text = pair.receiver.do("status")
    assert text.status == 0
    assert "inbox documents: " in text.out


def test_no_daemon_is_a_concern_unless_there_shall_be_none(pair: Pair) -> None:
    """A node that only `run --once` drives is well without a daemon, any other is not."""
    for arguments, says in (((), True), (("--without-daemon",), False)):
        said = pair.receiver.do("status", "--json", *arguments)
        assert said.data["daemon"] is None
        assert any("EDX-7078" in concern for concern in said.data["concerns"]) is says


def test_times_in_json_are_iso(pair: Pair) -> None:
    """Moments have their T and zone, as every JSON reader expects."""
    entries = pair.sender.do("status", "28/2018/QĐ-TTg", "--json").data
    assert all("T" in event["at"] and "+00:00" in event["at"] for event in entries[0]["events"])


def test_a_documents_timeline(pair: Pair) -> None:
    """By number and notation both sides tell what became of a document."""
    (sent,) = pair.sender.do("status", "28/2018/QĐ-TTg", "--json").data
    assert sent["states"] == {"H41": "accepted", "G09": "returned"}
    names = [event["event"] for event in sent["events"]]
    assert names[0] == "document_sealed"
    assert "status_applied" in names
    received = pair.receiver.do("status", sent["packet_id"], "--json").data
    assert received[0]["states"] == {"H41": "delivered"}
    assert "document_delivered" in pair.receiver.do("status", "28/2018/QĐ-TTg").out
    unknown = pair.sender.do("status", "no-such-thing")
    assert (unknown.status, "EDX-7030" in unknown.err) == (65, True)


def test_outbox_list_and_show(pair: Pair) -> None:
    """Deliveries are listed by state, kind and receiver, and one packet with all of its."""
    returned = pair.sender.deliveries("--state", "returned")
    assert {row["receiver"] for row in returned} == {"G09"}
    assert {row["error_code"] for row in returned} == {"EDX-7001"}
    packet = returned[0]["packet_id"]
    shown = pair.sender.do("outbox", "show", "--json", packet).data
    assert {row["receiver"] for row in shown} == {"G09", "H41"}
    assert {row["packet_id"] for row in shown} == {packet}
    assert packet[:8] in pair.sender.do("outbox", "list").out
    assert packet in pair.sender.do("outbox", "show", packet).out
    assert len(pair.sender.deliveries("--limit", 1)) == 1
    wrong = pair.sender.do("outbox", "list", "--state", "gone")
    assert (wrong.status, "returned" in wrong.err) == (2, True)
    assert pair.sender.do("outbox", "show", "no-such-thing").status == 65


def test_inbox_list_and_show(pair: Pair) -> None:
    """Received documents and statuses are listed, and how one was verified is shown."""
    rows = pair.receiver.do("inbox", "list", "--kind", "document", "--json").data
    assert {row["sender"] for row in rows} == {"G22"}
    shown = pair.receiver.do("inbox", "show", rows[0]["packet_id"], "--json").data
    assert shown["verification"]["verdict"] == "valid"
    assert shown["headers"]["edoc-sender"] == "G22"
    statuses = pair.sender.do("inbox", "list", "--kind", "status", "--json").data
    assert {"01", "03"} <= {row["status_code"] for row in statuses}
    assert "status 03" in pair.sender.do("inbox", "list").out
    assert rows[0]["packet_id"] in pair.receiver.do("inbox", "show", rows[0]["packet_id"]).out
    assert pair.receiver.do("inbox", "list", "--state", "gone").status == 2


def test_export_gives_the_very_bytes(pair: Pair, tmp_path: Path) -> None:
    """What was sent and what was received are the same file, and it verifies by hand."""
    packet = pair.sender.deliveries("--state", "accepted")[0]["packet_id"]
    sent, received = tmp_path / "sent.edxml", tmp_path / "received.edxml"
    assert pair.sender.do("outbox", "export", packet, sent).status == 0
    assert pair.receiver.do("inbox", "export", packet, received).status == 0
    assert sent.read_bytes() == received.read_bytes()
    by_trust = connector("verify", "--trust", pair.directory / "pki", sent)
    assert by_trust.status == 0
    assert pair.receiver.do("verify", received).status == 0
    again = pair.sender.do("outbox", "export", packet, sent)
    assert (again.status, "EDX-9011" in again.err) == (73, True)


def test_nothing_changes_without_consent(pair: Pair) -> None:
    """In a script, verbs that change state need --yes: 2 with a hint; --dry-run only tells."""
    packet = pair.sender.deliveries("--state", "returned")[0]["packet_id"]
    before = pair.sender.do("outbox", "show", "--json", packet).data
    said = pair.sender.do("outbox", "retry", packet)
    assert (said.status, "--yes" in said.err) == (2, True)
    dry = pair.sender.do("outbox", "retry", packet, "--dry-run")
    assert (dry.status, dry.out) == (0, f"would send {packet} to G09 again\n")
    for verb in ("recall", "resend"):
        dry = pair.sender.do(verb, packet, "--dry-run")
        assert f"would {verb} {packet}" in dry.out
    assert pair.sender.do("outbox", "show", "--json", packet).data == before


def test_retry_sends_only_what_did_not_arrive(pair: Pair) -> None:
    """Retry queues the returned delivery and leaves the accepted one alone; park stops it."""
    packet = next(
        row["packet_id"] for row in pair.sender.deliveries() if row["code"] == "28/2018/QĐ-TTg"
    )
    assert pair.sender.do("outbox", "retry", packet, "--yes").status == 0
    states = {
        d["receiver"]: d["state"] for d in pair.sender.deliveries() if d["packet_id"] == packet
    }
    assert states == {"G09": "queued", "H41": "accepted"}
    said = pair.sender.do("outbox", "park", packet, "--reason", "chờ kết nối", "--yes")
    assert said.status == 0
    parked = pair.sender.deliveries("--state", "parked")
    assert [(row["receiver"], row["reason"]) for row in parked] == [("G09", "chờ kết nối")]
    assert pair.sender.do("outbox", "park", packet, "--reason", "x", "--yes").status == 65
    assert pair.sender.do("outbox", "release", packet, "--yes").status == 0
    pair.sender.once()
    states = {
        d["receiver"]: d["state"] for d in pair.sender.deliveries() if d["packet_id"] == packet
    }
    assert states == {"G09": "returned", "H41": "accepted"}


def test_send_reply_and_resend(pair: Pair) -> None:
    """A packet sent by hand arrives; replies move it; sent again it is answered, not doubled."""
    packet = pair.new_document()
    pair.exchange()
    assert pair.receiver.do("reply", packet, "04").status == 0
    said = pair.receiver.do("reply", packet, "06", "--json")
    assert said.status == 0
    assert len(said.data["sent"]) == 1
    pair.exchange()
    (row,) = pair.sender.do("outbox", "show", "--json", packet).data
    assert (row["state"], row["last_status"]) == ("finished", "06")
    said = pair.sender.do("outbox", "retry", packet, "--yes")
    assert (said.status, f"`connector resend {packet}`" in said.err) == (65, True)
    assert "H41" in pair.sender.do("resend", packet).out
    pair.exchange()
    copies = pair.receiver.do("inbox", "show", packet, "--json").data
    assert (copies["state"], copies["copies"]) == ("delivered", 2)
    assert pair.receiver.do("reply", packet, "01").status == 2
    assert pair.receiver.do("inbox", "retry", packet, "--yes").status == 65


def test_recall_takes_a_document_back(pair: Pair) -> None:
    """A recalled document is cancelled at the receiver, and the sender gets 15."""
    packet = pair.new_document()
    pair.exchange()
    said = pair.sender.do("recall", packet, "--reason", "Gửi nhầm", "--json")
    assert said.status == 0
    assert said.data["receivers"] == ["H41"]
    pair.exchange()
    (row,) = pair.sender.do("outbox", "show", "--json", packet).data
    assert row["state"] == "recalled"
    assert pair.receiver.do("inbox", "show", packet, "--json").data["state"] == "cancelled"
    assert pair.sender.do("recall", packet).status == 65


def test_recall_of_what_never_left(pair: Pair) -> None:
    """A document that still waits is simply not sent."""
    packet = pair.new_document()
    said = pair.sender.do("recall", packet, "--json")
    assert (said.status, said.data["never_sent"]) == (0, ["H41"])
    pair.exchange()
    assert pair.receiver.do("inbox", "show", packet).status == 65


def test_send_of_something_else(pair: Pair, tmp_path: Path) -> None:
    """No packet, a file that is not there, and a packet of another agency are refused."""
    bad = tmp_path / "bad.edxml"
    bad.write_bytes(b"<a/>")
    assert pair.sender.do("send", bad).status == 65
    assert pair.sender.do("send", tmp_path / "none").status == 66
    packet = pair.sender.deliveries("--state", "accepted")[0]["packet_id"]
    foreign = tmp_path / "foreign.edxml"
    pair.sender.do("outbox", "export", packet, foreign)
    said = pair.receiver.do("send", foreign)
    assert (said.status, "EDX-4105" in said.err) == (65, True)


def test_send_of_what_was_changed_or_signed_by_another(pair: Pair, tmp_path: Path) -> None:
    """A packet with a broken signature, or another's, is not signed again: 77, with the reason."""
    packet = pair.sender.deliveries("--state", "accepted")[0]["packet_id"]
    own = tmp_path / "own.edxml"
    assert pair.sender.do("outbox", "export", packet, own).status == 0
    again = pair.sender.do("send", "--json", own)
    assert (again.status, again.data[0]["queued"]) == (0, False)
    broken = tmp_path / "broken.edxml"
    broken.write_bytes(own.read_bytes().replace(b"Subject>", b"Subject>Khan: ", 1))
    said = pair.sender.do("send", broken, own)
    assert (said.status, f"EDX-3108 {broken} Signature\n" in said.err) == (77, True)
    assert str(own) in said.out
    out = tmp_path / "preview"
    rows = connector("preview", pair.directory / "g22-csv-tcvn3", "--json", "--out", out).data
    said = pair.sender.do("send", rows[0]["file"])
    assert (said.status, "EDX-4112" in said.err) == (77, True)


def test_the_journal_holds(pair: Pair) -> None:
    """The chain of both nodes is whole; a head that it never had is a finding."""
    for node in (pair.sender, pair.receiver):
        said = node.do("journal", "verify", "--json")
        assert said.status == 0
        assert said.data["entries"] > 5
        assert said.data["findings"] == []
    wrong = pair.sender.do("journal", "verify", "--expected-head", "0" * 64)
    assert (wrong.status, "EDX-5" in wrong.err) == (1, True)
    entries = pair.sender.do("journal", "show", "--limit", "3", "--json").data
    assert [entry["seq"] for entry in entries] == [1, 2, 3]
    assert "document_sealed" in pair.sender.do("journal", "show").out


def test_every_act_of_an_operator_is_journalled(pair: Pair) -> None:
    """Who did what to which packet stands in the record."""
    packet = pair.new_document()
    pair.sender.do("outbox", "park", packet, "--reason", "kiểm tra lại", "--yes")
    (timeline,) = pair.sender.do("status", packet, "--json").data
    acts = [event["detail"] for event in timeline["events"] if event["event"] == "operator_acted"]
    assert f"outbox park · {getpass.getuser()} · kiểm tra lại" in acts
    assert pair.sender.do("recall", packet).status in {0, 65}


def test_only_one_daemon_at_a_time(pair: Pair) -> None:
    """While another holds the state directory, run ends with an error that asks to try later."""
    locks = [path for path in (pair.directory / "state-H41").iterdir() if "lock" in path.name]
    with locks[0].open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = pair.receiver.do("run", "--once")
    assert said.status == 75
    assert "EDX-5030" in said.err


def test_run_without_broker(pair: Pair) -> None:
    """Collecting alone needs no broker; with the broker away --once ends with 69."""
    text = pair.sender.config.read_text(encoding="utf-8")
    away = pair.directory / "away.yaml"
    url = text.partition('url: "')[2].partition('"')[0]
    text = text.replace(url, "amqp://nobody:x@127.0.0.1:9/").replace("state-G22", "state-away")
    away.write_text(text, encoding="utf-8")
    collected = process("run", "--once", "--only", "collect", "--config", away)
    assert collected.status == 0, collected.err
    rows = connector("outbox", "list", "--json", "--config", away).data
    assert {row["state"] for row in rows} == {"queued"}
    assert process("run", "--once", "--only", "relay", "--config", away).status == 69


def test_lint_of_the_nodes(pair: Pair) -> None:
    """The configurations with their adapters are clean, but for their rehearsal's passwords."""
    said = connector("lint", "--node", pair.sender.config, "--node", pair.receiver.config)
    assert said.status == 0
    assert all("EDX-1020 warning" in line for line in said.out.splitlines())


def test_preview_with_the_nodes_key(pair: Pair, tmp_path: Path) -> None:
    """With a configuration the agency's own key signs, and no development PKI is made."""
    example = pair.directory / "g22-csv-tcvn3"
    said = pair.sender.do("preview", example, "--limit", 1, "--out", tmp_path, "--json")
    assert said.status == 0
    assert list(tmp_path.glob("dev-pki*")) == []
    assert connector("verify", "--trust", pair.directory / "pki", said.data[0]["file"]).status == 0
    signed = tmp_path / "by-hand.edxml"
    assert pair.sender.do("sign", "--out", signed, said.data[0]["file"]).status == 0
    assert pair.receiver.do("sign", said.data[0]["file"]).status == 78
