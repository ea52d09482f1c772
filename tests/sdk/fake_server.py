"""A Callboard server that runs in the test process and answers as it is told."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Received:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    was_gzipped: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Scripted:
    """An answer given once instead of the usual one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    delay: float = 0.0
    drop: bool = False


class FakeServer:
    """Keeps what it received, and serves the prompts it was given."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.prompts: dict[tuple[str, str], dict[str, Any]] = {}
        self.script: dict[str, deque[Scripted]] = defaultdict(deque)
        self.always: dict[str, Scripted] = {}
        self.connections = 0
        # Where this server says that changes are announced; nothing for its own address.
        self.live = ""
        self._start(0)

    def _start(self, port: int) -> None:
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.fake = self
        self.port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Switch the server off: new and open connections are refused."""
        self._http.shutdown()
        self._http.server_close()
        self._http.cut_connections()
        self._thread.join()

    def start_again(self) -> None:
        self._start(self.port)

    def answer_next(self, path: str, *answers: Scripted) -> None:
        self.script[path].extend(answers)

    def requests_to(self, path: str) -> list[Received]:
        return [request for request in list(self.received) if request.path == path]

    @property
    def batches(self) -> list[Received]:
        return self.requests_to("/v1/traces")

    @property
    def spans(self) -> list[dict[str, Any]]:
        """All spans received, with their attributes as a plain dict."""
        return [span for batch in self.batches for span in spans_in(batch)]

    def span_named(self, name: str) -> dict[str, Any]:
        found = [span for span in self.spans if span["name"] == name]
        assert len(found) == 1, f"{len(found)} spans named {name!r} among {[span['name'] for span in self.spans]}"
        return found[0]

    @property
    def feedback(self) -> list[dict[str, Any]]:
        return [item for request in self.requests_to("/api/v1/feedback") for item in request.json["items"]]

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        return [item for request in self.requests_to("/api/v1/outcomes") for item in request.json["items"]]

    def publish(self, name: str, text: str | None = None, *, version: int = 1, label: str = "production", **more: Any):
        """Serve this prompt under the label and under its version."""
        payload = {
            "name": name,
            "type": "text" if text is not None else "chat",
            "version": version,
            "labels": [label],
            "text": text,
            "messages": [],
            "variables": [],
            "settings": {},
            "content_hash": f"{version:064x}",
            "note": "",
            "rollout": None,
            **more,
        }
        self.prompts[name, f"l:{label}"] = self.prompts[name, f"v:{version}"] = payload
        return payload

    def prompt_requests(self, name: str) -> list[Received]:
        return self.requests_to(f"/api/v1/prompts/{name}")


def spans_in(batch: Received) -> list[dict[str, Any]]:
    scope_spans = [scope for resource in batch.json["resourceSpans"] for scope in resource["scopeSpans"]]
    return [{**span, "attributes": plain(span["attributes"])} for scope in scope_spans for span in scope["spans"]]


def plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {attribute["key"]: _value(attribute["value"]) for attribute in attributes}


def _value(value: dict[str, Any]) -> Any:
    [(kind, content)] = value.items()
    if kind == "arrayValue":
        return [_value(item) for item in content["values"]]
    return int(content) if kind == "intValue" else content


def eventually(check: Callable[[], Any], *, seconds: float = 5.0) -> Any:
    """Wait until the check holds, and return its result."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result or time.monotonic() > deadline:
            assert result, "it did not happen in time"
            return result
        time.sleep(0.005)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    fake: FakeServer

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.fake.connections += 1

    def log_message(self, *args: Any) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        fake = self.server.fake
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        was_gzipped = self.headers.get("content-encoding") == "gzip"
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = unquote(address.path)
        body = gzip.decompress(body) if was_gzipped else body
        request = Received(self.command, path, parse_qs(address.query), headers, body, was_gzipped)
        fake.received.append(request)
        answer = fake.script[path].popleft() if fake.script[path] else fake.always.get(path) or self._usual(request)
        time.sleep(answer.delay)
        if answer.drop:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _usual(self, request: Received) -> Scripted:
        if request.path == "/api/v1/feedback":
            return Scripted(200, body=json.dumps({"accepted": len(request.json["items"]), "rejected": []}).encode())
        if request.path == "/api/v1/prompts":
            label = request.query["label"][0]
            items = [prompt for (_, key), prompt in self.server.fake.prompts.items() if key == f"l:{label}"]
            # Pages of three, as a small stand-in for those of the real server.
            start = int(request.query.get("after", ["0"])[0])
            following = str(start + 3) if len(items) > start + 3 else None
            return Scripted(200, body=json.dumps({"items": items[start : start + 3], "next": following}).encode())
        if request.path.startswith("/api/v1/prompts/"):
            return self._prompt(request)
        return Scripted(200)

    def _prompt(self, request: Received) -> Scripted:
        name = request.path.removeprefix("/api/v1/prompts/")
        version, label = request.query.get("version"), request.query.get("label")
        key = f"v:{version[0]}" if version else f"l:{label[0] if label else ''}"
        prompt = self.server.fake.prompts.get((name, key))
        if prompt is None:
            return not_found()
        etag = f'"{prompt["content_hash"]}"'
        live = {"X-Callboard-Live": self.server.fake.live} if self.server.fake.live else {}
        if request.headers.get("if-none-match") == etag:
            return Scripted(304, {"ETag": etag, **live}, b"")
        return Scripted(200, {"ETag": etag, **live}, json.dumps(prompt).encode())


def not_found() -> Scripted:
    body = json.dumps({"type": "about:blank", "title": "Not found", "status": 404}).encode()
    return Scripted(404, {"Content-Type": "application/problem+json"}, body)
