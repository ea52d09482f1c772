"""One item of a dataset: looking at it, writing it, taking it out and bringing it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals import datasets, item_contents, queries
from evals.errors import EvalsError, ItemChangedMeanwhile, ItemNotUsable, ItemUnknown
from evals.models import Dataset, DatasetItem
from monitoring.issues.follow_ups import ISSUE
from monitoring.models import Issue, Trace, span_hex
from projects.roles import Action
from webapp.access import ProjectRequest, refuse, requires
from webapp.pages import datasets_item_form
from webapp.pages.datasets_frame import address, dataset_of, render_dataset
from webapp.pages.datasets_item_form import ROLES, Sheet
from webapp.pages.datasets_words import Difference, differences
from webapp.pages.prompts_form import number_in
from webapp.pages.traces_links import trace_url

_PROBLEMS_SHOWN = 20
_MOST_NUMBER = 2**31


@requires(Action.EDIT_DATASETS)
def new_item(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Write an item by hand."""
    dataset = dataset_of(request, dataset_id)
    if request.method != "POST":
        sheet = datasets_item_form.empty_sheet(blanks=queries.usual_blanks(dataset))
        return _show(request, dataset, sheet if sheet.inputs else datasets_item_form.with_more(sheet, "blank"))
    sheet = datasets_item_form.posted(request.POST)
    if what := request.POST.get("more"):
        return _show(request, dataset, datasets_item_form.with_more(sheet, what))
    try:
        content = datasets_item_form.content_of(sheet)
        item = datasets.add_item(
            dataset=dataset, input=content.input, expected_output=content.expected_output, metadata=content.metadata,
            context=content.context, tags=content.tags, split=content.split, by=request.user,
        )  # fmt: skip
    except EvalsError as error:
        return _show(request, dataset, sheet, problems=_problems(error), status=422)
    if item.was_there_already:
        messages.info(request, f"Item {item.number} says the same already. Nothing was stored twice.")
        return redirect(address(dataset, "dataset-item", item.number))
    messages.success(request, f"Item {item.number} is in the dataset.")
    again = request.POST.get("then") == "another"
    return redirect(address(dataset, "dataset-item-new") if again else address(dataset))


@requires(Action.READ_TRACES)
def item(request: ProjectRequest, dataset_id: int, number: int) -> HttpResponseBase:
    """Show an item, as fields to those who may change it; a POST saves it."""
    dataset = dataset_of(request, dataset_id)
    found = _item(dataset, number)
    if request.method == "POST":
        if not request.membership.can(Action.EDIT_DATASETS):
            return refuse(request, Action.EDIT_DATASETS)
        return _save(request, dataset, found)
    sheet = datasets_item_form.sheet_of(item_contents.of_item(found))
    return _show(request, dataset, sheet, item=found, base=found.valid_from_revision)


@requires(Action.EDIT_DATASETS)
@require_POST
def remove(request: ProjectRequest, dataset_id: int, number: int) -> HttpResponseBase:
    """Take the item out; the page that follows offers to bring it back."""
    dataset = dataset_of(request, dataset_id)
    _item(dataset, number)
    try:
        datasets.remove_item(dataset=dataset, number=number, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
    return redirect(address(dataset, "dataset-item", number))


@requires(Action.EDIT_DATASETS)
@require_POST
def bring_back(request: ProjectRequest, dataset_id: int, number: int) -> HttpResponseBase:
    """Undo a removal."""
    dataset = dataset_of(request, dataset_id)
    _item(dataset, number)
    try:
        datasets.bring_back_item(dataset=dataset, number=number, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Item {number} is in the dataset again.")
    return redirect(address(dataset, "dataset-item", number))


def _save(request: ProjectRequest, dataset: Dataset, found: DatasetItem) -> HttpResponseBase:
    sheet, base = datasets_item_form.posted(request.POST), number_in(request.POST, "base")
    if what := request.POST.get("more"):
        return _show(request, dataset, datasets_item_form.with_more(sheet, what), item=found, base=base)
    try:
        content = datasets_item_form.content_of(sheet)
        datasets.change_item(
            dataset=dataset, number=found.number, content=content, base_revision=base, by=request.user
        )  # fmt: skip
    except ItemChangedMeanwhile as changed:
        newer = changed.newer
        theirs = differences(item_contents.of_item(newer), datasets_item_form.content_of(sheet))
        return _show(
            request,
            dataset,
            sheet,
            item=newer,
            base=newer.valid_from_revision,
            theirs=theirs,
            is_changed=True,
            status=409,
        )
    except EvalsError as error:
        return _show(request, dataset, sheet, item=found, base=base, problems=_problems(error), status=422)
    messages.success(request, f"Item {found.number} is saved. Earlier revisions keep what it was.")
    return redirect(address(dataset, "dataset-item", found.number))


def _show(
    request: ProjectRequest,
    dataset: Dataset,
    sheet: Sheet,
    *,
    item: DatasetItem | None = None,
    base: int = 0,
    problems: tuple[str, ...] = (),
    theirs: list[Difference] | None = None,
    is_changed: bool = False,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "item": item,
        "sheet": sheet,
        "base": base,
        "problems": problems,
        "theirs": theirs or [],
        "is_changed": is_changed,
        "roles": ROLES,
        "splits": sorted({"train", "test", *queries.splits(dataset)}),
        "item_title": f"Item {item.number}" if item else "New item",
        **(_around(dataset, item) if item else {}),
    }
    return render_dataset(request, "datasets/item.html", dataset, context, tab="", status=status)


def _around(dataset: Dataset, item: DatasetItem) -> dict[str, Any]:
    before, after = queries.beside(dataset.items.current(), item.number)
    return {
        "before_url": address(dataset, "dataset-item", before) if before else "",
        "after_url": address(dataset, "dataset-item", after) if after else "",
        "history": queries.history(dataset, item.number),
        "source_url": _source_url(item),
        "issue": _issue(item),
    }


def _issue(item: DatasetItem) -> Issue | None:
    """Return the issue that the item was made from; the note that says so may have been written by anybody."""
    number = item.metadata.get(ISSUE)
    if not isinstance(number, int) or not 0 < number < _MOST_NUMBER:
        return None
    return Issue.objects.for_project(item.project).filter(number=number).first()


def _source_url(item: DatasetItem) -> str:
    """Return the address of the recorded call that the item was made of, while that call is kept."""
    if item.source_trace_id is None:
        return ""
    trace = Trace.objects.for_project(item.project).filter(trace_id=item.source_trace_id).first()
    if trace is None:
        return ""
    span = span_hex(item.source_span_id) if item.source_span_id is not None else ""
    return trace_url(item.project, trace.hex_id, span=span)


def _item(dataset: Dataset, number: int) -> DatasetItem:
    try:
        return datasets.newest_of(dataset, number)
    except ItemUnknown:
        raise Http404 from None


def _problems(error: EvalsError) -> tuple[str, ...]:
    return error.problems[:_PROBLEMS_SHOWN] if isinstance(error, ItemNotUsable) else (str(error),)


urlpatterns: list[URLPattern] = [
    path("datasets/<int:dataset_id>/items/new/", new_item, name="dataset-item-new"),
    path("datasets/<int:dataset_id>/items/<int:number>/", item, name="dataset-item"),
    path("datasets/<int:dataset_id>/items/<int:number>/remove/", remove, name="dataset-item-remove"),
    path("datasets/<int:dataset_id>/items/<int:number>/bring-back/", bring_back, name="dataset-item-bring-back"),
]
