"""Prompts, their immutable versions, the labels that point to them, and connections to model providers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from projects.models import Project, User
from prompt_registry.comment_models import Comment
from prompt_registry.rollouts.models import Rollout, RolloutDecision
from prompt_registry.trial_models import Trial, TrialAttempt, TrialCell

# Models with modules of their own; Django looks for them here.
__all__ = ["Comment", "Rollout", "RolloutDecision", "Trial", "TrialAttempt", "TrialCell"]

PRODUCTION = "production"
STAGING = "staging"
LATEST = "latest"


class PromptType(models.TextChoices):
    TEXT = "text", "Text"
    CHAT = "chat", "Chat"


class PromptQuerySet(models.QuerySet["Prompt"]):
    def for_project(self, project: Project) -> PromptQuerySet:
        return self.filter(project=project)

    def active(self) -> PromptQuerySet:
        """Prompts that are neither archived nor deleted."""
        return self.filter(archived_at=None, deleted_at=None)

    def by_name(self) -> PromptQuerySet:
        return self.order_by("name")


class Prompt(models.Model):
    """A named family of versions."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompts")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=8, choices=PromptType.choices)
    tags = ArrayField(models.CharField(max_length=60), default=list)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # Where its versions went: the prompt in another project that took this one's place.
    moved_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="moved_from")

    objects: ClassVar[PromptQuerySet] = PromptQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "prompt"
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="prompt_name_unique"),
            models.UniqueConstraint(fields=["project", "id"], name="prompt_in_project"),
            models.CheckConstraint(condition=models.Q(type__in=PromptType.values), name="prompt_type_known"),
        ]

    def __str__(self) -> str:
        return self.name


class PromptVersion(models.Model):
    """An immutable numbered snapshot of everything that changes what the model is asked."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True, default="")
    messages = models.JSONField(default=list)
    variables = models.JSONField(default=list)
    settings = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True, default="")
    content_hash = models.CharField(max_length=64)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "prompt_version"
        constraints = [
            models.UniqueConstraint(fields=["prompt", "number"], name="prompt_version_number_unique"),
            models.UniqueConstraint(fields=["project", "prompt", "id"], name="prompt_version_in_prompt"),
            # What a change request says about a version must be true of it; its foreign keys carry these pairs.
            models.UniqueConstraint(fields=["id", "content_hash"], name="prompt_version_content"),
            models.UniqueConstraint(fields=["id", "author"], name="prompt_version_author"),
        ]
        indexes = [models.Index(fields=["author", "prompt"], name="prompt_version_by_author")]

    def __str__(self) -> str:
        return f"{self.prompt.name} v{self.number}"


class PromptDependency(models.Model):
    """One snippet that stands in a version, as the version names it: by label, or by version number."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(PromptVersion, on_delete=models.CASCADE, related_name="dependencies")
    snippet_name = models.CharField(max_length=255)
    snippet_label = models.CharField(max_length=36, blank=True, default="")
    snippet_version = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "prompt_dependency"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "snippet_name", "snippet_label", "snippet_version"], name="prompt_dependency_unique"
            )
        ]
        indexes = [models.Index(fields=["project", "snippet_name"], name="prompt_dependency_by_name")]

    def __str__(self) -> str:
        return f"{self.version_id} includes {self.snippet_name}"


