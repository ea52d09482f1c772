"""Production traffic as Django sees it; the tables themselves are made by SQL (migrations/monitoring/sql)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

import orjson
from django.db import models
from django.db.models.functions import Now

from monitoring.alerts.models import Alert, AlertEvent
from monitoring.analysis.models import (
    AnalysisProgress,
    AnalysisRerun,
    AnalysisSettings,
    CallAnalysis,
    DetectorJudge,
    DetectorSetting,
    FlagMark,
    SecondOpinion,
)
from monitoring.clusters.models import Cluster, ClusteringRun, ClusterLink
from monitoring.costs.models import CostInvoice, CostInvoiceLine
from monitoring.dashboards.models import Dashboard, SavedChart
from monitoring.erasure.models import ErasedTrace, Erasure, ErasurePlace
from monitoring.exploring.models import TraceListChoice, TraceView
from monitoring.exports.models import Export, ExportedText, ExportPart
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import Issue, IssueCycle, IssueEvent, IssueScope, IssueTheme, ThemeComment
from monitoring.kinds import IdMode, Kind, MaskMode, Status
from monitoring.outcomes.models import Outcome
from monitoring.retention_models import RetentionRule
from monitoring.scheduled_exports.models import ExportRun, ScheduledExport
from monitoring.streams.models import FlagHour, WatchedStream
from monitoring.talk.models import TraceComment, TraceLink, TraceSharing
from projects.models import Project, User

# Django finds the tables of an app in its module `models`.
__all__ = [
    "Alert", "AlertEvent",
    "AnalysisProgress", "AnalysisRerun", "AnalysisSettings", "CallAnalysis", "Cluster", "ClusterLink", "ClusteringRun",
    "CostInvoice", "CostInvoiceLine", "Dashboard",
    "DetectorJudge", "DetectorSetting", "ErasedTrace", "Erasure", "ErasurePlace", "Export", "ExportPart", "ExportRun",
    "ExportedText",
    "FlagHour", "FlagMark", "Issue", "IssueCycle", "IssueEvent", "IssueFix", "IssueScope", "IssueTheme", "Outcome", "RetentionRule",
    "SavedChart", "ScheduledExport", "SecondOpinion", "ThemeComment", "TraceComment", "TraceLink", "TraceListChoice",
    "TraceSharing", "TraceView", "WatchedStream",
]  # fmt: skip


class TraceQuerySet(models.QuerySet["Trace"]):
    def for_project(self, project: Project) -> TraceQuerySet:
        return self.filter(project=project)

    def newest_first(self) -> TraceQuerySet:
        return self.order_by("-started_at", "-trace_id")

    def between(self, start: datetime, end: datetime) -> TraceQuerySet:
        """Traces that started at or after `start` and before `end`."""
        return self.filter(started_at__gte=start, started_at__lt=end)


class Trace(models.Model):
    """One request's whole work, summed up while its spans arrive."""

    pk = models.CompositePrimaryKey("project_id", "trace_id")
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, related_name="traces")
    trace_id = models.UUIDField(default=uuid.uuid4)
    started_at = models.DateTimeField()
    received_at = models.DateTimeField()
    min_day = models.DateField()
    max_day = models.DateField()
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost_nano_usd = models.BigIntegerField()
    span_count = models.IntegerField()
    call_count = models.IntegerField()
    error_count = models.IntegerField()
    unpriced_count = models.IntegerField()
    prompt_version = models.IntegerField()
    thumbs_up = models.IntegerField()
    thumbs_down = models.IntegerField()
    arm = models.SmallIntegerField()
    has_root = models.BooleanField()
    rollout_id = models.UUIDField(null=True)
    name = models.TextField()
    environment = models.TextField()
    release = models.TextField()
    service = models.TextField()
    model = models.TextField()
    prompt_name = models.TextField()
    session_id = models.TextField()
    user_id = models.TextField()
    input_preview = models.TextField()
    output_preview = models.TextField()

    objects: ClassVar[TraceQuerySet] = TraceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "trace"

    @property
    def hex_id(self) -> str:
        return self.trace_id.hex

    @property
    def duration_ms(self) -> float:
        return max(0, self.end_ns - self.start_ns) / 1e6

    @property
    def cost_usd(self) -> float | None:
        """Money spent on the calls with a known price; None when no call has one."""
        if self.unpriced_count and not self.cost_nano_usd:
            return None
        return self.cost_nano_usd / 1e9

    @property
    def has_errors(self) -> bool:
        return self.error_count > 0


