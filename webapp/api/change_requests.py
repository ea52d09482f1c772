"""Requests for approval, for applications: a key may ask and withdraw, never approve."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field, StringConstraints, ValidationError

from projects import keys
from projects.models import Project, User
from projects.roles import Scope
from prompt_registry import approval_queries, change_requests, places, versions
from prompt_registry.errors import (
    AlreadyAsked,
    AlreadyThere,
    LabelNotProtected,
    NotAllowed,
    PromptArchived,
    PromptRegistryError,
    RequestClosed,
    VersionUnknown,
)
from prompt_registry.models import PRODUCTION, ChangeRequest, Prompt
from webapp.access import one
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Change requests"])

MAX_LIMIT = 200
_STATUSES: dict[type[PromptRegistryError], int] = {
    NotAllowed: 403, VersionUnknown: 404, AlreadyAsked: 409, AlreadyThere: 409, LabelNotProtected: 409,
    PromptArchived: 409, RequestClosed: 409,
}  # fmt: skip

Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Number = Annotated[int, Field(ge=1, lt=2**31)]
State = Literal["", "open", "changes_requested", "approved", "published", "withdrawn", "superseded"]


class ChangeRequestIn(Schema):
    """A version proposed for a protected label."""

    prompt: Name
    version: Number
    label: Annotated[str, StringConstraints(max_length=36, pattern=r"^[^\x00]*$")] = PRODUCTION
    note: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    reviewer: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]*$")] = Field(
        "", description="The e-mail address of the person who should look at it; empty: anybody who may approve."
    )


class ChangeRequestOut(Schema):
    """A request for approval as it stands; people are called by their names."""

    id: int
    prompt: str
    version: int
    label: str
    content_hash: str
    state: str
    note: str
    requested_by: str | None
    requested_at: datetime
    reviewer: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    review_note: str
    url: str


class ChangeRequestPage(Schema):
    """One page of requests; `next` goes into `before`."""

    items: list[ChangeRequestOut]
    next: int | None


_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": ChangeRequestIn.json_schema()}}}}


@router.post(
    "/change-requests", auth=KeyAuth(Scope.API_WRITE), response={201: ChangeRequestOut}, openapi_extra=_BODY,
    summary="Ask for the approval of a version",
)  # fmt: skip
def ask(request: HttpRequest) -> HttpResponse:
    """Propose a version for a protected label. An earlier request for the label that nobody approved yet is replaced.

    Answers 409 when the same version waits or is approved already (with the `id` of that request), or is live there.
    """
    wanted, project = _read(request), _project(request)
    prompt = _prompt(project, wanted.prompt)
    try:
        version = versions.by_number(prompt, wanted.version)
        asked = change_requests.ask(
            prompt=prompt, version=version, label=wanted.label, note=wanted.note, by=None, through=keys.maker_of(caller_of(request)),
            reviewer=_reviewer(project, wanted.reviewer),
        )  # fmt: skip
    except PromptRegistryError as error:
        raise _refused(error) from error
    return _answer(_one(project, asked.pk), status=201)


@router.get(
    "/change-requests", auth=KeyAuth(Scope.API_READ), response=ChangeRequestPage, summary="List requests for approval"
)
def list_change_requests(
    request: HttpRequest, prompt: Name = "", state: State = "", limit: Limit = 50, before: int | None = None
) -> dict[str, Any]:
    """One page of requests, newest first; go on with `next` as `before`."""
    found = approval_queries.listed(_project(request))
    if prompt:
        found = found.filter(prompt__name=prompt)
    if state:
        found = found.filter(state=state)
    if before is not None:
        found = found.filter(pk__lt=min(before, 2**63 - 1))
    rows = list(found[: limit + 1])
    return {
        "items": [_shown(row) for row in rows[:limit]],
        "next": rows[limit - 1].pk if len(rows) > limit else None,
    }  # fmt: skip


@router.get(
    "/change-requests/{change_request_id}", auth=KeyAuth(Scope.API_READ), response=ChangeRequestOut,
    summary="One request for approval",
)  # fmt: skip
def get_change_request(request: HttpRequest, change_request_id: int) -> dict[str, Any]:
    """The request as it stands."""
    return _shown(_one(_project(request), change_request_id))


@router.post(
    "/change-requests/{change_request_id}/withdraw", auth=KeyAuth(Scope.API_WRITE), response=ChangeRequestOut,
    summary="Withdraw a request for approval",
)  # fmt: skip
def withdraw(request: HttpRequest, change_request_id: int) -> HttpResponse:
    """Take back a request that a key made; what a person asked for is withdrawn by people."""
    project = _project(request)
    try:
        change_requests.withdraw(request=_one(project, change_request_id), by=None)
    except PromptRegistryError as error:
        raise _refused(error) from error
    return _answer(_one(project, change_request_id), status=200)


def _read(request: HttpRequest) -> ChangeRequestIn:
    try:
        return ChangeRequestIn.model_validate(bodies.json_object(request))
    except ValidationError as error:
        found = [{"field": ".".join(map(str, item["loc"])), "reason": item["msg"]} for item in error.errors()]
        raise ApiError(422, "Some fields are missing or wrong; see «errors».", errors=found) from error


def _project(request: HttpRequest) -> Project:
    return Project.objects.get(pk=caller_of(request).project_id)


def _prompt(project: Project, name: str) -> Prompt:
    found = Prompt.objects.for_project(project).select_related("project").filter(name=name, deleted_at=None).first()
    if found is None:
        raise ApiError(404, "There is no prompt with this name in the project of the key.")
    return found


def _reviewer(project: Project, email: str) -> User | None:
    if not email:
        return None
    found = User.objects.filter(memberships__project=project, email=email.strip().lower()).first()
    if found is None:
        raise ApiError(422, "The reviewer is not a member of the project.")
    return found


def _one(project: Project, change_request_id: int) -> ChangeRequest:
    if not 0 < change_request_id < 2**63:
        raise ApiError(404, "There is no such request in the project of the key.")
    return one(approval_queries.listed(project).select_related("prompt__project"), pk=change_request_id)


def _answer(asked: ChangeRequest, *, status: int) -> HttpResponse:
    return HttpResponse(orjson.dumps(_shown(asked)), status=status, content_type="application/json")


def _shown(asked: ChangeRequest) -> dict[str, Any]:
    path = places.publishing(asked.prompt, number=asked.version.number, label=asked.label)
    return {
        "id": asked.pk, "prompt": asked.prompt.name, "version": asked.version.number, "label": asked.label,
        "content_hash": asked.content_hash, "state": asked.state, "note": asked.note,
        "requested_by": _called(asked.requested_by), "requested_at": asked.requested_at,
        "reviewer": _called(asked.reviewer), "reviewed_by": _called(asked.reviewed_by),
        "reviewed_at": asked.reviewed_at, "review_note": asked.review_note, "url": f"{settings.PUBLIC_URL}{path}",
    }  # fmt: skip


def _called(person: User | None) -> str | None:
    return person.display_name if person else None


def _refused(error: PromptRegistryError) -> ApiError:
    status = _STATUSES.get(type(error), 422)
    if isinstance(error, AlreadyAsked):
        return ApiError(status, str(error), id=error.request.pk)
    return ApiError(status, str(error))