class Label(models.Model):
    """A movable pointer to one version; moving it is publishing."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=36)
    version = models.ForeignKey(PromptVersion, on_delete=models.PROTECT, related_name="labels")
    updated_at = models.DateTimeField(default=timezone.now)
    updated_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "prompt_label"
        constraints = [
            models.UniqueConstraint(fields=["prompt", "name"], name="prompt_label_unique"),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^(?=.*[a-z])[a-z0-9_.-]+$"), name="prompt_label_name_shape"
            ),
        ]


class LabelMove(models.Model):
    """One publish or undo: which version a label left, which one it points to now, who did it and why."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="label_moves")
    label = models.CharField(max_length=36)
    from_version = models.ForeignKey(PromptVersion, on_delete=models.PROTECT, null=True, related_name="+")
    to_version = models.ForeignKey(PromptVersion, on_delete=models.PROTECT, related_name="+")
    is_undo = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True, default="")
    moved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    moved_at = models.DateTimeField(default=timezone.now)
    change_request = models.ForeignKey("ChangeRequest", on_delete=models.SET_NULL, null=True, related_name="moves")
    is_scheduled = models.BooleanField(default=False)

    class Meta:
        db_table = "prompt_label_move"
        indexes = [models.Index(fields=["prompt", "label", "-moved_at"], name="prompt_label_move_recent")]


class ChangeRequestState(models.TextChoices):
    OPEN = "open", "Waiting for approval"
    CHANGES_REQUESTED = "changes_requested", "Changes asked for"
    APPROVED = "approved", "Approved"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Replaced"


_WAITING = (ChangeRequestState.OPEN, ChangeRequestState.CHANGES_REQUESTED)
_AGREED = (ChangeRequestState.APPROVED, ChangeRequestState.PUBLISHED)


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    def for_project(self, project: Project) -> ChangeRequestQuerySet:
        return self.filter(project=project)

    def waiting(self) -> ChangeRequestQuerySet:
        """Requests that nobody has agreed to yet; there is at most one for each prompt and label."""
        return self.filter(state__in=_WAITING)

    def approved(self) -> ChangeRequestQuerySet:
        """Requests that may be published; there is at most one for each prompt and label."""
        return self.filter(state=ChangeRequestState.APPROVED)

    def active(self) -> ChangeRequestQuerySet:
        return self.filter(state__in=(*_WAITING, ChangeRequestState.APPROVED))


class ChangeRequest(models.Model):
    """A version proposed for a protected label; whoever approves it approves exactly this content."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="change_requests")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="change_requests")
    label = models.CharField(max_length=36)
    version = models.ForeignKey(PromptVersion, on_delete=models.CASCADE, related_name="change_requests")
    content_hash = models.CharField(max_length=64)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=20, choices=ChangeRequestState.choices, default=ChangeRequestState.OPEN)
    note = models.CharField(max_length=500, blank=True, default="")
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    # Who made the key that asked; with it in hand nobody approves what they asked for.
    asked_through = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    reviewer = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.CharField(max_length=500, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ChangeRequestQuerySet] = ChangeRequestQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "prompt_change_request"
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "label"], condition=models.Q(state__in=_WAITING), name="change_request_one_waiting"
            ),
            models.UniqueConstraint(
                fields=["prompt", "label"], condition=models.Q(state="approved"), name="change_request_one_approved"
            ),
            models.UniqueConstraint(fields=["id", "prompt", "label", "version"], name="change_request_subject"),
            models.CheckConstraint(
                condition=models.Q(state__in=ChangeRequestState.values), name="change_request_state_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(reviewed_by=models.F("author")), name="change_request_not_by_author"
            ),
            models.CheckConstraint(
                condition=~models.Q(reviewed_by=models.F("requested_by")), name="change_request_not_by_requester"
            ),
            models.CheckConstraint(
                condition=~models.Q(reviewed_by=models.F("asked_through")), name="change_request_not_by_key_maker"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=_AGREED) | models.Q(reviewed_by__isnull=False),
                name="change_request_approved_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["project", "state", "-id"], name="change_request_newest")]

    def __str__(self) -> str:
        return f"{self.version} for {self.label}"

    @property
    def is_waiting(self) -> bool:
        return self.state in _WAITING

    @property
    def is_active(self) -> bool:
        return self.is_waiting or self.state == ChangeRequestState.APPROVED

    @property
    def approved_by(self) -> User | None:
        """Who approved it; nobody as long as nobody did."""
        return self.reviewed_by if self.state in _AGREED else None


class ScheduleState(models.TextChoices):
    WAITING = "waiting", "Planned"
    PUBLISHED = "published", "Published"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Not published"


class PublishSchedule(models.Model):
    """A version that goes live behind a label at a chosen moment, unless something else is published before."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="schedules")
    label = models.CharField(max_length=36)
    version = models.ForeignKey(PromptVersion, on_delete=models.CASCADE, related_name="+")
    # What was live when somebody chose the moment; 0: nothing.
    expected_number = models.PositiveIntegerField()
    publish_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=12, choices=ScheduleState.choices, default=ScheduleState.WAITING)
    outcome = models.CharField(max_length=500, blank=True, default="")
    scheduled_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "prompt_publish_schedule"
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "label"], condition=models.Q(state="waiting"), name="publish_schedule_one_waiting"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ScheduleState.values), name="publish_schedule_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.label} at {self.publish_at}"


