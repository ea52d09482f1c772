"""Tables of issues: what is wrong, for which calls, who cares for it, and everything that happened to it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from monitoring.clusters.models import Cluster
from monitoring.streams.scopes import Scope
from projects.models import Project, User


class IssueState(models.TextChoices):
    OPEN = "open", "Open"
    IN_FIX = "in_fix", "Being fixed"
    ROLLING_OUT = "rolling_out", "Fix is rolling out"
    VERIFIED = "verified", "Proved gone"
    NOT_CONFIRMED = "not_confirmed", "Fix not confirmed"
    REGRESSED = "regressed", "Came back"
    # It went away without a proof: nobody met it any more, or a person says so.
    RESOLVED = "resolved", "Gone quiet"
    MUTED = "muted", "Muted"


# Somebody has to do something.
NEEDS_ATTENTION = (IssueState.OPEN, IssueState.NOT_CONFIRMED, IssueState.REGRESSED)
# Its calls are still counted and watched for coming back.
CLOSED = (IssueState.VERIFIED, IssueState.RESOLVED)


class Trend(models.TextChoices):
    """How it goes, as the numbers say; people do not set it."""

    NEW = "new", "New"
    ONGOING = "ongoing", "Ongoing"
    GROWING = "growing", "More calls"
    ESCALATING = "escalating", "Getting worse"
    QUIET = "quiet", "Quiet"


class Signal(models.TextChoices):
    """What is bad about the calls of an issue: a flag of a detector, or what users and bills say."""

    DISLIKED = "disliked", "Users dislike the answers"
    DEAR = "dear", "Answers are dear"
    REFUSED = "refused", "The answers refuse or dodge"
    UNSUPPORTED = "unsupported", "The answers say what nothing supports"
    INJECTION = "injection", "Users try to take over the model"
    TOXIC = "toxic", "Hateful or insulting texts"
    LONG_WINDED = "long_winded", "The answers are long-winded"
    REPEATED = "repeated", "The answers repeat themselves"
    SLOW = "slow", "The answers are slow"
    LATE_START = "late_start", "The first word comes late"
    FAILED = "failed", "Calls fail"
    EMPTY = "empty", "The answers are empty"
    CUT_OFF = "cut_off", "The answers are cut off"
    WRONG_LANGUAGE = "wrong_language", "The answers are in the wrong language"
    BAD_FORMAT = "bad_format", "The answers have the wrong form"
    LEAKED_DATA = "leaked_data", "The answers give away personal data"
    FRUSTRATED = "frustrated", "Users are frustrated"
    ASKED_AGAIN = "asked_again", "Users ask the same again"
    CONTRADICTED = "contradicted", "The answers contradict what was expected"
    HIDDEN_INSTRUCTION = "hidden_instruction", "Documents carry hidden instructions"


class IssueQuerySet(models.QuerySet["Issue"]):
    def for_project(self, project: Project) -> IssueQuerySet:
        return self.filter(project=project)

    def needing_attention(self) -> IssueQuerySet:
        return self.filter(state__in=NEEDS_ATTENTION, merged_into__isnull=True)

    def worst_first(self) -> IssueQuerySet:
        return self.order_by("-harm", "-last_at", "-pk")


class Issue(models.Model):
    """A durable, named problem. Which calls are its own follows from its scopes; the numbers are those of the last look."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="issues")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    # A title that a person wrote is never made anew.
    is_title_own = models.BooleanField(default=False)
    state = models.CharField(max_length=13, choices=IssueState.choices, default=IssueState.OPEN)
    trend = models.CharField(max_length=10, choices=Trend.choices, default=Trend.NEW)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    muted_until = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="merged")
    # What raised it, as far as the numbers tell: a dimension (such as «prompt version») and its value.
    cause_dimension = models.CharField(max_length=40, default="")
    cause_value = models.CharField(max_length=300, default="")
    # When it began by the change-point; none when it was always there.
    began_at = models.DateTimeField(null=True)
    # Bad calls a week above what is usual, at least (METHODS C6).
    harm = models.FloatField(default=0.0)
    call_count = models.BigIntegerField(default=0)
    bad_count = models.BigIntegerField(default=0)
    user_count = models.BigIntegerField(default=0)
    usual_rate = models.FloatField(default=0.0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Everything the last look found: rates, intervals, attributions, the state of the alarm.
    evidence = models.JSONField(default=dict)
    # Everything that the level at which it was closed is compared with.
    closed_level = models.JSONField(null=True)
    opened_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    state_at = models.DateTimeField(db_default=Now())
    measured_at = models.DateTimeField(null=True)

    objects: ClassVar[IssueQuerySet] = IssueQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "issue"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="issue_in_project"),
            models.UniqueConstraint(fields=["project", "number"], name="issue_number_unique"),
            models.CheckConstraint(condition=Q(state__in=IssueState.values), name="issue_state_known"),
            models.CheckConstraint(condition=Q(trend__in=Trend.values), name="issue_trend_known"),
        ]
        indexes = [models.Index(fields=["project", "state", "-harm"], name="issue_worst")]

    @property
    def audited_name(self) -> str:
        """What the audit log calls it, which never changes again: a title made of words of calls stays out of it."""
        return f"{self.number} {self.title}" if self.is_title_own else f"{self.number}"


