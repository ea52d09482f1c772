"""Comments on a request for approval, on the page where it is decided."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects.roles import Action
from prompt_registry import comments, places, versions
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import ChangeRequest, Prompt
from webapp.access import ProjectRequest, one, requires
from webapp.pages import prompts_talk
from webapp.pages.prompts_frame import prompt_of
from webapp.pages.prompts_plan import Plan, plan_for
from webapp.pages.prompts_talk import Failed


@requires(Action.GIVE_FEEDBACK)
@require_POST
def add(request: ProjectRequest, prompt_id: int, request_id: int) -> HttpResponseBase:
    """Comment on a request."""
    prompt = prompt_of(request, prompt_id)
    asked = one(prompt.change_requests.select_related("prompt__project", "version"), pk=request_id)
    text = request.POST.get("text", "")
    try:
        comment = comments.add(prompt=prompt, change_request_id=asked.pk, text=text, by=request.user)
    except PromptRegistryError as error:
        return show_again(request, prompt, asked, Failed("new", text, str(error)))
    return redirect(f"{_page(asked)}#comment-{comment.pk}")


def show_again(request: ProjectRequest, prompt: Prompt, asked: ChangeRequest, failed: Failed) -> HttpResponse:
    """Answer with the page of the request and a form that was refused, as it was filled in."""
    # That page shows these comments, so it is fetched when all modules are there.
    from webapp.pages.prompts_publishing import show

    plan = plan_for(prompt, versions.by_number(prompt, asked.version.number), asked.label)
    return show(request, prompt, plan, failed=failed, status=422)


def context_of(request: ProjectRequest, plan: Plan, *, failed: Failed | None = None) -> dict[str, Any]:
    """Return the threads of the request, and how many comments there are on lines of its version."""
    asked = plan.request
    if asked is None:
        return {"talked_about": None}
    threads = comments.of_change_request(project=request.project, change_request_id=asked.pk)
    on_version = [thread for thread in comments.of_version(plan.version) if not thread.is_resolved]
    return {
        **prompts_talk.talk_of(request, threads, failed=failed),
        "talked_about": asked,
        "new_comment": {"failed": failed if failed and failed.form == "new" else None},
        "line_comments": len(on_version),
        "talk_url": _page(asked),
    }


def _page(asked: ChangeRequest) -> str:
    return places.publishing(asked.prompt, number=asked.version.number, label=asked.label)


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/change-requests/<int:request_id>/comments/", add, name="request-comment-add"),
]
