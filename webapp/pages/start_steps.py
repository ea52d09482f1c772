"""How far a project has come: what its applications sent, and the first five steps, counted from rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from monitoring.models import Score, Trace
from projects import refusals
from projects.models import Project, RefusedRequest
from prompt_registry.models import PRODUCTION, Label

REFUSALS_SHOWN_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Step:
    """One step, whether it is done, and the route on which it is done."""

    words: str
    is_done: bool
    route: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the project has received so far."""

    has_received: bool
    newest: Trace | None
    refused: list[RefusedRequest]


def arrival(project: Project) -> Arrival:
    """Return what came in, and what was turned away lately."""
    has_received = project.first_accepted_at is not None
    newest = Trace.objects.for_project(project).newest_first().first() if has_received else None
    since = timezone.now() - REFUSALS_SHOWN_FOR
    return Arrival(has_received, newest, [row for row in refusals.recent(project=project) if row.last_at > since])


def steps(project: Project) -> list[Step]:
    """Return the first five steps in their order."""
    has_key = project.api_keys.exists()
    has_prompt = project.prompts.filter(deleted_at=None).exists()
    is_published = Label.objects.filter(project=project, name=PRODUCTION).exists()
    has_feedback = Score.objects.filter(project=project).exists()
    return [
        Step("Make an API key", has_key, "settings-keys"),
        Step("Send the first call", project.first_accepted_at is not None, "explore"),
        Step("Write a prompt", has_prompt, "prompts"),
        Step("Publish it to production", is_published, "prompts"),
        Step("Collect the first feedback", has_feedback, "explore"),
    ]
