"""Writing, answering, changing and settling comments; each answers with the page of the version again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from projects.roles import Action
from prompt_registry import comments, mentions
from prompt_registry.comments import Anchor, LineUnknown
from prompt_registry.errors import PromptRegistryError
from prompt_registry.mentions import Person
from prompt_registry.models import Comment, Prompt, PromptVersion
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.redirects import next_page
from webapp.pages import prompts_margin, prompts_request_talk
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of
from webapp.pages.prompts_talk import Failed
from webapp.pages.prompts_versions import show_version

_MAX_NUMBER = 2**31 - 1
_OFFERED = 8
_MOST_DIGITS = 4


@requires(Action.GIVE_FEEDBACK)
@require_POST
def add(request: ProjectRequest, prompt_id: int, number: int) -> HttpResponseBase:
    """Comment on a version or on one of its lines."""
    prompt = prompt_of(request, prompt_id)
    version = one(prompt.versions.select_related("prompt__project", "author"), number=min(number, _MAX_NUMBER))
    text = request.POST.get("text", "")
    try:
        comment = comments.add(
            prompt=prompt, version=version, anchor=_anchor(request, version), text=text, by=request.user
        )
    except PromptRegistryError as error:
        return show_version(request, prompt, version, failed=Failed("new", text, str(error)), status=422)
    return redirect(f"{next_page(request, _page_of(prompt, version))}#comment-{comment.pk}")


@requires(Action.GIVE_FEEDBACK)
@require_POST
def answer(request: ProjectRequest, prompt_id: int, comment_id: int) -> HttpResponseBase:
    """Answer a comment."""
    return _write(request, prompt_id, comment_id, "answer", comments.answer)


@requires(Action.GIVE_FEEDBACK)
@require_POST
def edit(request: ProjectRequest, prompt_id: int, comment_id: int) -> HttpResponseBase:
    """Change the text of one's own comment."""
    return _write(request, prompt_id, comment_id, "edit", comments.edit)


@requires(Action.GIVE_FEEDBACK)
@require_POST
def delete(request: ProjectRequest, prompt_id: int, comment_id: int) -> HttpResponseBase:
    """Take one's own comment away."""
    return _settle(request, prompt_id, comment_id, comments.delete)


@requires(Action.GIVE_FEEDBACK)
@require_POST
def resolve(request: ProjectRequest, prompt_id: int, comment_id: int) -> HttpResponseBase:
    """Note that a thread is settled."""
    return _settle(request, prompt_id, comment_id, comments.resolve)


@requires(Action.GIVE_FEEDBACK)
@require_POST
def reopen(request: ProjectRequest, prompt_id: int, comment_id: int) -> HttpResponseBase:
    """Note that a thread is not settled after all."""
    return _settle(request, prompt_id, comment_id, comments.reopen)


@requires(Action.READ_PROMPTS)
@require_GET
def people(request: ProjectRequest) -> JsonResponse:
    """Answer with the members whose name or address begins like what stands after an `@`."""
    everybody = comments.people_of(request.project)
    words = request.GET.get("q", "").lower().strip()
    found = [person for person in everybody if _begins(person, words)][:_OFFERED]
    offered = [
        {"name": person.name or person.email, "handle": mentions.handle_of(person, everybody)} for person in found
    ]
    return JsonResponse({"people": offered})


def _begins(person: Person, words: str) -> bool:
    name = person.name.lower()
    return name.startswith(words) or person.email.lower().startswith(words) or f" {words}" in f" {name}"


def _anchor(request: ProjectRequest, version: PromptVersion) -> Anchor | None:
    message = request.POST.get("message", "")
    if not message:
        return None
    if not (message.isascii() and message.isdigit() and len(message) <= _MOST_DIGITS):
        raise LineUnknown
    line = number_in(request.POST, "line")
    if not line:
        raise LineUnknown("Say which line the comment is about, or choose «The whole version».")
    anchor = Anchor(int(message), line)
    if "line_text" in request.POST:
        # From the editor, where the lines of the draft are counted.
        return prompts_margin.anchor_of(version, anchor, request.POST["line_text"])
    return anchor


def _comment(prompt: Prompt, comment_id: int) -> Comment:
    found = Comment.objects.select_related("version__prompt__project", "version__author", "prompt__project")
    return one(found.filter(prompt=prompt), pk=comment_id)


def _write(
    request: ProjectRequest, prompt_id: int, comment_id: int, form: str, act: Callable[..., Comment]
) -> HttpResponseBase:
    prompt = prompt_of(request, prompt_id)
    comment = _comment(prompt, comment_id)
    text = request.POST.get("text", "")
    try:
        written = act(comment=comment, text=text, by=request.user)
    except PromptRegistryError as error:
        failed = Failed(f"{form}-{comment.pk}", text, str(error))
        if comment.version is None:
            asked = one(prompt.change_requests.select_related("version"), pk=comment.change_request_id)
            return prompts_request_talk.show_again(request, prompt, asked, failed)
        return show_version(request, prompt, comment.version, failed=failed, status=422)
    return redirect(f"{_way_back(request, comment)}#comment-{written.pk}")


def _settle(request: ProjectRequest, prompt_id: int, comment_id: int, act: Callable[..., Any]) -> HttpResponse:
    comment = _comment(prompt_of(request, prompt_id), comment_id)
    try:
        act(comment=comment, by=request.user)
    except PromptRegistryError as error:
        messages.error(request, str(error))
    return redirect(f"{_way_back(request, comment)}#comment-{comment.parent_id or comment.pk}")


def _way_back(request: ProjectRequest, comment: Comment) -> str:
    """Return the page that the form was on, the page of the version when it does not say."""
    prompt = comment.prompt
    if comment.version is not None:
        default = _page_of(prompt, comment.version)
    else:
        default = reverse("prompt-versions", args=[prompt.project.slug, prompt.pk])
    return next_page(request, default)


def _page_of(prompt: Prompt, version: PromptVersion) -> str:
    return reverse("prompt-version", args=[prompt.project.slug, prompt.pk, version.number])


urlpatterns: list[URLPattern] = [
    path("prompts/people/", people, name="comment-people"),
    path("prompts/<int:prompt_id>/versions/<int:number>/comments/", add, name="comment-add"),
    path("prompts/<int:prompt_id>/comments/<int:comment_id>/answer/", answer, name="comment-answer"),
    path("prompts/<int:prompt_id>/comments/<int:comment_id>/edit/", edit, name="comment-edit"),
    path("prompts/<int:prompt_id>/comments/<int:comment_id>/delete/", delete, name="comment-delete"),
    path("prompts/<int:prompt_id>/comments/<int:comment_id>/resolve/", resolve, name="comment-resolve"),
    path("prompts/<int:prompt_id>/comments/<int:comment_id>/reopen/", reopen, name="comment-reopen"),
]
