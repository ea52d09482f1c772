"""The versions of a prompt, for tools that review and compare."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field, StringConstraints

from projects.models import Project
from projects.roles import Scope
from prompt_registry import contents, queries, references, versions
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import LATEST, Prompt, PromptVersion
from prompt_registry.names import MAX_LENGTH
from webapp.access import one
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.conditions import answered
from webapp.api.prompt_refusals import refused
from webapp.api.prompt_schemas import Version, VersionPage, one_of

router = Router(tags=["Prompt versions"])

MAX_LIMIT = 200
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH, pattern=r"^[^\x00]*$")]


@router.get(
    "/prompt-versions", auth=KeyAuth(Scope.API_READ), response=one_of(VersionPage), summary="Versions, newest first"
)
def list_versions(
    request: HttpRequest, prompt: Name, cursor: Number | None = None, limit: Limit = 50
) -> dict[str, Any]:  # fmt: skip
    """One page of the versions of a prompt, without their texts; go on with `next` as `cursor`. Drafts are never shown."""
    found = prompt_of(request, prompt)
    rows, has_older = queries.history(prompt=found, before=cursor, limit=limit)
    newest = versions.newest_number(found)
    items = [_summary(found, row.version, row.labels, newest) for row in rows]
    return {"items": items, "next": items[-1]["version"] if has_older else None}


@router.get(
    "/prompt-versions/{number}", auth=KeyAuth(Scope.API_READ), response=one_of(Version), summary="One version, whole"
)
def get_version(request: HttpRequest, number: Number, prompt: Name) -> HttpResponse:
    """One version as it was written, with an ETag. To get it as a model reads it, fetch the prompt."""
    found = prompt_of(request, prompt)
    try:
        version = versions.by_number(found, number)
    except PromptRegistryError as error:
        raise refused(error) from error
    labels = list(found.labels.filter(version=version).order_by("name").values_list("name", flat=True))
    content = contents.of_version(version)
    value = _summary(found, version, labels, versions.newest_number(found)) | content.to_json()
    value |= {"text": content.text if content.type == contents.TEXT else None, "snippets": _snippets(content)}
    return answered(request, orjson.dumps(Version(**value).model_dump()))


def prompt_of(request: HttpRequest, name: str) -> Prompt:
    """Return a prompt of the caller's project by its name, archived ones included, or answer 404."""
    prompts = Prompt.objects.for_project(Project(pk=caller_of(request).project_id)).select_related("project")
    return one(prompts.filter(deleted_at=None), name=name)


def _summary(prompt: Prompt, version: PromptVersion, labels: list[str], newest: int) -> dict[str, Any]:
    return {
        "prompt": prompt.name,
        "version": version.number,
        "note": version.note,
        "author": version.author.display_name if version.author else None,
        "labels": [*labels, *([LATEST] if version.number == newest else [])],
        "content_hash": version.content_hash,
        "created_at": version.created_at,
    }


def _snippets(content: contents.PromptContent) -> list[dict[str, Any]]:
    return [
        {"name": reference.name, "label": reference.label or None, "version": reference.version or None}
        for reference in references.found_in(content.texts)
    ]
