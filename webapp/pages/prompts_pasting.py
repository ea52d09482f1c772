"""Bringing a prompt along from elsewhere: it is pasted, people say what in it are blanks, and it becomes a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path

from projects.roles import Action
from prompt_registry import contents, drafts, pasting, rendering, texts, versions
from prompt_registry.contents import CHAT, MAX_NAME
from prompt_registry.errors import DraftChangedElsewhere, PromptRegistryError
from prompt_registry.models import Draft, Prompt
from prompt_registry.pasting import Candidate, Pasted
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_form import starter
from webapp.pages.prompts_frame import prompt_of, render_prompt

INSTEAD = "instead"


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate with what was said about it."""

    candidate: Candidate
    is_chosen: bool
    name: str
    problem: str = ""


@requires(Action.EDIT_PROMPTS)
def paste(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Show the field for the text; a POST finds what may be blanks, a second one puts the text into the draft."""
    prompt = prompt_of(request, prompt_id)
    text = texts.clean(request.POST.get("text", ""))
    if not text.strip():
        return _show(request, prompt, text, problem="Paste a text first." if request.method == "POST" else "")
    pasted = pasting.look(text)
    if "put" not in request.POST:
        return _show(request, prompt, text, pasted, [Row(one, one.is_likely, one.name) for one in pasted.candidates])
    rows = _rows(pasted, request.POST)
    if any(row.problem for row in rows):
        return _show(request, prompt, text, pasted, rows, status=422)
    names = {row.candidate.written: row.name for row in rows if row.is_chosen}
    converted = pasting.convert(pasted, names, halves_braces="halve" in request.POST)
    return _put(request, prompt, text, converted)


def _put(request: ProjectRequest, prompt: Prompt, text: str, converted: str) -> HttpResponseBase:
    draft = drafts.of(prompt=prompt, user=request.user)
    raw, base = _raw(prompt, draft)
    raw |= _changed(raw, converted, is_instead=request.POST.get("where") == INSTEAD)
    try:
        drafts.autosave(
            prompt=prompt, content=raw, base_number=base, revision=draft.revision if draft else 0, by=request.user
        )
    except DraftChangedElsewhere:
        return _show(request, prompt, text, problem="Your draft changed in another window just now. Try again.")
    except PromptRegistryError as error:
        return _show(request, prompt, text, problem=str(error))
    messages.success(request, "The text is in your draft. Say beside it what the blanks mean.")
    return redirect("prompt", request.project.slug, prompt.pk)


def _changed(raw: Mapping[str, Any], text: str, *, is_instead: bool) -> dict[str, Any]:
    before = [] if is_instead else raw.get("messages") or []
    role = "user" if before else "system"
    if raw.get("type") == CHAT:
        return {"messages": [*before, {"role": role, "content": text}]}
    return {"text": text if is_instead or not raw.get("text") else f"{raw['text']}\n\n{text}"}


def _raw(prompt: Prompt, draft: Draft | None) -> tuple[dict[str, Any], int]:
    newest = versions.newest_of(prompt)
    if draft is not None:
        return {**draft.content, "type": prompt.type}, draft.base_number
    if newest is None:
        return {"type": prompt.type}, 0
    return contents.of_version(newest).to_json(), newest.number


def _rows(pasted: Pasted, post: QueryDict) -> list[Row]:
    chosen, names = set(post.getlist("chosen")), post.getlist("name")
    found = []
    for place, candidate in enumerate(pasted.candidates):
        name = names[place].strip() if place < len(names) else candidate.name
        is_chosen = str(place) in chosen
        found.append(Row(candidate, is_chosen, name, _name_problem(name) if is_chosen else ""))
    return found


def _name_problem(name: str) -> str:
    if len(name) <= MAX_NAME and rendering.VARIABLE.fullmatch(f"{{{{{name}}}}}"):
        return ""
    return "A blank's name begins with a letter and goes on with letters, digits, «_», «-» or «.»."


def _show(
    request: ProjectRequest,
    prompt: Prompt,
    text: str,
    pasted: Pasted | None = None,
    rows: list[Row] | None = None,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context: Mapping[str, Any] = {
        "text": text, "pasted": pasted, "rows": rows or [], "problem": problem, "is_chat": prompt.type == CHAT,
        "halves": "halve" in request.POST if "put" in request.POST else bool(pasted and pasted.doubles_braces),
        "is_instead": request.POST.get("where", INSTEAD if _is_untouched(request, prompt) else "") == INSTEAD,
    }  # fmt: skip
    return render_prompt(
        request, "prompts/paste.html", prompt, dict(context), tab="write", status=422 if problem else status
    )


def _is_untouched(request: ProjectRequest, prompt: Prompt) -> bool:
    """Tell whether nothing is lost when the pasted text takes the place of what is there."""
    raw, begin = _raw(prompt, drafts.of(prompt=prompt, user=request.user))[0], starter(prompt.type)
    return not (raw.get("messages") or raw.get("text")) or all(
        raw.get(name) == begin[name] for name in ("messages", "text")
    )


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/paste/", paste, name="prompt-paste")]
