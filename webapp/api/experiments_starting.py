"""Starting experiments through the API: in Callboard's workers, or in code, with results that the application brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from evals import repeated_requests
from evals.evaluators import definitions
from evals.evaluators.models import CODE, Evaluator, EvaluatorVersion
from evals.experiments import changes, in_code, reports
from evals.experiments.in_code import CodeScore, Result, Stored
from evals.experiments.models import Experiment
from evals.experiments.plans import ExperimentPlan, Variant
from evals.models import Dataset
from projects import keys, spending
from projects.models import Project
from projects.roles import Scope
from prompt_registry import versions
from prompt_registry.models import Prompt
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError
from webapp.api.experiment_schemas import (
    Common,
    ExperimentHead,
    ExperimentIn,
    InCodeIn,
    ResultIn,
    ResultsIn,
    ScoreIn,
    ScoresIn,
    StoredOut,
    VariantIn,
)
from webapp.api.experiments import asked, one_of, person_of, read
from webapp.api.experiments import router as router
from webapp.pages import tryit_sources
from webapp.pages.tryit_sources import Choice, Desk


def _body(schema: type[Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/experiments", auth=KeyAuth(Scope.API_WRITE), response={201: ExperimentHead}, openapi_extra=_body(ExperimentIn),
    summary="Start an experiment",
)  # fmt: skip
def start(request: HttpRequest) -> HttpResponse:
    """Answer the items of a dataset with versions of a prompt, here, in the name of the person who made the key.

    With an `Idempotency-Key` header the same request may be sent again for 48 hours: it starts one experiment.
    """
    wanted, person = read(request, ExperimentIn), person_of(request)
    project = _project(request)
    prompt = Prompt.objects.for_project(project).active().filter(name=wanted.prompt).first()
    if prompt is None:
        raise ApiError(404, f"There is no prompt «{wanted.prompt}» in the project of the key.")
    desk = tryit_sources.desk_of(prompt, person)
    chosen = asked(lambda: [_variant(desk, one) for one in wanted.variants])
    name = wanted.name or f"{' against '.join(one.title for one in reversed(chosen[:2]))} of {prompt.name}"
    plan = ExperimentPlan(
        **_common(project, wanted), name=name[:200], prompt=prompt, variants=chosen,
        stops_early=wanted.stops_early, uses_cache=wanted.uses_cache,
    )  # fmt: skip
    return _made(request, project, lambda: changes.start(plan=plan, by=person))


@router.post(
    "/code-experiments", auth=KeyAuth(Scope.API_WRITE), response={201: ExperimentHead}, openapi_extra=_body(InCodeIn),
    summary="Begin an experiment in code",
)  # fmt: skip
def begin(request: HttpRequest) -> HttpResponse:
    """Make an experiment whose answers come from code: one for each item, column and repetition.

    The named checks of the server judge them as they come; those that ask a model need `max_cost_usd`.
    """
    wanted, project = read(request, InCodeIn), _project(request)
    columns = [in_code.variant(label) for label in wanted.columns]
    plan = ExperimentPlan(**_common(project, wanted), name=wanted.name, prompt=None, variants=columns)
    person = keys.maker_of(caller_of(request))
    return _made(request, project, lambda: in_code.begin(plan=plan, by=person))


@router.post(
    "/experiments/{experiment_id}/results", auth=KeyAuth(Scope.API_WRITE), response=StoredOut,
    openapi_extra=_body(ResultsIn), summary="Bring results of an experiment in code",
)  # fmt: skip
def bring_results(request: HttpRequest, experiment_id: int) -> dict[str, Any]:
    """Store up to 200 results, all or none. One that came before changes nothing, so a batch may be sent again."""
    experiment, wanted = one_of(request, experiment_id), read(request, ResultsIn)
    results = [_result(place, one) for place, one in enumerate(wanted.results)]
    return _stored(experiment, asked(lambda: in_code.store(experiment=experiment, results=results)))


@router.post(
    "/experiments/{experiment_id}/scores", auth=KeyAuth(Scope.API_WRITE), response=StoredOut,
    openapi_extra=_body(ScoresIn), summary="Bring scores that were computed in code",
)  # fmt: skip
def bring_scores(request: HttpRequest, experiment_id: int) -> dict[str, Any]:
    """Store up to 200 scores, all or none; the first score of an answer by the same text of an evaluator stays."""
    experiment, wanted = one_of(request, experiment_id), read(request, ScoresIn)
    scores = [((one.item, one.column, one.repetition), _score(place, one)) for place, one in enumerate(wanted.scores)]
    return _stored(experiment, asked(lambda: in_code.score(experiment=experiment, scores=scores)))


def _made(request: HttpRequest, project: Project, do: Callable[[], Experiment]) -> HttpResponse:
    key = request.headers.get("Idempotency-Key", "").replace("\x00", "").strip()
    if len(key) > repeated_requests.MAX_KEY - len("experiment "):
        raise ApiError(422, "The Idempotency-Key is too long. Use at most 180 characters.")
    if not key:
        experiment_id, is_new = asked(do).pk, True
    else:
        body, _ = bodies.read(request)
        answer, is_new = asked(
            lambda: repeated_requests.once(
                project=project, key=f"experiment {key}", request=request.path.encode() + b"\x00" + body,
                do=lambda: {"id": do().pk},
            )
        )  # fmt: skip
        experiment_id = answer["id"]
    head = reports.head_of(one_of(request, experiment_id))
    return HttpResponse(orjson.dumps(head), status=201 if is_new else 200, content_type="application/json")


def _project(request: HttpRequest) -> Project:
    return Project.objects.get(pk=caller_of(request).project_id)


def _common(project: Project, wanted: Common) -> dict[str, Any]:
    dataset = Dataset.objects.for_project(project).filter(name=wanted.dataset).select_related("project").first()
    if dataset is None:
        raise ApiError(404, f"There is no dataset «{wanted.dataset}» in the project of the key.")
    revision = dataset.revision if wanted.revision is None else wanted.revision
    return {
        "dataset": dataset, "revision": revision, "split": wanted.split, "note": wanted.note,
        "repetitions": wanted.repetitions, "grouped_by": wanted.grouped_by, "limit": wanted.limit,
        "evaluators": _evaluators(project, wanted.evaluators),
        "cap_nano_usd": round(wanted.max_cost_usd * spending.NANO),
    }  # fmt: skip


def _evaluators(project: Project, names: list[str]) -> list[EvaluatorVersion]:
    known = {one.name: one for one in Evaluator.objects.for_project(project).active().filter(name__in=names)}
    missing = [name for name in dict.fromkeys(names) if name not in known]
    if missing:
        raise ApiError(404, f"There is no check «{missing[0]}» in the project of the key.")
    found = [definitions.current_of(known[name]) for name in dict.fromkeys(names)]
    if any(version.kind == CODE for version in found):
        raise ApiError(422, "One of these checks is a function of an application, and the server cannot run it.")
    return found


def _variant(desk: Desk, wanted: VariantIn) -> Variant:
    if (wanted.version is None) == (not wanted.label):
        raise ApiError(422, "Name each variant by its version or by a label, and not by both.")
    number = wanted.version or _number_of(desk.prompt, wanted.label)
    connection = next((str(one.pk) for one in desk.connections if one.name == wanted.connection), "")
    if wanted.connection and not connection:
        raise ApiError(404, f"There is no model provider «{wanted.connection}» in the project of the key.")
    made = tryit_sources.variant_of(desk, Choice(str(number), connection, wanted.model))
    return Variant(
        kind=made.kind, number=made.number, is_live=made.is_live, content=made.content, connection_id=made.connection_id,
        connection_name=made.connection_name, model=made.model, is_simulated=made.is_simulated,
    )  # fmt: skip


def _number_of(prompt: Prompt, label: str) -> int:
    if label == "latest":
        return versions.newest_number(prompt)
    found = prompt.labels.filter(name=label.replace("\x00", "")).select_related("version").first()
    if found is None:
        raise ApiError(404, f"The prompt has no label «{label}».")
    return found.version.number


def _result(place: int, one: ResultIn) -> Result:
    if (one.output is None) == (not one.error):
        reason = "Send an output or an error, and not both."
        raise ApiError(422, reason, errors=[{"field": f"results.{place}", "reason": reason}])
    output = one.output if isinstance(one.output, str) else orjson.dumps(one.output).decode()
    return Result(
        item=one.item, column=one.column, repetition=one.repetition, output="" if one.error else output, error=one.error,
        latency_ms=one.latency_ms, input_tokens=one.input_tokens, output_tokens=one.output_tokens,
        cost_nano_usd=None if one.cost_usd is None else round(one.cost_usd * spending.NANO), trace_id=one.trace_id,
        model=one.model, scores=[_score(place, score) for score in one.scores],
    )  # fmt: skip


def _score(place: int, one: ScoreIn) -> CodeScore:
    if (one.value is None) == (not one.error):
        reason = "A score has a value or an error, and not both."
        raise ApiError(422, reason, errors=[{"field": str(place), "reason": reason}])
    return CodeScore(one.evaluator, one.hash, one.value, one.passed, one.why, one.error)


def _stored(experiment: Experiment, stored: Stored) -> dict[str, Any]:
    state = Experiment.objects.values_list("state", flat=True).get(pk=experiment.pk)
    return {"accepted": stored.accepted, "repeated": stored.repeated, "state": state}
