"""Where faults of the world happen: two daemons, a broker of their own, a bad line between them.

The daemons are `connector run` as users start it. Everything that goes wrong is done to them from
outside; then it is mended, and they have to come to rest by themselves.
"""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from connector.broker.message import Outcome, Outgoing
from connector.broker.private import PrivateNode
from connector.broker.publisher import Publisher
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from tests.fault.checker import check
from tests.fault.disk import build_shim, shim_environ
from tests.fault.evidence import World, query, sink_copies
from tests.fault.forks import PATIENCE_SECONDS, until
from tests.fault.proxy import Proxy
from tests.fault.tls import SITE_OPTION, BrokerTls
from tests.fault.world import CRLS, REVOCATION, Site, build_world, make_pki

__all__ = ["HOSTILE", "Arena", "Trial"]

HOSTILE: Final = "G15"
"""An agency that has an account at the broker, and sends what is not its own."""

_POLL_SECONDS: Final = 0.05
_ENDED: Final = frozenset({"accepted", "finished", "refused", "returned", "recalled"})


@dataclass(slots=True)
class Trial:
    """One fault, once: how long recovery took after it ended, and what was wrong."""

    name: str
    variant: str
    seed: int
    documents: int
    seconds: float
    faults: list[str] = field(default_factory=list)


