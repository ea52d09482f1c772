"""Tables of what was worked out about calls: one row for each call that was looked at, and how far that has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from projects.models import Project, User


class CallAnalysisQuerySet(models.QuerySet["CallAnalysis"]):
    def for_project(self, project: Project) -> CallAnalysisQuerySet:
        return self.filter(project=project)

    def flagged(self, flags: int) -> CallAnalysisQuerySet:
        """Calls with at least one of these flags."""
        return self.annotate(flagged_bits=models.F("flags").bitand(flags)).filter(~Q(flagged_bits=0))


class CallAnalysis(models.Model):
    """What a call was about and what may be wrong with it, beside all that problems are told apart by.

    It is deleted with its trace; partitioned by day, narrow columns first, long ones out of line.
    """

    pk = models.CompositePrimaryKey("project_id", "start_day", "trace_id", "span_id")
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, related_name="+")
    start_day = models.DateField()
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    call_at = models.DateTimeField()
    analysed_at = models.DateTimeField(db_default=Now())
    duration_ns = models.BigIntegerField(default=0)
    ttft_ns = models.BigIntegerField(null=True)
    cost_nano_usd = models.BigIntegerField(null=True)
    # Where the lot put the trace, from 0 up to 2^32: a uniform sample is everything below some number.
    draw = models.BigIntegerField()
    # The cluster it was assigned to; none, when it is like no known one.
    cluster_id = models.BigIntegerField(null=True)
    input_tokens = models.IntegerField(null=True)
    output_tokens = models.IntegerField(null=True)
    prompt_version = models.IntegerField(default=0)
    # monitoring.analysis.flags.Flag, with what people marked already taken into account.
    flags = models.IntegerField(default=0)
    arm = models.SmallIntegerField(default=0)
    status = models.SmallIntegerField(default=0)
    rollout_id = models.UUIDField(null=True)
    unit_bucket = models.BigIntegerField(null=True)
    prompt_name = models.TextField(default="")
    environment = models.TextField(default="")
    release = models.TextField(default="")
    service = models.TextField(default="")
    model = models.TextField(default="")
    user_id = models.TextField(default="")
    session_id = models.TextField(default="")
    language = models.TextField(default="")
    # The kind of user, as the metadata of the call says it (monitoring.analysis.segments).
    segment = models.TextField(default="")
    # Which versions of the detectors spoke; empty when the call was only embedded.
    detectors_version = models.TextField(default="")
    # Vectors of different versions lie in different spaces and are never compared.
    embedding_version = models.TextField(default="")
    # {detector: {"probability", "version", "evidence": [[part, start, end, why], …]}}, of what was found alone.
    findings = models.JSONField(null=True)
    # The beginning of what was embedded; empty, with no vector, when no text of the call was recorded.
    text = models.TextField(default="")
    embedding = HalfVectorField(null=True)

    objects: ClassVar[CallAnalysisQuerySet] = CallAnalysisQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "call_analysis"


class AnalysisProgress(models.Model):
    """Up to which moment the calls of a project were looked at."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="+")
    until_at = models.DateTimeField()
    ran_at = models.DateTimeField(db_default=Now())
    # When the last look for calls that came late began, and how far it is; none, when it came to its end.
    round_began_at = models.DateTimeField(db_default=Now())
    round_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "analysis_progress"


class AnalysisSettings(models.Model):
    """What a project wants of the analysis; a project without a row has the defaults."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="+")
    # Names and examples of groups with fewer different users than this are hidden.
    fewest_users = models.PositiveSmallIntegerField(default=5)
    # A connection whose model may read examples to name groups; none for names from words alone.
    naming_connection_id = models.BigIntegerField(null=True)
    # An OpenAI-compatible embedding model of one of the project's connections; empty for the local one.
    embedding_connection_id = models.BigIntegerField(null=True)
    embedding_model = models.CharField(max_length=200, default="")
    # What it answered with when it was chosen, what its vectors are stored with, and why it does not answer now.
    embedding_dimensions = models.PositiveSmallIntegerField(default=0)
    embedding_version = models.CharField(max_length=40, default="")
    embedding_problem = models.TextField(default="")
    # Which member of the metadata says what kind of user it is; empty for the usual names.
    segment_key = models.CharField(max_length=80, default="", db_default="")

    class Meta:
        db_table = "analysis_settings"


class DetectorSetting(models.Model):
    """What a project changed about one detector; those without a row are as shipped."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    detector = models.CharField(max_length=40)
    is_enabled = models.BooleanField(default=True)
    # From which probability on a call is flagged; none for the shipped one.
    threshold = models.FloatField(null=True)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "detector_setting"
        constraints = [
            models.UniqueConstraint(fields=["project", "detector"], name="detector_setting_unique"),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gte=0, threshold__lte=1),
                name="detector_setting_threshold_is_a_probability",
            ),
        ]