class Draft(models.Model):
    """One person's autosaved, unpublished edits of one prompt."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    base_number = models.PositiveIntegerField(default=0)
    content = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "prompt_draft"
        constraints = [models.UniqueConstraint(fields=["prompt", "user"], name="prompt_draft_per_person")]


class PromptProcess(models.Model):
    """One process of an application: which version of each prompt it serves, and when it was last heard of."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompt_processes")
    process_id = models.CharField(max_length=32)
    host = models.CharField(max_length=80, blank=True, default="")
    sdk = models.CharField(max_length=60, blank=True, default="")
    # `label@name` → [version number, since when in seconds of Unix time]: one narrow row, whatever the process uses.
    serves = models.JSONField(default=dict)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "prompt_process"
        constraints = [models.UniqueConstraint(fields=["project", "process_id"], name="prompt_process_unique")]

    def __str__(self) -> str:
        return f"{self.host} {self.process_id}"


class ModelPrice(models.Model):
    """What a project pays for a model from a day on, in US dollars per million tokens; a pattern ends in `*`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_prices")
    provider = models.CharField(max_length=60, blank=True, default="")
    model = models.CharField(max_length=120)
    input = models.DecimalField(max_digits=14, decimal_places=6)
    output = models.DecimalField(max_digits=14, decimal_places=6)
    # Empty: charged like any other token of its side.
    cache_read = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    cache_write = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    reasoning = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    tiers = models.JSONField(default=list)
    valid_from = models.DateField()
    note = models.CharField(max_length=300, blank=True, default="")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "model_price"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "provider", "model", "valid_from"], name="model_price_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.valid_from}"


class PriceList(models.Model):
    """A price list that was read from a file; the newest one holds, unless the shipped one is newer."""

    rows = models.JSONField()
    as_of = models.DateField()
    source = models.CharField(max_length=300)
    loaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "price_list"

    def __str__(self) -> str:
        return f"{self.source} of {self.as_of}"


class ProviderConnection(models.Model):
    """Where a model is reached: an OpenAI-compatible address and its encrypted key."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="provider_connections")
    name = models.CharField(max_length=80)
    base_url = models.URLField(max_length=500)
    key_sealed = models.BinaryField(null=True)
    key_last4 = models.CharField(max_length=4, blank=True, default="")
    default_model = models.CharField(max_length=120, blank=True, default="")
    is_simulated = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "provider_connection"
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="provider_connection_name_unique")]

    def __str__(self) -> str:
        return self.name


class PromptImport(models.Model):
    """Files that somebody uploaded: packed until they have chosen what to take of them, then what was made of it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompt_imports")
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    title = models.CharField(max_length=200)
    packed = models.BinaryField(blank=True, default=b"")
    format = models.CharField(max_length=20, blank=True, default="")
    results = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "prompt_import"
        indexes = [models.Index(fields=["project", "created_by"], name="prompt_import_of_person")]

    def __str__(self) -> str:
        return self.title