class SpanQuerySet(models.QuerySet["Span"]):
    def of_trace(self, trace: Trace) -> SpanQuerySet:
        """The spans of one trace; reads only the partitions the trace touches."""
        return self.filter(
            project_id=trace.project_id, start_day__range=(trace.min_day, trace.max_day), trace_id=trace.trace_id
        )

    def without_bodies(self) -> SpanQuerySet:
        return self.defer("input", "output", "attributes", "events", "metadata")


class Span(models.Model):
    """One timed step of a trace, written once."""

    pk = models.CompositePrimaryKey("project_id", "start_day", "trace_id", "span_id")
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, related_name="spans")
    start_day = models.DateField()
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    parent_span_id = models.BigIntegerField(null=True)
    sort_at = models.DateTimeField()
    received_at = models.DateTimeField()
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    duration_ns = models.BigIntegerField()
    ttft_ns = models.BigIntegerField(null=True)
    cost_nano_usd = models.BigIntegerField(null=True)
    content_hash = models.BigIntegerField()
    input_tokens = models.IntegerField(null=True)
    output_tokens = models.IntegerField(null=True)
    cache_read_tokens = models.IntegerField(null=True)
    cache_write_tokens = models.IntegerField(null=True)
    reasoning_tokens = models.IntegerField(null=True)
    prompt_version = models.IntegerField()
    kind = models.SmallIntegerField(choices=[(kind.value, kind.label) for kind in Kind])
    status = models.SmallIntegerField()
    arm = models.SmallIntegerField()
    marks = models.SmallIntegerField()
    rollout_id = models.UUIDField(null=True)
    unit_bucket = models.BigIntegerField(null=True)
    name = models.TextField()
    environment = models.TextField()
    release = models.TextField()
    service = models.TextField()
    provider = models.TextField()
    model = models.TextField()
    prompt_name = models.TextField()
    session_id = models.TextField()
    user_id = models.TextField()
    status_message = models.TextField()
    input_preview = models.TextField()
    output_preview = models.TextField()
    metadata = models.TextField(null=True)
    input = models.TextField(null=True)
    output = models.TextField(null=True)
    attributes = models.TextField(null=True)
    events = models.TextField(null=True)

    objects: ClassVar[SpanQuerySet] = SpanQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "span"

    @property
    def hex_id(self) -> str:
        return span_hex(self.span_id)

    @property
    def parent_hex_id(self) -> str:
        return span_hex(self.parent_span_id) if self.parent_span_id is not None else ""

    @property
    def duration_ms(self) -> float:
        return self.duration_ns / 1e6

    @property
    def cost_usd(self) -> float | None:
        return None if self.cost_nano_usd is None else self.cost_nano_usd / 1e9

    @property
    def is_error(self) -> bool:
        return self.status == Status.ERROR

    @property
    def is_call(self) -> bool:
        return self.kind == Kind.LLM

    def attribute_values(self) -> dict[str, Any]:
        """Everything the client sent that has no column of its own."""
        return orjson.loads(self.attributes) if self.attributes else {}


class ScoreSource(models.TextChoices):
    USER = "user", "User"
    HUMAN = "human", "Team"
    EVALUATOR = "evaluator", "Evaluator"
    DETECTOR = "detector", "Detector"
    API = "api", "API"


class ScoreType(models.TextChoices):
    THUMBS = "thumbs", "Thumbs"
    NUMBER = "number", "Number"
    CATEGORY = "category", "Category"
    BOOLEAN = "boolean", "Yes or no"
    TEXT = "text", "Text"
    CORRECTION = "correction", "Correction"


class Triage(models.TextChoices):
    """What the team did with a piece of feedback."""

    NEW = "new", "New"
    HANDLED = "handled", "Handled"
    DISMISSED = "dismissed", "Dismissed"


class Score(models.Model):
    """One named value on a trace or span, from a user, a person of the team or a machine."""

    pk = models.CompositePrimaryKey("project_id", "id")
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, related_name="scores")
    id = models.UUIDField(default=uuid.uuid4)
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField(null=True)
    name = models.TextField()
    data_type = models.TextField(choices=ScoreType.choices)
    source = models.TextField(choices=ScoreSource.choices)
    value = models.FloatField(null=True)
    string_value = models.TextField(null=True)
    comment = models.TextField(default="")
    user_id = models.TextField(default="")
    author_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)
    call_at = models.DateTimeField(null=True)
    kind = models.SmallIntegerField(null=True)
    arm = models.SmallIntegerField(null=True)
    prompt_version = models.IntegerField(null=True)
    rollout_id = models.UUIDField(null=True)
    environment = models.TextField(null=True)
    model = models.TextField(null=True)
    prompt_name = models.TextField(null=True)
    triage = models.TextField(choices=Triage.choices, default=Triage.NEW)
    triaged_by = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, related_name="+")
    triaged_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "score"


