"""Tables of review queues: what people are asked about which answers, who has which item before them, and what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evals.evaluators.models import EvaluatorVersion
from evals.experiments.models import Experiment, ExperimentCell
from projects.models import Project, User


class ReviewQueueQuerySet(models.QuerySet["ReviewQueue"]):
    def for_project(self, project: Project) -> ReviewQueueQuerySet:
        return self.filter(project=project)

    def open(self) -> ReviewQueueQuerySet:
        """Queues in which people may still answer."""
        return self.filter(closed_at=None)

    def newest_first(self) -> ReviewQueueQuerySet:
        return self.order_by("-created_at", "-pk")


class Purpose(models.TextChoices):
    """What the answers of a queue are for."""

    REVIEW = "review", "Find out how good answers are"
    CALIBRATION = "calibration", "Check a judge against people"
    PAIRS = "pairs", "Choose the better of two answers"


class Order(models.TextChoices):
    UNIFORM = "uniform", "As drawn"
    INFORMATIVE = "informative", "Most informative first"


class ReviewQueue(models.Model):
    """Answers that people are asked about; its questions and the texts in it never change once it is there."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="review_queues")
    name = models.CharField(max_length=120)
    # What reviewers should know before they begin.
    guidance = models.CharField(max_length=2_000, blank=True, default="")
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.REVIEW)
    # evals.reviews.sources.Source as JSON: where more items come from.
    source = models.JSONField(default=dict)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, null=True, blank=True, related_name="queues")
    # The judge that is calibrated, or whose doubts decide the order.
    evaluator_version = models.ForeignKey(
        EvaluatorVersion, on_delete=models.RESTRICT, null=True, blank=True, related_name="queues"
    )
    order = models.CharField(max_length=12, choices=Order.choices, default=Order.UNIFORM)
    is_blind = models.BooleanField(default=True)
    answers_wanted = models.PositiveSmallIntegerField(default=1)
    # Whether several people may have the same item before them at the same time.
    is_shared = models.BooleanField(default=False)
    daily_goal = models.PositiveSmallIntegerField(default=60)
    # Who decides where reviewers disagree; without one the majority does.
    adjudicator = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ReviewQueueQuerySet] = ReviewQueueQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "review_queue"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="review_queue_in_project"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="review_queue_purpose_known"),
            # Labels chosen because the judge was in doubt say nothing about how often it is right.
            models.CheckConstraint(
                condition=~Q(purpose="calibration") | Q(order="uniform"), name="review_queue_calibrates_uniformly"
            ),
            models.CheckConstraint(
                condition=~Q(purpose="calibration") | Q(evaluator_version__isnull=False),
                name="review_queue_calibrates_a_judge",
            ),
            models.CheckConstraint(
                condition=Q(answers_wanted__gte=1, answers_wanted__lte=9), name="review_queue_answers_wanted"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="review_queue_newest"),
            models.Index(fields=["evaluator_version", "-created_at"], name="review_queue_of_judge"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class QuestionKind(models.TextChoices):
    YES_NO = "yes_no", "Yes or no"
    CHOICE = "choice", "One of several"
    SCALE = "scale", "A scale"
    TEXT = "text", "Free text"
    CORRECTION = "correction", "A better answer"


class ReviewQuestion(models.Model):
    """One thing that reviewers are asked about every item of a queue."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=QuestionKind.choices)
    # The name that the answer has as a score and in exports.
    name = models.CharField(max_length=80)
    text = models.CharField(max_length=300)
    # What can be chosen, first to last; of a scale its steps from low to high.
    options = models.JSONField(default=list)
    is_required = models.BooleanField(default=True)

    class Meta:
        db_table = "review_question"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["queue", "position"], name="review_question_position"),
            models.UniqueConstraint(fields=["queue", "name"], name="review_question_name"),
            models.CheckConstraint(condition=Q(kind__in=QuestionKind.values), name="review_question_kind_known"),
        ]

    @property
    def is_verdict(self) -> bool:
        """Whether answers to it can agree or disagree; texts only differ."""
        return self.kind in (QuestionKind.YES_NO, QuestionKind.CHOICE, QuestionKind.SCALE)


class ItemState(models.TextChoices):
    OPEN = "open", "Waiting for answers"
    DISPUTED = "disputed", "Reviewers disagree"
    SETTLED = "settled", "Settled"


class ReviewItem(models.Model):
    """One answer (or a pair of them) as reviewers see it: the texts are kept as they were when the item came in."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, related_name="items")
    # What it is about; the same thing is in a queue once.
    key = models.CharField(max_length=120)
    # Its place in a uniform draw, from a hash of the queue and the key.
    rank = models.BigIntegerField()
    # How much an answer would teach, from 0 to 1; only queues with that order look at it.
    interest = models.FloatField(default=0.0)
    # evals.reviews.contents.ItemContent as JSON.
    content = models.JSONField(default=dict)
    cell = models.ForeignKey(ExperimentCell, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    rival_cell = models.ForeignKey(ExperimentCell, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    # Of a pair: whether the rival's answer stands on the left.
    is_swapped = models.BooleanField(default=False)
    trace_id = models.UUIDField(null=True, blank=True)
    span_id = models.BigIntegerField(null=True, blank=True)
    # What the judge had said when the item came in: people's labels are compared with exactly that.
    judge_value = models.FloatField(null=True, blank=True)
    judge_passed = models.BooleanField(null=True, blank=True)
    judge_model = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=8, choices=ItemState.choices, default=ItemState.OPEN)
    # The one accepted answer, by the name of the question; empty when nobody could tell.
    accepted = models.JSONField(default=dict)
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "review_item"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="review_item_in_project"),
            models.UniqueConstraint(fields=["queue", "key"], name="review_item_once"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="review_item_state_known"),
        ]
        indexes = [
            models.Index(fields=["queue", "state", "rank"], name="review_item_next"),
            models.Index(fields=["queue", "state", "-interest", "rank"], name="review_item_next_informative"),
        ]

    @property
    def is_pair(self) -> bool:
        return self.rival_cell_id is not None


