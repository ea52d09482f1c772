"""Of how many people a group must be for its name and its examples to be shown; a project decides that itself."""

from __future__ import annotations

from django.db import transaction

from monitoring.analysis.models import AnalysisSettings
from projects import audit
from projects.models import Project, User
from prompt_registry.models import ProviderConnection

FEWEST, MOST = 1, 1_000


def fewest_people(project_id: int) -> int:
    """Return the number of people; with a single one, everything is shown."""
    stored = AnalysisSettings.objects.filter(project_id=project_id).first()
    return (stored or AnalysisSettings(project_id=project_id)).fewest_users


def naming_connection(project: Project) -> ProviderConnection | None:
    """Return the connection whose model may read examples to name groups."""
    stored = AnalysisSettings.objects.filter(project=project).first()
    if stored is None or stored.naming_connection_id is None:
        return None
    return ProviderConnection.objects.filter(project=project, pk=stored.naming_connection_id).first()


@transaction.atomic
def change_naming(*, project: Project, connection: ProviderConnection | None, by: User) -> None:
    """Let the model of a connection of the project name groups, or none."""
    AnalysisSettings.objects.get_or_create(project=project)
    stored = AnalysisSettings.objects.select_for_update().get(project=project)
    chosen = connection.pk if connection and connection.project_id == project.pk else None
    if stored.naming_connection_id == chosen:
        return
    audit.record(
        action="groups.naming_changed", subject=project.slug, by=by, project=project,
        connection=connection.name if chosen and connection else "",
    )  # fmt: skip
    stored.naming_connection_id = chosen
    stored.save(update_fields=["naming_connection_id"])


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