class IngestQuota(models.Model):
    """How much a project may send; an empty field means as much as it likes."""

    project = models.OneToOneField(Project, on_delete=models.DO_NOTHING, primary_key=True, related_name="ingest_quota")
    requests_per_minute = models.PositiveIntegerField(null=True)
    key_requests_per_minute = models.PositiveIntegerField(null=True)
    megabytes_per_minute = models.PositiveIntegerField(null=True)
    spans_per_day = models.PositiveBigIntegerField(null=True)
    megabytes_per_day = models.PositiveIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "ingest_quota"


_MASK_MODES = [mode.value for mode in MaskMode]
_ID_MODES = [mode.value for mode in IdMode]


class MaskingSettings(models.Model):
    """What a project wants to be masked before it is stored; a project without a row has the defaults."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="masking_settings")
    secret = models.CharField(max_length=4, default=MaskMode.MASK.value)
    card = models.CharField(max_length=4, default=MaskMode.MASK.value)
    token = models.CharField(max_length=4, default=MaskMode.MASK.value)
    email = models.CharField(max_length=4, default=MaskMode.OFF.value)
    phone = models.CharField(max_length=4, default=MaskMode.OFF.value)
    iban = models.CharField(max_length=4, default=MaskMode.OFF.value)
    ids = models.CharField(max_length=4, default=IdMode.KEEP.value)
    is_metrics_only = models.BooleanField(default=False)

    class Meta:
        db_table = "masking_settings"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    *((f"{kind}__in", _MASK_MODES) for kind in ("secret", "card", "token", "email", "phone", "iban"))
                ),
                name="masking_modes_known",
            ),
            models.CheckConstraint(condition=models.Q(ids__in=_ID_MODES), name="masking_ids_known"),
        ]


class MaskingRule(models.Model):
    """A pattern of the project's own; what it matches is masked like the built-in kinds of data."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="masking_rules")
    name = models.CharField(max_length=40)
    pattern = models.CharField(max_length=1024)
    mode = models.CharField(max_length=4, default=MaskMode.MASK.value)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "masking_rule"
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="masking_rule_unique"),
            models.CheckConstraint(condition=models.Q(mode__in=_MASK_MODES), name="masking_rule_mode_known"),
        ]


class MaskedHour(models.Model):
    """How many spans of an hour were masked or lost a field; sharded by writer like the other counters."""

    pk = models.CompositePrimaryKey("project_id", "at", "shard")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="masked_hours")
    at = models.DateTimeField()
    shard = models.SmallIntegerField()
    masked = models.BigIntegerField()
    withheld = models.BigIntegerField()

    class Meta:
        db_table = "masked_hour"


class RepricingState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"


class Repricing(models.Model):
    """One run over past calls that counts their costs anew, with the prices that held when they were made."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="repricings")
    since = models.DateField()
    until = models.DateField()
    state = models.CharField(max_length=8, choices=RepricingState.choices, default=RepricingState.RUNNING)
    # The last span that was looked at: day, trace id, span id.
    place = models.JSONField(default=list)
    call_count = models.BigIntegerField()
    checked_count = models.BigIntegerField(default=0)
    changed_count = models.BigIntegerField(default=0)
    difference_nano_usd = models.BigIntegerField(default=0)
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "repricing"
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(state="running"), name="repricing_one_at_a_time"
            ),
            models.CheckConstraint(condition=models.Q(state__in=RepricingState.values), name="repricing_state_known"),
        ]

    @property
    def percent(self) -> int:
        """How much was looked at; the number of calls is known only about."""
        return min(99, self.checked_count * 100 // self.call_count) if self.call_count else 0

    @property
    def difference_usd(self) -> float:
        return self.difference_nano_usd / 1e9

    @property
    def less_usd(self) -> float:
        """By how much everything became cheaper."""
        return -self.difference_usd


def span_hex(span_id: int) -> str:
    """Return the 16 hexadecimal digits of a stored span id."""
    return f"{span_id & 0xFFFFFFFFFFFFFFFF:016x}"


def span_number(hex_id: str) -> int:
    """Return the stored form of a span id given as 16 hexadecimal digits."""
    return int.from_bytes(bytes.fromhex(hex_id), "big", signed=True)