class GuestLink(models.Model):
    """A way into one queue for somebody without an account; of its secret only the hash is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, related_name="guest_links")
    # Whom it was made for; the guest types the own name at the first visit.
    label = models.CharField(max_length=80)
    token_hash = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # How many requests were let in since the minute began that stands beside it.
    minute = models.DateTimeField(null=True, blank=True)
    requests = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "review_guest_link"
        constraints = [models.UniqueConstraint(fields=["project", "id"], name="review_guest_link_in_project")]

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


class Reviewer(models.Model):
    """Somebody who answers in one queue: a member of the project, or a guest."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    queue = models.ForeignKey(ReviewQueue, on_delete=models.CASCADE, related_name="reviewers")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    guest_link = models.OneToOneField(
        GuestLink, on_delete=models.CASCADE, null=True, blank=True, related_name="reviewer"
    )
    name = models.CharField(max_length=120)

    class Meta:
        db_table = "reviewer"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="reviewer_in_project"),
            models.UniqueConstraint(fields=["queue", "user"], name="reviewer_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_guest(self) -> bool:
        return self.guest_link_id is not None


class ReviewClaim(models.Model):
    """That somebody has an item before them until a moment, or does not want it before a moment, or not at all."""

    class Kind(models.TextChoices):
        HELD = "held", "Before somebody"
        POSTPONED = "postponed", "Put off"
        SKIPPED = "skipped", "Not for this person"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="claims")
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="claims")
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.HELD)
    until = models.DateTimeField()
    # Held items come in the order in which they were taken.
    taken_at = models.DateTimeField()

    class Meta:
        db_table = "review_claim"
        constraints = [models.UniqueConstraint(fields=["item", "reviewer"], name="review_claim_once")]
        indexes = [models.Index(fields=["reviewer", "kind", "until"], name="review_claim_of_reviewer")]


class ReviewAnswer(models.Model):
    """What one reviewer said about one item; values by the name of the question, none when they cannot tell."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="answers")
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="answers")
    values = models.JSONField(default=dict)
    cannot_tell = models.BooleanField(default=False)
    is_flagged = models.BooleanField(default=False)
    note = models.CharField(max_length=2_000, blank=True, default="")
    seconds = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "review_answer"
        constraints = [
            models.UniqueConstraint(fields=["project", "item", "reviewer"], name="review_answer_once"),
            models.CheckConstraint(condition=Q(cannot_tell=False) | Q(values={}), name="review_answer_tells_or_not"),
        ]
        indexes = [models.Index(fields=["reviewer", "-created_at"], name="review_answer_latest")]

    @property
    def verdict(self) -> dict[str, Any] | None:
        return None if self.cannot_tell else self.values