class IssueScope(models.Model):
    """Calls of an issue: those with the signal, of this cluster, prompt and model as far as named; blind to version and arm."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="scopes")
    signal = models.CharField(max_length=20, choices=Signal.choices)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, null=True, related_name="+")
    prompt_name = models.TextField(default="")
    model = models.TextField(default="")
    environment = models.TextField(default="")

    class Meta:
        db_table = "issue_scope"
        constraints = [
            models.CheckConstraint(condition=Q(signal__in=Signal.values), name="issue_scope_signal_known"),
            models.UniqueConstraint(
                fields=["project", "signal", "cluster", "prompt_name", "model", "environment"],
                name="issue_scope_of_one_issue",
                nulls_distinct=False,
            ),
        ]

    def as_scope(self) -> Scope:
        return Scope(self.signal, self.cluster_id, self.prompt_name, self.model, self.environment)


class Happening(models.TextChoices):
    """What can happen to an issue."""

    OPENED = "opened", "Opened"
    ESCALATED = "escalated", "Got worse"
    GREW = "grew", "Hits more calls"
    RESOLVED = "resolved", "Gone quiet"
    REGRESSED = "regressed", "Came back"
    MUTED = "muted", "Muted"
    UNMUTED = "unmuted", "No longer muted"
    REOPENED = "reopened", "Opened again"
    ASSIGNED = "assigned", "New owner"
    NOTED = "noted", "Note"
    RENAMED = "renamed", "Renamed"
    FIX_STARTED = "fix_started", "Fix started"
    FIX_ROLLING_OUT = "fix_rolling_out", "Fix is rolling out"
    VERIFIED = "verified", "Proved gone"
    NOT_CONFIRMED = "not_confirmed", "Fix not confirmed"
    MERGED = "merged", "Merged into another issue"
    TOOK_IN = "took_in", "Took in another issue"
    UNMERGED = "unmerged", "Taken out of another issue again"
    GAVE_BACK = "gave_back", "Gave back another issue"
    SPLIT = "split", "Split off from another issue"
    GAVE_UP = "gave_up", "A part was split off"
    REGROUPED = "regrouped", "Its questions were grouped anew"


class IssueEvent(models.Model):
    """One thing that happened to an issue: opened, a change of state, a note, a merge; with the numbers it rests on."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20)
    old = models.CharField(max_length=300, default="")
    new = models.CharField(max_length=300, default="")
    note = models.TextField(default="")
    numbers = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "issue_event"
        indexes = [models.Index(fields=["issue", "at"], name="issue_event_of_issue")]


class IssueTheme(models.Model):
    """What several users say about the calls of an issue; it stays while new comments join it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="themes")
    # The words that tell it from the other themes of the issue, the strongest first.
    words = models.JSONField(default=list)
    # The middle of its comments, and of how many.
    centroid = HalfVectorField()
    mass = models.PositiveIntegerField()
    embedding_version = models.CharField(max_length=40)

    class Meta:
        db_table = "issue_theme"
        constraints = [models.UniqueConstraint(fields=["project", "id"], name="issue_theme_in_project")]


class ThemeComment(models.Model):
    """A comment of a theme. Its words stay with the score alone; when that goes, the database takes this row with it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="+")
    theme = models.ForeignKey(IssueTheme, on_delete=models.CASCADE, related_name="comments")
    score_id = models.UUIDField()
    # How typical it is of its theme (cosine).
    nearness = models.FloatField()

    class Meta:
        db_table = "theme_comment"
        constraints = [models.UniqueConstraint(fields=["issue", "score_id"], name="theme_comment_once")]
        indexes = [models.Index(fields=["project", "score_id"], name="theme_comment_of_score")]


class IssueCycle(models.Model):
    """When the issues of a project were last looked at, and when all late opinions were last counted."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="+")
    looked_at = models.DateTimeField()
    recounted_at = models.DateTimeField()

    class Meta:
        db_table = "issue_cycle"
