"""One item of a test in full: whole answers, the words that differ, what the checks said and why; and keeping it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from evals import datasets
from evals.errors import EvalsError
from evals.experiments import disagreements, rows
from evals.experiments.models import Experiment, ExperimentCell, ExperimentScore
from evals.experiments.plans import Variant
from evals.models import Dataset, DatasetItem
from projects.roles import Action
from prompt_registry import diffs
from prompt_registry.diffs import Piece
from prompt_registry.trial_plans import letter
from webapp.access import ProjectRequest, one, requires
from webapp.pages.datasets_words import in_words
from webapp.pages.experiments_comparison import datasets_offered
from webapp.pages.experiments_frame import SECTION, address, experiment_of, top_crumb
from webapp.pages.prompts_form import number_in
from webapp.render import render_page

TEXT_SHOWN = 20_000
# Comparing word by word takes time that grows with the square of what differs.
_COMPARED = 8_000
_MOST_STATEMENTS = 12


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a judge said: about what, which way, why, and the words it quotes."""

    about: str
    verdict: str
    reason: str
    quote: str
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class ScoreView:
    """What one check said about one answer."""

    score: ExperimentScore
    name: str
    statements: list[Statement]
    # Who says that it is wrong, and whether the reader does.
    doubters: list[str]
    is_doubted: bool


@dataclass(frozen=True, slots=True)
class CellView:
    """One whole answer, the words in which it differs from the first column's, and what was said about it."""

    cell: ExperimentCell
    variant: Variant
    text: str
    pieces: tuple[Piece, ...]
    is_same: bool
    scores: list[ScoreView]

    @property
    def letter(self) -> str:
        return letter(self.cell.column)

    @property
    def is_cut(self) -> bool:
        return len(self.cell.output) > TEXT_SHOWN


@requires(Action.READ_PROMPTS)
def item_row(request: ProjectRequest, experiment_id: int, number: int) -> HttpResponse:
    """Show an item with everything that was answered and said."""
    experiment = experiment_of(request, experiment_id)
    return _show(request, experiment, _item(experiment, number))


@requires(Action.GIVE_FEEDBACK)
@require_POST
def disagree(request: ProjectRequest, experiment_id: int, number: int) -> HttpResponseBase:
    """Say that what a check said about an answer is wrong, or take that back."""
    experiment = experiment_of(request, experiment_id)
    item = _item(experiment, number)
    judged = ExperimentScore.objects.filter(cell__experiment=experiment, cell__item=item, error="")
    score = one(judged.select_related("project", "cell", "evaluator_version"), pk=number_in(request.POST, "score"))
    disagreements.turn(score=score, by=request.user)
    if request.headers.get("HX-Request") == "true":
        return _show(request, experiment, item)
    return redirect(_address(experiment, number))


def _show(request: ProjectRequest, experiment: Experiment, item: DatasetItem) -> HttpResponse:
    context = {
        "experiment": experiment,
        "item": item,
        "inputs": [(name, in_words(value)[:TEXT_SHOWN]) for name, value in item.input.items()],
        "expected": in_words(item.expected_output)[:TEXT_SHOWN],
        "cells": _cells(request, experiment, item),
        "places": datasets_offered(experiment),
        "can_save": request.membership.can(Action.EDIT_DATASETS),
        "can_disagree": request.membership.can(Action.GIVE_FEEDBACK),
        "query": request.GET.urlencode(),
        "project": request.project,
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "experiments/comparison_row.html", context)
    crumbs = [top_crumb(request.project), {"label": experiment.name, "url": address(experiment)}]
    page = {"page_title": f"Item {item.number}", "crumbs": crumbs}
    return render_page(request, "experiments/comparison_item.html", context | page, section=SECTION)


@requires(Action.EDIT_DATASETS)
@require_POST
def save_item(request: ProjectRequest, experiment_id: int, number: int) -> HttpResponseBase:
    """Keep an item in a dataset, with the answer that should be expected from now on, and the way back here."""
    experiment = experiment_of(request, experiment_id)
    item = _item(experiment, number)
    dataset = one(Dataset.objects.for_project(request.project), pk=number_in(request.POST, "place"))
    try:
        sentence = _keep(request, experiment, item, dataset)
    except EvalsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence)
    return redirect(_address(experiment, number))


