"""The test of a fix: which one it is, whether it lets the fix go on, and what it lets us expect of the traffic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from evals.evaluators import catalogue, definitions, problem_checks
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.evaluators.problem_checks import CHECKS
from evals.experiments import comparisons, fix_gates, predicted_effects
from evals.experiments.comparison_values import Comparison
from evals.experiments.fix_verdicts import Gate
from evals.experiments.models import Experiment, ExperimentState
from evals.experiments.plans import is_replay
from evals.experiments.predicted_effects import Group, Predicted, Tried
from evals.fix_items import GOOD, PROBLEM
from evals.models import DatasetItem
from monitoring.issues import fixes, traffic_mix
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import Issue
from projects.models import Project, User
from prompt_registry.models import PromptVersion

log = structlog.get_logger("callboard.issues")

_MOST_TESTS = 50
# The traffic that a result is weighted by changes slowly.
_PREDICTED_FOR = timedelta(hours=1)


def columns_of(experiment: Experiment, version: PromptVersion) -> tuple[int, int] | None:
    """Return the column that it is compared with and the one of the version; None when the version is not in it alone."""
    if is_replay(experiment.variants):
        return None
    numbers = [variant["number"] if variant["kind"] == "version" else 0 for variant in experiment.variants]
    new = next((place for place, number in enumerate(numbers) if number == version.number), None)
    if new is None or len(numbers) < 2:
        return None
    live = next(
        (place for place, variant in enumerate(experiment.variants) if variant["is_live"] and place != new), None
    )
    return (live if live is not None else next(place for place in range(len(numbers)) if place != new)), new


def newest_test(fix: IssueFix, version: PromptVersion | None) -> Experiment | None:
    """Return the test of the version on the dataset of the fix: the one that was named, or else the newest."""
    tests = Experiment.objects.filter(project_id=fix.project_id).select_related("project", "dataset")
    if fix.experiment_id is not None:
        return tests.filter(pk=fix.experiment_id).first()
    if version is None or fix.dataset_id is None:
        return None
    found = tests.filter(dataset_id=fix.dataset_id, prompt_id=version.prompt_id).newest_first()[:_MOST_TESTS]
    return next((test for test in found if columns_of(test, version) is not None), None)


def signals_of(issue: Issue) -> list[str]:
    """Return what is wrong with the calls of an issue."""
    return list(dict.fromkeys(issue.scopes.order_by("pk").values_list("signal", flat=True)))


def checks_for(issue: Issue) -> list[int]:
    """Return the evaluators of the project that tell whether an answer has the problem."""
    kinds = {CHECKS[signal].kind for signal in signals_of(issue) if signal in CHECKS}
    rows = EvaluatorVersion.objects.filter(project=issue.project, kind__in=kinds, evaluator__archived_at=None)
    return list(dict.fromkeys(rows.order_by("evaluator_id").values_list("evaluator_id", flat=True)))


@transaction.atomic
def add_missing_checks(*, project: Project, issue: Issue, by: User) -> list[Evaluator]:
    """Give the project the checks that tell whether an answer has the problem, where it has none of their kind."""
    known = set(EvaluatorVersion.objects.filter(project=project).values_list("kind", flat=True))
    wanted = [CHECKS[signal] for signal in signals_of(issue) if signal in CHECKS]
    return [
        definitions.create(
            project=project, name=problem_checks.free_name(project, one.name), description=one.description, kind=one.kind,
            settings=one.settings, by=by,
        )
        for one in wanted
        if one.kind not in known and one.kind in catalogue.KINDS
    ]  # fmt: skip


def gate_of(*, fix: IssueFix, experiment: Experiment, version: PromptVersion) -> Gate | None:
    """Return what the test says; None while it runs, or when it says nothing about the version."""
    columns = columns_of(experiment, version)
    if columns is None or not experiment.is_over:
        return None
    comparison = comparisons.compare(experiment=experiment, against=columns[0])
    return fix_gates.gate(
        comparison, old=columns[0], new=columns[1], checks=_of_problem(comparison, fix.issue)
    )  # fmt: skip


def predicted(*, fix: IssueFix, experiment: Experiment, version: PromptVersion, now: datetime) -> Predicted | None:
    """Return what the test lets us expect of the traffic of now; None while it runs or says too little."""
    columns = columns_of(experiment, version)
    if columns is None or experiment.state != ExperimentState.DONE:
        return None
    comparison = comparisons.compare(experiment=experiment, against=columns[0])
    mix = traffic_mix.by_group(issue=fix.issue, now=now)
    groups = {key: Group(one.calls, one.bad) for key, one in mix.items()}
    return predicted_effects.predict(groups=groups, items=_tried(fix, comparison, *columns))


def _tried(fix: IssueFix, comparison: Comparison, old: int, new: int) -> list[Tried]:
    checks = _of_problem(comparison, fix.issue) or [one.version_id for one in comparison.checks if not one.is_duel]
    before, after = (fix_gates.right_answers(comparison, column, checks) for column in (old, new))
    ids = comparison.table.item_ids.tolist()
    items = DatasetItem.objects.only("tags", "source_trace_id", "source_span_id").in_bulk(ids)
    steps = {
        key: (item.source_trace_id, item.source_span_id)
        for key, item in items.items()
        if item.source_trace_id is not None and item.source_span_id is not None
    }
    groups = traffic_mix.groups_of(project_id=fix.project_id, steps=list(steps.values()))
    return [
        Tried(groups.get(steps[key], 0) if key in steps else 0, PROBLEM in items[key].tags, before[at] < 0.5, after[at] < 0.5)
        for at, key in enumerate(ids)
        if {PROBLEM, GOOD} & set(items[key].tags) and before[at] == before[at] and after[at] == after[at]
    ]  # fmt: skip


def _of_problem(comparison: Comparison, issue: Issue) -> Sequence[int]:
    kinds = {CHECKS[signal].kind for signal in signals_of(issue) if signal in CHECKS}
    return [check.version_id for check in comparison.checks if check.kind in kinds]


def refresh(*, fix: IssueFix, now: datetime) -> None:
    """Keep which test and version a fix has by now, and what the test lets us expect, until a rollout begins."""
    version = fixes.version_of(fix)
    test = newest_test(fix, version)
    if test is None or version is None or fix.state != FixState.WORKING:
        return
    fixes.keep(fix, version=version, experiment_id=test.pk)
    kept = fix.prediction or {}
    if kept.get("experiment") == test.pk and now - datetime.fromisoformat(kept["at"]) < _PREDICTED_FOR:
        return
    found = predicted(fix=fix, experiment=test, version=version, now=now)
    if found is not None:
        fixes.keep(fix, prediction=found.to_json() | {"experiment": test.pk, "at": now.isoformat()})


def refresh_all(*, project_id: int, now: datetime) -> None:
    """Refresh every fix of a project that is not rolling out yet."""
    rows = IssueFix.objects.filter(project_id=project_id, state=FixState.WORKING)
    for fix in rows.select_related("issue__project", "prompt__project", "version"):
        try:
            refresh(fix=fix, now=now)
        except Exception:  # the edge of one fix
            log.exception("what a fix lets us expect could not be worked out", fix=fix.pk)
