"""When two people, or two windows, wrote at once: both texts side by side, nothing lost, a person chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects.roles import Action
from prompt_registry import changes, contents, drafts, merging, versions
from prompt_registry.contents import PromptContent
from prompt_registry.errors import (
    ChangedMeanwhile,
    ContentNotUsable,
    DraftChangedElsewhere,
    NoChanges,
    PromptRegistryError,
    VersionUnknown,
)
from prompt_registry.models import Draft, Prompt, PromptVersion
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_form import number_in, raw_of
from webapp.pages.prompts_frame import prompt_of, render_prompt
from webapp.pages.prompts_versions import compared


@requires(Action.EDIT_PROMPTS)
def changed(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Compare the draft with the version that somebody saved meanwhile; a POST does what was chosen."""
    prompt = prompt_of(request, prompt_id)
    draft, newest = drafts.of(prompt=prompt, user=request.user), versions.newest_of(prompt)
    if draft is None or newest is None or newest.number <= draft.base_number:
        return redirect("prompt", request.project.slug, prompt.pk)
    if request.method != "POST":
        return show_newer(request, prompt, raw=draft.content, draft=draft, newer=newest)
    seen = (number_in(request.POST, "revision"), number_in(request.POST, "newer"))
    try:
        if seen == (draft.revision, newest.number):
            return _chosen(request, prompt, draft, newest)
    except DraftChangedElsewhere:
        draft = drafts.of(prompt=prompt, user=request.user) or draft
    messages.warning(request, "One of the two texts changed again. Look once more before you choose.")
    return show_newer(request, prompt, raw=draft.content, draft=draft, newer=newest, status=409)


def _chosen(request: ProjectRequest, prompt: Prompt, draft: Draft, newest: PromptVersion) -> HttpResponseBase:
    choice = request.POST.get("do", "")
    here = redirect("prompt", request.project.slug, prompt.pk)
    if choice == "take":
        drafts.discard(prompt=prompt, by=request.user, revision=draft.revision)
        messages.success(request, f"This is v{newest.number}. Your own text was dropped.")
    elif choice == "combine" and (both := _combined(prompt, draft, newest)):
        _rewrite(request, prompt, draft, both.to_json(), newest)
        messages.success(request, "Both changes are in the text now. Read it once, then save it as a version.")
    elif choice == "save":
        return _save_mine(request, prompt, draft, newest)
    else:
        _rewrite(request, prompt, draft, draft.content, newest)
        messages.info(request, f"This is your text. Saving it makes it the version after v{newest.number}.")
    return here


def _save_mine(request: ProjectRequest, prompt: Prompt, draft: Draft, newest: PromptVersion) -> HttpResponseBase:
    note = request.POST.get("note", "")
    raw = {**draft.content, "type": prompt.type}
    try:
        version = versions.save(
            prompt=prompt, content=contents.parse(raw), note=note, base_number=newest.number, by=request.user
        )
    except ChangedMeanwhile as again:
        return show_newer(request, prompt, raw=raw, draft=draft, newer=again.newer, note=note, status=409)
    except PromptRegistryError as error:
        if not isinstance(error, NoChanges | ContentNotUsable):
            return show_newer(
                request, prompt, raw=raw, draft=draft, newer=newest, note=note, status=422, error=str(error)
            )
        messages.warning(request, str(error))
        _rewrite(request, prompt, draft, draft.content, newest)
        return redirect("prompt", request.project.slug, prompt.pk)
    drafts.discard(prompt=prompt, by=request.user, revision=draft.revision)
    messages.success(request, f"Your text is v{version.number}. v{newest.number} stays in the history.")
    return redirect("prompt", request.project.slug, prompt.pk)


@requires(Action.EDIT_PROMPTS)
@require_POST
def windows(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Compare the text of this window with what another window stored, or keep the one that was chosen."""
    prompt = prompt_of(request, prompt_id)
    base_number = number_in(request.POST, "base")
    if "kept" not in request.POST:
        raw = raw_of(prompt.type, request.POST)
        stored = drafts.of(prompt=prompt, user=request.user)
        return show_windows(request, prompt, raw=raw, base_number=base_number, stored=stored, status=200)
    raw = _carried(request)
    try:
        drafts.autosave(
            prompt=prompt,
            content=raw,
            base_number=base_number,
            revision=number_in(request.POST, "revision"),
            by=request.user,
        )
    except DraftChangedElsewhere as again:
        return show_windows(request, prompt, raw=raw, base_number=base_number, stored=again.draft)
    messages.success(request, "The text of this window is kept.")
    return redirect("prompt", request.project.slug, prompt.pk)


def show_newer(
    request: ProjectRequest, prompt: Prompt, *, raw: Mapping[str, Any], draft: Draft, newer: PromptVersion, note: str = "",
    status: int = 200, error: str = "",
) -> HttpResponse:  # fmt: skip
    """Answer with the draft beside the version that somebody else saved."""
    mine, theirs = _content(prompt, raw), contents.of_version(newer)
    base = _base(prompt, draft.base_number)
    context = {
        "newer": newer,
        "draft": draft,
        "note": note,
        "error": error,
        "base_number": draft.base_number,
        "compared": compared(changes.pairs(theirs, mine), is_whole=False),
        "their_changes": changes.describe(before=base, after=theirs),
        "my_changes": changes.describe(before=base, after=mine),
        "can_combine": _combined(prompt, draft, newer) is not None,
    }
    return render_prompt(request, "prompts/changed.html", prompt, context, tab="write", status=status)


def show_windows(
    request: ProjectRequest,
    prompt: Prompt,
    *,
    raw: Mapping[str, Any],
    base_number: int,
    stored: Draft | None,
    status: int = 409,
) -> HttpResponse:
    """Answer with this window's text beside the draft of another window."""
    mine = _content(prompt, raw)
    other = _content(prompt, stored.content) if stored else None
    context = {
        "stored": stored,
        "base_number": base_number,
        "carried": orjson.dumps(raw).decode(),
        "compared": compared(changes.pairs(other or PromptContent(prompt.type), mine), is_whole=False),
        "changes": changes.describe(before=other, after=mine),
    }
    return render_prompt(request, "prompts/windows.html", prompt, context, tab="write", status=status)


def _combined(prompt: Prompt, draft: Draft, newer: PromptVersion) -> PromptContent | None:
    base = _base(prompt, draft.base_number)
    mine, problems = contents.read({**draft.content, "type": prompt.type})
    if base is None or problems:
        return None
    return merging.combine(base=base, mine=mine, theirs=contents.of_version(newer))


def _base(prompt: Prompt, number: int) -> PromptContent | None:
    try:
        return contents.of_version(versions.by_number(prompt, number))
    except VersionUnknown:
        return None


def _rewrite(
    request: ProjectRequest, prompt: Prompt, draft: Draft, raw: Mapping[str, Any], newest: PromptVersion
) -> None:
    drafts.autosave(prompt=prompt, content=raw, base_number=newest.number, revision=draft.revision, by=request.user)


def _content(prompt: Prompt, raw: Mapping[str, Any]) -> PromptContent:
    return contents.read({**raw, "type": prompt.type})[0]


def _carried(request: HttpRequest) -> dict[str, Any]:
    try:
        raw = orjson.loads(request.POST["kept"])
    except orjson.JSONDecodeError:
        return {}
    return raw if isinstance(raw, dict) else {}


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/changed/", changed, name="prompt-changed"),
    path("prompts/<int:prompt_id>/windows/", windows, name="prompt-windows"),
]
