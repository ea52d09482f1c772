"""Prompts for Langfuse's clients: fetch, list, save a version, move labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from psycopg_pool import PoolTimeout

from projects.keys import Caller
from projects.models import Project
from projects.roles import Scope
from prompt_registry import labels, pushes, resolution, versions
from prompt_registry import prompts as prompt_names
from prompt_registry.errors import (
    AlreadyThere,
    ApprovalMissing,
    ChangedMeanwhile,
    ContentNotUsable,
    LabelProtected,
    NotAllowed,
    PromptArchived,
    PromptDeleted,
    PromptRegistryError,
    PublishedMeanwhile,
    VersionUnknown,
)
from prompt_registry.models import PRODUCTION, Prompt, PromptVersion
from prompt_registry.resolution import Refusal
from webapp.access import one
from webapp.api import approval_hints
from webapp.api.auth import KeyAuth
from webapp.api.errors import ApiError
from webapp.api.langfuse import documents, prompt_bodies, prompt_list
from webapp.api.langfuse.auth import noted
from webapp.api.langfuse.prompt_list import Wanted

router = Router()

_STATUSES: dict[type[Exception], int] = {
    NotAllowed: 403, LabelProtected: 403, ApprovalMissing: 409, VersionUnknown: 404, PromptDeleted: 409,
    PromptArchived: 409, ChangedMeanwhile: 409, PublishedMeanwhile: 409,
}  # fmt: skip
_ADDRESS = "/v2/prompts/{path:name}"


@router.get("/v2/prompts", auth=KeyAuth(Scope.PROMPTS_READ))
def list_prompts(
    request: HttpRequest, name: str = "", label: str = "", tag: str = "", page: int = 1, limit: int = 50
) -> HttpResponse:
    """Answer with one page of prompts, by name."""
    caller = noted(request)
    if not 0 < page < 100_000 or not 0 < limit <= prompt_list.MAX_LIMIT:
        raise ApiError(400, f"«page» counts from 1, and «limit» may be 1 to {prompt_list.MAX_LIMIT}.")
    if "\x00" in name + label + tag:
        raise ApiError(400, "Names, labels and tags have no invisible characters.")
    since, until = _moment(request, "fromUpdatedAt"), _moment(request, "toUpdatedAt")
    wanted = Wanted(name, label, tag, since, until, page, limit)
    return documents.answer(prompt_list.listed(project_id=caller.project_id, wanted=wanted))


@router.post("/v2/prompts", auth=KeyAuth(Scope.API_WRITE))
def save_prompt(request: HttpRequest) -> HttpResponse:
    """Save the next version and move the labels to it, or do neither; the same content again is the same version."""
    caller, document = noted(request), documents.read_object(request)
    try:
        with transaction.atomic():
            version, _ = pushes.push(
                project=Project.objects.get(pk=caller.project_id), name=_text(document, "name"),
                content=prompt_bodies.content_of(document), note=_text(document, "commitMessage"),
                labels=_texts(document, "labels"), by=None,
            )  # fmt: skip
            if document.get("tags") is not None:
                prompt_names.retag(prompt=version.prompt, tags=_texts(document, "tags"), by=None)
    except (PromptRegistryError, IntegrityError) as error:
        raise _refused(error) from error
    return _as_saved(caller, version, status=201)


@router.patch(_ADDRESS, auth=KeyAuth(Scope.API_WRITE))
def move_labels(request: HttpRequest, name: str) -> HttpResponse:
    """Point all `newLabels` to a version, or none; a protected label is moved by people only.

    The address ends in «/versions/3». A name can end like that too, so fetching must not read it as an address.
    """
    caller, wanted = noted(request), _texts(documents.read_object(request), "newLabels")
    prompt_name, _, number = name.replace("\x00", "").rpartition("/versions/")
    prompts = Prompt.objects.filter(project_id=caller.project_id, deleted_at=None).select_related("project")
    prompt = one(prompts, name=prompt_name)
    version = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
    try:
        with transaction.atomic():
            found = versions.by_number(prompt, version)
            for label in wanted:
                _publish(prompt, found, label)
    except PromptRegistryError as error:
        raise _refused(error) from error
    return _as_saved(caller, found, status=200)


@router.get(_ADDRESS, auth=KeyAuth(Scope.PROMPTS_READ))
def get_prompt(request: HttpRequest, name: str, version: int | None = None, label: str = "") -> HttpResponse:
    """Answer with the version of this number, or the one that the label (default: production) points to.

    Prompts that stand inside it are filled in, unless `resolve=false` is sent.
    """
    caller = noted(request)
    if label and version is not None:
        raise ApiError(400, "Send «label» or «version», not both.")
    is_raw = request.GET.get("resolve", "").lower() == "false"
    outcome = (
        resolution.by_label(project_id=caller.project_id, name=name, label=label or PRODUCTION, is_raw=is_raw)
        if version is None
        else resolution.by_version(project_id=caller.project_id, name=name, number=version, is_raw=is_raw)
    )
    return documents.answer(
        prompt_bodies.body_of(_read(outcome), project=caller.project_slug, tags=_tags(caller, name))
    )


def _as_saved(caller: Caller, version: PromptVersion, *, status: int) -> HttpResponse:
    """Answer with a version as it is at this moment."""
    name = version.prompt.name
    outcome = resolution.now(project_id=caller.project_id, name=name, number=version.number)
    body = prompt_bodies.body_of(_read(outcome), project=caller.project_slug, tags=_tags(caller, name))
    return documents.answer(body, status=status)


def _tags(caller: Caller, name: str) -> list[str]:
    """Return the tags; a prompt is served without them while the database is down."""
    try:
        found = Prompt.objects.filter(project_id=caller.project_id, name=name).values_list("tags", flat=True)
        return found.first() or []
    except (OperationalError, InterfaceError, PoolTimeout):
        return []


def _read(outcome: resolution.Outcome) -> dict[str, Any]:
    if isinstance(outcome, Refusal):
        raise ApiError(404, outcome.sentence)
    item: dict[str, Any] = orjson.loads(outcome.body)
    return item


def _publish(prompt: Prompt, version: PromptVersion, label: str) -> None:
    try:
        labels.publish(prompt=prompt, version=version, label=label, by=None)
    except AlreadyThere:
        return


def _refused(error: Exception) -> ApiError:
    if isinstance(error, IntegrityError):
        return ApiError(409, "Somebody else saved this prompt in the same moment. Try again.")
    if isinstance(error, ContentNotUsable):
        found = [{"field": problem.field, "reason": problem.sentence} for problem in error.problems]
        return ApiError(400, " ".join(problem.sentence for problem in error.problems), errors=found)
    sentence = approval_hints.sentence_for(error) if isinstance(error, PromptRegistryError) else str(error)
    return ApiError(_STATUSES.get(type(error), 400), sentence)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise ApiError(400, f"«{name}» must be text.")
    return value or ""


def _texts(document: dict[str, Any], name: str) -> list[str]:
    value = document.get(name)
    if name == "newLabels" and value is None:
        raise ApiError(400, 'Send {"newLabels": [...]}.')
    if value is not None and (not isinstance(value, list) or not all(isinstance(item, str) for item in value)):
        raise ApiError(400, f"«{name}» must be a list of texts.")
    return list(value or [])


def _moment(request: HttpRequest, name: str) -> datetime | None:
    sent = request.GET.get(name)
    if not sent:
        return None
    try:
        moment = datetime.fromisoformat(sent)
        return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    except (ValueError, OverflowError) as error:
        raise ApiError(400, f"«{name}» must be a date and time such as 2026-01-31T10:00:00Z.") from error
