"""What every page of a test shows: where it is, how it stands, and who may act."""

from __future__ import annotations

from django.urls import reverse

from evals.experiments.models import Experiment, ExperimentState
from projects.models import Project
from webapp.access import ProjectRequest, one

SECTION = "experiments"
_KINDS = {
    ExperimentState.RUNNING: "info",
    ExperimentState.PAUSED: "warn",
    ExperimentState.DONE: "good",
    ExperimentState.CANCELLED: "",
}


def experiment_of(request: ProjectRequest, experiment_id: int) -> Experiment:
    """Return an experiment of the request's project, or answer 404."""
    rows = Experiment.objects.for_project(request.project)
    return one(rows.select_related("project", "dataset", "prompt", "created_by"), pk=experiment_id)


def address(experiment: Experiment, route: str = "experiment") -> str:
    """Return the address of a page of the experiment."""
    return reverse(route, args=[experiment.project.slug, experiment.pk])


def top_crumb(project: Project) -> dict[str, str]:
    return {"label": "Tests", "url": reverse("experiments", args=[project.slug])}


def status_kind(experiment: Experiment) -> str:
    """Return the colour that the state is shown in."""
    return _KINDS[ExperimentState(experiment.state)]
