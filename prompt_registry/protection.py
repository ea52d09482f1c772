"""Which labels of a project are protected, and whether a second person must approve what goes live behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import label_names
from prompt_registry.errors import TooManyProtected
from prompt_registry.models import PRODUCTION
from prompt_registry.permissions import demand

MAX_LABELS = 20


@dataclass(frozen=True, slots=True)
class Protection:
    """The rule of one project, at one moment."""

    labels: frozenset[str]
    is_approval_required: bool

    def covers(self, label: str) -> bool:
        """Tell whether only approvers and admins may move the label."""
        return label in self.labels

    def demands_approval(self, label: str) -> bool:
        """Tell whether a version needs the approval of a second person before it goes live behind the label."""
        return self.is_approval_required and self.covers(label)


def of(project: Project) -> Protection:
    """Return the rule as the project was loaded."""
    return Protection(frozenset({PRODUCTION, *project.protected_labels}), project.is_approval_required)


def now(project_id: int) -> Protection:
    """Return the rule as it is stored at this moment."""
    return of(Project.objects.only("protected_labels", "is_approval_required").get(pk=project_id))


@transaction.atomic
def protect(*, project: Project, labels: Iterable[str], by: User) -> Project:
    """Protect these labels from now on, beside production, which always is, and no others."""
    demand(project=project, action=Action.MANAGE_PROJECT, by=by)
    wanted = sorted({PRODUCTION, *(label_names.clean(label) for label in labels if label.strip())})
    if len(wanted) > MAX_LABELS:
        raise TooManyProtected
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    before = sorted(of(locked).labels)
    if wanted != before:
        Project.objects.filter(pk=project.pk).update(protected_labels=wanted)
        audit.record(
            action="project.protected_labels_changed", subject=project.slug, by=by, project=project, before=before,
            after=wanted,
        )  # fmt: skip
    project.protected_labels = wanted
    return project


@transaction.atomic
def require_approval(*, project: Project, is_required: bool, by: User) -> Project:
    """Ask for the approval of a second person before anything goes live behind a protected label, or stop asking."""
    demand(project=project, action=Action.MANAGE_PROJECT, by=by)
    changed = Project.objects.filter(pk=project.pk).exclude(is_approval_required=is_required)
    if changed.update(is_approval_required=is_required):
        action = "project.approval_switched_on" if is_required else "project.approval_switched_off"
        audit.record(action=action, subject=project.slug, by=by, project=project)
    project.is_approval_required = is_required
    return project
