"""Of how many people a group must be for its name and its examples to be shown; a project decides that itself."""

from __future__ import annotations

from django.db import transaction

from monitoring.analysis.models import AnalysisSettings
from projects import audit
from projects.models import Project, User

FEWEST, MOST = 1, 1_000


def fewest_people(project_id: int) -> int:
    """Return the number of people; with a single one, everything is shown."""
    stored = AnalysisSettings.objects.filter(project_id=project_id).first()
    return (stored or AnalysisSettings(project_id=project_id)).fewest_users


@transaction.atomic
def change_fewest_people(*, project: Project, number: int, by: User) -> None:
    """Show groups from another number of people on, at once and on every page."""
    AnalysisSettings.objects.get_or_create(project=project)
    stored = AnalysisSettings.objects.select_for_update().get(project=project)
    if stored.fewest_users == number:
        return
    audit.record(
        action="groups.fewest_people_changed", subject=project.slug, by=by, project=project,
        fewest_people=[stored.fewest_users, number],
    )  # fmt: skip
    stored.fewest_users = number
    stored.save(update_fields=["fewest_users"])
