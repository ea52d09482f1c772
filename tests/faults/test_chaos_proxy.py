"""The proxy does to a connection exactly what its mode says."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults import chaos_proxy
from tests.faults.chaos_proxy import BLACKHOLE, HALF_OPEN, HOST, PASS, REFUSE, RESETTING, ChaosProxy
from tests.faults.installation import wait_until

pytestmark = pytest.mark.faults

PATIENCE = 0.3


class Echo:
    """Sends back what it reads, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                plug, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(plug,), daemon=True).start()

    def _answer(self, plug: socket.socket) -> None:
        with plug:
            try:
                while data := plug.recv(65_536):
                    self.heard += data
                    plug.sendall(data)
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[ChaosProxy]:
    with ChaosProxy(echo.port) as running:
        yield running


def dial(proxy: ChaosProxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=5)


def ask(plug: socket.socket, question: bytes) -> bytes:
    plug.sendall(question)
    answer = b""
    while len(answer) < len(question) and (part := plug.recv(65_536)):
        answer += part
    return answer


def test_pass_changes_nothing(proxy: ChaosProxy) -> None:
    with dial(proxy) as plug:
        assert ask(plug, b"x" * 300_000) == b"x" * 300_000


def test_a_refused_port_opens_again_under_the_same_number(proxy: ChaosProxy) -> None:
    proxy.set(REFUSE)
    with pytest.raises(ConnectionRefusedError):
        dial(proxy)

    proxy.set(PASS)

    with dial(proxy) as plug:
        assert ask(plug, b"hello") == b"hello"


def test_reset_breaks_open_connections(proxy: ChaosProxy) -> None:
    with dial(proxy) as plug:
        ask(plug, b"hello")
        proxy.set(RESETTING)
        with pytest.raises(ConnectionError):
            ask(plug, b"hello" * 2) or ask(plug, b"hello")


def test_a_black_hole_takes_connections_and_answers_nothing(proxy: ChaosProxy, echo: Echo) -> None:
    proxy.set(BLACKHOLE)
    with dial(proxy) as plug:
        plug.settimeout(PATIENCE)
        with pytest.raises(TimeoutError):
            ask(plug, b"hello")

    assert echo.heard == b""


def test_half_open_lets_requests_through_and_loses_the_answers(proxy: ChaosProxy, echo: Echo) -> None:
    proxy.set(HALF_OPEN)
    with dial(proxy) as plug:
        plug.settimeout(PATIENCE)
        with pytest.raises(TimeoutError):
            ask(plug, b"hello")

    assert echo.heard == b"hello"


def test_latency_delays_both_directions(proxy: ChaosProxy) -> None:
    proxy.set(chaos_proxy.latency(100))
    with dial(proxy) as plug:
        began = time.monotonic()
        assert ask(plug, b"hello") == b"hello"

    assert time.monotonic() - began >= 0.2


def test_a_drip_ends_when_the_mode_does(proxy: ChaosProxy) -> None:
    proxy.set(chaos_proxy.drip(1000))
    began = time.monotonic()
    with dial(proxy) as plug:
        assert ask(plug, b"x" * 400) == b"x" * 400
        slow = time.monotonic() - began
        plug.sendall(b"y" * 1_000_000)
        proxy.set(PASS)
        plug.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: plug.recv(65_536), b""))

    assert slow >= 0.3
    assert set(answer) == set(b"y")


def test_a_request_is_cut_after_so_many_bytes(proxy: ChaosProxy, echo: Echo) -> None:
    proxy.set(chaos_proxy.cut_request_after(3))
    with dial(proxy) as plug, pytest.raises(ConnectionError):
        ask(plug, b"hello") or ask(plug, b"again")

    wait_until(lambda: echo.heard == b"hel", seconds=5)
    assert proxy.cuts == 1


def test_an_answer_that_is_cut_was_given_all_the_same(proxy: ChaosProxy, echo: Echo) -> None:
    proxy.set(chaos_proxy.cut_answer_after(0))
    with dial(proxy) as plug, pytest.raises(ConnectionError):
        ask(plug, b"hello") or ask(plug, b"again")

    assert echo.heard == b"hello"
