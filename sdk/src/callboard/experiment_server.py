"""What experiments ask the server: the items, a new experiment, results that are sent once, and what was found."""

import http.client
import json
import random
import secrets
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from callboard.errors import CallboardError, Unreachable
from callboard.http_client import Answer, HttpClient
from callboard.retrying import backoff_ceiling

_PAGE: Final = 200
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_BASE_SECONDS: Final = 0.3
_CAP_SECONDS: Final = 10.0


class ExperimentError(CallboardError):
    """The server refused something about an experiment, or was away for too long."""

    def __init__(self, sentence: str, *, status: int = 0) -> None:
        super().__init__(sentence)
        # 0 when there was no answer at all.
        self.status = status


class ExperimentServer:
    """Asks again while the server is away; everything it sends may arrive twice without harm. Safe in many threads."""

    def __init__(self, *, url: str, api_key: str, timeout: float = 30.0, patience: float = 120.0) -> None:
        if not api_key:
            raise ExperimentError("CALLBOARD_API_KEY is not set; make a key under Settings, API keys")
        self.url = url
        self._patience = patience
        self._client = HttpClient(url=url, api_key=api_key, timeout=timeout)
        self._using = threading.Lock()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def dataset(self, name: str) -> Mapping[str, Any]:
        """Return a dataset by its name."""
        found = self.get(f"/api/v1/datasets?{urllib.parse.urlencode({'name': name})}").get("items") or []
        if not found:
            raise ExperimentError(f"there is no dataset «{name}» in the project of the key", status=404)
        return dict(found[0])

    def items(self, dataset_id: int, *, revision: int, split: str = "") -> Iterator[Mapping[str, Any]]:
        """Yield the items of a revision by number."""
        cursor: int | None = 0
        while cursor is not None:
            asked = {"revision": revision, "split": split, "limit": _PAGE, "cursor": cursor}
            page = self.get(f"/api/v1/datasets/{dataset_id}/items?{urllib.parse.urlencode(asked)}")
            yield from page["items"]
            cursor = page["next"]

    def numbers(self, experiment: int) -> set[int]:
        """Return the numbers of the items that an experiment took."""
        found: set[int] = set()
        cursor: int | None = 0
        while cursor is not None:
            page = self.get(f"/api/v1/experiments/{experiment}/answers?limit={_PAGE}&cursor={cursor}")
            found |= {int(answer["item"]) for answer in page["items"]}
            cursor = page["next"]
        return found

    def start(self, plan: Mapping[str, Any], *, in_code: bool) -> Mapping[str, Any]:
        """Start an experiment once, however often the request has to be sent."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        return self._ask("POST", "/api/v1/code-experiments" if in_code else "/api/v1/experiments", plan, headers)

    def send(self, experiment: int, results: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Bring results; those that arrived before are not stored again."""
        return self._ask("POST", f"/api/v1/experiments/{experiment}/results", {"results": list(results)})

    def finish(self, experiment: int) -> Mapping[str, Any]:
        """Say that no more results come."""
        return self._ask("POST", f"/api/v1/experiments/{experiment}/finish", {})

    def cancel(self, experiment: int) -> Mapping[str, Any]:
        """Stop an experiment."""
        return self._ask("POST", f"/api/v1/experiments/{experiment}/cancel", {})

    def report(self, experiment: int) -> Mapping[str, Any]:
        """Return the state of an experiment and what was found so far."""
        return self.get(f"/api/v1/experiments/{experiment}")

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON object at a path."""
        return self._ask("GET", path, None)

    def _ask(
        self, method: str, path: str, document: Mapping[str, Any] | None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        body = None if document is None else json.dumps(document).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        deadline, attempt = time.monotonic() + self._patience, 0
        while True:
            attempt += 1
            answer, reason = self._once(method, path, body, sent)
            if answer is not None and answer.status not in _RETRIED:
                return _read(answer, self.url)
            pause = _pause(answer, attempt)
            if time.monotonic() + pause > deadline:
                if answer is not None:
                    return _read(answer, self.url)
                raise ExperimentError(f"no answer from {self.url} ({reason}); is it running, is the address right?")
            time.sleep(pause)

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Answer | None, str]:
        try:
            with self._using:
                return self._client.request(method, path, body=body, headers=headers), ""
        except (Unreachable, OSError, http.client.HTTPException) as error:
            return None, str(error)


def _pause(answer: Answer | None, attempt: int) -> float:
    ordered = answer.headers.get("retry-after", "") if answer is not None else ""
    if ordered.isascii() and ordered.isdigit():
        return min(float(ordered), 60.0)
    ceiling = backoff_ceiling(attempt, base=_BASE_SECONDS, cap=_CAP_SECONDS)
    return ceiling * (0.5 + random.random() / 2)  # noqa: S311 - spreads those who try again


def _read(answer: Answer, url: str) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or answer.is_web_page:
        raise ExperimentError(
            f"the answer ({answer.status}) of {url} does not come from Callboard; check CALLBOARD_URL",
            status=answer.status,
        )
    if answer.is_accepted:
        return found
    reasons = [str(one.get("reason")) for one in found.get("errors") or [] if isinstance(one, dict)]
    detail = " ".join([str(found.get("detail", "refused")), *reasons[:5]])
    raise ExperimentError(detail, status=answer.status)
