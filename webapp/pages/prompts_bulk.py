"""Changing many prompts at once: a page that says how many and which, then the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from projects.models import User
from projects.roles import Action
from prompt_registry import prompt_list, prompts, texts
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import PRODUCTION, Label, Prompt
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_list import Asked, asked_in, crumbs_of, wanted_of
from webapp.render import render_page

MOST_AT_ONCE = 500
NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that can be done to many prompts, in the words of its page."""

    verb: str
    done: str
    effect: str
    needs_tag: bool = False


DEEDS = {
    "archive": Deed("Archive", "in the archive", "They leave the list. Applications go on getting what is live."),
    "restore": Deed("Bring back", "back on the list", "They come back with all their versions."),
    "tag": Deed("Add a tag to", "tagged", "Tags are for finding prompts; applications notice nothing.", needs_tag=True),
    "untag": Deed("Take a tag from", "without the tag", "Tags are for finding prompts; applications notice nothing.", needs_tag=True),
}  # fmt: skip


@requires(Action.EDIT_PROMPTS)
def bulk(request: ProjectRequest) -> HttpResponseBase:
    """Say what would change, and how many prompts; a POST changes exactly those."""
    asked, deed = asked_in(request.GET), request.GET.get("do", "")
    if deed not in DEEDS:
        return redirect("prompts", request.project.slug)
    if request.method == "POST":
        return _done(request, deed)
    return _show(request, asked, deed, _chosen(request, asked))


def _done(request: ProjectRequest, deed: str) -> HttpResponseBase:
    chosen = _prompts(request, request.POST.get("ids", "").split(","))
    tag = texts.clean(request.POST.get("tag", "")).strip()
    try:
        with transaction.atomic():
            prompts.lock(chosen)
            for prompt in chosen:
                _change(deed, tag)(prompt, request.user)
    except PromptRegistryError as error:
        return _show(request, Asked(), deed, chosen, error=f"{error} Nothing was changed.", status=422)
    count = f"{len(chosen)} prompt{'' if len(chosen) == 1 else 's'}"
    messages.success(request, f"{count} {'is' if len(chosen) == 1 else 'are'} {DEEDS[deed].done}.")
    return redirect("prompts", request.project.slug)


def _change(deed: str, tag: str) -> Callable[[Prompt, User], object]:
    return {
        "archive": lambda prompt, by: prompts.archive(prompt=prompt, by=by),
        "restore": lambda prompt, by: prompts.restore(prompt=prompt, by=by),
        "tag": lambda prompt, by: prompts.retag(prompt=prompt, tags=[*prompt.tags, tag], by=by),
        "untag": lambda prompt, by: prompts.retag(
            prompt=prompt, tags=[own for own in prompt.tags if own != tag], by=by
        ),
    }[deed]


def _chosen(request: ProjectRequest, asked: Asked) -> list[Prompt]:
    if "all" not in request.GET:
        return _prompts(request, request.GET.getlist("chosen"))
    wanted = wanted_of(asked, request.membership, timezone.now())
    found = prompt_list.find(project=request.project, wanted=wanted)
    return _prompts(request, [str(prompt.pk) for prompt in found])


def _prompts(request: ProjectRequest, keys: list[str]) -> list[Prompt]:
    numbers = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 18]
    found = Prompt.objects.for_project(request.project).filter(pk__in=numbers).select_related("project").by_name()
    return list(found[:MOST_AT_ONCE])


def _show(
    request: ProjectRequest, asked: Asked, deed: str, chosen: list[Prompt], *, error: str = "", status: int = 200
) -> HttpResponseBase:
    count = len(chosen)
    live = Label.objects.filter(prompt__in=chosen, name=PRODUCTION).count()
    context = {
        "page_title": f"{DEEDS[deed].verb} {count} prompt{'' if count == 1 else 's'}",
        "deed": DEEDS[deed],
        "error": error,
        "chosen": chosen,
        "names": [prompt.name for prompt in chosen[:NAMES_SHOWN]],
        "unnamed_count": max(0, count - NAMES_SHOWN),
        "live_count": live,
        "sentence": asked.sentence if "all" in request.GET else "",
        "is_all": "all" in request.GET,
        "is_cut": count == MOST_AT_ONCE,
        "ids": ",".join(str(prompt.pk) for prompt in chosen),
        "tag": request.POST.get("tag", ""),
        "tags": prompt_list.tags(project=request.project),
        "crumbs": crumbs_of(request.project, asked, is_below=True),
    }
    return render_page(request, "prompts/bulk.html", context, section="prompts", status=status)


urlpatterns: list[URLPattern] = [path("prompts/bulk/", bulk, name="prompts-bulk")]
