"""Review queues to test with; a test overrides only what it is about."""

from __future__ import annotations

from itertools import count
from typing import Any

from evals.experiments.models import Experiment
from evals.reviews import answering, claims, queues
from evals.reviews.models import Purpose, ReviewAnswer, Reviewer, ReviewItem, ReviewQueue
from evals.reviews.questions import BETTER, CORRECTION, GOOD
from evals.reviews.queues import QueuePlan
from evals.reviews.sources import Source, SourceKind
from projects.models import Project, User
from projects.roles import Role
from tests.evals.experiment_factories import make_judged
from tests.projects.factories import make_member

_numbers = count(1)


def make_reviewer(queue: ReviewQueue, user: User | None = None) -> Reviewer:
    person = user or make_member(project=queue.project, role=Role.EDITOR)
    return claims.reviewer_of(queue=queue, user=person)


def make_queue(
    experiment: Experiment | None = None, *, items: int = 6, by: User | None = None, **values: Any
) -> ReviewQueue:  # fmt: skip
    """Return a queue of all answers of an experiment, with one question for a yes or no and one for a better answer."""
    experiment = experiment or make_judged({"Correct": ["10" * (items // 2)]})
    return queues.create(project=experiment.project, plan=plan_of(experiment, **values), by=by)


def plan_of(experiment: Experiment, **values: Any) -> QueuePlan:
    defaults = {
        "name": f"Queue {next(_numbers)}", "source": Source(SourceKind.ANSWERS, experiment_id=experiment.pk),
        "questions": (GOOD, CORRECTION), "experiment": experiment, "count": 500,
    }  # fmt: skip
    return QueuePlan(**defaults | values)


def make_calibration(experiment: Experiment, **values: Any) -> ReviewQueue:
    """Return a queue that checks the first evaluator of the experiment."""
    version = experiment.evaluators.order_by("position")[0].evaluator_version
    source = Source(SourceKind.ANSWERS, experiment_id=experiment.pk, evaluator_version_id=version.pk)
    defaults = {"purpose": Purpose.CALIBRATION, "source": source, "evaluator_version": version, "questions": (GOOD,)}
    return make_queue(experiment, **defaults | values)


def make_pairs(experiment: Experiment, **values: Any) -> ReviewQueue:
    source = Source(SourceKind.PAIRS, experiment_id=experiment.pk, columns=(0, 1))
    return make_queue(experiment, **{"purpose": Purpose.PAIRS, "source": source, "questions": (BETTER,)} | values)


def make_call_queue(project: Project, kind: str = SourceKind.SAMPLE, **values: Any) -> ReviewQueue:
    plan = QueuePlan(
        **{"name": f"Calls {next(_numbers)}", "source": Source(kind, days=7), "questions": (GOOD, CORRECTION)} | values
    )
    return queues.create(project=project, plan=plan, by=None)


def say(reviewer: Reviewer, item: ReviewItem, value: str = "yes", **values: Any) -> ReviewAnswer:
    """Answer the first question of the queue."""
    raw = {"0": value, **values.pop("more", {})}
    return answering.answer(reviewer=reviewer, item_id=item.pk, raw=raw, **values)
