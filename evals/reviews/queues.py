"""Makes review queues and fills them; the questions of a queue and the texts in it are frozen when they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from evals.evaluators.models import EvaluatorVersion
from evals.experiments.models import Experiment
from evals.reviews import call_sources, questions, sampling, settling, sources
from evals.reviews.errors import NothingToReview, QueueNotUsable
from evals.reviews.models import ItemState, Order, Purpose, ReviewItem, ReviewQuestion, ReviewQueue
from evals.reviews.questions import NewQuestion
from evals.reviews.sources import NewItem, Source, SourceKind
from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.permissions import demand

MAX_ITEMS = 5_000
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """Everything that is chosen before a queue is made."""

    name: str
    source: Source
    questions: Sequence[NewQuestion]
    purpose: str = Purpose.REVIEW
    guidance: str = ""
    count: int = 100
    answers_wanted: int = 1
    order: str = Order.UNIFORM
    is_blind: bool = True
    is_shared: bool = False
    daily_goal: int = 60
    adjudicator: User | None = None
    experiment: Experiment | None = None
    evaluator_version: EvaluatorVersion | None = None


@transaction.atomic
def create(*, project: Project, plan: QueuePlan, by: User | None) -> ReviewQueue:
    """Return a new queue with its first items, or raise with what is wrong; no queue begins empty."""
    demand(project=project, action=Action.EDIT_DATASETS, by=by)
    asked = _checked(plan)
    _check_adjudicator(project, plan.adjudicator)
    queue = ReviewQueue.objects.create(
        project=project, name=_name(plan.name), guidance=texts.clean(plan.guidance).strip()[:2_000], purpose=plan.purpose,
        source=plan.source.to_json(), experiment=plan.experiment, evaluator_version=plan.evaluator_version, order=plan.order,
        is_blind=plan.is_blind, answers_wanted=plan.answers_wanted, is_shared=plan.is_shared, daily_goal=plan.daily_goal,
        adjudicator=plan.adjudicator, created_by=by,
    )  # fmt: skip
    ReviewQuestion.objects.bulk_create(
        ReviewQuestion(
            project=project, queue=queue, position=position, kind=question.kind, name=question.name, text=question.text,
            options=list(question.options), is_required=question.is_required,
        )
        for position, question in enumerate(asked)
    )  # fmt: skip
    if not _fill(queue, plan.count):
        raise NothingToReview
    audit.record(action="review.queue_created", subject=queue.name, by=by, project=project, queue=queue.pk)
    return queue


@transaction.atomic
def refill(*, queue: ReviewQueue, count: int, by: User | None) -> int:
    """Draw more items from where the others came from; return how many came in."""
    demand(project=queue.project, action=Action.EDIT_DATASETS, by=by)
    locked = ReviewQueue.objects.select_for_update(of=("self",)).select_related("project").get(pk=queue.pk)
    added = _fill(locked, count)
    if added:
        audit.record(action="review.queue_refilled", subject=queue.name, by=by, project=queue.project, added=added)
    return added


def waiting_count(queue: ReviewQueue) -> int:
    """Return how many things the source has that are not in the queue yet; of calls no more than a thousand are counted."""
    source = Source.from_json(queue.source)
    if source.kind in (SourceKind.DISLIKED, SourceKind.SAMPLE):
        is_disliked = source.kind == SourceKind.DISLIKED
        return call_sources.unseen_count(queue=queue, days=source.days, only_disliked=is_disliked)
    found = sources.candidates(project=queue.project, source=source, with_interest=False)
    known = set(queue.items.values_list("key", flat=True))
    return len(found.interest.keys() - known)


@transaction.atomic
def close(*, queue: ReviewQueue, by: User | None) -> None:
    """Let nobody answer any more; what was said stays."""
    demand(project=queue.project, action=Action.EDIT_DATASETS, by=by)
    ReviewQueue.objects.filter(pk=queue.pk, closed_at=None).update(closed_at=timezone.now())
    audit.record(action="review.queue_closed", subject=queue.name, by=by, project=queue.project, queue=queue.pk)


@transaction.atomic
def reopen(*, queue: ReviewQueue, by: User | None) -> None:
    """Let people answer again."""
    demand(project=queue.project, action=Action.EDIT_DATASETS, by=by)
    ReviewQueue.objects.filter(pk=queue.pk).update(closed_at=None)
    audit.record(action="review.queue_reopened", subject=queue.name, by=by, project=queue.project, queue=queue.pk)


@transaction.atomic
def change(*, queue: ReviewQueue, adjudicator: User | None, daily_goal: int, is_shared: bool, by: User | None) -> None:
    """Choose who decides where reviewers disagree, and how many answers make a day."""
    demand(project=queue.project, action=Action.EDIT_DATASETS, by=by)
    _check_adjudicator(queue.project, adjudicator)
    locked = ReviewQueue.objects.select_for_update(of=("self",)).select_related("project").get(pk=queue.pk)
    locked.adjudicator, locked.daily_goal, locked.is_shared = adjudicator, daily_goal, is_shared
    locked.save(update_fields=["adjudicator", "daily_goal", "is_shared"])
    # Where nobody in particular decides, the majority does: what waited for a person may be settled by that.
    for item in locked.items.select_for_update().filter(state=ItemState.DISPUTED):
        settling.settle(item=item, queue=locked)
    # Last, as whoever answers does it: items are locked before the log.
    audit.record(
        action="review.queue_changed", subject=queue.name, by=by, project=queue.project,
        adjudicator=adjudicator.email if adjudicator else "",
    )  # fmt: skip


def _checked(plan: QueuePlan) -> list[NewQuestion]:
    is_judge, is_pairs = plan.purpose == Purpose.CALIBRATION, plan.source.kind == SourceKind.PAIRS
    if is_judge and (plan.evaluator_version is None or plan.source.kind != SourceKind.ANSWERS):
        raise QueueNotUsable("To check a judge, choose the judge and an experiment that it judged.")
    if is_judge and (plan.experiment is None or not plan.experiment.is_over):
        raise QueueNotUsable(
            "This experiment still runs. Check the judge when it is finished: until then not all answers are judged."
        )
    if is_judge and plan.order != Order.UNIFORM:
        raise QueueNotUsable(
            "A queue that checks a judge is drawn by chance alone: items chosen because the judge was in doubt would make "
            "it look worse than it is."
        )
    if is_pairs and len(set(plan.source.columns)) != 2:
        raise QueueNotUsable("Choose two different variants to compare.")
    if not 1 <= plan.answers_wanted <= 9 or not 1 <= plan.daily_goal <= 10_000:
        raise QueueNotUsable("Between 1 and 9 people can answer each item, and a day has at least one answer.")
    return questions.checked(plan.questions, for_pairs=is_pairs, for_judge=is_judge)


def _check_adjudicator(project: Project, adjudicator: User | None) -> None:
    if adjudicator is None:
        return
    membership = project.memberships.filter(user=adjudicator).first()
    if membership is None or not membership.can(Action.GIVE_FEEDBACK):
        raise QueueNotUsable("Who decides must be a member of the project who may give feedback.")


def _name(name: str) -> str:
    found = texts.clean(name).strip()
    if not 1 <= len(found) <= 120:
        raise QueueNotUsable("A queue needs a name of up to 120 characters.")
    return found


def _fill(queue: ReviewQueue, count: int) -> int:
    """Put the next items of the draw into the queue; the caller holds its lock, or has just made it."""
    source, salt = Source.from_json(queue.source), str(queue.pk)
    is_informative = queue.order == Order.INFORMATIVE
    known = list(queue.items.values_list("key", flat=True))
    wanted = max(0, min(count, MOST_AT_ONCE, MAX_ITEMS - len(known)))
    found = sources.candidates(project=queue.project, source=source, with_interest=is_informative)
    keys = found.first(salt=salt, count=wanted, known=known, by_interest=is_informative)
    new = list(sources.items(project=queue.project, source=source, keys=keys, salt=salt, found=found))
    ReviewItem.objects.bulk_create(_row(queue, item, salt) for item in new)
    return len(new)


def _row(queue: ReviewQueue, item: NewItem, salt: str) -> ReviewItem:
    return ReviewItem(
        project_id=queue.project_id, queue=queue, key=item.key, rank=sampling.rank(salt, item.key), interest=item.interest,
        content=item.content.to_json(), cell_id=item.cell_id, rival_cell_id=item.rival_id, is_swapped=item.is_swapped,
        trace_id=item.trace_id, span_id=item.span_id, judge_value=item.judge_value, judge_passed=item.judge_passed,
        judge_model=item.judge_model,
    )  # fmt: skip
