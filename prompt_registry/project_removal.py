"""Takes the demo project away, with everything that belongs to it."""

from __future__ import annotations

from django.db import transaction

from projects import audit, keys
from projects.models import Project, User
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Label, LabelMove, Rollout


class NotTheDemo(PromptRegistryError):
    """Only the demo project can be removed like this."""


@transaction.atomic
def remove_demo(*, project: Project, by: User) -> None:
    """Remove the demo project; its audit events stay, and a new one tells who removed it."""
    if not Project.objects.select_for_update().filter(pk=project.pk, is_demo=True).exists():
        raise NotTheDemo
    audit.record(action="project.removed", subject=project.slug, by=by, name=project.name)
    # Rollouts and labels hold on to the versions they point to, so they go first; the database takes the recorded calls along.
    Rollout.objects.filter(project=project).delete()
    Label.objects.filter(project=project).delete()
    LabelMove.objects.filter(project=project).delete()
    project.delete()
    transaction.on_commit(keys.forget)
