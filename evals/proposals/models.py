"""The table of proposals: what a model suggested against an issue, how each suggestion did, and what people made of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from monitoring.issues.models import Issue
from projects.models import Project, User


class ProposalState(models.TextChoices):
    ASKING = "asking", "Asking for suggestions"
    TRYING = "trying", "Trying them"
    READY = "ready", "Waits for you"
    REFUSED = "refused", "Nothing found"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"
    TAKEN = "taken", "Taken"
    DISCARDED = "discarded", "Not taken"


RUNNING = (ProposalState.ASKING, ProposalState.TRYING)


class FixProposal(models.Model):
    """One search for a fix; whoever holds the lease takes its next step, and may die while doing so."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="+")
    # Which fix of the issue it belongs to.
    fix_number = models.PositiveSmallIntegerField()
    prompt = models.ForeignKey("prompt_registry.Prompt", on_delete=models.CASCADE, related_name="+")
    base_version = models.ForeignKey("prompt_registry.PromptVersion", on_delete=models.CASCADE, related_name="+")
    # The newest version when it began: a later one must not be lost under it.
    newest_number = models.PositiveIntegerField()
    dataset = models.ForeignKey("evals.Dataset", on_delete=models.CASCADE, related_name="+")
    dataset_revision = models.PositiveIntegerField()
    # evals.experiments.plans.Variant of the text as it is, and the model that is asked for suggestions.
    variant = models.JSONField()
    model = models.CharField(max_length=120)
    # Evaluator versions: all that judge, and those of them that tell whether an answer has the problem.
    checks = models.JSONField(default=list)
    problem_checks = models.JSONField(default=list)
    # The items by their use, and how many of them are tried (`budgets`).
    items = models.JSONField()
    sizes = models.JSONField()
    state = models.CharField(max_length=9, choices=ProposalState.choices, default=ProposalState.ASKING)
    reason = models.CharField(max_length=500, blank=True, default="")
    # [{"candidate", "problems"}, …]; what has problems was never tried.
    candidates = models.JSONField(default=list)
    # [{"stage", "experiment", "candidates", "outcome"}, …]; the outcome is null while the experiment runs.
    rounds = models.JSONField(default=list)
    finalist = models.PositiveSmallIntegerField(null=True)
    gate = models.JSONField(null=True)
    most_calls = models.PositiveIntegerField()
    cap_nano_usd = models.BigIntegerField(default=0)
    # Of asking for suggestions alone; what may have been paid counts as paid.
    asked_nano_usd = models.BigIntegerField(default=0)
    asks = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    # The edits that somebody approved, by their place, and the version that came of them.
    approved = models.JSONField(default=list)
    version = models.ForeignKey("prompt_registry.PromptVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[FixProposal]]

    class Meta:
        db_table = "fix_proposal"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ProposalState.values), name="fix_proposal_state_known"),
            # More than one change of a prompt at once, and nobody knows which of them helped.
            models.UniqueConstraint(
                fields=["prompt"], condition=Q(state__in=["asking", "trying"]), name="fix_proposal_one_of_prompt"
            ),
        ]
        indexes = [
            models.Index(fields=["issue", "-started_at"], name="fix_proposal_of_issue"),
            models.Index(fields=["state"], condition=Q(state__in=["asking", "trying"]), name="fix_proposal_running"),
        ]

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def last_round(self) -> dict[str, Any] | None:
        """Return the newest round; None before the first."""
        return self.rounds[-1] if self.rounds else None
