"""Asking for approval, giving it, asking for changes and withdrawing; and the list of what waits for whom."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from projects.models import User
from projects.roles import Action
from prompt_registry import approval_queries, change_requests, places, versions
from prompt_registry.errors import OtherContent, PromptRegistryError, RequestClosed
from prompt_registry.models import ChangeRequest
from webapp.access import ProjectRequest, one, requires
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of
from webapp.pages.prompts_plan import plan_for, plan_of
from webapp.pages.prompts_publishing import show
from webapp.render import render_page

PAGE_SIZE = 50
SHOWN = (("", "Waiting for you"), ("mine", "Asked by you"), ("open", "All open"), ("all", "Everything"))


@requires(Action.READ_PROMPTS)
def change_request_list(request: ProjectRequest) -> HttpResponse:
    """Show the requests that wait for this person, theirs, or all of the project."""
    shown = request.GET.get("show", "")
    wanted = {
        "mine": approval_queries.asked_by(request.project, request.user),
        "open": approval_queries.listed(request.project).active(),
        "all": approval_queries.listed(request.project),
    }.get(shown, approval_queries.waiting_for(request.membership))
    if older_than := number_in(request.GET, "before"):
        wanted = wanted.filter(pk__lt=older_than)
    found = list(wanted[: PAGE_SIZE + 1])
    waiting = approval_queries.waiting_for(request.membership).count()
    rows = [(row, _address(row)) for row in found[:PAGE_SIZE]]
    context = {
        "page_title": "Approvals",
        "crumbs": [{"label": "Prompts", "url": reverse("prompts", args=[request.project.slug])}],
        "rows": rows,
        "shown": shown,
        "tabs": [
            {"label": label, "url": f"?show={name}", "current": name == shown, "count": None if name else waiting or None}
            for name, label in SHOWN
        ],
        "older_url": f"?show={shown}&before={rows[-1][0].pk}" if len(found) > PAGE_SIZE else "",
    }  # fmt: skip
    return render_page(request, "prompts/approvals.html", context, section="prompts")


@requires(Action.EDIT_PROMPTS)
@require_POST
def ask(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Propose a version for a protected place."""
    prompt = prompt_of(request, prompt_id)
    plan = plan_of(request, prompt)
    reviewer = User.objects.filter(pk=number_in(request.POST, "reviewer")).first()
    try:
        change_requests.ask(
            prompt=prompt, version=plan.version, label=plan.place, by=request.user, reviewer=reviewer,
            note=request.POST.get("note", ""),
        )  # fmt: skip
    except PromptRegistryError as error:
        return show(request, prompt, plan, error=str(error), status=422)
    whom = reviewer.display_name if reviewer else "Everybody who may approve"
    messages.success(request, f"{whom} is told that v{plan.version.number} waits for approval.")
    return redirect(places.publishing(prompt, number=plan.version.number, label=plan.place))


@requires(Action.PUBLISH)
@require_POST
def approve(request: ProjectRequest, prompt_id: int, request_id: int) -> HttpResponseBase:
    """Agree that a version goes live."""
    return _answered(
        request, prompt_id, request_id,
        lambda asked: change_requests.approve(
            request=asked, content_hash=request.POST.get("content_hash", ""), by=request.user,
            note=request.POST.get("note", ""),
        ),
        "v{number} is approved. It can be published now.",
    )  # fmt: skip


@requires(Action.PUBLISH)
@require_POST
def ask_for_changes(request: ProjectRequest, prompt_id: int, request_id: int) -> HttpResponseBase:
    """Say what should change first."""
    return _answered(
        request, prompt_id, request_id,
        lambda asked: change_requests.ask_for_changes(
            request=asked, note=request.POST.get("note", ""), by=request.user
        ),
        "The author of v{number} is told what should change.",
    )  # fmt: skip


@requires(Action.EDIT_PROMPTS)
@require_POST
def withdraw(request: ProjectRequest, prompt_id: int, request_id: int) -> HttpResponseBase:
    """Take a request back."""
    return _answered(
        request, prompt_id, request_id, lambda asked: change_requests.withdraw(request=asked, by=request.user),
        "The request for v{number} is withdrawn. Nothing else has changed.",
    )  # fmt: skip


def _answered(
    request: ProjectRequest, prompt_id: int, request_id: int, act: Callable[[ChangeRequest], ChangeRequest], done: str
) -> HttpResponseBase:
    prompt = prompt_of(request, prompt_id)
    asked = one(prompt.change_requests.select_related("prompt__project", "version"), pk=request_id)
    try:
        act(asked)
    except PromptRegistryError as error:
        status = 409 if isinstance(error, RequestClosed | OtherContent) else 422
        version = versions.by_number(prompt, asked.version.number)
        return show(request, prompt, plan_for(prompt, version, asked.label), error=str(error), status=status)
    messages.success(request, done.format(number=asked.version.number))
    return redirect(_address(asked))


def _address(asked: ChangeRequest) -> str:
    return places.publishing(asked.prompt, number=asked.version.number, label=asked.label)


_ONE = "prompts/<int:prompt_id>/change-requests/<int:request_id>"

urlpatterns: list[URLPattern] = [
    path("prompts/approvals/", change_request_list, name="change-requests"),
    path("prompts/<int:prompt_id>/ask-approval/", ask, name="prompt-ask-approval"),
    path(f"{_ONE}/approve/", approve, name="prompt-approve"),
    path(f"{_ONE}/ask-for-changes/", ask_for_changes, name="prompt-ask-for-changes"),
    path(f"{_ONE}/withdraw/", withdraw, name="prompt-withdraw"),
]
