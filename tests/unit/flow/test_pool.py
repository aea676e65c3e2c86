"""Processes that are asked: where none can be, nobody waits and nothing is said of anybody."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.flow.workers.pool import Died, Pool, Stopped

SHOUTING = """
import os
from connector.flow.workers.child import receive, send, serve_parent

def serve(questions, answers):
    receive(questions)
    while True:
        words = receive(questions)
        if "die" in words:
            os._exit(1)
        send(answers, "no" if "refuse" in words else [word.upper() for word in words])

def main():
    serve_parent(serve)
"""
SLOW_TO_START = """
import os, pathlib, time
here = pathlib.Path(__file__).parent
def main():
    (here / "new").write_text(str(os.getpid()))
    (here / "new").rename(here / "pid")
    time.sleep(15)
    (here / "late").touch()
"""
COUNTING = """#!/bin/sh
echo started >> {log}
number=$(wc -l < {log})
[ $((number % {works})) -eq 0 ] && exit 1
exec {python} "$@"
"""
NOT_BEFORE_SECONDS = 61


@dataclass
class Shop:
    """A pool whose processes answer each word in capitals, and how many were started."""

    pool: Pool[Any, str]
    clock: ManualClock
    directory: Path

    @property
    def started(self) -> int:
        """How many processes were begun to be started, in vain or not."""
        return len((self.directory / "log").read_text(encoding="utf-8").splitlines())

    def begin(self, words: Sequence[object]) -> list[Callable[[], str | None]]:
        """Ask about words, two at a time."""
        return self.pool.submit(words, list, chunk=2)

    def ask(self, *words: object) -> list[object]:
        """Return the answers to words, or what was raised instead of one."""
        return [_outcome(result) for result in self.begin(words)]


def _outcome(result: Callable[[], str | None]) -> object:
    try:
        return result()
    except (Died, Stopped) as error:
        return type(error)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Shop]]:
    """Make pools; of all starts each `works`-th fails."""
    (tmp_path / "shouting.py").write_text(SHOUTING, encoding="utf-8")
    (tmp_path / "log").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made: list[Pool[Any, str]] = []

    def make(
        count: int = 1, *, works: int = 1000, started: bool = True, hello: object = ()
    ) -> Shop:
        script, clock = tmp_path / "python", ManualClock()
        text = COUNTING.format(log=tmp_path / "log", works=works, python=sys.executable)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o700)
        monkeypatch.setattr("sys.executable", str(script))
        pool: Pool[Any, str] = Pool(
            "shouting", None, hello, count=count, clock=clock, hopeless=_says_no
        )
        made.append(pool)
        if started:
            made[-1].start()
        return Shop(made[-1], clock, tmp_path)

    yield make
    for each in made:
        each.close()


def _says_no(answer: object) -> bool:
    return answer == "no"


def _kill(pid: int) -> None:
    """Kill a process and wait until it is dead, but let its owner find that out."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def _until(there: Callable[[], object]) -> None:
    """Wait for something, for as long as a loaded machine may need."""
    end = time.monotonic() + 120
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_answers_come_in_the_order_of_the_questions(shop: Callable[..., Shop]) -> None:
    """However many are asked, and however many processes answer."""
    words = [f"word {number}" for number in range(25)]
    assert shop(2).ask(*words) == [word.upper() for word in words]


def test_what_kills_goes_no_further_alone(shop: Callable[..., Shop]) -> None:
    """Its neighbours are answered, and so is whoever asks later."""
    made = shop()
    assert made.ask("a", "b", "die", "c", "d") == ["A", "B", Died, "C", "D"]
    assert made.ask("e") == ["E"]
    assert len(made.pool.processes()) == 1


def test_who_died_while_idle_speaks_against_nobody(shop: Callable[..., Shop]) -> None:
    """Though all processes were killed, nothing that is asked next is taken for deadly."""
    made = shop(3)
    for pid in made.pool.processes():
        _kill(pid)
    assert made.ask("a", "b", "c", "d") == ["A", "B", "C", "D"]


def test_dead_processes_are_not_at_hand(shop: Callable[..., Shop]) -> None:
    """Others are started beside; whoever has work does it himself meanwhile."""
    made = shop()
    _kill(*made.pool.processes())
    assert not made.pool.at_hand()
    _until(made.pool.at_hand)
    assert made.ask("a") == ["A"]


