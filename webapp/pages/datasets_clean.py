"""Items of a dataset that somebody should look at: nearly the same ones, and those with personal data in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals import item_care
from evals.coverage import items
from evals.errors import EvalsError
from evals.item_care_models import DatasetCare
from evals.models import Dataset
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages.datasets_frame import address, dataset_of, render_dataset
from webapp.pages.datasets_words import Line, line_of

_REFUSALS_SHOWN = 3


@requires(Action.READ_TRACES)
def care(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Show what was found at the last look."""
    dataset = dataset_of(request, dataset_id)
    found = DatasetCare.objects.filter(dataset=dataset).first()
    context = {
        "found": found,
        "is_under_way": item_care.is_under_way(dataset),
        "state_url": address(dataset, "dataset-care-state"),
        "is_old": found is not None and found.revision != dataset.revision,
        "most_items": formats.full_count(items.MOST),
        "most_masked_slice": f":{item_care.MOST_MASKED}",
        **(_lines(dataset, found) if found else {}),
    }
    return render_dataset(request, "datasets/care.html", dataset, context, tab="care")


@requires(Action.READ_TRACES)
def state(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Answer with the part of the page that follows a look until it is done."""
    dataset = dataset_of(request, dataset_id)
    context = {
        "is_under_way": item_care.is_under_way(dataset),
        "src": address(dataset, "dataset-care-state"),
        "page": address(dataset, "dataset-care"),
    }
    return render(request, "datasets/care_state.html", context)


@requires(Action.EDIT_DATASETS)
@require_POST
def look(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Ask for a look now."""
    dataset = dataset_of(request, dataset_id)
    item_care.ask(dataset=dataset)
    return redirect(address(dataset, "dataset-care"))


@requires(Action.EDIT_DATASETS)
@require_POST
def mask(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Mask what is sensitive in the chosen items, and look again."""
    dataset = dataset_of(request, dataset_id)
    numbers = [
        int(text) for text in request.POST.getlist("item") if text.isascii() and text.isdigit() and len(text) < 10
    ]
    try:
        changed, refusals = item_care.mask(dataset=dataset, numbers=numbers, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
        return redirect(address(dataset, "dataset-care"))
    if changed:
        words = "1 item" if changed == 1 else f"{formats.full_count(changed)} items"
        messages.success(request, f"Masked in {words}. Earlier revisions still hold what was there.")
    for refusal in refusals[:_REFUSALS_SHOWN]:
        messages.error(request, refusal)
    item_care.ask(dataset=dataset)
    return redirect(address(dataset, "dataset-care"))


def _lines(dataset: Dataset, found: DatasetCare) -> dict[str, Any]:
    """Return what was found with the items as they are now; those that were removed or changed since are left out."""
    twins = [(number, first, likeness) for number, first, likeness in found.twins]
    wanted = {number for pair in twins for number in pair[:2]} | {number for number, _ in found.sensitive}
    lines = _current(dataset, wanted, revision=found.revision)
    return {
        "twins": [
            {"line": lines[number], "first": lines[first], "likeness": formats.percent(likeness)}
            for number, first, likeness in twins
            if number in lines and first in lines
        ],
        "sensitive": [
            {"line": lines[number], "kinds": kinds} for number, kinds in found.sensitive if number in lines
        ],
    }  # fmt: skip


def _current(dataset: Dataset, numbers: Iterable[int], *, revision: int) -> dict[int, Line]:
    rows = dataset.items.current().filter(number__in=set(numbers), valid_from_revision__lte=revision)
    return {row.number: line_of(row) for row in rows}


urlpatterns: list[URLPattern] = [
    path("datasets/<int:dataset_id>/care/", care, name="dataset-care"),
    path("datasets/<int:dataset_id>/care/state/", state, name="dataset-care-state"),
    path("datasets/<int:dataset_id>/care/look/", look, name="dataset-care-look"),
    path("datasets/<int:dataset_id>/care/mask/", mask, name="dataset-care-mask"),
]
