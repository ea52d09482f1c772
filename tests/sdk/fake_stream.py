"""A live process that behaves as it is told: well, or in one of the ways in which servers fail."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class FakeStream:
    """Accepts connections, keeps what was asked, and hands each one to a behaviour."""

    def __init__(self, behave: Callable[[FakeStream, socket.socket], None] | None = None) -> None:
        self.requests: list[str] = []
        self.is_over = threading.Event()
        self._behave = behave or listen
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def tell(self, *, name: str = "", labels: tuple[str, ...] = (), change: str = "7", number: int = 1) -> None:
        """Send an event to everybody who is connected."""
        data = json.dumps({"name": name, "labels": labels, "change": change})
        for connection in list(self._open):
            with suppress(OSError):
                connection.sendall(chunk(f"id: m-{number}\nevent: prompts\ndata: {data}\n\n"))

    def cut(self) -> None:
        """End all connections."""
        while self._open:
            hang_up(self._open.pop())

    def stop(self) -> None:
        self.is_over.set()
        hang_up(self._socket)
        self._acceptor.join()
        self.cut()
        for thread in self._threads:
            thread.join()
        # Somebody may have connected in between.
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self.is_over.is_set():
                connection, _ = self._socket.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5.0)
        try:
            self._answer(connection)
        except OSError:
            hang_up(connection)
        if connection not in self._open:
            hang_up(connection)

    def _answer(self, connection: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            received = connection.recv(4096)
            if not received:
                return
            asked += received
        self.requests.append(asked.decode())
        self._behave(self, connection)

    def keep(self, connection: socket.socket) -> None:
        self._open.append(connection)


def chunk(text: str) -> bytes:
    data = text.encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def listen(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(HEAD + chunk("retry: 1\n\n"))
    stream.keep(connection)


def hang(stream: FakeStream, connection: socket.socket) -> None:
    stream.keep(connection)


def hang_after_the_head(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(HEAD)
    stream.keep(connection)


def drip(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(HEAD)
    stream.keep(connection)
    while not stream.is_over.wait(0.02):
        connection.sendall(chunk("x"))


def close_at_once(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(HEAD + b"0\r\n\r\n")
    hang_up(connection)


def answer_rubbish(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(b"\x00\xffnot http at all\r\n\r\n")
    hang_up(connection)


def send_rubbish_in_the_stream(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(HEAD + b"zz\r\nnot a chunk")
    hang_up(connection)


def send_one_endless_line(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(HEAD)
    while not stream.is_over.is_set():
        connection.sendall(chunk("data: " + "x" * 16_000))


def answer_with_a_page(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>")
    hang_up(connection)


def refuse(stream: FakeStream, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    hang_up(connection)