def test_what_cannot_start_is_tried_once_a_minute(shop: Callable[..., Shop]) -> None:
    """Each attempt is an interpreter that dies: nobody waits for one of them again and again."""
    made = shop()
    _kill(*made.pool.processes())
    (made.directory / "shouting.py").write_text("broken", encoding="utf-8")
    shutil.rmtree(made.directory / "__pycache__", ignore_errors=True)
    assert not made.pool.at_hand()
    made.pool.start()
    for _ in range(3):
        assert not made.pool.at_hand()
        assert made.ask("a", "b", "c", "die", "d") == [None] * 5
    assert made.started == 2
    (made.directory / "shouting.py").write_text(SHOUTING, encoding="utf-8")
    made.clock.sleep(NOT_BEFORE_SECONDS)
    _until(made.pool.at_hand)
    assert (made.ask("a"), made.started) == (["A"], 3)


def test_a_process_that_cannot_be_replaced_speaks_against_nobody(
    shop: Callable[..., Shop],
) -> None:
    """What it died over may be innocent, and so is what was asked with it."""
    made = shop(works=2)
    assert made.ask("a", "die", "b") == [None] * 3
    made.clock.sleep(NOT_BEFORE_SECONDS)
    assert made.ask("c") == ["C"]


def test_no_more_than_their_number_is_ever_there(shop: Callable[..., Shop]) -> None:
    """Where every other start fails those that did start are kept, used, and joined later."""
    made = shop(3, works=2)
    for number in range(1, 7):
        assert len(made.pool.processes()) == min(number, 3)
        assert made.pool.at_hand()
        assert made.ask("a", "b", "c", "d") == ["A", "B", "C", "D"]
        made.clock.sleep(NOT_BEFORE_SECONDS)
        made.pool.start()
    assert made.started == 5


def test_a_start_that_fails_oddly_is_tried_again(
    shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever kept a process from starting may pass."""
    made = shop(started=False)
    with monkeypatch.context() as odd:
        odd.setattr("sys.executable", None)
        made.pool.start()
    assert not made.pool.ready
    made.clock.sleep(NOT_BEFORE_SECONDS)
    made.pool.start()
    assert made.ask("a") == ["A"]


def test_without_a_thread_nobody_is_asked(
    shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that gives no thread now may do so in a minute."""
    made = shop(started=False)

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError

    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_thread)
        assert not made.pool.at_hand()
        assert made.ask("a") == [None]
    made.clock.sleep(NOT_BEFORE_SECONDS)
    _until(made.pool.at_hand)
    assert made.ask("a") == ["A"]


def test_who_is_not_fit_is_not_asked_again(shop: Callable[..., Shop]) -> None:
    """A process that says anything but an answer to each thing is ended."""
    made = shop()
    before = made.pool.processes()
    assert made.ask("a", "refuse") == [None, None]
    assert made.pool.processes() == ()
    assert made.ask("a") == ["A"]
    assert made.pool.processes() != before


@pytest.mark.parametrize(("hello", "tries"), [(["refuse"], 1), (["unasked"], 2)])
def test_what_is_hopeless_is_tried_once(
    shop: Callable[..., Shop], hello: object, tries: int
) -> None:
    """A try can cost something, as that of a PIN does; another answer may be right in a minute."""
    made = shop(hello=hello)
    made.clock.sleep(NOT_BEFORE_SECONDS)
    made.pool.start()
    assert (made.started, made.pool.ready, made.ask("a")) == (tries, False, [None])


def test_what_cannot_be_asked_about_is_left_alone(shop: Callable[..., Shop]) -> None:
    """A thing that does not go through a pipe is the daemon's; the others are answered."""
    assert shop().ask(lambda: None, "a", "b", "c") == [None, None, "B", "C"]


def test_closing_stops_what_is_asked(shop: Callable[..., Shop]) -> None:
    """Whether it was being answered or stood in line; who comes later is not asked about."""
    made = shop()
    (pid,) = made.pool.processes()
    os.kill(pid, signal.SIGSTOP)
    begun = made.begin(["a", "b", "c", "d", "e"])
    made.pool.close()
    assert [_outcome(result) for result in begun] == [Stopped] * 5
    assert made.ask("a") == [None]
    assert not made.pool.at_hand()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("asked", [True, False], ids=["for a question", "beside"])
def test_closing_does_not_wait_for_who_is_just_starting(
    shop: Callable[..., Shop], *, asked: bool
) -> None:
    """A process that has not answered yet is ended, too, and nobody does its work instead."""
    made = shop(started=False)
    (made.directory / "shouting.py").write_text(SLOW_TO_START, encoding="utf-8")
    begun = made.begin(["a", "b"]) if asked else []
    assert asked or not made.pool.at_hand()
    _until((made.directory / "pid").exists)
    made.pool.close()
    assert not (made.directory / "late").exists()
    assert [_outcome(result) for result in begun] == [Stopped] * len(begun)
    with pytest.raises(ProcessLookupError):
        os.kill(int((made.directory / "pid").read_text(encoding="utf-8")), 0)
