"""The list of tests, its filters and archive, and the tests of one prompt or dataset."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import URLPattern, path, reverse

from evals.experiments import listings
from evals.experiments.listings import ExperimentFilter, ListedExperiment
from evals.experiments.models import Experiment, ExperimentState
from projects import spending
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import experiments_verdicts
from webapp.pages.datasets_frame import dataset_of, render_dataset
from webapp.pages.experiments_frame import SECTION, status_kind
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of, render_prompt
from webapp.render import render_page

PAGE_SIZE = 25


@requires(Action.READ_PROMPTS)
def experiment_list(request: ProjectRequest) -> HttpResponse:
    """Show the tests that pass the filter, newest first."""
    wanted = _wanted(request)
    page, has_older = listings.page(
        project=request.project, wanted=wanted, before=number_in(request.GET, "before"), limit=PAGE_SIZE
    )
    archived = Experiment.objects.for_project(request.project).exclude(archived_at=None)
    context = {
        "page_title": "Tests",
        "wanted": wanted,
        "lines": lines_of(page),
        "states": ExperimentState.choices,
        "prompts": listings.prompts_of(request.project),
        "archive_count": archived.count(),
        "older_url": _older(request, page) if has_older else "",
        "is_first": "before" not in request.GET,
        "can_run": request.membership.can(Action.RUN_MODELS),
    }
    return render_page(request, "experiments/list.html", context, fragment="rows", section=SECTION)


@requires(Action.READ_PROMPTS)
def of_prompt(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Show the newest tests of a prompt under its tabs."""
    prompt = prompt_of(request, prompt_id)
    context = {
        "lines": lines_of(listings.of_prompt(prompt, limit=PAGE_SIZE)),
        "shown": PAGE_SIZE,
        "test_url": f"{reverse('experiment-new', args=[request.project.slug])}?prompt={prompt.pk}",
        "has_text": prompt.versions.exists() or prompt.drafts.filter(user=request.user).exists(),
        "can_run": request.membership.can(Action.RUN_MODELS),
    }
    return render_prompt(request, "experiments/of_prompt.html", prompt, context, tab="tests")


@requires(Action.READ_TRACES)
def of_dataset(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Show the newest tests on a dataset under its tabs."""
    dataset = dataset_of(request, dataset_id)
    context = {
        "lines": lines_of(listings.of_dataset(dataset, limit=PAGE_SIZE)),
        "shown": PAGE_SIZE,
        "can_run": request.membership.can(Action.RUN_MODELS),
    }
    return render_dataset(request, "experiments/of_dataset.html", dataset, context, tab="tests")


def lines_of(listed: list[ListedExperiment]) -> list[dict[str, Any]]:
    """Return what each row of a list shows."""
    verdicts = experiments_verdicts.of_many([one.experiment for one in listed])
    return [
        {
            "listed": one,
            "experiment": one.experiment,
            "kind": status_kind(one.experiment),
            "spent_usd": one.experiment.spent_nano_usd / spending.NANO,
            "verdict": verdicts.get(one.experiment.pk),
        }
        for one in listed
    ]


def _wanted(request: ProjectRequest) -> ExperimentFilter:
    state = request.GET.get("state", "")
    return ExperimentFilter(
        prompt_id=number_in(request.GET, "prompt"), dataset_id=number_in(request.GET, "dataset"),
        state=state if state in ExperimentState.values else "", is_archive="archive" in request.GET,
    )  # fmt: skip


def _older(request: ProjectRequest, page: list[ListedExperiment]) -> str:
    return f"?{urlencode({**request.GET.dict(), 'before': page[-1].experiment.pk})}"


urlpatterns: list[URLPattern] = [
    path("experiments/", experiment_list, name="experiments"),
    path("prompts/<int:prompt_id>/tests/", of_prompt, name="prompt-tests"),
    path("datasets/<int:dataset_id>/tests/", of_dataset, name="dataset-tests"),
]