def _keep(request: ProjectRequest, experiment: Experiment, item: DatasetItem, dataset: Dataset) -> str:
    chosen = request.POST.get("expected", "")
    cell = _answer(experiment, item, number_in(request.POST, "expected")) if chosen.isdigit() else None
    came_from = _address(experiment, item.number)
    kept = datasets.add_item(
        dataset=dataset, input=item.input, context=item.context, tags=item.tags, split=item.split, by=request.user,
        expected_output=cell.output if cell is not None else item.expected_output,
        metadata={**item.metadata, "from test": experiment.name, "from item": item.number, "found at": came_from},
        source_trace_id=item.source_trace_id, source_span_id=item.source_span_id, source=item.source,
    )  # fmt: skip
    if kept.was_there_already:
        return f"«{dataset.name}» has this item already, as number {kept.number}."
    return f"Kept in «{dataset.name}» as item {kept.number}, with the way back to this test."


def _answer(experiment: Experiment, item: DatasetItem, column: int) -> ExperimentCell:
    cells = ExperimentCell.objects.filter(experiment=experiment, item=item, column=column).exclude(output="")
    found = cells.order_by("repetition").first()
    if found is None:
        raise Http404
    return found


def _address(experiment: Experiment, number: int) -> str:
    return reverse("experiment-row", args=[experiment.project.slug, experiment.pk, number])


def _item(experiment: Experiment, number: int) -> DatasetItem:
    item = rows.item_of(experiment, number)
    if item is None:
        raise Http404
    return item


def _cells(request: ProjectRequest, experiment: Experiment, item: DatasetItem) -> list[CellView]:
    cells = rows.cells_of(experiment, item)
    variants = [Variant.from_json(raw) for raw in experiment.variants]
    against = number_in(request.GET, "against")
    shown = [against, number_in(request.GET, "b")] if request.GET.get("b") and not request.GET.get("wide") else None
    first = {cell.repetition: cell.output for cell in cells if cell.column == against}
    return [
        _cell_view(cell, variants[cell.column], first.get(cell.repetition) if cell.column != against else None, request)
        for cell in cells
        if shown is None or cell.column in shown
    ]


def _cell_view(cell: ExperimentCell, variant: Variant, rival: str | None, request: ProjectRequest) -> CellView:
    is_readable = bool(rival and cell.output) and max(len(rival or ""), len(cell.output)) <= _COMPARED
    pieces = diffs.words(rival or "", cell.output) if is_readable and rival != cell.output else ()
    scores = [_score_view(score, cell, request) for score in cell.scores.all()]
    same = rival is not None and rival == cell.output
    return CellView(cell, variant, cell.output[:TEXT_SHOWN], pieces, same, scores)


def _score_view(score: ExperimentScore, cell: ExperimentCell, request: ProjectRequest) -> ScoreView:
    version_id = score.evaluator_version_id
    people = [one.person for one in cell.disagreements.all() if one.evaluator_version_id == version_id]
    return ScoreView(
        score, score.evaluator_version.evaluator.name, _statements(score), [person.display_name for person in people],
        request.user in people,
    )  # fmt: skip


def _statements(score: ExperimentScore) -> list[Statement]:
    """Return what a judge said in full, however it keeps it: alone, for each criterion, or for both orders."""
    return list(_all_statements(score.detail))[:_MOST_STATEMENTS]


def _all_statements(detail: object) -> Iterator[Statement]:
    if not isinstance(detail, Mapping):
        return
    several = detail.get("criteria") or detail.get("orders")
    if isinstance(several, list):
        for order, said in enumerate(several, start=1):
            if isinstance(said, Mapping):
                yield _statement(said, f"Order {order}" if "orders" in detail else str(said.get("name", "")))
    elif "reason" in detail or "quote" in detail:
        yield _statement(detail, "")


def _statement(said: Mapping[str, Any], about: str) -> Statement:
    return Statement(
        about, str(said.get("seen") or said.get("verdict") or ""), str(said.get("reason") or ""),
        str(said.get("quote") or ""), said.get("is_quoted") is not False,
    )  # fmt: skip


urlpatterns: list[URLPattern] = [
    path("experiments/<int:experiment_id>/items/<int:number>/", item_row, name="experiment-row"),
    path("experiments/<int:experiment_id>/items/<int:number>/save/", save_item, name="experiment-save-item"),
    path("experiments/<int:experiment_id>/items/<int:number>/disagree/", disagree, name="experiment-disagree"),
]
