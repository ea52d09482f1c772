"""Users, projects and what belongs to both: membership, keys, audit events, jobs with leases."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce, Lower, Now
from django.utils import timezone

from projects.backup_models import BackupKind, BackupRun, BackupState
from projects.notification_models import Channel, NotificationChoice, NotificationMail
from projects.roles import Action, Role, Scope, is_allowed
from projects.spending_models import Expense, SpendingDay, SpendingLimit
from projects.webhook_models import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookFormat,
)
from projects.weekly_models import WeeklyReport, WeeklyReportMail

# Models with modules of their own; Django looks for them here.
__all__ = [
    "BackupKind", "BackupRun", "BackupState",
    "Channel", "DeliveryState", "Expense", "NotificationChoice", "NotificationMail", "SpendingDay", "SpendingLimit",
    "WebhookAttempt", "WebhookDelivery", "WebhookEndpoint", "WebhookEvent", "WebhookFormat", "WeeklyReport",
    "WeeklyReportMail",
]  # fmt: skip


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who signs in by e-mail."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_owner = models.BooleanField(default=False, help_text="May change the settings of the whole installation.")
    shortcuts_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "user_account"
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def display_name(self) -> str:
        return self.name or self.email.split("@")[0]


# No name that people choose leads to this slug: theirs begin with a letter or a digit.
SYSTEM_SLUG = "_callboard"


def only_production() -> list[str]:
    """Return the labels that are protected in a new project."""
    return ["production"]


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> ProjectQuerySet:
        """Projects in which the user has a role."""
        return self.filter(memberships__user=user)

    def of_people(self) -> ProjectQuerySet:
        """Projects that somebody made; all but the one Callboard checks itself with."""
        return self.exclude(slug=SYSTEM_SLUG)

    def of_the_system(self) -> ProjectQuerySet:
        """The hidden project that Callboard checks itself with, once it exists."""
        return self.filter(slug=SYSTEM_SLUG)


class Project(models.Model):
    """The walls between teams: every row of the product belongs to exactly one project."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    first_accepted_at = models.DateTimeField(null=True, blank=True)
    protected_labels = ArrayField(models.CharField(max_length=36), default=only_production)
    # Whether a second person must approve what goes live behind a protected label.
    is_approval_required = models.BooleanField(default=True)

    objects: ClassVar[ProjectQuerySet] = ProjectQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "project"

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "membership"
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def can(self, action: Action) -> bool:
        """Tell whether this member may do the action."""
        return is_allowed(role=self.role, action=action)


class Invitation(models.Model):
    """A link that lets one person join a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=16, choices=Role.choices)
    token_hash = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "invitation"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()


class SignInLink(models.Model):
    """A link that signs one person in once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    token_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sign_in_link"


class SignInAttempt(models.Model):
    """One failed sign-in, kept so that guessing can be slowed down."""

    account_hash = models.BinaryField(max_length=32)
    address_prefix = models.CharField(max_length=45)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sign_in_attempt"
        indexes = [
            models.Index(fields=["address_prefix", "created_at"], name="sign_in_attempt_address"),
            models.Index(fields=["account_hash", "address_prefix", "created_at"], name="sign_in_attempt_account"),
        ]


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> ApiKeyQuerySet:
        """Keys that are neither revoked nor expired."""
        return self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()))


class ApiKey(models.Model):
    """A secret that lets an application talk to one project; only its hash is stored."""

    key_id = models.CharField(max_length=12, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    environment = models.CharField(max_length=60, blank=True, default="")
    secret_hash = models.BinaryField(max_length=32)
    feedback_key = models.BinaryField(max_length=32)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_by = models.CharField(max_length=120, blank=True, default="")

    objects: ClassVar[ApiKeyQuerySet] = ApiKeyQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "api_key"

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id})"

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class RefusedRequest(models.Model):
    """The latest refusals of API requests, shown while somebody sets up an application."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="refused_requests")
    key_id = models.CharField(max_length=12, blank=True, default="")
    reason = models.CharField(max_length=200)
    count = models.BigIntegerField(default=1)
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "refused_request"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "key_id", "reason"], name="refused_request_unique", nulls_distinct=False
            )
        ]


class AuditEvent(models.Model):
    """What somebody changed, written in the same transaction as the change; the database refuses to alter it."""

    # No database constraint: an event outlives the project and the person it names.
    project = models.ForeignKey(
        Project, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="audit_events"
    )
    created_at = models.DateTimeField()
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    actor = models.CharField(max_length=254)
    address = models.CharField(max_length=45, blank=True, default="")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=255)
    details = models.JSONField(default=dict)
    previous_hash = models.BinaryField(max_length=32)
    content_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_event"
        indexes = [models.Index(fields=["project", "-created_at"], name="audit_event_recent")]


class Notification(models.Model):
    """Something that happened and that one person should know."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="notifications")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    sentence = models.CharField(max_length=300)
    # A page of this site, never another address.
    path = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "notification"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(path__startswith="/") & ~models.Q(path__startswith="//"),
                name="notification_path_here",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notification_newest"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notification_unread"),
        ]


class JobState(models.TextChoices):
    READY = "ready", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    DEAD = "dead", "Given up"


class Job(models.Model):
    """Work to be done; whoever holds the lease does it, and a Celery message only says «look again»."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="jobs")
    kind = models.CharField(max_length=60)
    dedupe_key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.READY)
    run_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=5)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # When a worker took it last; whose turn comes next is read from it.
    claimed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "job"
        constraints = [
            models.UniqueConstraint(fields=["kind", "dedupe_key"], name="job_unique"),
        ]
        indexes = [
            models.Index(fields=["run_at"], name="job_ready", condition=models.Q(state="ready")),
            models.Index(fields=["lease_until"], name="job_running", condition=models.Q(state="running")),
            # Work of no project takes its turn like that of any other.
            models.Index(
                "kind", Coalesce("project", 0), "run_at", name="job_waiting", condition=models.Q(state="ready")
            ),
            models.Index(
                "kind",
                Coalesce("project", 0),
                "claimed_at",
                name="job_served",
                condition=models.Q(claimed_at__isnull=False),
            ),
        ]

    @property
    def is_overdue(self) -> bool:
        return self.state == JobState.RUNNING and self.lease_until is not None and self.lease_until < timezone.now()
