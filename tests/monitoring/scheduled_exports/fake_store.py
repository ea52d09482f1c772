"""An S3-compatible store on loopback that checks the signature of every request and keeps the objects."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

ACCESS_KEY, SECRET, REGION, BUCKET = "AKEXPORTS", "between/us+only", "eu-central-1", "calls"


@dataclass
class FakeStore:
    """Takes PUT and DELETE for one bucket; `script` holds statuses for the next requests, 0 to hang up after taking an object."""

    objects: dict[str, bytes] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    script: list[int] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def names(self) -> list[str]:
        return sorted(name.rpartition("/")[2] for name in self.objects)


def _signature(handler: BaseHTTPRequestHandler, digest: str) -> str:
    """Compute the signature as the documentation describes it, from what arrived."""
    moment = handler.headers["x-amz-date"]
    names = "host;x-amz-content-sha256;x-amz-date"
    path = quote(unquote(handler.path), safe="/-_.~")
    lines = [handler.command, path, "", f"host:{handler.headers['host']}", f"x-amz-content-sha256:{digest}"]
    canonical = "\n".join([*lines, f"x-amz-date:{moment}", "", names, digest])
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signed = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={names}, Signature={signed}"


def _handler(store: FakeStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self._take()

        def do_DELETE(self) -> None:
            self._take()

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            digest = hashlib.sha256(body).hexdigest()
            bucket, _, name = unquote(self.path).lstrip("/").partition("/")
            if self.headers["x-amz-content-sha256"] != digest or self.headers["authorization"] != _signature(
                self, digest
            ):
                return self._answer(403, "SignatureDoesNotMatch")
            if bucket != BUCKET:
                return self._answer(404, "NoSuchBucket")
            status = store.script.pop(0) if store.script else 200
            if status >= 300:
                return self._answer(status, "AccessDenied" if status == 403 else "SlowDown")
            store.log.append((self.command, name.rpartition("/")[2]))
            if self.command == "PUT":
                store.objects[name] = body
            else:
                store.objects.pop(name, None)
            if status == 0:
                self.close_connection = True
                return None
            return self._answer(200 if self.command == "PUT" else 204, "")

        def _answer(self, status: int, code: str) -> None:
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode() if code else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def storing(store: FakeStore) -> Iterator[FakeStore]:
    """Run the store on a free loopback port until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(store))
    server.daemon_threads = True
    store.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
