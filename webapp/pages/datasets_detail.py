"""One dataset: the table of its items, now or at a revision, and the files to take away."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.urls import URLPattern, path

from evals import datasets, documents, queries
from evals.models import Dataset, DatasetItemQuerySet
from evals.queries import ItemFilter, ItemPage
from monitoring.trace_volume import TookTooLong, at_most
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.models import Prompt, PromptVersion
from webapp import exports, formats
from webapp.access import ProjectRequest, requires
from webapp.pages.datasets_frame import dataset_of, render_dataset
from webapp.pages.datasets_words import line_of
from webapp.pages.prompts_form import number_in

PAGE_SIZE = 50
PROMPTS_LOOKED_AT = 200
PROMPTS_NAMED = 3
SEARCH_MS = 2_000


@requires(Action.READ_TRACES)
def detail(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Show one page of the items that pass the filter."""
    dataset = dataset_of(request, dataset_id)
    revision, wanted = _revision(dataset, request.GET), _filter(request.GET)
    page = _page(_items(dataset, revision), wanted, request.GET)
    context = {
        "lines": [line_of(item) for item in page.items] if page else [],
        "is_too_slow": page is None,
        "wanted": wanted,
        "revision": revision,
        "tags": _with(queries.tags(dataset), wanted.tag),
        "splits": _with(queries.splits(dataset), wanted.split),
        **_pager(request, page),
        "fits": _fitting_prompts(dataset) if dataset.item_count else [],
        "export_query": f"?revision={revision}" if revision else "",
    }
    return render_dataset(request, "datasets/detail.html", dataset, context, tab="items")


@requires(Action.READ_TRACES)
def export(request: ProjectRequest, dataset_id: int, kind: str) -> HttpResponseBase:
    """Hand over all items, now or at a revision, as lines of JSON or as a table."""
    dataset = dataset_of(request, dataset_id)
    items = _items(dataset, _revision(dataset, request.GET))
    name = f"{_file_name(dataset)}.{kind}"
    if kind == "csv":
        lines = exports.csv_lines(documents.table(items))
        return exports.download(lines, name=name, content_type="text/csv; charset=utf-8")
    documented = (documents.of_item(item) for item in documents.in_chunks(items))
    return exports.download(exports.json_lines(documented), name=name, content_type="application/x-ndjson")


def _items(dataset: Dataset, revision: int) -> DatasetItemQuerySet:
    found: DatasetItemQuerySet = dataset.items.current()
    return datasets.items_at(dataset=dataset, revision=revision) if revision else found


def _revision(dataset: Dataset, query: QueryDict) -> int:
    """Return the revision that the address names, 0 for what is there now."""
    asked = number_in(query, "revision")
    if asked > dataset.revision:
        raise Http404
    return asked if asked < dataset.revision else 0


def _filter(query: QueryDict) -> ItemFilter:
    words, tag, split = (texts.clean(query.get(name, "")).strip()[:200] for name in ("q", "tag", "split"))
    return ItemFilter(words, tag, split)


def _page(items: DatasetItemQuerySet, wanted: ItemFilter, query: QueryDict) -> ItemPage | None:
    """Return the page, or None when the search takes longer than a page may take."""
    before = number_in(query, "before") or None
    try:
        with at_most(SEARCH_MS):
            return queries.item_page(
                items=items, wanted=wanted, after=number_in(query, "after"), before=before, limit=PAGE_SIZE
            )
    except TookTooLong:
        return None


def _pager(request: ProjectRequest, page: ItemPage | None) -> dict[str, str]:
    if page is None or not page.items:
        return {}
    return {
        "earlier_url": _at(request, before=page.before) if page.before else "",
        "later_url": _at(request, after=page.after) if page.after else "",
        "summary": _summary(page),
    }


def _summary(page: ItemPage) -> str:
    count = len(page.items)
    words = "1 item" if count == 1 else f"{count} items"
    if not page.before and not page.after:
        return words
    first, last = (formats.full_count(page.items[place].number) for place in (0, -1))
    return f"{words}, numbers {first} to {last}"


def _at(request: ProjectRequest, **place: int) -> str:
    kept = {name: value for name, value in request.GET.dict().items() if name not in ("after", "before")}
    return f"?{urlencode(kept | {name: str(value) for name, value in place.items()})}"


def _with(names: list[str], chosen: str) -> list[str]:
    return names if not chosen or chosen in names else sorted([*names, chosen])


def _fitting_prompts(dataset: Dataset) -> list[Prompt]:
    """Return prompts whose blanks the items fill, so that somebody sees what the dataset can test."""
    filled = set(queries.blank_names(dataset))
    prompts = list(Prompt.objects.for_project(dataset.project).active().by_name()[:PROMPTS_LOOKED_AT])
    newest = PromptVersion.objects.filter(prompt__in=prompts).order_by("prompt_id", "-number").distinct("prompt_id")
    fitting = {key for key, variables in newest.values_list("prompt_id", "variables") if _fits(variables, filled)}
    return [prompt for prompt in prompts if prompt.pk in fitting][:PROMPTS_NAMED]


def _fits(variables: list[dict[str, Any]], filled: set[str]) -> bool:
    needed = {variable["name"] for variable in variables if variable.get("required", True)}
    return bool(needed) and needed <= filled


def _file_name(dataset: Dataset) -> str:
    tidy = "".join(character if character.isascii() and character.isalnum() else "-" for character in dataset.name)
    return f"callboard-{tidy.strip('-')[:80] or 'dataset'}"


urlpatterns: list[URLPattern] = [
    path("datasets/<int:dataset_id>/", detail, name="dataset"),
    path("datasets/<int:dataset_id>/export.jsonl", export, {"kind": "jsonl"}, name="export-dataset-jsonl"),
    path("datasets/<int:dataset_id>/export.csv", export, {"kind": "csv"}, name="export-dataset-csv"),
]
