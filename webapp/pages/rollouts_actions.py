"""What people do to a rollout that is under way: pause, continue, next share, take back, finish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from projects.roles import Action
from prompt_registry.errors import PromptRegistryError, ReasonMissing
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes
from webapp import formats
from webapp.access import ProjectRequest, one, refuse, requires
from webapp.pages.prompts_form import number_in

# What a button does, and which action it is; nothing: that of giving the candidate to more people.
_ACTS: dict[str, tuple[Callable[..., Rollout], Action | None]] = {
    "pause": (changes.pause, Action.UNDO_PUBLISH),
    "resume": (changes.resume, None),
    "advance": (changes.advance, None),
    "finish": (changes.finish, None),
    "undo": (changes.roll_back, Action.UNDO_PUBLISH),
}
# In an emergency nobody should have to look again, whatever has happened meanwhile.
_ALWAYS = ("pause", "undo")


@requires(Action.READ_PROMPTS)
@require_POST
def act(request: ProjectRequest, rollout_id: UUID) -> HttpResponseBase:
    """Do what a button of the page says, to the rollout as the person saw it."""
    rows = Rollout.objects.for_project(request.project).select_related(
        "project", "prompt__project", "candidate", "control"
    )
    rollout = one(rows, pk=rollout_id)
    wanted = _ACTS.get(request.POST.get("do", ""))
    if wanted is None:
        messages.error(request, "Nothing was done: this button is unknown. Load the page again.")
        return redirect("rollout", request.project.slug, rollout.pk)
    change, action = wanted
    action = action or changes.moves_on(rollout)
    if not request.membership.can(action):
        return refuse(request, action)
    given: dict[str, Any] = {"reason": request.POST.get("reason", "")}
    if request.POST["do"] not in _ALWAYS:
        given["expected_revision"] = number_in(request.POST, "revision")
    try:
        after = change(rollout=rollout, by=request.user, **given)
    except ReasonMissing as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('rollout', args=[request.project.slug, rollout.pk])}?asks=why#reason")
    except PromptRegistryError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _done(after))
    return redirect("rollout", request.project.slug, rollout.pk)


def _done(rollout: Rollout) -> str:
    number = rollout.candidate.number
    return {
        "paused": "The rollout is paused. Everybody keeps the version they have.",
        "running": f"v{number} goes to {formats.percent(rollout.share)} of the people.",
        "completed": f"v{number} is live for everybody.",
        "rolled_back": f"v{rollout.control.number} is back for everybody. Applications are being told now.",
    }[rollout.state]


urlpatterns: list[URLPattern] = [path("rollouts/<uuid:rollout_id>/act/", act, name="rollout-act")]
