"""States go from legacy system to legacy system: told by a table, written back into a table."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError, UnavailableError
from connector.flow.adapters import codes as adapter_codes
from connector.flow.states.feed import StatusFeed
from connector.flow.states.report import StatusReport
from connector.model.states import DeliveryState

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab, Member

pytestmark = pytest.mark.broker

DOC = "G22,2026/01/05,05/VPCP-KSTT"
FEED = """
source: {type: csv, path: trang-thai.csv, charset: tcvn3, delimiter: ";", settle_seconds: 0}
id: Ma
status: TrangThai
reason: LyDo
table: {Đã phân công: "04", Đang xử lý: "05", Hoàn thành: "06", Trả lại: "02", Lưu: ignore}
"""


def feed(member: Member, text: str = FEED) -> StatusFeed:
    """Open the source of states of an agency."""
    node = parse_yaml(text.encode(), member.directory / "connector.yaml")
    operator = member.node.operator("status source")
    return StatusFeed(member.node.ledger, operator, member.code, node, member.directory)


def tell(member: Member, *rows: str) -> None:
    """Write the legacy system's table of states."""
    text = "\n".join(("Ma;TrangThai;LyDo", *rows)) + "\n"
    (member.directory / "trang-thai.csv").write_bytes(text.encode("tcvn3"))


def report(member: Member, text: str) -> StatusReport:
    """Open the status sink of an agency."""
    node = parse_yaml(text.encode(), member.directory / "connector.yaml")
    return StatusReport(member.node.ledger, member.node.ours, member.code, node, member.directory)


