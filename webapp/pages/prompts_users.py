"""Who uses a prompt: the processes that serve it now, and the applications that its last calls came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from monitoring import prompt_calls
from monitoring.prompt_calls import MOST_CALLS, PromptCall
from projects.roles import Action
from prompt_registry import fleet, queries
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_fleet import Line
from webapp.pages.prompts_frame import prompt_of, render_prompt

MOST_PROCESSES = 50


@dataclass(frozen=True, slots=True)
class Application:
    """An application in one environment, as the last calls of the prompt show it."""

    name: str
    environment: str
    call_count: int
    versions: list[int]
    last_at: datetime


@requires(Action.READ_PROMPTS)
def users(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Show the running processes by what they serve, and the applications of the last calls."""
    prompt, now = prompt_of(request, prompt_id), timezone.now()
    calls = prompt_calls.recent(project=request.project, prompt_name=prompt.name, limit=MOST_CALLS)
    places = [
        Line(label, fleet.of(prompt=prompt, label=label.name, number=label.version.number), now - label.updated_at)
        for label in queries.live(prompt=prompt)
    ]
    context = {
        "places": places,
        "applications": applications_of(calls),
        "call_count": len(calls),
        "most_processes": MOST_PROCESSES,
    }
    return render_prompt(request, "prompts/users.html", prompt, context, tab="")


def applications_of(calls: Iterable[PromptCall]) -> list[Application]:
    """Return the applications behind some calls, those with most calls first."""
    found: dict[tuple[str, str], list[PromptCall]] = {}
    for call in calls:
        found.setdefault((call.service, call.environment), []).append(call)
    applications = [
        Application(
            name, environment, len(own), sorted({call.version for call in own if call.version}, reverse=True),
            max(call.at for call in own),
        )
        for (name, environment), own in found.items()
    ]  # fmt: skip
    return sorted(applications, key=lambda application: (-application.call_count, application.name))


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/users/", users, name="prompt-users")]
