"""The end of an experiment, and the pauses that it makes by itself; whoever started it is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from evals.experiments.models import (
    OPEN,
    AttemptOutcome,
    CellState,
    Experiment,
    ExperimentAttempt,
    ExperimentState,
)
from projects import audit, notifications, webhooks
from projects.models import WebhookEvent

log = structlog.get_logger("callboard.experiments")

FINISHED = "experiment:finished"
PAUSED = "experiment:paused"
_DOWN_FOR = timedelta(minutes=5)
_ENOUGH_FAILURES = 20
_STOPPED = "The experiment was stopped before this."
_NOT_JUDGED = "The experiment was stopped before this answer was judged."

_END = """
    UPDATE experiment SET state = 'done', ended_at = statement_timestamp()
     WHERE id = %s AND state = 'running' AND NOT EXISTS (
        SELECT 1 FROM experiment_cell WHERE experiment_id = experiment.id
           AND state IN ('ready', 'answering', 'answered', 'judging'))
       -- What runs in code may bring its answers one after the other.
       AND (runs_in = 'workers' OR item_count * repetitions * jsonb_array_length(variants)
            <= (SELECT count(*) FROM experiment_cell WHERE experiment_id = experiment.id))
"""


@transaction.atomic
def end_if_over(*, experiment_id: int) -> bool:
    """End the experiment when its last cell is over; return whether it was ended now."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [experiment_id])
        if not cursor.rowcount:
            return False
    experiment = Experiment.objects.select_related("project", "created_by", "dataset").get(pk=experiment_id)
    if not experiment.is_step:
        sentence = f"The experiment «{experiment.name}» is done. {experiment.reason}".strip()
        _tell(experiment, FINISHED, sentence)
    webhooks.emit(project=experiment.project, event=WebhookEvent.EXPERIMENT_FINISHED, data=_about(experiment))
    return True


def end_all_over() -> int:
    """End the experiments whose last cell is over and whose worker could not say so; return how many."""
    running = Experiment.objects.filter(state=ExperimentState.RUNNING)
    return sum(end_if_over(experiment_id=pk) for pk in running.values_list("pk", flat=True))


@transaction.atomic
def pause(*, experiment_id: int, reason: str) -> bool:
    """Let the experiment wait for a person, who reads the reason; return whether it ran."""
    running = Experiment.objects.filter(pk=experiment_id, state=ExperimentState.RUNNING)
    if not running.update(state=ExperimentState.PAUSED, reason=reason[:500]):
        return False
    experiment = Experiment.objects.select_related("project", "created_by").get(pk=experiment_id)
    audit.record(
        action="experiment.paused", subject=experiment.name, by=None, project=experiment.project, reason=reason[:500]
    )
    _tell(experiment, PAUSED, f"The experiment «{experiment.name}» waits for you: {reason}")
    return True


@transaction.atomic
def run_out(*, experiment_id: int, reason: str) -> bool:
    """Let the experiment wait for a higher limit; a step of something larger gets none, so it ends. Return whether it ran."""
    running = Experiment.objects.select_for_update(of=("self",)).select_related("project")
    experiment = running.filter(pk=experiment_id, state=ExperimentState.RUNNING, is_step=True).first()
    if experiment is None:
        return pause(experiment_id=experiment_id, reason=reason)
    experiment.state, experiment.reason, experiment.ended_at = ExperimentState.CANCELLED, reason[:500], timezone.now()
    experiment.save(update_fields=["state", "reason", "ended_at"])
    audit.record(
        action="experiment.cancelled", subject=experiment.name, by=None, project=experiment.project, reason=reason[:500]
    )
    close_cells(experiment)
    return True


def close_cells(experiment: Experiment) -> None:
    """End the cells that are open: what was answered stays, and the others are not asked any more."""
    # Locked in the order in which workers lock them.
    list(experiment.cells.filter(state__in=OPEN).order_by("pk").select_for_update().values_list("pk", flat=True))
    ended = {"error_kind": "", "lease_until": None, "ended_at": Now()}
    answered = experiment.cells.filter(state__in=[CellState.ANSWERED, CellState.JUDGING])
    answered.update(state=CellState.DONE, error=_NOT_JUDGED, **ended)
    experiment.cells.filter(state__in=OPEN).update(state=CellState.SKIPPED, error=_STOPPED, **ended)


def pause_if_provider_is_down(*, experiment_id: int) -> bool:
    """Pause an experiment for which nothing was answered for minutes while much was tried."""
    lately = ExperimentAttempt.objects.filter(cell__experiment=experiment_id, ended_at__gt=Now() - _DOWN_FOR)
    if lately.filter(outcome=AttemptOutcome.ANSWERED).exists():
        return False
    failed = ExperimentAttempt.objects.filter(cell__experiment=experiment_id, outcome=AttemptOutcome.FAILED)
    if failed.count() < _ENOUGH_FAILURES or not failed.filter(ended_at__lt=Now() - _DOWN_FOR).exists():
        return False
    return pause(
        experiment_id=experiment_id, reason="The provider did not answer for minutes. Go on when it works again."
    )


def path_of(experiment: Experiment) -> str:
    """Return the address of the experiment's page; known here because news is made where no page is."""
    return f"/p/{experiment.project.slug}/experiments/{experiment.pk}/"


def _about(experiment: Experiment) -> dict[str, Any]:
    by = experiment.created_by
    return {
        "experiment": experiment.name, "number": experiment.pk, "dataset": experiment.dataset.name,
        "items": experiment.item_count, "variants": len(experiment.variants), "spent_usd": experiment.spent_nano_usd / 1e9,
        "reason": experiment.reason, "by": by.display_name if by else "",
        "url": f"{settings.PUBLIC_URL}{path_of(experiment)}",
    }  # fmt: skip


def _tell(experiment: Experiment, kind: str, sentence: str) -> None:
    if experiment.created_by is not None:
        notifications.tell(
            project=experiment.project, to=[experiment.created_by], kind=kind, sentence=sentence, path=path_of(experiment)
        )  # fmt: skip
