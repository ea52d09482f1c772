"""The revisions of a dataset: who changed what when, and what differs between any two."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import URLPattern, path

from evals import revisions
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.datasets_frame import dataset_of, render_dataset
from webapp.pages.datasets_words import change_line
from webapp.pages.prompts_form import number_in

PAGE_SIZE = 50


@requires(Action.READ_TRACES)
def history(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Show the revisions, newest first."""
    dataset = dataset_of(request, dataset_id)
    before = number_in(request.GET, "before") or None
    rows, has_older = revisions.page(dataset=dataset, before=before, limit=PAGE_SIZE)
    context = {
        "rows": rows,
        "older_url": f"?before={rows[-1].number}" if has_older else "",
        "newer_url": "?" if before else "",
    }
    return render_dataset(request, "datasets/revisions.html", dataset, context, tab="revisions")


@requires(Action.READ_TRACES)
def compare(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Show the items that differ between two revisions, the older one first."""
    dataset = dataset_of(request, dataset_id)
    newer = number_in(request.GET, "to") or dataset.revision
    older = number_in(request.GET, "from") if request.GET.get("from") else max(0, newer - 1)
    if newer > dataset.revision:
        raise Http404
    older, newer = min(older, newer), max(older, newer)
    changes, has_more = revisions.compare(
        dataset=dataset, older=older, newer=newer, after=number_in(request.GET, "after"), limit=PAGE_SIZE
    )
    context = {
        "older": older,
        "newer": newer,
        "revision": dataset.revisions.select_related("author").filter(number=newer).first(),
        "lines": [change_line(change) for change in changes],
        "more_url": f"?from={older}&to={newer}&after={changes[-1].number}" if has_more else "",
    }
    return render_dataset(request, "datasets/compare.html", dataset, context, tab="revisions")


urlpatterns: list[URLPattern] = [
    path("datasets/<int:dataset_id>/revisions/", history, name="dataset-revisions"),
    path("datasets/<int:dataset_id>/compare/", compare, name="dataset-compare"),
]
