"""What every page of one dataset shows: where it is, its tabs, and what may be done with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from evals.models import Dataset
from projects.roles import Action
from webapp.access import ProjectRequest, one
from webapp.render import render_page

SECTION = "datasets"


def dataset_of(request: ProjectRequest, dataset_id: int) -> Dataset:
    """Return a dataset of the request's project, or answer 404."""
    rows = Dataset.objects.for_project(request.project).select_related("project", "changed_by")
    return one(rows, pk=dataset_id)


def render_dataset(
    request: ProjectRequest, template: str, dataset: Dataset, context: dict[str, Any], *, tab: str, status: int = 200
) -> HttpResponse:
    """Answer with a page of one dataset, under its tabs."""
    may_edit = request.membership.can(Action.EDIT_DATASETS)
    frame = {
        "dataset": dataset,
        "page_title": short_name(dataset),
        "crumbs": crumbs(dataset, with_itself=tab == ""),
        "tabs": _tabs(dataset, tab),
        "may_edit": may_edit,
        "can_change": may_edit and not dataset.archived_at,
    }
    return render_page(request, template, frame | context, section=SECTION, status=status)


def crumbs(dataset: Dataset, *, with_itself: bool = False) -> list[dict[str, str]]:
    """Return the way from the list down to the dataset's folder, or to the dataset."""
    top = reverse("datasets", args=[dataset.project.slug])
    found = [{"label": "Datasets", "url": top}]
    found += [{"label": part, "url": f"{top}?q={part}"} for part in dataset.name.split("/")[:-1]]
    return [*found, {"label": short_name(dataset), "url": address(dataset)}] if with_itself else found


def short_name(dataset: Dataset) -> str:
    return dataset.name.rsplit("/", 1)[-1]


def address(dataset: Dataset, route: str = "dataset", *more: int) -> str:
    """Return the address of a page of the dataset."""
    return reverse(route, args=[dataset.project.slug, dataset.pk, *more])


def _tabs(dataset: Dataset, current: str) -> list[dict[str, Any]]:
    tabs = (
        ("items", "Items", "dataset", dataset.item_count),
        ("revisions", "Revisions", "dataset-revisions", dataset.revision),
        ("tests", "Tests", "dataset-tests", dataset.experiments.filter(archived_at=None).count()),
        ("coverage", "Coverage", "dataset-coverage", None),
        ("care", "Care", "dataset-care", None),
    )
    return [
        {"label": label, "url": address(dataset, route), "current": key == current, "count": count}
        for key, label, route, count in tabs
    ]
