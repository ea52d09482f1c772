"""The editor: writing a prompt with a draft that is never lost, and saving it as a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring import prompt_calls, usage
from projects.roles import Action
from prompt_registry import contents, drafts, snippets, versions
from prompt_registry.contents import PromptContent
from prompt_registry.errors import (
    ChangedMeanwhile,
    ContentNotUsable,
    DraftChangedElsewhere,
    DraftTooLarge,
    NoChanges,
    Problem,
    PromptRegistryError,
)
from prompt_registry.models import Draft, Prompt, PromptVersion
from webapp.access import ProjectRequest, refuse, requires
from webapp.pages import prompts_examples, prompts_margin, prompts_talk, prompts_try_example
from webapp.pages.prompts_conflicts import show_newer, show_windows
from webapp.pages.prompts_form import (
    Card,
    Editor,
    Surroundings,
    blanks_of,
    move,
    number_in,
    preview_of,
    raw_of,
    settings_in_words,
    starter,
    texts_of,
)
from webapp.pages.prompts_frame import prompt_of, render_prompt
from webapp.pages.prompts_included import Included, included
from webapp.pages.prompts_margin import Margin
from webapp.pages.prompts_presence import writers_of
from webapp.pages.tryit import may_stream

# The buttons that keep what was written and go on with it, and where to.
_LEADS_ON = {"try": "prompt-try", "test": "experiment-new", "replay": "prompt-replay"}


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the editor's desk: the text, where it came from, and what is newer."""

    raw: Mapping[str, Any]
    base_number: int
    newest: PromptVersion | None
    draft: Draft | None = None

    @property
    def revision(self) -> int:
        return self.draft.revision if self.draft else 0

    def base(self, prompt: Prompt) -> PromptVersion | None:
        """Return the version that this text was begun from."""
        if self.newest is None or self.newest.number == self.base_number:
            return self.newest
        return prompt.versions.select_related("prompt__project").filter(number=self.base_number).first()

    @property
    def newer(self) -> PromptVersion | None:
        """The version that somebody saved since this text was begun."""
        return self.newest if self.newest and self.newest.number > self.base_number else None


