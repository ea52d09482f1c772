"""Every address of the pages about experiments, which product managers know as tests."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import URLPattern, path

from evals.experiments.models import Experiment
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import experiments_comparison, experiments_export, experiments_row, experiments_use
from webapp.pages.experiments_comparison import comparison_context
from webapp.pages.experiments_frame import SECTION, experiment_of, top_crumb
from webapp.render import render_page


@requires(Action.READ_PROMPTS)
def experiment_list(request: ProjectRequest) -> HttpResponse:
    """Show the tests."""
    rows = Experiment.objects.for_project(request.project).newest_first()[:50]
    return render_page(request, "experiments/list.html", {"page_title": "Tests", "rows": rows}, section=SECTION)


@requires(Action.READ_PROMPTS)
def show(request: ProjectRequest, experiment_id: int) -> HttpResponse:
    """Show a test."""
    experiment = experiment_of(request, experiment_id)
    context = {"page_title": experiment.name, "crumbs": [top_crumb(request.project)]}
    return render_page(
        request, "experiments/detail.html", context | comparison_context(experiment, request), section=SECTION
    )


urlpatterns: list[URLPattern] = [
    path("experiments/", experiment_list, name="experiments"),
    path("experiments/<int:experiment_id>/", show, name="experiment"),
    *experiments_comparison.urlpatterns,
    *experiments_row.urlpatterns,
    *experiments_use.urlpatterns,
    *experiments_export.urlpatterns,
]
