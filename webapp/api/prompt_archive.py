"""The archive: putting prompts into it, taking them out, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from pydantic import StringConstraints

from projects.models import Project, User
from projects.roles import Scope
from prompt_registry import prompts, queries
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.names import MAX_LENGTH
from webapp.access import one
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.prompt_refusals import refused
from webapp.api.prompt_schemas import ArchivedPage, ArchivedPrompt, one_of
from webapp.api.prompt_versions import Limit, Name

router = Router(tags=["Prompt archive"])

_ADDRESS = "/prompt-archive"
Cursor = Annotated[str, StringConstraints(max_length=MAX_LENGTH, pattern=r"^[^\x00]*$")]


@router.get(_ADDRESS, auth=KeyAuth(Scope.API_READ), response=one_of(ArchivedPage), summary="What is in the archive")
def list_archived(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    """One page of the prompts that were archived or deleted, by name; go on with `next` as `cursor`."""
    rows, has_more = queries.names_put_away(project=_project(request), after=cursor, limit=limit)
    return {"items": [_shown(row) for row in rows], "next": rows[-1].name if has_more else None}


@router.put(_ADDRESS, auth=KeyAuth(Scope.API_WRITE), response=one_of(ArchivedPrompt), summary="Archive a prompt")
def archive(request: HttpRequest, prompt: Name) -> dict[str, Any]:
    """Take a prompt out of the lists; applications go on getting what is live. Doing it again changes nothing."""
    return _changed(request, prompt, prompts.archive)


@router.delete(_ADDRESS, auth=KeyAuth(Scope.API_WRITE), response=one_of(ArchivedPrompt), summary="Restore a prompt")
def restore(request: HttpRequest, prompt: Name) -> dict[str, Any]:
    """Bring a prompt back from the archive. One that was deleted is brought back by people only: 403."""
    return _changed(request, prompt, prompts.restore)


def _changed(request: HttpRequest, name: str, change: Callable[..., Prompt]) -> dict[str, Any]:
    by: User | None = None
    rows = Prompt.objects.for_project(_project(request)).select_related("project")
    try:
        return _shown(change(prompt=one(rows, name=name), by=by))
    except PromptRegistryError as error:
        raise refused(error) from error


def _project(request: HttpRequest) -> Project:
    return Project(pk=caller_of(request).project_id)


def _shown(prompt: Prompt) -> dict[str, Any]:
    return {
        "name": prompt.name,
        "type": prompt.type,
        "archived_at": prompt.archived_at,
        "deleted_at": prompt.deleted_at,
    }
