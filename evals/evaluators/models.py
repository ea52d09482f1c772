"""Tables of evaluators: a name that stays, and numbered versions of what is judged and how."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from projects.models import Project, User

# The kind of an evaluator that is a function of an application; the server knows its name and a hash of what it is.
CODE = "code"


class EvaluatorQuerySet(models.QuerySet["Evaluator"]):
    def for_project(self, project: Project) -> EvaluatorQuerySet:
        return self.filter(project=project)

    def active(self) -> EvaluatorQuerySet:
        """Evaluators that are not in the archive."""
        return self.filter(archived_at=None)

    def by_name(self) -> EvaluatorQuerySet:
        return self.order_by("name")


class Evaluator(models.Model):
    """A named definition that judges an output; what it says is always kept with the version that said it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluators")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True, default="")
    # The newest version. Whoever makes the next one holds the lock on this row.
    version = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[EvaluatorQuerySet] = EvaluatorQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "evaluator"
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="evaluator_name_unique"),
            models.UniqueConstraint(fields=["project", "id"], name="evaluator_in_project"),
        ]

    def __str__(self) -> str:
        return self.name


class EvaluatorVersion(models.Model):
    """What an evaluator was from one change until the next; never changed itself."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    evaluator = models.ForeignKey(Evaluator, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    # One of evals.evaluators.catalogue.KINDS, or of the judges, or CODE.
    kind = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "evaluator_version"
        constraints = [
            models.UniqueConstraint(fields=["evaluator", "number"], name="evaluator_version_number_unique"),
            models.UniqueConstraint(fields=["project", "id"], name="evaluator_version_in_project"),
        ]

    def __str__(self) -> str:
        return f"{self.evaluator.name} v{self.number}"
