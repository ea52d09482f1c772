"""Asks the server for prompts, and says in plain values what came of it."""

import datetime
import json
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from callboard.errors import Unreachable
from callboard.http_client import Answer, HttpClient
from callboard.jitter import chance
from callboard.retrying import backoff_ceiling, parse_retry_after

_FETCH_SECONDS: Final = 5.0
_BREAKER_CAP_SECONDS: Final = 5.0
_MAX_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """The server's current answer."""

    payload: Mapping[str, Any]
    etag: str | None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The copy in this process is still current."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such prompt, or not any more."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The key may not read prompts."""

    status: int


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer; the server may name a time to wait."""

    reason: str
    retry_after: float | None = None


Outcome = Fetched | NotModified | Gone | Refused | Failed


class PromptFetcher:
    """Fetches prompts over one connection; used by one background thread."""

    def __init__(self, connect: Callable[[], HttpClient]) -> None:
        self._connect = connect
        self._client: HttpClient | None = None
        # The breaker: while the server is down, other prompts do not wait for a timeout each.
        self._down_until = 0.0
        self._failures = 0

    def fetch(self, *, name: str, label: str, version: int | None, etag: str | None) -> Outcome:
        """Return what the server has under this name and label or version."""
        query = {"label": label} if version is None else {"version": version}
        # The server refuses encoded slashes, and a name may hold plain ones.
        path = f"/api/v1/prompts/{urllib.parse.quote(name, safe='/')}?{urllib.parse.urlencode(query)}"
        answer = self._get(path, {"If-None-Match": etag} if etag else {})
        return answer if isinstance(answer, Failed) else _outcome(answer)

    def fetch_all(self, *, label: str) -> list[Mapping[str, Any]]:
        """Return every prompt with this label, or nothing when the server does not answer."""
        found: list[Mapping[str, Any]] = []
        query = {"label": label}
        for _ in range(_MAX_PAGES):
            answer = self._get(f"/api/v1/prompts?{urllib.parse.urlencode(query)}", {})
            document = {} if isinstance(answer, Failed) else _json_object(answer.body) or {}
            items = document.get("items")
            found.extend(item for item in (items if isinstance(items, list) else []) if isinstance(item, dict))
            if not document.get("next"):
                break
            query["after"] = str(document["next"])
        return found

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def _get(self, path: str, headers: Mapping[str, str]) -> Answer | Failed:
        if time.monotonic() < self._down_until:
            return Failed("the server did not answer a moment ago")
        if self._client is None:
            self._client = self._connect()
        try:
            answer = self._client.request("GET", path, headers=headers, timeout=_FETCH_SECONDS)
        except Unreachable as error:
            self._failures += 1
            ceiling = backoff_ceiling(self._failures, base=0.25, cap=_BREAKER_CAP_SECONDS)
            self._down_until = time.monotonic() + ceiling * (0.5 + 0.5 * chance())
            return Failed(str(error))
        self._failures = 0
        return answer


def _outcome(answer: Answer) -> Outcome:
    if answer.status == 200:
        payload = _json_object(answer.body)
        return Failed("the answer is not a prompt") if payload is None else Fetched(payload, answer.headers.get("etag"))
    if answer.status == 304:
        return NotModified()
    if answer.status in {401, 403}:
        return Refused(answer.status)
    if answer.status == 410 or (answer.status == 404 and _is_from_callboard(answer)):
        return Gone()
    wait = parse_retry_after(answer.headers.get("retry-after"), now=datetime.datetime.now(datetime.UTC))
    return Failed(f"the server answered {answer.status}", wait)


def _is_from_callboard(answer: Answer) -> bool:
    """Tell Callboard's own `not found` from that of a proxy or of another server behind a wrong address."""
    return "problem+json" in answer.headers.get("content-type", "")


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
