"""What the command line asks the server about prompts: all of them at once, and to save one."""

import http.client
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from callboard import settings as client_settings
from callboard.cli.main import CommandError
from callboard.errors import Unreachable
from callboard.http_client import HttpClient

NEWEST: Final = "latest"
_SECONDS: Final = 30.0
_MAX_LINE: Final = 16 * 1024 * 1024
_MAX_REFUSAL: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ServerPrompt:
    """One version on the server."""

    document: Mapping[str, Any]
    version: int

    @property
    def name(self) -> str:
        """What applications ask for."""
        return str(self.document["name"])


@dataclass(frozen=True, slots=True)
class Saved:
    """The version that the server has now, and whether it is new."""

    version: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class NotSaved:
    """Why the server kept nothing; `newest` is the version that somebody else saved in the meantime."""

    reason: str
    newest: int | None = None


class PromptServer:
    """The prompts of the project that the API key belongs to."""

    def __init__(self, url: str | None) -> None:
        settings = client_settings.resolve({"url": url})
        if not settings.api_key:
            raise CommandError("CALLBOARD_API_KEY is not set; make a key under Settings, API keys")
        self.url = settings.url
        self.project = ""
        self._client = HttpClient(url=settings.url, api_key=settings.api_key, timeout=_SECONDS)

    def __enter__(self) -> "PromptServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def prompts(self, *, label: str = NEWEST) -> dict[str, ServerPrompt]:
        """Return the version of every prompt that the label points to, by name."""
        query = urllib.parse.urlencode({"format": "jsonl", "label": label})
        try:
            answer = self._client.open(f"/api/v1/prompts/export?{query}", headers={}, timeout=_SECONDS)
            if answer.status != 200:
                raise CommandError(self._refusal(answer.status, answer.read(_MAX_REFUSAL)))
            self.project = answer.headers.get("X-Callboard-Project", "")
            return _read(answer)
        except Unreachable as error:
            raise CommandError(f"no answer from {self.url} ({error}); is it running, is the address right?") from error
        except (OSError, http.client.HTTPException) as error:
            raise CommandError(f"the answer of {self.url} broke off; nothing was changed, try again") from error
        finally:
            self._client.close()

    def save(self, document: Mapping[str, Any], *, note: str, base_version: int | None) -> Saved | NotSaved:
        """Save a version of one prompt; nothing goes live by it."""
        sent = {**document, "note": note, "base_version": base_version}
        body = json.dumps({name: value for name, value in sent.items() if value is not None}).encode()
        try:
            answer = self._client.request(
                "POST", "/api/v1/prompts", body=body, headers={"Content-Type": "application/json"}
            )
        except Unreachable as error:
            return NotSaved(f"no answer ({error}); push again: what was saved already stays as it is")
        facts = _object(answer.body)
        version = facts.get("version")
        if answer.is_accepted and isinstance(version, int):
            return Saved(version, answer.status == 201)
        newest = facts.get("newest_version")
        return NotSaved(self._refusal(answer.status, answer.body), newest if isinstance(newest, int) else None)

    def _refusal(self, status: int, body: bytes) -> str:
        facts = _object(body)
        if not isinstance(facts.get("detail"), str):
            return f"the answer ({status}) does not come from Callboard; check CALLBOARD_URL"
        found = facts.get("errors")
        reasons = (
            [item["reason"] for item in found if isinstance(item, dict) and isinstance(item.get("reason"), str)]
            if (isinstance(found, list))
            else []
        )
        return " ".join(reasons) or str(facts["detail"])


def _read(answer: http.client.HTTPResponse) -> dict[str, ServerPrompt]:
    found: dict[str, ServerPrompt] = {}
    while line := answer.readline(_MAX_LINE):
        facts = _object(line)
        if facts.get("count") == len(found) and "name" not in facts:
            return found
        if not isinstance(facts.get("name"), str) or not isinstance(facts.get("version"), int):
            raise http.client.HTTPException("a line is no prompt")
        found[facts["name"]] = ServerPrompt(facts, facts["version"])
    raise http.client.HTTPException("the last line is missing")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