@pytest.fixture
def two(lab: Lab) -> tuple[Member, Member]:
    """A sender and a receiver that has a document of it."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.record("05/VPCP-KSTT", "H41")
    g22.collect()
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    return g22, h41


def alarms(member: Member) -> list[str]:
    """Return the codes of all alarms."""
    return [each.facts["error_code"] for each in member.journal() if each.event == "alarm_raised"]


def test_states_of_a_legacy_table_reach_the_sender(lab: Lab, two: tuple[Member, Member]) -> None:
    """Each new state is sent once, forwards only, however often the table is exported."""
    g22, h41 = two
    states = feed(h41)
    tell(h41, f"{DOC};Đang xử lý;", ";Hoàn thành;", f"{DOC};Lưu;")
    assert states.step() == 1
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.PROCESSING
    assert states.step() == 0
    tell(h41, f"{DOC};Đã phân công;", f"{DOC};Đang xử lý;", "X;Hoàn thành;")
    assert feed(h41).step() == 0
    ignored = [each.facts for each in h41.journal() if each.event == "status_ignored"]
    assert [each["document_id"] for each in ignored] == [DOC, "X"]
    tell(h41, f"{DOC};Đã phân công;", f"{DOC};Đang xử lý;", f"{DOC};Hoàn thành;")
    assert feed(h41).step() == 1
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.FINISHED
    assert len([e for e in h41.journal() if e.event == "status_ignored"]) == 2
    assert alarms(h41) == []


def test_only_whole_ids_count(lab: Lab, two: tuple[Member, Member]) -> None:
    """The beginning of a packet id, or a number that another agency uses too, means nothing."""
    g22, h41 = two
    (row,) = h41.received("document")
    assert row.packet_id is not None
    tell(h41, f"{row.packet_id[:8]};Hoàn thành;", "05/VPCP-KSTT;Hoàn thành;")
    assert feed(h41).step() == 0
    tell(h41, f"{row.packet_id};Hoàn thành;")
    assert feed(h41).step() == 1
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.FINISHED


def test_what_the_table_does_not_say_is_an_alarm_once(lab: Lab, two: tuple[Member, Member]) -> None:
    """An unknown state and a refusal without reason send nothing; the reason settles it."""
    g22, h41 = two
    tell(h41, f"{DOC};Không rõ;", f"{DOC};Trả lại;")
    assert feed(h41).step() == 0
    tell(h41, f"{DOC};Không rõ;", f"{DOC};Trả lại;", "")
    assert feed(h41).step() == 0
    expected = [adapter_codes.STATUS_VALUE_UNKNOWN.code, adapter_codes.STATUS_NEEDS_REASON.code]
    assert alarms(h41) == expected
    tell(h41, f"{DOC};Không rõ;", f"{DOC};Trả lại;sai nơi nhận")
    assert feed(h41).step() == 1
    lab.settle()
    delivery = g22.sent(DOC, "H41")
    assert (delivery.state, delivery.reason) == (DeliveryState.REFUSED, "sai nơi nhận")


def test_a_wrong_source_is_told(two: tuple[Member, Member]) -> None:
    """A column that is not there, a code that nobody sends."""
    _, h41 = two
    tell(h41, f"{DOC};Lưu;")
    with pytest.raises(ConfigError, match=adapter_codes.STATUS_COLUMN_ABSENT.code):
        feed(h41, FEED.replace("id: Ma", "id: Id")).step()
    with pytest.raises(ConfigError, match=adapter_codes.STATUS_NOT_SENDABLE.code):
        feed(h41, FEED.replace('"04"', '"01"'))


def test_states_are_written_back_by_sql(lab: Lab, two: tuple[Member, Member]) -> None:
    """The row of a sent document bears the last state; a lost cursor writes the same again."""
    g22, h41 = two
    database = g22.directory / "qlvb.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE Di (So TEXT, TrangThai TEXT, Noi TEXT, Luc TEXT)")
        connection.execute("INSERT INTO Di (So) VALUES ('05/VPCP-KSTT'), ('06/VPCP-KSTT')")
    statement = "UPDATE Di SET TrangThai = :state, Noi = :receiver, Luc = :at WHERE So = :code"
    text = (
        f"{{type: sql, url: 'sqlite:///qlvb.db', statement: '{statement}',\n"
        " states: {sent: '1', accepted: '3', finished: '6'}}"
    )
    assert report(g22, text).step() == 2
    assert _rows(database) == [("05/VPCP-KSTT", "3", "H41"), ("06/VPCP-KSTT", None, None)]
    assert report(g22, text).step() == 0
    tell(h41, f"{DOC};Hoàn thành;")
    feed(h41).step()
    lab.settle()
    assert report(g22, text).step() == 1
    assert _rows(database)[0] == ("05/VPCP-KSTT", "6", "H41")


def test_states_are_appended_to_a_file_once(lab: Lab, two: tuple[Member, Member]) -> None:
    """After a crash between file and cursor, or in the midst of a line, no change is doubled."""
    g22, h41 = two
    text = "{type: csv, path: ra.csv, charset: tcvn3}"
    assert report(g22, text).step() == 3
    path = g22.directory / "ra.csv"
    whole = path.read_bytes()
    with g22.node.store.begin() as tx:
        tx.execute(sa.text("DELETE FROM source_cursor WHERE adapter LIKE 'status sink%'"))
    assert report(g22, text).step() == 3
    assert path.read_bytes() == whole
    path.write_bytes(whole[:-7])
    with g22.node.store.begin() as tx:
        tx.execute(sa.text("DELETE FROM source_cursor WHERE adapter LIKE 'status sink%'"))
    report(g22, text).step()
    assert path.read_bytes() == whole
    tell(h41, f"{DOC};Trả lại;nhầm\tđơn vị")
    feed(h41).step()
    lab.settle()
    report(g22, text).step()
    rows = _lines(path)
    assert [row["state"] for row in rows] == ["sent", "arrived", "accepted", "refused"]
    assert rows[-1]["reason"] == "nhầm đơn vị"
    assert {row["document_id"] for row in rows} == {DOC}


def test_what_cannot_be_written_in_a_charset_is_an_alarm(
    lab: Lab, two: tuple[Member, Member]
) -> None:
    """Nothing becomes a question mark, and the changes behind it go on."""
    g22, h41 = two
    tell(h41, f"{DOC};Hoàn thành;")
    feed(h41).step()
    lab.settle()
    states = "{sent: 'đi', accepted: 漢, finished: xong}"
    text = f"{{type: csv, path: ra.csv, charset: tcvn3, states: {states}}}"
    report(g22, text).step()
    assert alarms(g22) == ["EDX-8025"]
    assert report(g22, text).step() == 0
    assert [row["state"] for row in _lines(g22.directory / "ra.csv")] == ["đi", "xong"]
    assert alarms(g22) == ["EDX-8025"]


def test_states_wait_for_a_file_that_is_not_ours(two: tuple[Member, Member]) -> None:
    """Nothing of another's file is touched; once it is renamed every state is written, once."""
    g22, _ = two
    text = "{type: csv, path: ra.csv, charset: tcvn3}"
    path = g22.directory / "ra.csv"
    path.write_bytes(b"so,ten\r\n1,a")
    for _ in range(2):
        with pytest.raises(UnavailableError, match="EDX-8039"):
            report(g22, text).step()
    assert path.read_bytes() == b"so,ten\r\n1,a"
    path.rename(path.with_suffix(".cu"))
    assert report(g22, text).step() == 3
    assert [row["state"] for row in _lines(path)] == ["sent", "arrived", "accepted"]
    assert alarms(g22) == []


def test_wrong_status_sinks_are_refused(two: tuple[Member, Member]) -> None:
    """Unknown states, parameters and kinds are found before anything is written."""
    g22, _ = two
    for text, code in (
        ("{type: csv, path: x, states: {finishd: x}}", "EDX-8036"),
        ("{type: sql, url: 'sqlite://', statement: 'UPDATE x SET y = :stat'}", "EDX-8037"),
        ("{type: csv, path: x, charset: utf-8-sig}", "EDX-8041"),
        ("{type: csv, path: x, charset: rot13}", "EDX-8014"),
        ("{type: xml}", "EDX-8011"),
    ):
        with pytest.raises(ConfigError, match=code):
            report(g22, text)


def _lines(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("tcvn3")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def _rows(database: Path) -> list[tuple[str, str | None, str | None]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT So, TrangThai, Noi FROM Di ORDER BY So").fetchall()
