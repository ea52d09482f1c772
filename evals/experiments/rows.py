"""The items of a comparison one by one: which did worse, better, the same or not at all, the most damaged first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import models
from django.db.models.functions import Left, Length
from numpy.typing import NDArray

from evals.experiments.comparison_values import Check, Comparison, net
from evals.experiments.contrasts import Became
from evals.experiments.models import Experiment, ExperimentCell, ExperimentScore
from evals.models import DatasetItem
from prompt_registry.trial_plans import letter

EXCERPT = 600
# Differences of averages below half a point of a hundred are none.
_NOTHING = 0.005


class Show(models.TextChoices):
    """Which items somebody wants to see."""

    ALL = "all", "All"
    WORSE = "worse", "Got worse"
    BETTER = "better", "Better"
    DIFFER = "differ", "Differ"
    SAME = "same", "Same"
    FAILED = "failed", "Failed"


@dataclass(frozen=True, slots=True)
class Standing:
    """How each item of a comparison did in one column; arrays with an entry for each item."""

    changes: NDArray[np.float64]
    is_failed: NDArray[np.bool_]
    is_different: NDArray[np.bool_]

    def chosen(self, show: Show) -> NDArray[np.bool_]:
        """Return which items belong to what somebody wants to see."""
        is_known = ~np.isnan(self.changes)
        found: NDArray[np.bool_] = {
            Show.ALL: np.ones(len(self.changes), dtype=bool),
            Show.WORSE: self.changes < -_NOTHING,
            Show.BETTER: self.changes > _NOTHING,
            Show.DIFFER: self.is_different,
            Show.SAME: is_known & ~self.is_different,
            Show.FAILED: self.is_failed,
        }[show]
        return found

    def ordered(self, show: Show) -> NDArray[np.int64]:
        """Return the places of these items: the most damaged first, then what failed, then what still waits.

        Of those that got better the best come first.
        """
        places = np.flatnonzero(self.chosen(show))
        changes = self.changes[places]
        worth = -changes if show == Show.BETTER else changes
        keys = (places, ~self.is_failed[places], np.nan_to_num(worth, nan=0.0), np.isnan(worth))
        order: NDArray[np.int64] = places[np.lexsort(keys)]
        return order

    def kind(self, place: int) -> str:
        """Return in one word how an item did: worse, better, mixed, same, failed or open."""
        change = self.changes[place]
        if np.isnan(change):
            return "failed" if self.is_failed[place] else "open"
        if change < -_NOTHING:
            return "worse"
        if change > _NOTHING:
            return "better"
        return "mixed" if self.is_different[place] else "same"


@dataclass(frozen=True, slots=True)
class Mark:
    """What one check said about one item in one column, its repetitions averaged, and the change against the other."""

    check: Check
    value: float | None
    change: float | None
    has_error: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as a table shows it: the beginning of its text."""

    cell: ExperimentCell
    text: str
    length: int

    @property
    def is_cut(self) -> bool:
        return self.length > len(self.text)


@dataclass(frozen=True, slots=True)
class Place:
    """One item in one column: its answers, one for each repetition, and what the checks said."""

    column: int
    answers: list[Answer]
    marks: list[Mark]

    @property
    def letter(self) -> str:
        return letter(self.column)


@dataclass(frozen=True, slots=True)
class Row:
    """One item in the columns that are shown; how it did is about the column that is looked at."""

    item: DatasetItem
    kind: str
    change: float | None
    places: list[Place]


def standing(comparison: Comparison, column: int) -> Standing:
    """Return how the items did in a column: against the other, or, when there is no other, by what it missed."""
    gains = comparison.gains(column) if comparison.others else comparison.misses(column)
    table = comparison.table
    failed = np.zeros(len(table.numbers), dtype=bool)
    for place in (comparison.against, column):
        if place in table.answers:
            failed |= np.isin(table.answers[place].became, (Became.FAILED, Became.SKIPPED))
        for check in comparison.checks:
            if (scores := table.scores.get((place, check.version_id))) is not None:
                failed |= scores.has_error
    differs = np.asarray((np.nan_to_num(np.abs(gains)) > _NOTHING).any(axis=0), dtype=bool)
    return Standing(net(gains), failed, differs)


def counts(found: Standing) -> dict[Show, int]:
    """Return how many items each filter leaves."""
    return {show: int(found.chosen(show).sum()) for show in Show}


def rows(comparison: Comparison, found: Standing, *, places: Sequence[int], columns: Sequence[int]) -> list[Row]:
    """Return these items, by their places in the table, with the beginnings of their answers in these columns."""
    ids = [int(comparison.table.item_ids[place]) for place in places]
    items = DatasetItem.objects.in_bulk(ids)
    answers = _answers(comparison.experiment, ids, columns)
    gains = {column: comparison.gains(column) for column in columns if column != comparison.against}
    if not comparison.others:
        gains = {comparison.against: comparison.misses(comparison.against)}
    return [
        Row(
            items[item_id], found.kind(place), _number(found.changes[place]),
            [
                Place(column, answers.get((item_id, column), []), _marks(comparison, column, place, gains.get(column)))
                for column in columns
            ],
        )
        for place, item_id in zip(places, ids, strict=True)
    ]  # fmt: skip


def cells_of(experiment: Experiment, item: DatasetItem) -> list[ExperimentCell]:
    """Return all answers to an item, whole, with what was said about them, by column and repetition."""
    judged = ExperimentScore.objects.select_related("evaluator_version__evaluator").order_by("evaluator_version")
    cells = ExperimentCell.objects.filter(experiment=experiment, item=item).order_by("column", "repetition")
    return list(cells.prefetch_related(models.Prefetch("scores", queryset=judged), "disagreements__person"))


def item_of(experiment: Experiment, number: int) -> DatasetItem | None:
    """Return the item of this number as it was when the experiment started."""
    asked = DatasetItem.objects.filter(dataset=experiment.dataset_id, number=number).at(experiment.dataset_revision)
    return asked.first()


def _answers(
    experiment: Experiment, item_ids: Sequence[int], columns: Sequence[int]
) -> dict[tuple[int, int], list[Answer]]:  # fmt: skip
    cells = ExperimentCell.objects.filter(experiment=experiment, item__in=item_ids, column__in=columns)
    cells = cells.defer("output", "detail").annotate(excerpt=Left("output", EXCERPT), length=Length("output"))
    found: dict[tuple[int, int], list[Answer]] = {}
    for cell in cells.order_by("column", "repetition"):
        found.setdefault((cell.item_id, cell.column), []).append(Answer(cell, cell.excerpt, cell.length))
    return found


def _marks(
    comparison: Comparison, column: int, place: int, gains: NDArray[np.float64] | None
) -> list[Mark]:  # fmt: skip
    marks = []
    for order, check in enumerate(comparison.checks):
        scores = comparison.table.scores.get((column, check.version_id))
        value = _number(scores.values[place]) if scores is not None else None
        change = _number(gains[order, place]) if gains is not None else None
        marks.append(Mark(check, value, change, scores is not None and bool(scores.has_error[place])))
    return marks


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
