"""Compares the variants of an experiment, item by item, and says what that means."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evals.experiments import comparison_words, contrasts, score_tables
from evals.experiments.comparison_values import CLEARLY, Check, Column, Comparison, Level, Need, Result, net
from evals.experiments.contrasts import LeftOut, Nature
from evals.experiments.models import Experiment, ExperimentState
from evals.experiments.plans import Variant
from evals.experiments.score_tables import Floats, Scores, ScoreTable
from evals.statistics.intervals import Interval, wilson
from evals.statistics.paired import holm, mean_difference
from evals.statistics.ratios import Ratio, paired_ratio
from evals.statistics.verdicts import LEVEL, LEVEL_AFTER_LOOKS, settle


@dataclass(frozen=True, slots=True)
class Harm:
    """An item by its number, and how much worse (below 0) or better it did, all checks added up."""

    number: int
    change: float


def compare(*, experiment: Experiment, against: int = 0) -> Comparison:
    """Return every column against one of them: levels, differences with intervals, verdicts, price, time and words."""
    table = score_tables.read(experiment)
    groups = _groups(experiment, table)
    checks = _checks(experiment, table, against)
    variants = [Variant.from_json(raw) for raw in experiment.variants]
    columns = [_alone(experiment, place, variant, checks, table, groups) for place, variant in enumerate(variants)]
    finished = table.is_run if experiment.state == ExperimentState.CANCELLED else table.is_complete
    whole = Comparison(experiment, against, checks, tuple(columns), table, groups, int(finished.sum()))
    return replace(whole, columns=_worded(whole, _needing(whole, _judged(whole))))


def worst(comparison: Comparison, *, column: int, limit: int = 3) -> list[Harm]:
    """Return the items that lost most in a column, the most damaged first; only such as lost anything."""
    changes = net(comparison.gains(column))
    order = np.argsort(changes, kind="stable")  # NaN comes last.
    found = [Harm(int(comparison.table.numbers[place]), float(changes[place])) for place in order[:limit]]
    return [harm for harm in found if harm.change < 0]


def _groups(experiment: Experiment, table: ScoreTable) -> list[Hashable] | None:
    """Return the source of each item; an item that names none stands for itself."""
    if not experiment.grouped_by:
        return None
    sources = score_tables.notes(table, experiment.grouped_by)
    return [number if name is None else name for number, name in zip(table.numbers.tolist(), sources, strict=True)]


def _checks(experiment: Experiment, table: ScoreTable, against: int) -> tuple[Check, ...]:
    chosen = experiment.evaluators.select_related("evaluator_version__evaluator").order_by("position")
    return tuple(
        _check(entry.evaluator_version_id, entry.evaluator_version.evaluator.name, entry.evaluator_version.kind, experiment, table, against)
        for entry in chosen
    )  # fmt: skip


def _check(
    version_id: int, name: str, kind: str, experiment: Experiment, table: ScoreTable, against: int
) -> Check:  # fmt: skip
    places = [place for place, version in table.scores if version == version_id]
    is_rate = all(table.scores[place, version_id].is_binary for place in places)
    # Whoever compares with column 0 has nothing to say about column 0 itself.
    is_duel = against == 0 and bool(places) and 0 not in places and _has_answers(table, 0)
    is_single = experiment.repetitions == 1
    is_decided = is_duel and _is_decided([table.scores[place, version_id] for place in places])
    return Check(
        version_id, name, kind, Nature(is_single and (is_rate or is_decided), is_duel), is_rate and not is_duel
    )


def _has_answers(table: ScoreTable, place: int) -> bool:
    return place in table.totals and table.totals[place].done > 0


def _is_decided(scores: Sequence[Scores]) -> bool:
    """Tell whether every value is a win, a loss or a tie."""
    values = np.concatenate([one.values for one in scores])
    return bool(np.isin(values[~np.isnan(values)], (0.0, 0.5, 1.0)).all())


def _alone(
    experiment: Experiment, place: int, variant: Variant, checks: Sequence[Check], table: ScoreTable,
    groups: list[Hashable] | None,
) -> Column:  # fmt: skip
    levels = [_level(check, table.scores.get((place, check.version_id)), groups, experiment) for check in checks]
    totals = table.totals.get(place, score_tables.Totals())
    return Column(place, variant, totals, tuple(level for level in levels if level is not None))


def _level(
    check: Check, scores: Scores | None, groups: list[Hashable] | None, experiment: Experiment
) -> Level | None:  # fmt: skip
    if scores is None:
        return None
    is_known = ~np.isnan(scores.values)
    values = scores.values[is_known]
    shared = None if groups is None else [one for one, known in zip(groups, is_known, strict=True) if known]
    mean = float(values.mean()) if len(values) else 0.0
    if check.is_rate and experiment.repetitions == 1 and shared is None:
        interval = wilson(int(values.sum()), len(values))
    else:
        found = mean_difference(values.tolist(), groups=shared).interval
        interval = Interval(max(0.0, found.low), min(1.0, found.high))
    return Level(check, mean, interval, len(values), scores.errors)


def _judged(whole: Comparison) -> list[Column]:
    """Return the columns with their differences; all of them together are one family of comparisons."""
    found = [
        (column.place, check, _contrast(whole, column.place, check))
        for column in whole.others
        for check in whole.checks
    ]
    level = LEVEL_AFTER_LOOKS if whole.may_stop_early else LEVEL
    findings = settle([contrast.difference for _, _, contrast in found], level=level)
    results: dict[int, list[Result]] = {}
    for (place, check, contrast), finding in zip(found, findings, strict=True):
        results.setdefault(place, []).append(Result(check, contrast, finding))
    return [_counted(whole, column, results.get(column.place, [])) for column in whole.columns]


def _counted(whole: Comparison, column: Column, results: list[Result]) -> Column:
    if column.place == whole.against:
        return column
    changes = net(whole.gains(column.place))
    better, worse = int((changes >= CLEARLY).sum()), int((changes <= -CLEARLY).sum())
    return replace(column, results=tuple(results), clearly_better=better, clearly_worse=worse)


def _contrast(whole: Comparison, place: int, check: Check) -> contrasts.Contrast:
    table, version_id = whole.table, check.version_id
    a, b = table.values(whole.against, version_id), table.values(place, version_id)
    ours = [table.scores.get((one, version_id)) for one in (whole.against, place)]
    within = sum((one.within for one in ours if one is not None), np.zeros(len(a)))
    found = contrasts.contrast(
        a, b, nature=check.nature, groups=whole.groups, within=within, repetitions=whole.experiment.repetitions
    )
    reasons = contrasts.left_out(
        contrasts.item_differences(a, b, check.nature),
        became=[table.answers[one].became for one in (whole.against, place) if one in table.answers],
        has_error=[one.has_error for one in ours if one is not None],
    )
    missing = whole.experiment.item_count - len(table.numbers)
    return replace(found, left_out=(*reasons, LeftOut("not started", missing)) if missing > 0 else reasons)


def _needing(whole: Comparison, columns: list[Column]) -> list[Column]:
    """Add what the columns need of money and time; these are a family of their own."""
    others = [column for column in columns if column.place != whole.against]
    ratios = [_ratio(whole, column.place, name) for column in others for name in ("cost", "latency")]
    corrected = holm([ratio.p_value for ratio in ratios])
    needs = [_need(whole, ratio, p_value) for ratio, p_value in zip(ratios, corrected, strict=True)]
    of_place = {column.place: needs[2 * order : 2 * order + 2] for order, column in enumerate(others)}
    return [
        replace(column, price=of_place[column.place][0], time=of_place[column.place][1])
        if column.place in of_place
        else column
        for column in columns
    ]


def _ratio(whole: Comparison, place: int, name: str) -> Ratio:
    a, b = (_logarithms(whole.table, one, name) for one in (whole.against, place))
    is_known = ~np.isnan(a + b)
    groups = None if whole.groups is None else [one for one, known in zip(whole.groups, is_known, strict=True) if known]
    return paired_ratio(a[is_known], b[is_known], groups=groups)


def _logarithms(table: ScoreTable, place: int, name: str) -> Floats:
    answers = table.answers.get(place)
    if answers is None:
        return np.full(len(table.numbers), np.nan)
    return answers.cost if name == "cost" else answers.latency


def _need(whole: Comparison, ratio: Ratio, corrected: float) -> Need | None:
    if not ratio.items:
        return None
    return Need(ratio, ratio.is_clear and corrected <= LEVEL, len(whole.table.numbers) - ratio.items)


def _worded(whole: Comparison, columns: list[Column]) -> tuple[Column, ...]:
    return tuple(
        column if column.place == whole.against else replace(column, words=comparison_words.verdict(whole, column))
        for column in columns
    )
