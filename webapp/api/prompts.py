"""Prompts for applications: fetch by label or version, fetch all at once, save a version."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from projects import keys
from projects.models import Project
from projects.roles import Scope
from prompt_registry import announcements, contents, fleet, pushes, resolution
from prompt_registry.errors import PromptRegistryError
from prompt_registry.fleet import Reporter, Served
from prompt_registry.models import PRODUCTION, PromptType
from prompt_registry.resolution import Answer, Outcome, Refusal
from webapp import process_header
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.conditions import is_one_of
from webapp.api.errors import ApiError
from webapp.api.prompt_refusals import refused

router = Router(tags=["Prompts"])
# Whether snippets are filled in; it cannot be called `resolve` here, django-ninja has a method of that name.
IsFilled = Annotated[bool, Query(alias="resolve")]
log = structlog.get_logger("callboard.api.prompts")

_TOUCH_SECONDS = 60.0
_touched_at: dict[str, float] = {}
# While the database is away nobody waits for it to note who uses what.
_PAUSE_SECONDS = 30.0
_note_again_at = 0.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@router.get("/prompts", auth=KeyAuth(Scope.PROMPTS_READ), summary="All prompts behind a label")
def list_prompts(
    request: HttpRequest, label: str = PRODUCTION, after: str = "", is_filled: IsFilled = True
) -> HttpResponse:  # fmt: skip
    """Answer with every prompt that the label points into, by name; `next` goes into `after` when there are more.

    Snippets are filled in, unless `resolve=false` is sent.
    """
    caller = _noted(request)
    return _reply(
        request, resolution.page(project_id=caller.project_id, label=label, after=after, is_raw=not is_filled)
    )


@router.get("/prompts/{path:name}", auth=KeyAuth(Scope.PROMPTS_READ), summary="One prompt by label or version")
def get_prompt(
    request: HttpRequest, name: str, label: str = "", version: int | None = None, is_filled: IsFilled = True
) -> HttpResponse:  # fmt: skip
    """Answer with the version that `label` points to (default: production), or with the version of this number.

    Snippets are filled in and listed under `snippets`, unless `resolve=false` is sent.
    """
    caller = _noted(request)
    if label and version is not None:
        raise ApiError(422, "Send «label» or «version», not both.")
    # The application was told about a change: an answer from before it would be wrong.
    change = announcements.clean_token(request.headers.get("X-Callboard-Change", ""))
    if version is not None:
        outcome = resolution.by_version(
            project_id=caller.project_id, name=name, number=version, change=change, is_raw=not is_filled
        )
        return _reply(request, outcome)
    label = label or PRODUCTION
    outcome = resolution.by_label(
        project_id=caller.project_id, name=name, label=label, change=change, is_raw=not is_filled
    )
    if isinstance(outcome, Answer):
        _note_use(request, caller, Served(name, label, outcome.version, _told(request)))
    return _reply(request, outcome)


@router.post("/prompts", auth=KeyAuth(Scope.API_WRITE), summary="Save a version of a prompt")
def save_prompt(request: HttpRequest) -> HttpResponse:
    """Save `{"name", "type", "text" | "messages", "settings", "variables", "note", "labels", "base_version"}`.

    Answers 201 with the new version, or 200 when the newest version says the same already. With `base_version`, a newer
    version in between is answered with 409. Labels that are not protected are moved to the version; for a protected one
    ask for approval instead (`POST /change-requests`).
    """
    caller = _noted(request)
    document = bodies.json_object(request)
    try:
        version, is_new = pushes.push(
            project=Project.objects.get(pk=caller.project_id), name=_field(document, "name", str),
            content=contents.parse({**document, "type": _type(document)}), note=_field(document, "note", str),
            labels=_labels(document), base_number=_base_number(document), by=None,
        )  # fmt: skip
    except PromptRegistryError as error:
        raise refused(error) from error
    outcome = resolution.now(project_id=caller.project_id, name=version.prompt.name, number=version.number)
    return _reply(request, outcome, status=201 if is_new else 200)


def _reply(request: HttpRequest, outcome: Outcome, *, status: int = 200) -> HttpResponse:
    if isinstance(outcome, Refusal):
        raise ApiError(410 if outcome.is_deleted else 404, outcome.sentence, headers={"Cache-Control": "no-cache"})
    is_known = request.method == "GET" and is_one_of(request.headers.get("If-None-Match", ""), outcome.etag)
    response = HttpResponse(status=304) if is_known else HttpResponse(outcome.body, status=status)
    response["Content-Type"] = "application/json"
    response["ETag"] = outcome.etag
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Authorization, X-Api-Key"
    if live := _live_address():
        response["X-Callboard-Live"] = live
    return response


def _live_address() -> str:
    """Return where the event streams are: nothing for this same address, `:port` for another port of this host."""
    own, live = urlsplit(settings.PUBLIC_URL), urlsplit(settings.LIVE_URL)
    if live.netloc == own.netloc:
        return ""
    is_same_host = live.hostname == own.hostname or {live.hostname, own.hostname} <= _LOOPBACK
    if is_same_host and live.scheme == own.scheme:
        return f":{live.port}" if live.port else ""
    # A loopback address means this machine here, and another one to the application.
    return "" if live.hostname in _LOOPBACK else str(settings.LIVE_URL)


def _told(request: HttpRequest) -> int | None:
    """Return the version that the application says it serves."""
    text = request.headers.get("X-Callboard-Serves", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _note_use(request: HttpRequest, caller: keys.Caller, served: Served) -> None:
    """Note which process uses which version; that never costs an application its answer."""
    global _note_again_at
    process = process_header.parse(request.headers.get(process_header.HEADER, ""))
    if process is None or time.monotonic() < _note_again_at:
        return
    sdk = "".join(character for character in request.headers.get("X-Callboard-SDK", "") if character.isprintable())
    reporter = Reporter(caller.project_id, process.id, process.host, sdk[:60])
    try:
        fleet.note(reporter, served)
    except (DatabaseError, InterfaceError):
        _note_again_at = time.monotonic() + _PAUSE_SECONDS
        log.warning("use_not_noted", process_id=process.id)


def _noted(request: HttpRequest) -> keys.Caller:
    """Return the caller, and note in the background of its first fetch in a minute that the key is in use."""
    caller, now = caller_of(request), time.monotonic()
    if now - _touched_at.get(caller.key_id, -_TOUCH_SECONDS) < _TOUCH_SECONDS:
        return caller
    _touched_at[caller.key_id] = now
    used_by = request.headers.get("X-Callboard-SDK") or request.headers.get("User-Agent", "")
    try:
        keys.touch(key_id=caller.key_id, used_by=used_by.replace("\x00", ""))
    except OperationalError:
        log.warning("key_not_touched", key_id=caller.key_id)
    return caller


def _field(document: dict[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind) or isinstance(value, bool):
        word = {str: "text", int: "a whole number", list: "a list"}[kind]
        raise ApiError(422, f"«{name}» must be {word}.")
    return value


def _type(document: dict[str, Any]) -> str:
    found = document.get("type") or ("chat" if "messages" in document else "text")
    if found not in PromptType.values:
        raise ApiError(422, "«type» must be «text» or «chat».")
    return str(found)


def _base_number(document: dict[str, Any]) -> int | None:
    return None if document.get("base_version") is None else int(_field(document, "base_version", int))


def _labels(document: dict[str, Any]) -> list[str]:
    found = _field(document, "labels", list)
    if not all(isinstance(label, str) for label in found):
        raise ApiError(422, "«labels» must be a list of texts.")
    return [str(label) for label in found]
