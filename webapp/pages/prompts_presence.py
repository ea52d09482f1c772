"""Who else is writing on a prompt, renewed every few seconds."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone

from projects.roles import Action
from prompt_registry import queries
from prompt_registry.models import Prompt
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_frame import prompt_of

EVERY_SECONDS = 8


@requires(Action.EDIT_PROMPTS)
def writers(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Answer with the faces of those who write on the prompt, or 204 when the page shows the same ones."""
    prompt = prompt_of(request, prompt_id)
    context = writers_of(request, prompt)
    if request.GET.get("seen") == context["writers_seen"]:
        return HttpResponse(status=204)
    return render(request, "prompts/writers.html", {"prompt": prompt, **context})


def writers_of(request: ProjectRequest, prompt: Prompt) -> dict[str, Any]:
    """Return what the faces show."""
    found = queries.writers(prompt=prompt, reader=request.user, now=timezone.now())
    seen = ",".join(f"{writer.user.pk}{'+' if writer.is_here else ''}" for writer in found)
    return {"writers": found, "writers_seen": seen, "writers_every": EVERY_SECONDS}


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/writers/", writers, name="prompt-writers")]
