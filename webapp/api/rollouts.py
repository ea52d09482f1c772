"""Rollouts for applications: how they stand, starting, moving and taking back; behind a protected label people move on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field, StringConstraints, ValidationError

from projects.models import Project
from projects.roles import Scope
from prompt_registry import places
from prompt_registry.errors import (
    PromptRegistryError,
    RolloutChangedMeanwhile,
    RolloutCoolingDown,
    RolloutOver,
    RolloutProvenWorse,
    RolloutRunning,
    RolloutTriedBefore,
)
from prompt_registry.models import PRODUCTION, Prompt, Rollout
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.plans import Caution
from webapp import rollout_plans
from webapp.access import one
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError
from webapp.api.prompt_refusals import refused

router = Router(tags=["Rollouts"])
Given = TypeVar("Given", bound=Schema)

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
    trouble: str
    share: float
    step: int
    steps: list[StepOut]
    note: str
    reason: str
    started_by: str | None
    started_at: datetime
    ended_at: datetime | None
    # An earlier try of the same two versions, whose evidence goes on in this one.
    continues: UUID | None
    url: str


class RolloutPage(Schema):
    """Rollouts, newest first."""

    items: list[RolloutOut]


class ReasonIn(Schema):
    """Why something is done; kept in the history."""

    reason: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""


class StartIn(Schema):
    """Which version of a prompt is given to whom; without shares the ones that suit its traffic. Shares go from 0 to 1.

    `dearer` is the share by which calls may become dearer, for a version that costs more by itself.
    """

    prompt: Name
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    label: Annotated[str, StringConstraints(max_length=36, pattern=r"^[^\x00]*$")] = PRODUCTION
    caution: Caution = Caution.BALANCED
    shares: Annotated[list[float], Field(max_length=8)] = []
    hours: float = 2.0
    note: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    overrides_cool_down: bool = False
    dearer: Annotated[float, Field(ge=0, le=10)] = 0.0


_ANSWERS = (
    RolloutOver, RolloutChangedMeanwhile, RolloutRunning, RolloutCoolingDown, RolloutTriedBefore, RolloutProvenWorse,
)  # fmt: skip


def _body(schema: type[Schema], *, is_needed: bool = False) -> dict[str, Any]:
    content = {"application/json": {"schema": schema.json_schema()}}
    return {"requestBody": {"required": is_needed, "content": content}}


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
    "/rollouts", auth=KeyAuth(Scope.API_WRITE), response={201: RolloutOut}, openapi_extra=_body(StartIn, is_needed=True),
    summary="Start a rollout",
)  # fmt: skip
def start(request: HttpRequest) -> HttpResponse:
    """Give a version to a few people, then to more. Behind a protected label only a person may start one."""
    given, project = _read(request, StartIn), _project(request)
    prompt = one(Prompt.objects.filter(project=project, deleted_at=None), name=given.prompt)
    candidate = one(prompt.versions.select_related("prompt__project"), number=given.version)
    live = one(prompt.labels.select_related("version__prompt__project"), name=given.label).version
    with _refusals():
        steps = rollout_plans.steps_of(given.shares, hours=[given.hours]) if given.shares else ()
        wishes = rollout_plans.Wishes(caution=given.caution, steps=steps, dearer=given.dearer)
        plan = rollout_plans.propose(control=live, candidate=candidate, wishes=wishes, now=timezone.now())
        made = changes.start(
            prompt=prompt, candidate=candidate, label=given.label, plan=plan, by=None, note=given.note,
            expected_version=live.number, overrides_cool_down=given.overrides_cool_down,
        )  # fmt: skip
    return _answer(project, made.pk, status=201)


@router.post(
    "/rollouts/{rollout_id}/roll-back", auth=KeyAuth(Scope.API_WRITE), response=RolloutOut, openapi_extra=_body(ReasonIn),
    summary="Take the candidate back",
)  # fmt: skip
def roll_back(request: HttpRequest, rollout_id: UUID) -> HttpResponse:
    """Give the control version back to everybody at once. Answers 409 when the rollout is over already."""
    return _act(request, rollout_id, changes.roll_back)


@router.post(
    "/rollouts/{rollout_id}/pause", auth=KeyAuth(Scope.API_WRITE), response=RolloutOut, openapi_extra=_body(ReasonIn),
    summary="Pause a rollout",
)  # fmt: skip
def pause(request: HttpRequest, rollout_id: UUID) -> HttpResponse:
    """Let nothing move on; everybody keeps the version they have."""
    return _act(request, rollout_id, changes.pause)


@router.post(
    "/rollouts/{rollout_id}/resume", auth=KeyAuth(Scope.API_WRITE), response=RolloutOut, openapi_extra=_body(ReasonIn),
    summary="Let a rollout go on",
)  # fmt: skip
def resume(request: HttpRequest, rollout_id: UUID) -> HttpResponse:
    """Go on where it was paused. Behind a protected label only a person may do it."""
    return _act(request, rollout_id, changes.resume)


@router.post(
    "/rollouts/{rollout_id}/advance", auth=KeyAuth(Scope.API_WRITE), response=RolloutOut, openapi_extra=_body(ReasonIn),
    summary="Go to the next share",
)  # fmt: skip
def advance(request: HttpRequest, rollout_id: UUID) -> HttpResponse:
    """Go to the next share before the rule says so; needs a reason. Behind a protected label only a person may do it."""
    return _act(request, rollout_id, changes.advance)


def _act(request: HttpRequest, rollout_id: UUID, change: Callable[..., Rollout]) -> HttpResponse:
    project = _project(request)
    rollout = one(_rows(project), pk=rollout_id)
    given = _read(request, ReasonIn)
    with _refusals():
        change(rollout=rollout, by=None, reason=given.reason)
    return _answer(project, rollout_id)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except _ANSWERS as error:
        raise ApiError(409, str(error)) from error
    except PromptRegistryError as error:
        raise refused(error) from error
    except rollout_plans.PlanNotUsable as error:
        raise ApiError(422, str(error)) from error


def _answer(project: Project, rollout_id: UUID, *, status: int = 200) -> HttpResponse:
    shown = _shown(one(_rows(project), pk=rollout_id))
    return HttpResponse(orjson.dumps(shown), content_type="application/json", status=status)


def _read(request: HttpRequest, schema: type[Given]) -> Given:
    sent = bodies.json_object(request) if bodies.wire_bytes(request) else {}
    try:
        return schema.model_validate(sent)
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
        "candidate_version": row.candidate.number, "state": row.state, "trouble": row.trouble, "share": row.share, "step": row.step,
        "steps": [
            {
                "share": step.share, "at_least_seconds": step.at_least, "asks_first": step.asks_first,
                "began_at": began[index] if index < len(began) else None,
            }
            for index, step in enumerate(changes.plan_of(row).steps)
        ],
        "note": row.note, "reason": row.reason, "started_by": row.started_by.display_name if row.started_by else None,
        "started_at": row.started_at, "ended_at": row.ended_at, "continues": row.continues_id,
        "url": f"{settings.PUBLIC_URL}{places.rollout(row.prompt, str(row.pk))}",
    }  # fmt: skip
