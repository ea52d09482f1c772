"""Stands between an application and Callboard and writes down what the application sends."""

from __future__ import annotations

import base64
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_KEPT = ("Content-Type", "Content-Encoding", "User-Agent")


@contextmanager
def recording(url: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the address to send to, and the list that fills with what was sent."""
    sent: list[dict[str, Any]] = []
    target = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=20)
            connection.request(self.command, self.path, body=body, headers=dict(self.headers.items()))
            answer = connection.getresponse()
            data = answer.read()
            headers = {name: value for name, value in self.headers.items() if name.title() in _KEPT}
            is_text = "json" in self.headers.get("Content-Type", "")
            sent.append({
                "method": self.command, "path": self.path, "headers": headers, "status": answer.status,
                "text" if is_text else "base64": body.decode() if is_text else base64.b64encode(body).decode(),
            })  # fmt: skip
            self.send_response(answer.status)
            for name in ("Content-Type", "Content-Encoding"):
                if answer.getheader(name):
                    self.send_header(name, str(answer.getheader(name)))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _pass_on

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        server.server_close()
