"""Starts experiments, and lets people pause, stop and repeat them. Every change is one guarded step of the row."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from evals import archiving
from evals.errors import (
    BlanksNeverFilled,
    CapMissing,
    CapTooLow,
    DatasetArchived,
    DatasetEmpty,
    EvaluatorsMissing,
    ExperimentNotOver,
    ExperimentNotPaused,
    ExperimentNotRunning,
    ExperimentOver,
    ExperimentTooLarge,
    LimitIsOfSearch,
    NothingToRetry,
    ProviderNotConnected,
    RepetitionsNotUsable,
    VariantsMissing,
)
from evals.experiments import cells, choices, ending, money, predictions
from evals.experiments.models import (
    CellState,
    Experiment,
    ExperimentEvaluator,
    ExperimentScore,
    ExperimentState,
)
from evals.experiments.plans import MAX_CELLS, MAX_REPETITIONS, MAX_VARIANTS, ExperimentPlan
from projects import audit, jobs
from projects.models import User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.models import ProviderConnection
from prompt_registry.permissions import demand
from prompt_registry.trial_plans import missing_of

RUN_KIND = "experiment.run"


@transaction.atomic
def start(*, plan: ExperimentPlan, by: User) -> Experiment:
    """Freeze the plan and let it run; nothing is asked before this is committed."""
    project = plan.dataset.project
    demand(project=project, action=Action.RUN_MODELS, by=by)
    item_count = _check(plan)
    estimated = money.estimate(plan=plan)
    if estimated.worst.nano_usd and plan.cap_nano_usd <= 0:
        raise CapMissing
    experiment = Experiment.objects.create(
        project=project, name=(texts.clean(plan.name).strip() or plan.dataset.name)[:200],
        note=texts.clean(plan.note).strip()[:500], dataset=plan.dataset, dataset_revision=plan.revision,
        split=plan.split, prompt=plan.prompt, variants=[variant.to_json() for variant in plan.variants],
        repetitions=plan.repetitions, grouped_by=plan.grouped_by[:120], stops_early=plan.stops_early,
        uses_cache=plan.uses_cache, item_count=item_count, estimated_nano_usd=estimated.expected.nano_usd,
        cap_nano_usd=plan.cap_nano_usd, is_step=plan.is_step, created_by=by,
    )  # fmt: skip
    ExperimentEvaluator.objects.bulk_create(
        ExperimentEvaluator(project=project, experiment=experiment, evaluator_version=version, position=position)
        for position, version in enumerate(plan.evaluators)
    )
    models = [variant.model for variant in plan.variants if not variant.is_recorded]
    cells.lay_out(experiment, predicted=predictions.of_items(choices.items_of(plan), models=models))
    audit.record(
        action="experiment.started", subject=experiment.name, by=by, project=project, experiment=experiment.pk,
        cap_nano_usd=experiment.cap_nano_usd,
    )  # fmt: skip
    wake(experiment)
    return experiment


@transaction.atomic
def pause(*, experiment: Experiment, by: User) -> Experiment:
    """Begin no more answers; those on their way arrive and are kept."""
    locked = _locked(experiment, by)
    if locked.state != ExperimentState.RUNNING:
        raise ExperimentOver if locked.is_over else ExperimentNotRunning
    return _moved(locked, ExperimentState.PAUSED, by, reason=f"{by.display_name} paused it.", action="paused")


@transaction.atomic
def resume(*, experiment: Experiment, by: User) -> Experiment:
    """Go on with a paused experiment."""
    locked = _locked(experiment, by)
    if locked.state != ExperimentState.PAUSED:
        raise ExperimentOver if locked.is_over else ExperimentNotPaused
    _moved(locked, ExperimentState.RUNNING, by, reason="", action="resumed")
    wake(locked)
    return locked


@transaction.atomic
def cancel(*, experiment: Experiment, by: User) -> Experiment:
    """Stop it for good: calls on their way are hung up, and what was answered stays."""
    locked = _locked(experiment, by)
    if locked.is_over:
        raise ExperimentOver
    locked.ended_at = timezone.now()
    _moved(locked, ExperimentState.CANCELLED, by, reason=f"{by.display_name} stopped it.", action="cancelled")
    ending.close_cells(locked)
    return locked


@transaction.atomic
def raise_cap(*, experiment: Experiment, cap_nano_usd: int, by: User) -> Experiment:
    """Let the experiment cost more; one that waits for that still has to be resumed."""
    locked = _locked(experiment, by)
    if locked.is_over:
        raise ExperimentOver
    if locked.is_step:
        raise LimitIsOfSearch
    if cap_nano_usd <= locked.cap_nano_usd:
        raise CapTooLow
    before, locked.cap_nano_usd = locked.cap_nano_usd, cap_nano_usd
    locked.save(update_fields=["cap_nano_usd"])
    audit.record(
        action="experiment.cap_raised", subject=locked.name, by=by, project=locked.project, before=before,
        after=cap_nano_usd,
    )  # fmt: skip
    return locked


@transaction.atomic
def retry_failed(*, experiment: Experiment, by: User) -> int:
    """Try answers and judgements that failed once more; return how many cells that are. What succeeded stays."""
    locked = _locked(experiment, by)
    if locked.state == ExperimentState.CANCELLED:
        raise ExperimentOver
    unjudged = ExperimentScore.objects.filter(cell__experiment=locked, detail__retry=True)
    again = Q(state=CellState.DONE, pk__in=unjudged.values("cell"))
    to_judge = list(locked.cells.select_for_update().filter(again).values_list("pk", flat=True))
    unjudged.delete()
    fresh = {
        "attempts": 0, "lease_until": None, "lease_token": uuid.uuid4(), "run_at": Now(), "error": "",
        "error_kind": "", "detail": "", "ended_at": None,
    }  # fmt: skip
    count = locked.cells.filter(pk__in=to_judge).update(state=CellState.ANSWERED, **fresh)
    count += locked.cells.filter(state=CellState.FAILED).update(state=CellState.READY, **fresh)
    if not count:
        raise NothingToRetry
    if locked.state == ExperimentState.DONE:
        locked.ended_at = None
        # Why the rest was left out is still true.
        is_whole = not locked.cells.filter(state=CellState.SKIPPED).exists()
        _moved(
            locked, ExperimentState.RUNNING, by, reason="" if is_whole else locked.reason, action="retried"
        )  # fmt: skip
    wake(locked)
    return count


@transaction.atomic
def archive(*, experiment: Experiment, by: User) -> Experiment:
    """Take the experiment out of the lists; nothing of it is lost."""
    locked = _locked(experiment, by)
    if not locked.is_over:
        raise ExperimentNotOver
    archiving.put_away(locked, by=by)
    return locked


@transaction.atomic
def restore(*, experiment: Experiment, by: User) -> Experiment:
    """Bring the experiment back from the archive."""
    locked = _locked(experiment, by)
    archiving.bring_back(locked, by=by)
    return locked


def wake(experiment: Experiment) -> None:
    """Ask for a worker; those who run already look at all experiments.

    The job belongs to no project: it runs the experiments of all, and must outlive each of them.
    """
    jobs.add(kind=RUN_KIND, dedupe_key=f"experiment {experiment.pk} {uuid.uuid4().hex}")


def _check(plan: ExperimentPlan) -> int:
    """Refuse what cannot run, in words; return how many items there are."""
    if plan.dataset.archived_at:
        raise DatasetArchived
    if not 1 <= len(plan.variants) <= MAX_VARIANTS:
        raise VariantsMissing
    if not plan.evaluators:
        raise EvaluatorsMissing
    if any(version.project_id != plan.dataset.project_id for version in plan.evaluators):
        raise EvaluatorsMissing("One of these checks is not of this project. Choose checks of this project.")
    if not 1 <= plan.repetitions <= MAX_REPETITIONS:
        raise RepetitionsNotUsable
    items = choices.items_of(plan)
    count = items.count()
    if not count:
        raise DatasetEmpty
    if count * len(plan.variants) * plan.repetitions > MAX_CELLS:
        raise ExperimentTooLarge
    asked = [variant for variant in plan.variants if not variant.is_recorded]
    wanted = {variant.connection_id for variant in asked}
    if ProviderConnection.objects.filter(project=plan.dataset.project, pk__in=wanted).count() != len(wanted):
        raise ProviderNotConnected
    filled = dict.fromkeys(choices.blanks_of(items), "")
    missing = dict.fromkeys(name for one in asked for name in missing_of(one.prompt_content, filled))
    if missing:
        raise BlanksNeverFilled(list(missing))
    return count


def _locked(experiment: Experiment, by: User) -> Experiment:
    demand(project=experiment.project, action=Action.RUN_MODELS, by=by)
    return Experiment.objects.select_for_update(of=("self",)).select_related("project").get(pk=experiment.pk)


def _moved(locked: Experiment, state: ExperimentState, by: User, *, reason: str, action: str) -> Experiment:
    before = locked.state
    locked.state, locked.reason = state, reason[:500]
    locked.save(update_fields=["state", "reason", "ended_at"])
    audit.record(
        action=f"experiment.{action}", subject=locked.name, by=by, project=locked.project, before=before, after=state.value
    )  # fmt: skip
    return locked
