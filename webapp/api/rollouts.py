"""Rollouts for applications: how they stand, and taking one back; starting and finishing is for people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field, StringConstraints, ValidationError

from projects.models import Project
from projects.roles import Scope
from prompt_registry import places
from prompt_registry.errors import PromptRegistryError, RolloutChangedMeanwhile, RolloutOver
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes
from webapp.access import one
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Rollouts"])

MAX_LIMIT = 200
Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
State = Literal["", "running", "paused", "completed", "rolled_back"]


class StepOut(Schema):
    """One share of the plan; `began_at` is null while it lies ahead."""

    share: float
    at_least_seconds: float
    asks_first: bool
    began_at: datetime | None


class RolloutOut(Schema):
    """A rollout as it stands; `share` is the part of the people that gets the candidate."""

    id: UUID
    prompt: str
    label: str
    control_version: int
    candidate_version: int
    state: str
    share: float
    step: int
    steps: list[StepOut]
    note: str
    reason: str
    started_by: str | None
    started_at: datetime
    ended_at: datetime | None
    url: str


class RolloutPage(Schema):
    """Rollouts, newest first."""

    items: list[RolloutOut]


class RollBackIn(Schema):
    """Why the candidate is taken back."""

    reason: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""


_BODY = {"requestBody": {"required": False, "content": {"application/json": {"schema": RollBackIn.json_schema()}}}}


@router.get("/rollouts", auth=KeyAuth(Scope.API_READ), response=RolloutPage, summary="List rollouts")
def list_rollouts(request: HttpRequest, prompt: Name = "", state: State = "", limit: Limit = 50) -> dict[str, Any]:
    """The newest rollouts of the project, of one prompt or in one state."""
    found = _rows(_project(request))
    if prompt:
        found = found.filter(prompt__name=prompt)
    if state:
        found = found.filter(state=state)
    return {"items": [_shown(row) for row in found.newest_first()[:limit]]}


@router.get("/rollouts/{rollout_id}", auth=KeyAuth(Scope.API_READ), response=RolloutOut, summary="One rollout")
def get_rollout(request: HttpRequest, rollout_id: UUID) -> dict[str, Any]:
    """The rollout as it stands."""
    return _shown(one(_rows(_project(request)), pk=rollout_id))


@router.post(
    "/rollouts/{rollout_id}/roll-back", auth=KeyAuth(Scope.API_WRITE), response=RolloutOut, openapi_extra=_BODY,
    summary="Take the candidate back",
)  # fmt: skip
def roll_back(request: HttpRequest, rollout_id: UUID) -> HttpResponse:
    """Give the control version back to everybody at once. Answers 409 when the rollout is over already."""
    rollout = one(_rows(_project(request)), pk=rollout_id)
    given = _read(request)
    try:
        changes.roll_back(rollout=rollout, by=None, reason=given.reason)
    except (RolloutOver, RolloutChangedMeanwhile) as error:
        raise ApiError(409, str(error)) from error
    except PromptRegistryError as error:
        raise ApiError(422, str(error)) from error
    shown = _shown(one(_rows(_project(request)), pk=rollout_id))
    return HttpResponse(orjson.dumps(shown), content_type="application/json")


def _read(request: HttpRequest) -> RollBackIn:
    if not bodies.wire_bytes(request):
        return RollBackIn()
    try:
        return RollBackIn.model_validate(bodies.json_object(request))
    except ValidationError as error:
        found = [{"field": ".".join(map(str, item["loc"])), "reason": item["msg"]} for item in error.errors()]
        raise ApiError(422, "Some fields are missing or wrong; see «errors».", errors=found) from error


def _project(request: HttpRequest) -> Project:
    return Project.objects.get(pk=caller_of(request).project_id)


def _rows(project: Project) -> Any:
    related = ("project", "prompt__project", "control", "candidate", "started_by")
    return Rollout.objects.for_project(project).select_related(*related)


def _shown(row: Rollout) -> dict[str, Any]:
    began = changes.began(row)
    return {
        "id": row.pk, "prompt": row.prompt.name, "label": row.label, "control_version": row.control.number,
        "candidate_version": row.candidate.number, "state": row.state, "share": row.share, "step": row.step,
        "steps": [
            {
                "share": step.share, "at_least_seconds": step.at_least, "asks_first": step.asks_first,
                "began_at": began[index] if index < len(began) else None,
            }
            for index, step in enumerate(changes.plan_of(row).steps)
        ],
        "note": row.note, "reason": row.reason, "started_by": row.started_by.display_name if row.started_by else None,
        "started_at": row.started_at, "ended_at": row.ended_at,
        "url": f"{settings.PUBLIC_URL}{places.rollout(row.prompt, str(row.pk))}",
    }  # fmt: skip