@requires(Action.READ_PROMPTS)
def editor(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Show the editor, or the newest version to those who only read; a POST saves a version."""
    prompt = prompt_of(request, prompt_id)
    if request.method == "POST":
        return (
            _act(request, prompt)
            if request.membership.can(Action.EDIT_PROMPTS)
            else refuse(request, Action.EDIT_PROMPTS)
        )
    desk = _desk(request, prompt)
    if not request.membership.can(Action.EDIT_PROMPTS) or prompt.archived_at or prompt.deleted_at:
        return _show_read_only(request, prompt, desk.newest)
    return show(request, prompt, desk)


def _act(request: ProjectRequest, prompt: Prompt) -> HttpResponseBase:
    raw = raw_of(prompt.type, request.POST)
    action, _, place = request.POST.get("do", "save").partition("-")
    if action != "save":
        raw = move(raw, action, int(place) if place.isdigit() and len(place) < 4 else -1)
    try:
        draft = _keep(request, prompt, raw)
    except DraftChangedElsewhere as other:
        return show_windows(request, prompt, raw=raw, base_number=number_in(request.POST, "base"), stored=other.draft)
    except DraftTooLarge as error:
        problems = (Problem("content", str(error)),)
        return show(request, prompt, _posted_desk(request, prompt, raw), problems=problems, status=422)
    if action in _LEADS_ON:
        return _lead_on(request, prompt, raw, draft, action)
    if action != "save":
        return redirect("prompt", request.project.slug, prompt.pk)
    return _save(request, prompt, raw, draft)


def _lead_on(
    request: ProjectRequest, prompt: Prompt, raw: Mapping[str, Any], draft: Draft, action: str
) -> HttpResponseBase:  # fmt: skip
    """Go on to the page that tries, tests or replays what was written."""
    newest = versions.newest_of(prompt)
    if newest is not None and _is_same(raw, newest):
        drafts.discard(prompt=prompt, by=request.user, revision=draft.revision)
    if action == "test":
        return redirect(f"{reverse('experiment-new', args=[request.project.slug])}?prompt={prompt.pk}")
    return redirect(_LEADS_ON[action], request.project.slug, prompt.pk)


def _save(request: ProjectRequest, prompt: Prompt, raw: Mapping[str, Any], draft: Draft) -> HttpResponseBase:
    note = request.POST.get("note", "")
    try:
        content = contents.parse(raw)
        version = versions.save(
            prompt=prompt, content=content, note=note, base_number=draft.base_number, by=request.user
        )
    except ChangedMeanwhile as changed:
        return show_newer(request, prompt, raw=raw, draft=draft, newer=changed.newer, note=note, status=409)
    except NoChanges as same:
        drafts.discard(prompt=prompt, by=request.user, revision=draft.revision)
        messages.info(request, str(same))
        return redirect("prompt", request.project.slug, prompt.pk)
    except PromptRegistryError as error:
        found = error.problems if isinstance(error, ContentNotUsable) else (Problem("note", str(error)),)
        desk = Desk(raw, draft.base_number, versions.newest_of(prompt), draft)
        return show(request, prompt, desk, problems=found, note=note, status=422)
    drafts.discard(prompt=prompt, by=request.user, revision=draft.revision)
    messages.success(request, f"Saved as v{version.number}. Nothing is published until you publish it.")
    # Whoever writes the fix of an issue goes on with its examples, and with the way back to it.
    issue = number_in(request.POST, "issue")
    back = reverse("prompt", args=[request.project.slug, prompt.pk])
    return redirect(f"{back}?issue={issue}" if issue else back)


@requires(Action.EDIT_PROMPTS)
@require_POST
def autosave(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Keep the draft and answer in JSON what the status word shows."""
    prompt = prompt_of(request, prompt_id)
    raw = raw_of(prompt.type, request.POST)
    try:
        draft = _keep(request, prompt, raw)
    except DraftChangedElsewhere:
        sentence = "Changed in your other window – compare"
        return JsonResponse({"sentence": sentence, "action": _address("prompt-windows", prompt)}, status=409)
    except PromptRegistryError as error:
        return JsonResponse({"sentence": str(error)}, status=422)
    desk = Desk(raw, draft.base_number, versions.newest_of(prompt), draft)
    is_same = desk.newest is not None and _is_same(raw, desk.newest)
    if is_same:
        drafts.discard(prompt=prompt, by=request.user, revision=draft.revision)
    return JsonResponse(
        {"revision": 0 if is_same else draft.revision, "is_same": is_same, "newer": _newer(prompt, desk)}
    )


@requires(Action.EDIT_PROMPTS)
@require_POST
def preview(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Answer with the filled prompt, the marks and the estimate, and, when its blanks changed, with their panel."""
    prompt = prompt_of(request, prompt_id)
    raw = raw_of(prompt.type, request.POST)
    newest, number = versions.newest_of(prompt), number_in(request.POST, "base")
    base = Desk(raw, number, newest).base(prompt)
    sheet = _sheet(prompt, raw, around=_around(prompt, raw, newest, request.POST, base))
    shown = request.POST.getlist("blank-name")
    are_new = [blank.variable.name for blank in sheet.blanks] != shown
    inside = _included(sheet, prompt)
    is_inside_new = [item.key for item in inside] != request.POST.getlist("included")
    context = {
        "editor": sheet, "prompt": prompt, "are_blanks_new": are_new, "included": inside, "is_inside_new": is_inside_new,
        "example_trial": prompts_try_example.offer_of(request, prompt, sheet), "has_moved_on": "example-step" in request.POST,
    }  # fmt: skip
    return render(request, "prompts/preview_answer.html", context)


@requires(Action.EDIT_PROMPTS)
@require_POST
def discard(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Drop the draft and go back to the newest version."""
    prompt = prompt_of(request, prompt_id)
    if drafts.discard(prompt=prompt, by=request.user, revision=number_in(request.POST, "revision")):
        messages.success(request, "Your unsaved changes are gone. This is the newest version again.")
    else:
        messages.warning(request, "Nothing was dropped: the draft changed in another window. Look at it first.")
    return redirect("prompt", request.project.slug, prompt.pk)


def show(
    request: ProjectRequest,
    prompt: Prompt,
    desk: Desk,
    *,
    problems: tuple[Problem, ...] = (),
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    """Answer with the editor."""
    _, models = usage.seen_names(project=request.project, since=timedelta(days=30), now=timezone.now())
    base = desk.base(prompt)
    sheet = _sheet(prompt, desk.raw, problems, _around(prompt, desk.raw, desk.newest, request.GET, base))
    context = {
        "editor": sheet,
        "base": base,
        "base_messages": prompts_talk.messages_of(contents.of_version(base)) if base else [],
        "example_trial": prompts_try_example.offer_of(request, prompt, sheet),
        "included": _included(sheet, prompt),
        "desk": desk,
        "problems": problems,
        "note": note,
        "models": models,
        "new_card": Card("user", ""),
        "roles": contents.ROLES.items(),
        **writers_of(request, prompt),
    }
    return may_stream(render_prompt(request, "prompts/editor.html", prompt, context, tab="write", status=status))


def _show_read_only(request: ProjectRequest, prompt: Prompt, newest: PromptVersion | None) -> HttpResponse:
    content = _whole(contents.of_version(newest), prompt) if newest else None
    context = {
        "version": newest,
        "blanks": blanks_of(content) if content else [],
        "preview": preview_of(content) if content else [],
        "settings": settings_in_words(content) if content else [],
    }
    return render_prompt(request, "prompts/read_only.html", prompt, context, tab="write")


def _around(
    prompt: Prompt, raw: Mapping[str, Any], newest: PromptVersion | None, asked: QueryDict, base: PromptVersion | None = None
) -> Surroundings:  # fmt: skip
    """Return what is shown beside the text; the comments are those on the version that it began with."""
    senders = prompt_calls.senders(project=prompt.project, prompt_name=prompt.name)
    saved = _whole(contents.of_version(newest), prompt) if newest else None
    names = {variable.name for variable in contents.of_version(newest).variables} if newest else set()
    return Surroundings(
        known=frozenset({*names, *senders}) if newest else None,
        senders=senders,
        example=prompts_examples.choose(prompt, asked),
        expected=prompts_examples.expected(prompt, contents.read(raw)[0]),
        saved=saved,
        longest_input_tokens=prompt_calls.longest_input(project=prompt.project, prompt_name=prompt.name),
        margin=prompts_margin.margin_of(base, texts_of(raw)) if base else Margin(),
    )


def _whole(content: PromptContent, prompt: Prompt) -> PromptContent:
    return snippets.composed(content, project_id=prompt.project_id, name=prompt.name).content


def _desk(request: ProjectRequest, prompt: Prompt) -> Desk:
    newest, draft = versions.newest_of(prompt), drafts.of(prompt=prompt, user=request.user)
    if draft is not None:
        return Desk({**draft.content, "type": prompt.type}, draft.base_number, newest, draft)
    if newest is None:
        return Desk(starter(prompt.type), 0, None)
    return Desk(contents.of_version(newest).to_json(), newest.number, newest)


def _sheet(
    prompt: Prompt, raw: Mapping[str, Any], problems: tuple[Problem, ...] = (), around: Surroundings | None = None
) -> Editor:
    composed = snippets.composed(Editor(raw).content, project_id=prompt.project_id, name=prompt.name)
    return Editor(raw, problems, composed, around or Surroundings())


def _included(sheet: Editor, prompt: Prompt) -> list[Included]:
    return included(sheet.composed, prompt) if sheet.composed else []


def _posted_desk(request: ProjectRequest, prompt: Prompt, raw: Mapping[str, Any]) -> Desk:
    return Desk(
        raw, number_in(request.POST, "base"), versions.newest_of(prompt), drafts.of(prompt=prompt, user=request.user)
    )


def _keep(request: ProjectRequest, prompt: Prompt, raw: Mapping[str, Any]) -> Draft:
    return drafts.autosave(
        prompt=prompt, content=raw, base_number=number_in(request.POST, "base"), by=request.user,
        revision=number_in(request.POST, "revision"),
    )  # fmt: skip


def _is_same(raw: Mapping[str, Any], newest: PromptVersion) -> bool:
    content, problems = contents.read(raw)
    return not problems and content.hash == newest.content_hash


def _newer(prompt: Prompt, desk: Desk) -> dict[str, str] | None:
    if desk.newer is None:
        return None
    author = desk.newer.author.display_name if desk.newer.author else "an application"
    return {"sentence": f"Changed by {author} – compare", "url": _address("prompt-changed", prompt)}


def _address(route: str, prompt: Prompt) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk])


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/", editor, name="prompt"),
    path("prompts/<int:prompt_id>/draft/", autosave, name="prompt-draft"),
    path("prompts/<int:prompt_id>/preview/", preview, name="prompt-preview"),
    path("prompts/<int:prompt_id>/discard/", discard, name="prompt-discard"),
]
