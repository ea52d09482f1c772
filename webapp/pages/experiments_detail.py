"""One test: how far it is while it runs, what was frozen when it started, and the results."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from evals.evaluators.models import EvaluatorVersion
from evals.experiments import listings, progress
from evals.experiments.listings import Failure
from evals.experiments.models import Experiment, ExperimentState, RunsIn
from evals.experiments.plans import VERSION, Variant, is_replay
from evals.experiments.progress import Progress
from projects import spending
from projects.roles import Action
from prompt_registry import changes
from prompt_registry.trial_plans import LETTERS
from webapp.access import ProjectRequest, requires
from webapp.api.conditions import is_one_of
from webapp.pages import experiments_variants, replays_result
from webapp.pages.experiments_comparison import comparison_context
from webapp.pages.experiments_frame import SECTION, address, experiment_of, status_kind, top_crumb
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_versions import compared
from webapp.render import render_page

_FAILURES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class FrozenColumn:
    """A column as it was frozen: its text, who was asked, and where the text and its differences can be read."""

    place: int
    variant: Variant
    sampling: str
    version_url: str
    texts_url: str

    @property
    def letter(self) -> str:
        return LETTERS[self.place]


@requires(Action.READ_PROMPTS)
def show(request: ProjectRequest, experiment_id: int) -> HttpResponse:
    """Show a test."""
    experiment = experiment_of(request, experiment_id)
    results = comparison_context(experiment, request)
    context = {
        "page_title": experiment.name,
        "crumbs": [top_crumb(request.project)],
        **_progress_context(request, experiment),
        "columns": frozen_columns(experiment),
        "checks": _checks(experiment),
        "again_url": _again(experiment),
        **results,
        **replays_result.context_of(results["comparison"]),
    }
    return render_page(request, "experiments/detail.html", context, section=SECTION)


@requires(Action.READ_PROMPTS)
def news(request: ProjectRequest, experiment_id: int) -> HttpResponse:
    """Answer with how far the test is, or with 304 when the page shows that already."""
    experiment = experiment_of(request, experiment_id)
    context = {**_progress_context(request, experiment), "project": request.project, "is_news": True}
    context["is_changed"] = request.GET.get("have") != context["shown"]
    etag = _etag(experiment, context)
    if is_one_of(request.headers.get("If-None-Match", ""), etag):
        response = HttpResponse(status=304)
    else:
        response = render(request, "experiments/news.html", context)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


@requires(Action.READ_PROMPTS)
def texts(request: ProjectRequest, experiment_id: int) -> HttpResponse:
    """Show how the frozen text of a column differs from that of column A."""
    experiment = experiment_of(request, experiment_id)
    columns = frozen_columns(experiment)
    place = number_in(request.GET, "column")
    # What was made in code has no text here.
    if place >= len(columns) or not (columns[0].variant.content and columns[place].variant.content):
        raise Http404
    before, after = columns[0].variant.prompt_content, columns[place].variant.prompt_content
    context = {
        "page_title": "What was compared",
        "crumbs": [top_crumb(request.project), {"label": experiment.name, "url": address(experiment)}],
        "experiment": experiment,
        "columns": columns,
        "place": place,
        "changes": changes.describe(before=before, after=after),
        "compared": compared(changes.pairs(before, after), is_whole=True),
        "settings_compared": compared(changes.setting_pairs(before, after), is_whole=False),
    }
    return render_page(request, "experiments/texts.html", context, section=SECTION)


def frozen_columns(experiment: Experiment) -> list[FrozenColumn]:
    """Return the columns of an experiment as they were frozen."""
    variants = [Variant.from_json(raw) for raw in experiment.variants]
    return [_frozen(experiment, place, variant) for place, variant in enumerate(variants)]


def _frozen(experiment: Experiment, place: int, variant: Variant) -> FrozenColumn:
    version_url = texts_url = ""
    if experiment.prompt_id and variant.kind == VERSION and variant.number:
        arguments = [experiment.project.slug, experiment.prompt_id, variant.number]
        version_url = reverse("prompt-version", args=arguments)
    if variant.content and experiment.variants[0].get("content"):
        texts_url = f"{address(experiment, 'experiment-texts')}?column={place}"
    sampling = "as your application got it" if variant.is_recorded else experiments_variants.sampling_of(variant)
    return FrozenColumn(place, variant, sampling, version_url, texts_url)


def _checks(experiment: Experiment) -> list[EvaluatorVersion]:
    chosen = experiment.evaluators.select_related("evaluator_version__evaluator").order_by("position")
    return [one.evaluator_version for one in chosen]


def _progress_context(request: ProjectRequest, experiment: Experiment) -> dict[str, Any]:
    found = progress.of(experiment)
    failures = _failures(experiment, found)
    return {
        "experiment": experiment,
        "progress": found,
        "ended": found.over,
        "state_kind": status_kind(experiment),
        # What the page shows beside the numbers: it is drawn anew only when that changes, so that nobody loses the focus.
        "shown": f"{experiment.state}{'-failed' if failures else ''}{'-some' if found.done else ''}",
        "per_minute": round(found.per_second * 60),
        "spent_usd": found.spent_nano_usd / spending.NANO,
        "estimated_usd": experiment.estimated_nano_usd / spending.NANO,
        "cap_usd": experiment.cap_nano_usd / spending.NANO,
        "reasons": failures,
        "can_run": request.membership.can(Action.RUN_MODELS),
        "is_running": experiment.state == ExperimentState.RUNNING,
        "is_paused": experiment.state == ExperimentState.PAUSED,
        "is_in_code": experiment.runs_in == RunsIn.CODE,
    }


def _failures(experiment: Experiment, found: Progress) -> list[Failure]:
    """Return why answers are missing; while nothing has ended there is nothing to look for."""
    return listings.failures_of(experiment)[:_FAILURES_SHOWN] if found.done or found.failed else []


def _etag(experiment: Experiment, context: dict[str, Any]) -> str:
    # What people see, not the bytes: a page holds a new token each time.
    seen = (
        experiment.state,
        experiment.reason,
        experiment.cap_nano_usd,
        context["progress"],
        context["reasons"],
        context["is_changed"],
    )
    return f'"{hashlib.sha256(repr(seen).encode()).hexdigest()[:24]}"'


def _again(experiment: Experiment) -> str:
    """Return the address of the form filled in like this test; nothing when it ran in code or its prompt is gone."""
    if not experiment.prompt_id or experiment.runs_in == RunsIn.CODE:
        return ""
    if is_replay(experiment.variants):
        variant = Variant.from_json(experiment.variants[-1])
        what = variant.number if variant.kind == VERSION else variant.kind
        return f"{reverse('prompt-replay', args=[experiment.project.slug, experiment.prompt_id])}?{urlencode({'what': what})}"
    kept: list[tuple[str, object]] = [
        ("prompt", experiment.prompt_id), ("dataset", experiment.dataset_id), ("split", experiment.split),
        ("repetitions", experiment.repetitions), ("grouped_by", experiment.grouped_by), ("note", experiment.note),
        ("stops_early", "on" if experiment.stops_early else ""),
    ]  # fmt: skip
    for variant in (Variant.from_json(raw) for raw in experiment.variants):
        kept += [
            ("what", str(variant.number) if variant.kind == VERSION else variant.kind), ("on", variant.connection_id),
            ("model", variant.model), ("sampling", experiments_variants.key_of(variant)),
        ]  # fmt: skip
    kept += [("check", check.evaluator_id) for check in _checks(experiment)]
    return f"{reverse('experiment-new', args=[experiment.project.slug])}?{urlencode(kept)}"


urlpatterns: list[URLPattern] = [
    path("experiments/<int:experiment_id>/", show, name="experiment"),
    path("experiments/<int:experiment_id>/progress/", news, name="experiment-progress"),
    path("experiments/<int:experiment_id>/texts/", texts, name="experiment-texts"),
]