class MarkVerdict(models.TextChoices):
    RIGHT = "right", "Right"
    WRONG = "wrong", "Not a problem"
    MISSED = "missed", "Missed"


class FlagMark(models.Model):
    """What a person said about a finding, or about one that should have been there; it stays when the call is gone."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_day = models.DateField()
    detector = models.CharField(max_length=40)
    verdict = models.CharField(max_length=6, choices=MarkVerdict.choices)
    # What the detector had said: the quality of a threshold can be worked out without the call.
    probability = models.FloatField(null=True)
    detector_version = models.CharField(max_length=40, default="")
    marked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "flag_mark"
        constraints = [
            models.UniqueConstraint(fields=["project", "trace_id", "span_id", "detector"], name="flag_mark_unique"),
            models.CheckConstraint(condition=Q(verdict__in=MarkVerdict.values), name="flag_mark_verdict_known"),
        ]


class RerunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"


class AnalysisRerun(models.Model):
    """One look at calls of a time range that were looked at before: new detectors, thresholds or another embedding."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=RerunState.choices, default=RerunState.RUNNING)
    # The last call that was looked at: its moment, trace id and span id.
    place = models.JSONField(default=list)
    call_count = models.BigIntegerField()
    checked_count = models.BigIntegerField(default=0)
    changed_count = models.BigIntegerField(default=0)
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "analysis_rerun"
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(state="running"), name="analysis_rerun_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(state__in=RerunState.values), name="analysis_rerun_state_known"),
        ]

    @property
    def percent(self) -> int:
        """How much was looked at; calls may come and go meanwhile."""
        return min(99, self.checked_count * 100 // self.call_count) if self.call_count else 0


WHOLE_PPM = 1_000_000


class DetectorJudge(models.Model):
    """A model that is asked about a share of the calls that a detector flagged, and of those that it did not flag."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    detector = models.CharField(max_length=40)
    is_enabled = models.BooleanField(default=True)
    connection_id = models.BigIntegerField()
    model = models.CharField(max_length=120)
    flagged_ppm = models.PositiveIntegerField()
    unflagged_ppm = models.PositiveIntegerField()
    # The most that it may cost on one day (UTC), and what it cost on the last day that somebody was asked.
    cap_nano_usd = models.BigIntegerField()
    spent_on = models.DateField(null=True)
    spent_nano_usd = models.BigIntegerField(db_default=0)
    # Calls from before are not asked about.
    since_at = models.DateTimeField(db_default=Now())
    # Why it waits, in a sentence, and until when; without a moment until somebody saves it again.
    reason = models.CharField(max_length=500, default="")
    blocked_until = models.DateTimeField(null=True)
    # Whoever asks holds this for a while, so that nothing is paid for twice; the token tells who that is.
    leased_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "detector_judge"
        constraints = [
            models.UniqueConstraint(fields=["project", "detector"], name="detector_judge_unique"),
            models.CheckConstraint(
                condition=Q(flagged_ppm__lte=WHOLE_PPM, unflagged_ppm__lte=WHOLE_PPM), name="detector_judge_shares"
            ),
            models.CheckConstraint(condition=Q(cap_nano_usd__gte=0), name="detector_judge_cap"),
        ]


class SecondOpinion(models.Model):
    """What a model said about one detector on one call; deleted with the call."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    detector = models.CharField(max_length=40)
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    call_at = models.DateTimeField()
    was_flagged = models.BooleanField()
    detector_version = models.CharField(max_length=40, default="")
    # None when it could not tell, or could not be asked; `why` says so then.
    has_problem = models.BooleanField(null=True)
    why = models.TextField(default="")
    quote = models.TextField(default="")
    model = models.CharField(max_length=120)
    is_simulated = models.BooleanField(default=False)
    cost_nano_usd = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "second_opinion"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "trace_id", "span_id", "detector"], name="second_opinion_once_a_call"
            )
        ]
        indexes = [models.Index(fields=["project", "detector", "asked_at"], name="second_opinion_newest")]
