"""What every page of one prompt shows: where it is, what is live, and whom to ask for what one may not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from projects.models import Membership, User
from projects.roles import ROLES_ALLOWED, Action
from prompt_registry import approval_queries, labels, queries, schedules
from prompt_registry.labels import Comeback
from prompt_registry.models import PRODUCTION, STAGING, Label, Prompt
from webapp.access import ProjectRequest, one
from webapp.pages import issues_reading, prompts_fleet
from webapp.render import render_page

# Where versions go live, in the words of the pages; other labels are called by their names.
PLACES = (PRODUCTION, STAGING)


@dataclass(frozen=True, slots=True)
class Live:
    """One place where a version is live, and what an undo would bring back there."""

    label: Label
    comeback: Comeback | None

    @property
    def is_production(self) -> bool:
        return self.label.name == PRODUCTION


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a prompt went to or came from; only people who belong there too are told more than that."""

    prompt: Prompt | None


def prompt_of(request: ProjectRequest, prompt_id: int) -> Prompt:
    """Return a prompt of the request's project, or answer 404."""
    return one(Prompt.objects.for_project(request.project).select_related("project"), pk=prompt_id)


def render_prompt(
    request: ProjectRequest, template: str, prompt: Prompt, context: dict[str, Any], *, tab: str, status: int = 200
) -> HttpResponse:
    """Answer with a page of one prompt, under its tabs."""
    places = live(prompt)
    frame = {
        "prompt": prompt,
        "page_title": short_name(prompt),
        "crumbs": crumbs(prompt),
        "tabs": _tabs(prompt, tab),
        "live": places,
        "rolling": list(prompt.rollouts.active().select_related("candidate").order_by("label")),
        "production_number": next((place.label.version.number for place in places if place.is_production), 0),
        "issue_count": issues_reading.open_counts(project=prompt.project, names=[prompt.name]).get(prompt.name, 0),
        "admins": admins_for(request),
        "is_put_away": bool(prompt.archived_at or prompt.deleted_at),
        "moved_to": pointer(request, prompt.moved_to) if prompt.moved_to_id else None,
        **standing(request, prompt),
        **fleet_of(prompt, [place.label for place in places]),
    }
    return render_page(request, template, frame | context, section="prompts", status=status)


def standing(request: ProjectRequest, prompt: Prompt) -> dict[str, Any]:
    """Return what every page of the prompt says about approval: what waits, what is planned, whether it is asked for."""
    planned = schedules.waiting(prompt)
    known = {(schedule.version_id, schedule.label) for schedule in planned}
    asked = [one for one in approval_queries.active_of(prompt) if (one.version_id, one.label) not in known]
    return {
        "asked_for": asked,
        "planned": planned,
        "other_approvers": _has_other_approvers(request),
    }


def approvals_of(request: ProjectRequest) -> dict[str, Any]:
    """Return what the list of prompts says about approval."""
    return {
        "waiting_count": approval_queries.waiting_for(request.membership).count(),
        "other_approvers": _has_other_approvers(request),
    }


def _has_other_approvers(request: ProjectRequest) -> bool:
    """Tell whether anybody but this person may publish; asked only where approval is switched off."""
    if request.project.is_approval_required:
        return True
    approvers = Membership.objects.filter(project=request.project, role__in=ROLES_ALLOWED[Action.PUBLISH])
    return approvers.filter(user__is_active=True).exclude(user=request.user).exists()


def fleet_of(prompt: Prompt, labels: list[Label]) -> dict[str, Any]:
    """Return what the line about running processes shows."""
    lines = prompts_fleet.lines_of(prompt, labels)
    return {"lines": lines, "every": prompts_fleet.seconds_until_next(lines)}


def crumbs(prompt: Prompt) -> list[dict[str, str]]:
    """Return the way from the list down to the prompt's folder."""
    top = reverse("prompts", args=[prompt.project.slug])
    found, path = [{"label": "Prompts", "url": top}], ""
    for part in prompt.name.split("/")[:-1]:
        path += f"{part}/"
        found.append({"label": part, "url": f"{top}?{urlencode({'folder': path})}"})
    return found


def short_name(prompt: Prompt) -> str:
    return prompt.name.rsplit("/", 1)[-1]


def live(prompt: Prompt) -> list[Live]:
    """Return where versions of the prompt are live, production first, with what an undo brings back."""
    return [
        Live(label, labels.comeback(prompt=prompt, label=label.name))
        for label in queries.live(prompt=prompt)
    ]  # fmt: skip


def helpers(request: ProjectRequest, action: Action) -> list[User]:
    """Return up to three members who may do the action, to be asked by those who may not."""
    allowed = Membership.objects.filter(project=request.project, role__in=ROLES_ALLOWED[action])
    return [member.user for member in allowed.select_related("user").order_by("role", "user__email")[:3]]


def admins_for(request: ProjectRequest) -> list[User]:
    """Return the admins who can let this person write; nobody when they may already."""
    return [] if request.membership.can(Action.EDIT_PROMPTS) else helpers(request, Action.MANAGE_PROJECT)


def pointer(request: ProjectRequest, other: Prompt | None) -> Pointer:
    """Return the way to a prompt of another project, as far as the person may know about it."""
    is_member = other is not None and Membership.objects.filter(project=other.project_id, user=request.user).exists()
    return Pointer(other if is_member else None)


def _tabs(prompt: Prompt, current: str) -> list[dict[str, Any]]:
    address = [prompt.project.slug, prompt.pk]
    tabs = (
        ("write", "Write", "prompt"), ("try", "Try", "prompt-try"), ("tests", "Test", "prompt-tests"),
        ("versions", "Versions", "prompt-versions"),
    )  # fmt: skip
    return [
        {"label": label, "url": reverse(route, args=address), "current": key == current, "count": None}
        for key, label, route in tabs
    ]
