"""The TCP proxy: it forwards, and misbehaves in each way that it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.fault.forks import until
from tests.fault.proxy import Direction, Proxy

_PATIENCE_SECONDS = 20.0


class Echo:
    """A server that sends back what it gets, and remembers it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = ("127.0.0.1", int(self.listener.getsockname()[1]))
        self.got = bytearray()
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[one], daemon=True).start()

    def _talk(self, one: socket.socket) -> None:
        with one:
            try:
                while data := one.recv(65536):
                    self.got += data
                    one.sendall(data)
            except OSError:
                pass
        self.ended.set()


@pytest.fixture
def echo() -> Iterator[Echo]:
    """Serve an echo."""
    server = Echo()
    yield server
    server.listener.shutdown(socket.SHUT_RDWR)
    server.listener.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    """Stand before the echo."""
    with Proxy(echo.address, seed=5) as made:
        yield made


@pytest.fixture
def line(proxy: Proxy) -> Iterator[socket.socket]:
    """Be connected through the proxy."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=_PATIENCE_SECONDS) as one:
        one.sendall(b"hello")
        assert one.recv(100) == b"hello"
        yield one


def silent(line: socket.socket) -> bool:
    """Tell whether nothing comes."""
    line.settimeout(0.2)
    try:
        return line.recv(100) is None
    except TimeoutError:
        return True
    finally:
        line.settimeout(_PATIENCE_SECONDS)


def test_passes_everything_unchanged(line: socket.socket, echo: Echo) -> None:
    """Without orders it is a wire."""
    data = bytes(range(256)) * 4096
    threading.Thread(target=line.sendall, args=[data]).start()
    back = bytearray()
    while len(back) < len(data):
        back += line.recv(65536)
    assert bytes(back) == data
    assert bytes(echo.got) == b"hello" + data


def test_end_of_one_side_ends_the_other(line: socket.socket, proxy: Proxy, echo: Echo) -> None:
    """A connection that ends in order ends in order."""
    line.shutdown(socket.SHUT_WR)
    assert line.recv(100) == b""
    assert echo.ended.wait(_PATIENCE_SECONDS)
    assert until(lambda: proxy.connections == 0, _PATIENCE_SECONDS)


def test_black_hole_holds_and_healing_lets_go(
    line: socket.socket, proxy: Proxy, echo: Echo
) -> None:
    """Nothing passes, nobody is told; afterwards what was held arrives."""
    proxy.black_hole()
    line.sendall(b"late")
    assert silent(line)
    assert bytes(echo.got) == b"hello"
    proxy.heal()
    assert line.recv(100) == b"late"


@pytest.mark.parametrize(("direction", "arrived"), [("up", False), ("down", True)])
def test_partition_of_one_direction(
    line: socket.socket, proxy: Proxy, echo: Echo, direction: str, arrived: bool
) -> None:
    """Requests get through and answers do not, or the other way round."""
    proxy.partition(Direction(direction))
    line.sendall(b"x")
    assert silent(line)
    assert (bytes(echo.got) == b"hellox") is arrived
    proxy.heal()
    assert line.recv(100) == b"x"


def test_reset_is_seen_as_a_reset(line: socket.socket, proxy: Proxy) -> None:
    """RST ends a connection with an error, and a new one works."""
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        line.recv(100)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=_PATIENCE_SECONDS) as again:
        again.sendall(b"again")
        assert again.recv(100) == b"again"


def test_refuse_takes_nobody_until_healed(line: socket.socket, proxy: Proxy) -> None:
    """While it refuses, every connection ends at once."""
    proxy.refuse()
    address = ("127.0.0.1", proxy.port)
    with pytest.raises(ConnectionResetError):
        _greet(address)
    proxy.heal()
    assert _greet(address) == b"back"


def _greet(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address, timeout=_PATIENCE_SECONDS) as one:
        one.sendall(b"back")
        return one.recv(100)


def test_half_open_keeps_the_near_side(line: socket.socket, proxy: Proxy, echo: Echo) -> None:
    """The far side is gone and the near side hears nothing of it, until the line is mended."""
    proxy.half_open()
    assert echo.ended.wait(_PATIENCE_SECONDS)
    line.sendall(b"into the void")
    assert silent(line)
    proxy.heal()
    with pytest.raises(ConnectionResetError):
        line.recv(100)


def test_cut_in_the_middle_of_a_message(line: socket.socket, proxy: Proxy, echo: Echo) -> None:
    """Exactly so many bytes arrive, then the connection is reset."""
    proxy.cut_after(Direction.UP, 1000)
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        _push(line)
    assert until(lambda: len(echo.got) == 1005, _PATIENCE_SECONDS)


def _push(line: socket.socket) -> None:
    for _ in range(1000):
        line.sendall(bytes(4096))
    while line.recv(65536):
        pass


def test_same_seed_cuts_at_the_same_byte(echo: Echo) -> None:
    """A run can be repeated from its seed."""
    chosen = []
    for _ in range(2):
        with Proxy(echo.address, seed=9) as proxy:
            chosen.append([proxy.cut_after(Direction.UP) for _ in range(3)])
    assert chosen[0] == chosen[1]
    assert len(set(chosen[0])) == 3


def test_throttled_and_delayed_line_still_delivers(line: socket.socket, proxy: Proxy) -> None:
    """A slow line is slow, not broken."""
    proxy.throttle(200_000)
    proxy.delay(0.05)
    line.sendall(bytes(20_000))
    back = 0
    while back < 20_000:
        back += len(line.recv(65536))
    assert back == 20_000
