"""Experiments for applications: what was found, and how to end one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field, ValidationError

from evals.errors import (
    DatasetArchived,
    EvalsError,
    EvaluatorArchived,
    ExperimentNotPaused,
    ExperimentNotRunning,
    ExperimentOver,
    NameOfServerEvaluator,
    RequestDiffers,
    ResultsNotUsable,
    RunsHere,
)
from evals.experiments import changes, documents, in_code, reports
from evals.experiments.models import Experiment, ExperimentState
from projects import keys
from projects.errors import ProjectsError
from projects.models import User
from projects.roles import Scope
from prompt_registry.errors import NotAllowed, PromptRegistryError, VersionUnknown
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError
from webapp.api.experiment_schemas import AnswerPage, ExperimentHead, ExperimentOut, ExperimentPage

router = Router(tags=["Experiments"])

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
_STATUSES: dict[type[Exception], int] = {
    NotAllowed: 403, VersionUnknown: 404, DatasetArchived: 409, EvaluatorArchived: 409, ExperimentNotPaused: 409, ExperimentNotRunning: 409,
    ExperimentOver: 409, NameOfServerEvaluator: 409, RequestDiffers: 409, RunsHere: 409,
}  # fmt: skip
PROBLEMS_NAMED = 50
NOBODY = (
    "Starting or stopping an experiment is done in the name of a person, and this API key has none. Make a new one under "
    "Settings, or with «callboard key create --for EMAIL»."
)

Limit = Annotated[int, Field(ge=1, le=200)]
Number = Annotated[int, Field(ge=0, lt=2**63)]


@router.get("/experiments", auth=KeyAuth(Scope.API_READ), response=ExperimentPage, summary="List experiments")
def list_experiments(
    request: HttpRequest, dataset: str = "", prompt: str = "", limit: Limit = 50, before: Number | None = None
) -> dict[str, Any]:
    """One page of experiments, newest first, without those in the archive."""
    found = _rows(request).active().order_by("-pk")
    if dataset:
        found = found.filter(dataset__name=_clean(dataset))
    if prompt:
        found = found.filter(prompt__name=_clean(prompt))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: limit + 1])
    return {
        "items": [reports.head_of(row) for row in rows[:limit]],
        "next": rows[limit - 1].pk if len(rows) > limit else None,
    }


@router.get(
    "/experiments/{experiment_id}", auth=KeyAuth(Scope.API_READ), response=ExperimentOut, summary="One experiment"
)
def get_experiment(request: HttpRequest, experiment_id: int) -> dict[str, Any]:
    """State, progress, and for each column and check the level with its interval and the verdict against column 0."""
    return reports.of(one_of(request, experiment_id))


@router.get(
    "/experiments/{experiment_id}/answers", auth=KeyAuth(Scope.API_READ), response=AnswerPage,
    summary="The answers of an experiment",
)  # fmt: skip
def list_answers(
    request: HttpRequest, experiment_id: int, limit: Limit = 100, cursor: Number = 0
) -> dict[str, Any]:  # fmt: skip
    """One page of answers, each with what every check said about it."""
    found = reports.rows(one_of(request, experiment_id), after=cursor, limit=limit + 1)
    more = found[limit - 1].pk if len(found) > limit else None
    return {"items": [documents.of_cell(cell) for cell in found[:limit]], "next": more}


@router.post(
    "/experiments/{experiment_id}/cancel", auth=KeyAuth(Scope.API_WRITE), response=ExperimentHead,
    summary="Stop an experiment",
)  # fmt: skip
def cancel(request: HttpRequest, experiment_id: int) -> dict[str, Any]:
    """End it; what was answered stays. One that was stopped already is answered alike."""
    experiment = one_of(request, experiment_id)
    if experiment.state != ExperimentState.CANCELLED:
        asked(lambda: changes.cancel(experiment=experiment, by=person_of(request)))
    return reports.head_of(one_of(request, experiment_id))


@router.post(
    "/experiments/{experiment_id}/finish", auth=KeyAuth(Scope.API_WRITE), response=ExperimentHead,
    summary="Say that no more results come",
)  # fmt: skip
def finish(request: HttpRequest, experiment_id: int) -> dict[str, Any]:
    """End an experiment in code as soon as its judges are through; sent again it changes nothing."""
    asked(lambda: in_code.finish(experiment=one_of(request, experiment_id)))
    return reports.head_of(one_of(request, experiment_id))


def one_of(request: HttpRequest, experiment_id: int) -> Experiment:
    """Return an experiment of the key's project, or refuse with 404."""
    found: Experiment | None = _rows(request).filter(pk=experiment_id).first() if 0 < experiment_id < 2**63 else None
    if found is None:
        raise ApiError(404, "This experiment does not exist, or it belongs to another project.")
    return found


def person_of(request: HttpRequest) -> User:
    """Return who made the key: what costs money or stops others' work is done in the name of a person."""
    found = keys.maker_of(caller_of(request))
    if found is None:
        raise ApiError(403, NOBODY)
    return found


def read(request: HttpRequest, schema: type[M]) -> M:
    """Return the body as the schema describes it, or refuse with what is wrong in it."""
    try:
        return schema.model_validate(bodies.json_object(request))
    except ValidationError as error:
        found = [{"field": ".".join(map(str, item["loc"])), "reason": item["msg"]} for item in error.errors()]
        sentence = "Some fields are missing or wrong; see «errors»."
        raise ApiError(422, sentence, errors=found[:PROBLEMS_NAMED]) from error


def asked(do: Callable[[], T]) -> T:
    """Return what the domain answers, with its refusals as statuses."""
    try:
        return do()
    except ResultsNotUsable as error:
        found = [{"field": str(number), "reason": reason} for number, reason in error.problems[:PROBLEMS_NAMED]]
        raise ApiError(422, str(error), errors=found) from error
    except (EvalsError, PromptRegistryError, ProjectsError) as error:
        raise ApiError(_STATUSES.get(type(error), 422), str(error)) from error


def _rows(request: HttpRequest) -> Any:
    rows = Experiment.objects.filter(project_id=caller_of(request).project_id)
    return rows.select_related("project", "dataset", "prompt")


def _clean(name: str) -> str:
    return name.replace("\x00", "")
