"""The result of a test: the verdict, a tile for each check, what it costs, and the items one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path

from evals.experiments import comparison_words, disagreements, judge_habits, rows, single_results, slices, trade_offs
from evals.experiments.comparison_values import Column, Comparison
from evals.experiments.models import Experiment
from evals.experiments.plans import is_replay
from evals.experiments.rows import Row, Show, Standing
from evals.experiments.slices import Slices
from evals.item_contents import UNNAMED
from evals.models import Dataset
from evals.statistics.verdicts import Verdict
from projects import spending
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.charts import Unit
from webapp.pages import experiments_tiles
from webapp.pages.datasets_words import in_words, line_of
from webapp.pages.experiments_frame import experiment_of
from webapp.pages.experiments_look import Choice, Look, address, choices_of_baseline, choices_of_columns, compared
from webapp.render import render_page

PAGE_SIZE = 25
_EVERY_SECONDS = 5
_DATASETS_OFFERED = 100
_KINDS = {
    "worse": ("Worse", "bad"), "better": ("Better", "good"), "mixed": ("Both ways", "warn"), "same": ("Same", ""),
    "failed": ("Failed", "warn"), "open": ("Not finished", "info"),
}  # fmt: skip
_ALONE_KINDS = {**_KINDS, "worse": ("Missed something", "bad"), "same": ("Passed all", "good")}
# What is shown of one variant, which nothing is compared with.
_ALONE = {
    Show.ALL: "All", Show.WORSE: "Missed something", Show.SAME: "Passed all", Show.FAILED: "Failed",
}  # fmt: skip
_NONE = {
    Show.ALL: "No items yet", Show.WORSE: "No item got worse", Show.BETTER: "No item got better",
    Show.DIFFER: "The checks say the same about both answers of every item", Show.SAME: "No item came out the same",
    Show.FAILED: "Nothing failed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowView:
    """One item as a row of the table."""

    row: Row
    inputs: list[tuple[str, str]]
    expected: str
    word: str
    kind: str
    change: str
    url: str


def comparison_context(experiment: Experiment, request: HttpRequest) -> dict[str, Any]:
    """Return what `experiments/_comparison.html` shows."""
    comparison, look = compared(experiment, request)
    shared = {"experiment": experiment, "comparison": comparison, "look": look}
    if not comparison.others:
        return shared | _head(comparison, look) | _rows(comparison, look, request)
    return shared | _head(comparison, look) | _rows(comparison, look, request) | _below(comparison, look)


@requires(Action.READ_PROMPTS)
def verdict(request: ProjectRequest, experiment_id: int) -> HttpResponse:
    """Answer with the verdict and the tiles as they are now."""
    experiment = experiment_of(request, experiment_id)
    comparison, look = compared(experiment, request)
    context = {"project": request.project, "experiment": experiment, "comparison": comparison, "look": look}
    template = "experiments/comparison_head.html" if comparison.others else "experiments/single_head.html"
    return render(request, template, context | _head(comparison, look))


@requires(Action.READ_PROMPTS)
def item_rows(request: ProjectRequest, experiment_id: int) -> HttpResponse:
    """Answer with one page of the items, the most damaged first."""
    experiment = experiment_of(request, experiment_id)
    comparison, look = compared(experiment, request)
    context = {"project": request.project, "experiment": experiment, "comparison": comparison, "look": look}
    return render(request, "experiments/comparison_rows.html", context | _rows(comparison, look, request))


@requires(Action.READ_PROMPTS)
def methods(request: ProjectRequest) -> HttpResponse:
    """Say how everything on the page of a test is computed."""
    return render_page(
        request, "experiments/methods.html", {"page_title": "How this is computed"}, section="experiments"
    )


def _head(comparison: Comparison, look: Look) -> dict[str, Any]:
    column = comparison.columns[look.column]
    is_alive = comparison.is_preliminary and not comparison.experiment.is_over
    if not comparison.others:
        return {
            "column": column,
            "words": single_results.verdict(comparison, rows.standing(comparison, column.place)),
            "passes": single_results.passes(comparison),
            "check_errors": _check_errors(comparison, column),
            "every": _EVERY_SECONDS if is_alive else 0,
            "verdict_url": address(comparison.experiment, look, route="experiment-verdict"),
        }
    return {
        "column": column,
        "baseline": comparison.baseline,
        "is_replay": is_replay(comparison.experiment.variants),
        "verdict_kind": "" if is_replay(comparison.experiment.variants) else _colour(column),
        "tiles": experiments_tiles.tiles(comparison, column, doubted=disagreements.counts(comparison.experiment)),
        "others": comparison.others if len(comparison.others) > 1 else (),
        "optimist": comparison.leader,
        "habits": judge_habits.habits(comparison, column=look.column),
        "failures": [one for one in (comparison.baseline, column) if one.totals.failed or one.totals.skipped],
        "check_errors": _check_errors(comparison, column),
        "every": _EVERY_SECONDS if is_alive else 0,
        "verdict_url": address(comparison.experiment, look, route="experiment-verdict"),
        "column_choices": choices_of_columns(comparison, look),
        "baseline_choices": choices_of_baseline(comparison, look),
        "worst_url": _shown(comparison, look, Show.WORSE) + "#items",
    }


def _rows(comparison: Comparison, look: Look, request: HttpRequest) -> dict[str, Any]:
    found = rows.standing(comparison, look.column)
    page = Paginator(found.ordered(look.show), PAGE_SIZE).get_page(look.page)
    is_wide = look.is_wide or not comparison.others
    columns = [column.place for column in comparison.columns] if is_wide else [look.against, look.column]
    listed = rows.rows(comparison, found, places=[int(place) for place in page.object_list], columns=columns)
    experiment = comparison.experiment
    return {
        "rows": [_row_view(comparison, look, row) for row in listed],
        "shown_columns": [comparison.columns[place] for place in columns],
        "filters": _filters(comparison, look, found),
        "page": page,
        "previous_url": _at(comparison, look, page.number - 1) if page.has_previous() else "",
        "next_url": _at(comparison, look, page.number + 1) if page.has_next() else "",
        "column_letter": comparison.columns[look.column].letter,
        "baseline_letter": comparison.baseline.letter,
        "none_title": _NONE[look.show],
        "link": request.build_absolute_uri(address(experiment, look)),
        "wide_url": address(experiment, replace(look, is_wide=not look.is_wide), place="#items"),
        "can_save": request.membership.can(Action.EDIT_DATASETS),  # type: ignore[attr-defined]
    }


def _below(comparison: Comparison, look: Look) -> dict[str, Any]:
    ways = slices.ways(comparison)
    by = look.by if look.by in dict(ways) else ""
    cut: Slices | None = slices.cut(comparison, column=look.column, by=by) if by else None
    price, time = trade_offs.by_price(comparison), trade_offs.by_time(comparison)
    draw = experiments_tiles.trade_off
    return {
        "ways": [
            Choice(name, address(comparison.experiment, replace(look, by=value), place="#parts"), value == by)
            for value, name in ways
        ],
        "cut": cut,
        "cut_name": dict(ways).get(by, ""),
        "price_picture": draw(price, title="Quality and price of an answer", unit=Unit.USD) if price else "",
        "time_picture": draw(time, title="Quality and time of an answer", unit=Unit.MILLISECONDS) if time else "",
        "levels": [(check, [_level_of(column, check.version_id) for column in comparison.columns]) for check in comparison.checks],
        "prices": [None if one.totals.mean_nano_usd is None else one.totals.mean_nano_usd / spending.NANO for one in comparison.columns],
        "use_title": comparison.columns[look.column].variant.title,
    }  # fmt: skip


def _level_of(column: Column, version_id: int) -> Any:
    return next((level for level in column.levels if level.check.version_id == version_id), None)


def _colour(column: Column) -> str:
    found = {result.verdict for result in column.results}
    if {Verdict.BETTER, Verdict.WORSE} <= found:
        return "warn"
    return "good" if Verdict.BETTER in found else "bad" if Verdict.WORSE in found else ""


def _check_errors(comparison: Comparison, column: Column) -> list[tuple[str, int]]:
    """Return how many answers of the two columns each check could not judge."""
    found: dict[str, int] = {}
    for one in {comparison.baseline.place: comparison.baseline, column.place: column}.values():
        for level in one.levels:
            found[level.check.name] = found.get(level.check.name, 0) + level.errors
    return [(name, errors) for name, errors in found.items() if errors]


def _filters(comparison: Comparison, look: Look, found: Standing) -> list[Choice]:
    counted = rows.counts(found)
    shown = {show: str(show.label) for show in Show} if comparison.others else _ALONE
    return [
        Choice(label, _shown(comparison, look, show), show == look.show, counted[show])
        for show, label in shown.items()
    ]  # fmt: skip


def _shown(comparison: Comparison, look: Look, show: Show) -> str:
    return address(comparison.experiment, replace(look, show=show, page=1))


def _at(comparison: Comparison, look: Look, page: int) -> str:
    return address(comparison.experiment, replace(look, page=page), place="#items")


def _row_view(comparison: Comparison, look: Look, row: Row) -> RowView:
    line = line_of(row.item)
    inputs = [(name if name != UNNAMED else "", text) for name, text in line.inputs]
    word, kind = (_KINDS if comparison.others else _ALONE_KINDS)[row.kind]
    change = "" if row.change is None or row.kind == "same" else comparison_words.points(row.change)
    url = address(comparison.experiment, look, route="experiment-row", number=row.item.number)
    return RowView(row, inputs, in_words(row.item.expected_output)[:240], word, kind, change, url)


def datasets_offered(experiment: Experiment) -> list[Dataset]:
    """Return the datasets that an item can be saved in, the one of the test first."""
    found = list(Dataset.objects.for_project(experiment.project).active().by_name()[:_DATASETS_OFFERED])
    return sorted(found, key=lambda dataset: dataset.pk != experiment.dataset_id)


urlpatterns: list[URLPattern] = [
    path("experiments/how-it-is-computed/", methods, name="experiment-methods"),
    path("experiments/<int:experiment_id>/verdict/", verdict, name="experiment-verdict"),
    path("experiments/<int:experiment_id>/rows/", item_rows, name="experiment-rows"),
]
