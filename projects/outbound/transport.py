"""The guarded way out: an HTTP transport that connects only to checked addresses and reads only bounded answers."""

from __future__ import annotations

import asyncio
import codecs
import functools
import select
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import httpcore2
import httpx2

from projects.outbound import look_ups
from projects.outbound.addresses import Address, Allowlist, Target, as_literal, check, parse_target
from projects.outbound.errors import AddressRefused, AnswerCompressed, AnswerTooLarge, RedirectRefused
from projects.outbound.look_ups import LookUp

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_EVENT_LINE_BYTES = 64 * 1024
_ADDRESSES_TRIED = 3

# Nothing else leaves this server: no cookies, no details of the client, no headers from its environment.
_REQUEST_HEADERS = frozenset({
    b"host", b"authorization", b"content-type", b"content-length", b"accept", b"connection",
    b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"x-amz-date", b"x-amz-content-sha256",
})  # fmt: skip
_ANSWER_HEADERS = frozenset({
    b"content-type", b"retry-after", b"retry-after-ms", b"x-request-id", b"x-ratelimit-limit-tokens",
    b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens", b"x-ratelimit-remaining-requests",
    b"x-ratelimit-reset-requests",
})  # fmt: skip


def look_up(host: str, port: int) -> Sequence[Address]:
    """Return all addresses of a host in the order the system prefers them, none when it is unknown."""
    literal = as_literal(host)
    if literal is not None:
        return [literal]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found))


def check_url(*, url: str, allowlist: Allowlist, look_up: LookUp = look_up) -> Target:
    """Refuse an address that this server may not call; used when it is saved."""
    target = parse_target(url)
    check(target=target, addresses=look_ups.addresses(look_up, target.host, target.port), allowlist=allowlist)
    return target


class _PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves once, checks every address, and connects to a checked address and to nothing else."""

    def __init__(self, *, target: Target, allowlist: Allowlist, look_up: LookUp) -> None:
        self._target = target
        self._allowlist = allowlist
        self._look_up = look_up
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await look_ups.addresses_async(self._look_up, self._target.host, self._target.port)
                check(target=self._target, addresses=addresses, allowlist=self._allowlist)
                return await self._connect_first(addresses[:_ADDRESSES_TRIED], timeout)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("connecting took too long") from error

    async def _connect_first(self, addresses: Sequence[Address], timeout: float | None) -> httpcore2.AsyncNetworkStream:
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._connect(address, share)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._connect(addresses[-1], timeout)

    async def _connect(self, address: Address, timeout: float | None) -> httpcore2.AsyncNetworkStream:
        stream = await self._network.connect_tcp(str(address), self._target.port, timeout=timeout)
        peer = stream.get_extra_info("server_addr")
        if ip_address(str(peer[0]).partition("%")[0]) != address:
            await stream.aclose()
            raise AddressRefused("The connection ended at another address than the one that was checked.")
        return _KnownSocket(stream)


class _KnownSocket(httpcore2.AsyncNetworkStream):
    """A stream that keeps hold of its socket: the pool asks every idle connection for it before each request."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return _KnownSocket(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return _has_something_to_read(self._socket)
        return self._stream.get_extra_info(info)


def _has_something_to_read(connected: socket.socket) -> bool:
    """Tell whether bytes wait to be read; on an idle connection that is the end which the other side sent."""
    if connected.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Carries requests to one origin, through the guard, and hands back bounded and cleaned answers."""

    def __init__(self, *, target: Target, allowlist: Allowlist, look_up: LookUp = look_up) -> None:
        self._target = target
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=512,
            max_keepalive_connections=128,
            keepalive_expiry=15.0,
            network_backend=_PinnedBackend(target=target, allowlist=allowlist, look_up=look_up),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if _origin(request.url) != self._target:
            raise AddressRefused("A connection calls only its own address.")
        with _as_httpx():
            answer = await self._pool.handle_async_request(_plain_request(request))
        body = _BoundedBody(answer)
        try:
            _refuse_oddities(answer)
        except BaseException:
            await body.aclose()
            raise
        headers = [(name, value) for name, value in answer.headers if name.lower() in _ANSWER_HEADERS]
        return httpx2.Response(answer.status, headers=headers, stream=body)

    async def aclose(self) -> None:
        await self._pool.aclose()


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _origin(url: httpx2.URL) -> Target:
    return parse_target(str(url.copy_with(query=None, fragment=None)))


def _plain_request(request: httpx2.Request) -> httpcore2.Request:
    url = request.url
    headers = [(name, value) for name, value in request.headers.raw if name.lower() in _REQUEST_HEADERS]
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=[*headers, (b"User-Agent", b"callboard"), (b"Accept-Encoding", b"identity")],
        content=request.stream,
        extensions=request.extensions,
    )


def _refuse_oddities(answer: httpcore2.Response) -> None:
    if 300 <= answer.status < 400:
        raise RedirectRefused
    encodings = {value.strip().lower() for name, value in answer.headers if name.lower() == b"content-encoding"}
    if encodings - {b"identity", b""}:
        raise AnswerCompressed


_FAILURES = (
    "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError", "WriteError",
    "LocalProtocolError", "RemoteProtocolError", "UnsupportedProtocol",
)  # fmt: skip
_HTTPX_FAILURE = {getattr(httpcore2, name): getattr(httpx2, name) for name in _FAILURES}


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(_HTTPX_FAILURE) as error:
        raise _HTTPX_FAILURE[type(error)](str(error)) from error


class _BoundedBody(httpx2.AsyncByteStream):
    """An answer's bytes: at most 4 MiB, events of at most 64 KiB a line, broken UTF-8 repaired."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer
        types = [value.lower() for name, value in answer.headers if name.lower() == b"content-type"]
        self._has_events = any(value.startswith(b"text/event-stream") for value in types)
        self._pieces = self._read()

    def __aiter__(self) -> AsyncIterator[bytes]:
        # One reader however often it is asked for: the openai client reads on after the end mark.
        return self._pieces

    async def _read(self) -> AsyncIterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        total = line = 0
        with _as_httpx():
            async for chunk in self._answer.aiter_stream():
                total += len(chunk)
                if total > MAX_ANSWER_BYTES:
                    raise AnswerTooLarge
                if self._has_events:
                    line = _longest_open_line(chunk, line)
                yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()

    async def aclose(self) -> None:
        await self._answer.aclose()


def _longest_open_line(chunk: bytes, open_bytes: int) -> int:
    first, *rest = chunk.split(b"\n")
    lengths = [open_bytes + len(first), *map(len, rest)]
    if max(lengths) > MAX_EVENT_LINE_BYTES:
        raise AnswerTooLarge("The answer held a single event of more than 64 KiB and was stopped.")
    return lengths[-1]