class Arena:
    """Two agencies that exchange documents, and handles on everything that can break."""

    def __init__(self, root: Path, *, seed: int = 0, codes: Sequence[str] = ("G22", "H41")) -> None:
        self.root: Final = root
        self.codes: Final = tuple(codes)
        self.rolls: Final = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._stack: Final = ExitStack()
        self._number = 0
        self.proxies: dict[str, Proxy] = {}
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.sites: dict[str, Site] = {}
        self.present: list[str] = []
        """What was sent in the present trial."""

        self.forgiven: set[str] = set()
        """The same of all earlier trials."""

        self.excused: set[str] = set()
        """Documents that a trial judges by itself, each for a reason of its fault."""

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self._stack.callback(self._end)
        self.tls = BrokerTls(self.root / "tls")
        self.rabbit = self._stack.enter_context(
            PrivateNode(self.root / "rabbitmq", disposable=True, extra=self.tls.conf())
        )
        self.sandbox = Sandbox(self.rabbit.settings(), "faults")  # goes with its node
        self.sandbox.connect([*self.codes, HOSTILE], settle_seconds=2.0)
        self.shim = build_shim(self.root)
        pki = make_pki(self.root / "pki")
        for index, code in enumerate(self.codes):
            target = ("127.0.0.1", self.tls.port)
            proxy = Proxy(target, seed=self.rolls.randrange(1 << 30) + index)
            self.proxies[code] = self._stack.enter_context(proxy)
        (self.root / "world" / CRLS).mkdir(parents=True)
        options = {"heartbeat": 4, "tls": SITE_OPTION, "revocation": REVOCATION}
        self.sites = build_world(self.root / "world", pki, self._settings, self.codes, **options)
        for code, site in self.sites.items():
            self.tls.equip(site.directory, code)
        self.world = World.load(self.root / "world" / "world.json")
        for code in self.codes:
            self.start(code)

    def _settings(self, code: str) -> BrokerSettings:
        """Return an agency's settings: TLS through its own bad line."""
        settings = self.sandbox.settings(code)
        parts = urlsplit(settings.url)
        login = parts.netloc.rpartition("@")[0]
        netloc = f"{login}@127.0.0.1:{self.proxies[code].port}"
        return replace(settings, url=parts._replace(scheme="amqps", netloc=netloc).geturl())

    def start(
        self,
        code: str,
        *,
        environ: Mapping[str, str] | None = None,
        before: str = "",
        shim: Mapping[str, str] | None = None,
        program: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start an agency's daemon; `shim` are its disk's faults, `before` is run by the shell.

        `program` is the directory of another version than this one.
        """
        site = self.sites[code]
        extra = shim_environ(self.shim, site.directory, **shim) if shim else dict(os.environ)
        command = [sys.executable, "-m", "connector", "run", "--config", str(site.config)]
        if before:
            command = ["/bin/sh", "-c", f'{before}; exec "$@"', "sh", *command]
        with self.log(code).open("ab") as log:
            self.daemons[code] = subprocess.Popen(
                command, stdout=log, stderr=log, env={**extra, **(environ or {})}, cwd=program
            )
        return self.daemons[code]

    def log(self, code: str) -> Path:
        """Return where a daemon's words go."""
        return self.sites[code].directory / "daemon.log"

    def kill(self, code: str) -> None:
        """SIGKILL a daemon."""
        self.daemons[code].kill()
        self.daemons[code].wait()

    def stop(self, code: str) -> int:
        """SIGTERM a daemon and return its exit status."""
        process = self.daemons[code]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def reload(self, code: str) -> None:
        """Let a daemon read its keys, trust data and adapters anew, as an operator would."""
        self.daemons[code].send_signal(signal.SIGHUP)

    def events(self, code: str, event: str) -> int:
        """Count what an agency's journal says."""
        statement = "SELECT count(*) AS n FROM journal WHERE event = ?"
        rows = query(self.sites[code].database, statement, event)
        return int(rows[0]["n"]) if rows else 0

    def revive(self, code: str) -> None:
        """Start a daemon again if it has ended, as systemd would."""
        if self.daemons[code].poll() is not None:
            self.start(code)

    def ends_by_itself(self, code: str, timeout_seconds: float = 30.0) -> int | None:
        """Return the exit status of a daemon that has to give up, None if it goes on."""
        with suppress(subprocess.TimeoutExpired):
            return self.daemons[code].wait(timeout_seconds)
        return None

    def send(self, count: int = 1, *, size: int = 0) -> list[str]:
        """Let the legacy systems export documents, in both directions."""
        documents = []
        for _ in range(count):
            self._number += 1
            here, there = (self.sites[code] for code in self.rolls.sample(self.codes, 2))
            document = here.record(f"{self._number}/VP", [there.code], files=1 + self._number % 2)
            if size:
                name = f"{self._number}-VP-0.pdf"
                (here.directory / "adapter" / "files" / name).write_bytes(
                    b"%PDF-1.4\n" + self.rolls.randbytes(size)
                )
            documents.append(document)
        self.present += documents
        return documents

    def pause(self, shortest: float, longest: float) -> None:
        """Let some time pass, of a length that the seed decides."""
        time.sleep(self.rolls.uniform(shortest, longest))

    def any_code(self) -> str:
        """Choose an agency."""
        return self.rolls.choice(self.codes)

    def other(self, code: str) -> str:
        """Return an agency on the other side."""
        return self.rolls.choice([each for each in self.codes if each != code])

    def number(self) -> str:
        """Return a number of the register that nobody has used."""
        self._number += 1
        return f"{self._number}/VP"

    def throw(self, code: str, *messages: Outgoing) -> list[Outcome]:
        """Publish any messages with an agency's real account, past its node and its bad line."""
        publisher = Publisher(self.sandbox.settings(code), lambda _event: None)
        publisher.start()
        found: list[Outcome] = []
        try:
            for message in messages:
                publisher.submit(message)
            end = time.monotonic() + PATIENCE_SECONDS
            while len(found) < len(messages) and time.monotonic() < end:
                found += publisher.outcomes(0.1)
        finally:
            publisher.stop(5.0)
        return found

    def states(self, document: str) -> list[str]:
        """Return the states of a document's deliveries, read from the sender's database."""
        code = document.partition(",")[0]
        rows = query(
            self.sites[code].database,
            "SELECT d.state FROM delivery d JOIN outbox_packet p ON p.packet_id = d.packet_id"
            " WHERE p.document_id = ? AND p.kind = 'document' AND p.business_type IN (0, 3)",
            document,
        )
        return [row["state"] for row in rows]

    def latest(self, more: Sequence[str]) -> list[str]:
        """Return the documents of the present trial so far, and some more."""
        return [*self.present, *more]

    def copies(self, document: str) -> int:
        """Return how often a document stands in all sinks together."""
        return sum(
            copy.document_id == document
            for agency in self.world.agencies.values()
            for copy in sink_copies(agency)
        )

    def rest(self, documents: Sequence[str], timeout_seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until documents are answered."""
        return until(lambda: self._rests(documents), timeout_seconds, _POLL_SECONDS)

    def _rests(self, documents: Sequence[str]) -> bool:
        wanted = [document for document in documents if document not in self.excused]
        return all(states and _ENDED.issuperset(states) for states in map(self.states, wanted))

    def judge(self, documents: Sequence[str]) -> list[str]:
        """Return what the checker says of some documents; twice, as the daemons may be writing."""
        faults: list[str] = []
        for _ in range(4):
            faults = [
                str(fault)
                for fault in check(self.world, only=documents).faults
                if not any(name in fault.document for name in self.excused)
            ]
            if not faults:
                break
            time.sleep(0.5)
        return faults

    def verdict(self) -> list[str]:
        """End the daemons and return what the checker says of everything."""
        for code in self.codes:
            self.stop(code)
        return [
            str(fault)
            for fault in check(self.world).faults
            if not any(name in fault.document for name in self.forgiven | self.excused)
        ]

    @contextmanager
    def wrong_clock(self, code: str) -> Iterator[_WrongClock]:
        """Restart a daemon with a clock that can be set wrong; it is right again at the end."""
        clock = _WrongClock(self.root / f"{code}.clock")
        self.stop(code)
        self.start(code, shim={"clock": str(clock.path)})
        try:
            yield clock
        finally:
            clock.set(0)

    def _end(self) -> None:
        for process in self.daemons.values():
            if process.poll() is None:
                process.kill()
            process.wait()


class _WrongClock:
    """The file in which the shim finds by how many seconds the clock is wrong."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        path.write_bytes(struct.pack("q", 0))

    def set(self, seconds: int) -> None:
        """Set the clock of the running process."""
        with self.path.open("r+b") as stream:
            stream.write(struct.pack("q", seconds))
