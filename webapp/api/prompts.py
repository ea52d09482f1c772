"""Prompts for applications: fetch by label or version, fetch all at once, save a version."""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from ninja import Router

from projects import keys
from projects.models import Project
from projects.roles import Scope
from prompt_registry import contents, pushes, resolution
from prompt_registry.errors import (
    ChangedMeanwhile,
    ContentNotUsable,
    NotAllowed,
    PromptArchived,
    PromptDeleted,
    PromptRegistryError,
    TypeFixed,
)
from prompt_registry.models import PRODUCTION, PromptType
from prompt_registry.resolution import Answer, Outcome, Refusal
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Prompts"])
log = structlog.get_logger("callboard.api.prompts")

_STATUSES: dict[type[PromptRegistryError], int] = {
    NotAllowed: 403, ChangedMeanwhile: 409, PromptArchived: 409, TypeFixed: 409, PromptDeleted: 410,
}  # fmt: skip
_TOUCH_SECONDS = 60.0
_touched_at: dict[str, float] = {}


@router.get("/prompts", auth=KeyAuth(Scope.PROMPTS_READ), summary="All prompts behind a label")
def list_prompts(request: HttpRequest, label: str = PRODUCTION, after: str = "") -> HttpResponse:
    """Answer with every prompt that the label points into, by name; `next` goes into `after` when there are more."""
    caller = _noted(request)
    return _reply(request, resolution.page(project_id=caller.project_id, label=label, after=after))


@router.get("/prompts/{path:name}", auth=KeyAuth(Scope.PROMPTS_READ), summary="One prompt by label or version")
def get_prompt(request: HttpRequest, name: str, label: str = "", version: int | None = None) -> HttpResponse:
    """Answer with the version that `label` points to (default: production), or with the version of this number."""
    caller = _noted(request)
    if label and version is not None:
        raise ApiError(422, "Send «label» or «version», not both.")
    if version is not None:
        return _reply(request, resolution.by_version(project_id=caller.project_id, name=name, number=version))
    return _reply(request, resolution.by_label(project_id=caller.project_id, name=name, label=label or PRODUCTION))


@router.post("/prompts", auth=KeyAuth(Scope.API_WRITE), summary="Save a version of a prompt")
def save_prompt(request: HttpRequest) -> HttpResponse:
    """Save `{"name", "type", "text" | "messages", "settings", "variables", "note", "labels", "base_version"}`.

    Answers 201 with the new version, or 200 when the newest version says the same already. With `base_version`, a newer
    version in between is answered with 409. Labels other than «production» are moved to the version.
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
        raise _refused(error) from error
    outcome = resolution.now(project_id=caller.project_id, name=version.prompt.name, number=version.number)
    return _reply(request, outcome, status=201 if is_new else 200)


def _reply(request: HttpRequest, outcome: Outcome, *, status: int = 200) -> HttpResponse:
    if isinstance(outcome, Refusal):
        raise ApiError(410 if outcome.is_deleted else 404, outcome.sentence, headers={"Cache-Control": "no-cache"})
    is_known = request.method == "GET" and _matches(request.headers.get("If-None-Match", ""), outcome)
    response = HttpResponse(status=304) if is_known else HttpResponse(outcome.body, status=status)
    response["Content-Type"] = "application/json"
    response["ETag"] = outcome.etag
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Authorization, X-Api-Key"
    return response


def _matches(sent: str, answer: Answer) -> bool:
    # A proxy that compresses makes the tag weak; the content behind it is still the same.
    return sent.strip() == "*" or answer.etag in [tag.removeprefix("W/") for tag in parse_etags(sent)]


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


def _refused(error: PromptRegistryError) -> ApiError:
    status = _STATUSES.get(type(error), 422)
    if isinstance(error, ContentNotUsable):
        found = [{"field": problem.field, "reason": problem.sentence} for problem in error.problems]
        return ApiError(status, "The prompt cannot be saved like this; see «errors».", errors=found)
    if isinstance(error, ChangedMeanwhile):
        sentence = f"Version {error.newer.number} was saved after the one you started from. Fetch it, then decide."
        return ApiError(status, sentence, newest_version=error.newer.number)
    return ApiError(status, str(error))
