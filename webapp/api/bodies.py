"""Reads request bodies within limits that hold while reading, before anything is parsed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError

from webapp.api.admission import busy
from webapp.api.errors import ApiError

MAX_WIRE_BYTES = 10 * 1024 * 1024
MAX_INFLATED_BYTES = 20 * 1024 * 1024
MAX_SMALL_BYTES = 64 * 1024
_RATIO_FROM_BYTES = 1024 * 1024
_MAX_RATIO = 100
_CHUNK = 64 * 1024


def read(request: HttpRequest) -> tuple[bytes, int]:
    """Return the body, inflated when it came gzipped, and its size on the wire.

    Raises ApiError 413 (too large, or a bomb), 415 (unknown compression) or 400 (broken).
    """
    sent = read_wire(request)
    return unpack(request, sent), len(sent)


def unpack(request: HttpRequest, sent: bytes) -> bytes:
    """Return what was sent, inflated as the request's headers say."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return sent
    if encoding not in ("gzip", "deflate"):
        raise ApiError(415, f"The content encoding «{encoding[:40]}» is not supported. Send gzip or no compression.")
    return inflate(sent, is_gzip=encoding == "gzip")


def wire_bytes(request: HttpRequest) -> int:
    """Return how much the request says it sends; 0 when it does not say."""
    declared = request.headers.get("Content-Length", "")
    return int(declared) if declared.isdecimal() and len(declared) < 12 else 0


def json_object(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that the body holds; raises ApiError 400 when it holds anything else."""
    body, _ = read(request)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "The body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return document


def small_json_object(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object of a body that anybody may send: at most 64 KiB, not compressed."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise ApiError(415, "Send the body as it is, not compressed.")
    if wire_bytes(request) > MAX_SMALL_BYTES or request.headers.get("Transfer-Encoding"):
        raise ApiError(413, "The body is larger than 64 KiB, or names no length.")
    return json_object(request)


def inflate(data: bytes, *, is_gzip: bool = True) -> bytes:
    """Return the uncompressed data, stopping as soon as it grows beyond the limits."""
    unzip = zlib.decompressobj(wbits=31 if is_gzip else 15)
    parts: list[bytes] = []
    size = 0
    pending = data
    try:
        while pending and not unzip.eof:
            part = unzip.decompress(pending, _CHUNK * 16)
            pending = unzip.unconsumed_tail
            size += len(part)
            _check_inflated(size, len(data))
            parts.append(part)
        parts.append(unzip.flush())
    except zlib.error as error:
        raise ApiError(400, "The body says it is compressed, but it cannot be unpacked.") from error
    if not unzip.eof or unzip.unused_data:
        raise ApiError(400, "The compressed body is cut off, or has more than one part.")
    return b"".join(parts)


def read_wire(request: HttpRequest) -> bytes:
    """Return the body as it was sent, stopping as soon as it grows beyond the limit."""
    if wire_bytes(request) > MAX_WIRE_BYTES:
        raise _too_large()
    read, parts = _reader(request), list[bytes]()
    size = 0
    try:
        while part := read(_CHUNK * 4):
            size += len(part)
            if size > MAX_WIRE_BYTES:
                raise _too_large()
            parts.append(part)
    except TimeoutError as error:
        raise busy("The request body came too slowly. Nothing was stored, the client will try again.") from error
    except (UnreadablePostError, RawPostDataException, OSError) as error:
        raise ApiError(400, "The request body ended before it was complete. Send it again.") from error
    return b"".join(parts)


def _reader(request: HttpRequest) -> Callable[[int], bytes]:
    """Return what reads the body; Django reads none that comes in chunks, without a length, as Node.js sends its own."""
    if not request.headers.get("Transfer-Encoding"):
        return request.read
    if not request.META.get("wsgi.input_terminated"):
        raise ApiError(411, "The request names no length. Send a Content-Length header.")
    read: Callable[[int], bytes] = request.META["wsgi.input"].read
    return read


def _check_inflated(size: int, wire_size: int) -> None:
    if size > MAX_INFLATED_BYTES or (size > _RATIO_FROM_BYTES and size > wire_size * _MAX_RATIO):
        raise ApiError(413, "The body unpacks to more than 20 MiB. Send smaller batches.")


def _too_large() -> ApiError:
    return ApiError(413, "The body is larger than 10 MiB. Send smaller batches.")
