"""A small HTTP client for one server: keep-alive, no redirects, bounded answers; one per thread."""

import base64
import contextlib
import encodings.idna  # noqa: F401 - see below
import http.client
import os
import socket
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from callboard.errors import Unreachable
from callboard.version import __version__

# Nothing here may be imported later, in a background thread: a process that forks at that moment has a child in which
# the import never ends. Python itself imports `encodings.idna` when it first looks up a host.

SDK: Final = f"python/{__version__}"
_MAX_ANSWER: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_accepted(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300

    @property
    def is_web_page(self) -> bool:
        """Whether this was written for a browser, and so does not come from Callboard's API."""
        return self.is_accepted and "text/html" in self.headers.get("content-type", "")


class HttpClient:
    """Sends requests over one connection that is kept open."""

    def __init__(self, *, url: str, api_key: str, timeout: float) -> None:
        self._url = _split(url if "://" in url else f"http://{url}")
        self._timeout = timeout
        self._headers = {"User-Agent": f"callboard-sdk-{SDK}", "X-Callboard-SDK": SDK, "Accept": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._connection: http.client.HTTPConnection | None = None
        # Of a stream: http.client itself lets go of it as soon as the answer has begun.
        self._socket: socket.socket | None = None
        self._proxy = proxy_for(self._url.scheme, self._url.hostname or "", os.environ)
        self._target_prefix = self._url.path.rstrip("/")
        if self._proxy is not None and self._url.scheme == "http":
            self._headers |= _proxy_headers(self._proxy)
            self._target_prefix = f"http://{self._url.netloc}{self._target_prefix}"

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Return the answer, or raise Unreachable; nothing else is ever raised."""
        was_open = self._connection is not None
        sent = {**self._headers, **(headers or {})}
        limit = self._timeout if timeout is None else timeout
        try:
            return self._exchange(method, path, body, sent, limit)
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            self.close()
            # A server may close an idle connection at any time; only a fresh one shows that it is gone.
            if not was_open:
                raise Unreachable(_reason(error)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unreachable(_reason(error)) from error
        return self._second_try(method, path, body, sent, limit)

    def open(self, path: str, *, headers: Mapping[str, str], timeout: float) -> http.client.HTTPResponse:
        """Return an answer whose body is still to be read, over a connection of its own; raise Unreachable."""
        self.close()
        connection = self._connection = self._connect(timeout)
        try:
            connection.connect()
            self._socket = connection.sock
            connection.request("GET", self._target_prefix + path, headers={**self._headers, **headers})
            return connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unreachable(_reason(error)) from error

    def set_timeout(self, seconds: float) -> None:
        """Wait this long for each further piece of an open answer."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.settimeout(seconds)

    def interrupt(self) -> None:
        """End an open answer, from another thread than the one that reads it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._socket = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _second_try(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> Answer:
        try:
            return self._exchange(method, path, body, headers, timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unreachable(_reason(error)) from error

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> Answer:
        deadline = time.monotonic() + 2 * timeout
        connection = self._connection
        if connection is None:
            connection = self._connection = self._connect(timeout)
        # http.client sets TCP_NODELAY when it connects.
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request(method, self._target_prefix + path, body=body, headers=dict(headers))
        response = connection.getresponse()
        content = _read(response, deadline)
        if response.will_close:
            self.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        host, is_tls = self._url.hostname or "", self._url.scheme == "https"
        kind = http.client.HTTPSConnection if is_tls else http.client.HTTPConnection
        if self._proxy is None:
            return kind(host, self._url.port, timeout=timeout)
        connection = kind(self._proxy.hostname or "", self._proxy.port, timeout=timeout)
        if is_tls:
            connection.set_tunnel(host, self._url.port, _proxy_headers(self._proxy))
        return connection


def _split(url: str) -> urllib.parse.SplitResult:
    try:
        return urllib.parse.urlsplit(url)
    except ValueError:
        # An address that cannot be read is one that nobody answers at.
        return urllib.parse.urlsplit("http://")


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Return the body; an answer that drips in for ever or never ends is given up."""
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(64 * 1024):
        chunks.append(chunk)
        size += len(chunk)
        if size > _MAX_ANSWER or time.monotonic() > deadline:
            raise http.client.HTTPException("the answer is too large or too slow")
    # Read to its end, but http.client notices that only in `read`, and would not let the connection be used again.
    response.close()
    return b"".join(chunks)


def proxy_for(scheme: str, host: str, environ: Mapping[str, str]) -> urllib.parse.SplitResult | None:
    """Return the proxy that the usual environment variables name for this host, or None."""
    named = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy")}
    address = named.get(f"{scheme}_proxy") or named.get("all_proxy")
    # In a CGI program HTTP_PROXY would be a header of the visitor.
    if not address or (scheme == "http" and "REQUEST_METHOD" in environ) or _is_exempt(host, named.get("no_proxy", "")):
        return None
    return urllib.parse.urlsplit(address if "://" in address else f"http://{address}")


def _is_exempt(host: str, exemptions: str) -> bool:
    names = [name.strip().lstrip("*.").partition(":")[0].lower() for name in exemptions.split(",") if name.strip()]
    if exemptions.strip() == "*" or host in {"localhost", "::1"} or host.startswith("127."):
        return True
    return any(host.lower() == name or host.lower().endswith(f".{name}") for name in names)


def _proxy_headers(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    secret = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
