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
_MAX_PAGES: Final = 500
# An answer that takes longer counts as an outage: a little less than the second that the first caller waits for it.
_SLOW_SECONDS: Final = 0.9


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

    def __init__(self, connect: Callable[[], HttpClient], *, headers: Callable[[], Mapping[str, str]] = dict) -> None:
        self._connect = connect
        self._headers = headers
        self._client: HttpClient | None = None
        # Where the live process is, as the server told with its last answer; None before any.
        self.live: str | None = None
        # The breaker: while the server is down, other prompts do not wait for a timeout each.
        self._down_until = 0.0
        self._failures = 0
        self._asking_since: float | None = None

    @property
    def is_down(self) -> bool:
        """Whether the server did not answer last time, or takes too long right now; any thread may ask."""
        since = self._asking_since
        return self._failures > 0 or (since is not None and time.monotonic() - since > _SLOW_SECONDS)

    def fetch(
        self,
        *,
        name: str,
        label: str,
        version: int | None,
        etag: str | None,
        change: str = "",
        serves: int | None = None,
    ) -> Outcome:
        """Return what the server has under this name and label or version.

        The answer is not older than `change`, the token of a change that the server told about. `serves` tells the
        server which version this process uses until now.
        """
        query = {"label": label} if version is None else {"version": version}
        # The server refuses encoded slashes, and a name may hold plain ones.
        path = f"/api/v1/prompts/{urllib.parse.quote(name, safe='/')}?{urllib.parse.urlencode(query)}"
        headers = {"If-None-Match": etag or "", "X-Callboard-Change": change, "X-Callboard-Serves": str(serves or "")}
        answer = self._get(path, {name: value for name, value in headers.items() if value})
        if isinstance(answer, Failed):
            return answer
        outcome = _outcome(answer)
        if isinstance(outcome, Fetched | NotModified):
            self.live = answer.headers.get("x-callboard-live", "")
        return outcome

    def fetch_all(self, *, label: str, pages: int | None = None) -> list[Mapping[str, Any]] | Refused | Failed:
        """Return every prompt with this label, or those of the first pages, or why they could not be had."""
        found: list[Mapping[str, Any]] = []
        query = {"label": label}
        for _ in range(pages or _MAX_PAGES):
            # A list that is too large or too slow says nothing about the server, so it does not open the breaker.
            answer = self._get(f"/api/v1/prompts?{urllib.parse.urlencode(query)}", {}, is_breaking=False)
            if isinstance(answer, Failed):
                return answer
            outcome = _outcome(answer)
            items = outcome.payload.get("items") if isinstance(outcome, Fetched) else None
            if not isinstance(outcome, Fetched) or not isinstance(items, list):
                return (
                    outcome if isinstance(outcome, Refused | Failed) else Failed("the answer is not a list of prompts")
                )
            found.extend(item for item in items if isinstance(item, dict))
            if not outcome.payload.get("next"):
                return found
            query["after"] = str(outcome.payload["next"])
        return found if pages else Failed(f"there are more than {_MAX_PAGES} pages of prompts")

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def _get(self, path: str, headers: Mapping[str, str], *, is_breaking: bool = True) -> Answer | Failed:
        if time.monotonic() < self._down_until:
            return Failed("the server did not answer a moment ago")
        if self._client is None:
            self._client = self._connect()
        self._asking_since = time.monotonic()
        try:
            sent = {**self._headers(), **headers}
            answer = self._client.request("GET", path, headers=sent, timeout=_FETCH_SECONDS)
        except Unreachable as error:
            if not is_breaking:
                return Failed(str(error))
            self._failures += 1
            ceiling = backoff_ceiling(self._failures, base=0.25, cap=_BREAKER_CAP_SECONDS)
            self._down_until = time.monotonic() + ceiling * (0.5 + 0.5 * chance())
            return Failed(str(error))
        finally:
            self._asking_since = None
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
