"""The history of a prompt: its versions, who published what, and the comparison of any two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects.roles import Action
from prompt_registry import approval_queries, changes, contents, drafts, queries, versions
from prompt_registry.changes import MessagePair
from prompt_registry.diffs import EQUAL, Row
from prompt_registry.errors import DraftChangedElsewhere, VersionUnknown
from prompt_registry.models import Prompt, PromptVersion
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_form import blanks_of, number_in, preview_of, settings_in_words
from webapp.pages.prompts_frame import prompt_of, render_prompt
from webapp.pages.prompts_snippets import snippets

PAGE_SIZE = 50
MOVES_SHOWN = 100
REQUESTS_SHOWN = 20
# A long stretch without changes is folded away, except for the lines next to a change.
_CONTEXT = 3
_FOLD_FROM = 9
_MAX_ROWS = 3_000
VIEWS = (("inline", "Words inline"), ("side", "Side by side"))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a comparison, or the number of equal rows that were folded away."""

    row: Row | None
    folded: int = 0


@dataclass(frozen=True, slots=True)
class ComparedMessage:
    """A message pair with its rows ready to show."""

    pair: MessagePair
    lines: list[Line]


@requires(Action.READ_PROMPTS)
def history(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Show the versions, what is live, and who published what, when and why."""
    prompt = prompt_of(request, prompt_id)
    before = number_in(request.GET, "before") or None
    rows, has_older = queries.history(prompt=prompt, before=before, limit=PAGE_SIZE)
    newest = versions.newest_of(prompt)
    context = {
        "rows": rows,
        "newest": newest,
        "numbers": range(newest.number, max(0, newest.number - 200), -1) if newest else [],
        "moves": queries.moves(prompt=prompt, limit=MOVES_SHOWN),
        "requests": approval_queries.history_of(prompt, limit=REQUESTS_SHOWN),
        "older_url": f"?before={rows[-1].version.number}" if has_older else "",
        "newer_url": "?" if before else "",
    }
    return render_prompt(request, "prompts/versions.html", prompt, context, tab="versions")


@requires(Action.READ_PROMPTS)
def version(request: ProjectRequest, prompt_id: int, number: int) -> HttpResponse:
    """Show one version for good, with the lines that fetch it."""
    prompt = prompt_of(request, prompt_id)
    found = _version(prompt, number)
    content = contents.of_version(found)
    labels = list(prompt.labels.filter(version=found).order_by("name").values_list("name", flat=True))
    context = {
        "version": found,
        "blanks": blanks_of(content),
        "preview": preview_of(content),
        "labels": labels,
        "settings": settings_in_words(content),
        "snippets": snippets(
            prompt=prompt, content=content, number=number, labels=labels, url=request.build_absolute_uri("/")
        ),
        "before": number - 1 if prompt.versions.filter(number=number - 1).exists() else None,
    }
    return render_prompt(request, "prompts/version.html", prompt, context, tab="versions")


@requires(Action.READ_PROMPTS)
def compare(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Compare any two versions: sentences first, then the words."""
    prompt = prompt_of(request, prompt_id)
    newest = versions.newest_of(prompt)
    if newest is None:
        raise Http404
    after = _version(prompt, number_in(request.GET, "to") or newest.number)
    before = _version(prompt, number_in(request.GET, "from") or max(1, after.number - 1))
    view = "side" if request.GET.get("view") == "side" else "inline"
    old, new = contents.of_version(before), contents.of_version(after)
    context = {
        "before": before,
        "after": after,
        "changes": changes.describe(before=old, after=new),
        "compared": compared(changes.pairs(old, new), is_whole="whole" in request.GET),
        "view": view,
        "views": _views(request, view),
        "is_whole": "whole" in request.GET,
        "whole_url": _address(request, whole="1"),
        "numbers": range(newest.number, max(0, newest.number - 200), -1),
    }
    return render_prompt(request, "prompts/compare.html", prompt, context, tab="versions")


@requires(Action.EDIT_PROMPTS)
@require_POST
def use_again(request: ProjectRequest, prompt_id: int, number: int) -> HttpResponseBase:
    """Put the text of an older version on the editor's desk, as a draft."""
    prompt = prompt_of(request, prompt_id)
    found, newest = _version(prompt, number), versions.newest_of(prompt)
    if drafts.of(prompt=prompt, user=request.user) is not None:
        messages.warning(request, "You have unsaved changes. Save or drop them first, so that nothing is lost.")
        return redirect("prompt", request.project.slug, prompt.pk)
    content, base = contents.of_version(found).to_json(), newest.number if newest else 0
    try:
        drafts.autosave(prompt=prompt, content=content, base_number=base, revision=0, by=request.user)
    except DraftChangedElsewhere:
        messages.warning(request, "You began to write in another window. Save or drop that first.")
    else:
        messages.success(request, f"This is the text of v{number} again. Save it to make it the newest version.")
    return redirect("prompt", request.project.slug, prompt.pk)


def compared(pairs: list[MessagePair], *, is_whole: bool) -> list[ComparedMessage]:
    """Return the messages with their comparisons; what is equal is folded away unless the whole text is wanted."""
    found = []
    for pair in pairs:
        rows = pair.rows if is_whole or not pair.is_same else []
        lines = [Line(row) for row in rows] if is_whole else list(_folded(rows))
        found.append(ComparedMessage(pair, [*lines[:_MAX_ROWS], *_rest(lines)]))
    return found


def _folded(rows: list[Row]) -> Iterator[Line]:
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and rows[end].op == EQUAL:
            end += 1
        head = _CONTEXT if at else 0
        tail = _CONTEXT if end < len(rows) else 0
        if end - at >= _FOLD_FROM:
            yield from (Line(row) for row in rows[at : at + head])
            yield Line(None, end - at - head - tail)
            at = end - tail
        yield from (Line(row) for row in rows[at : end + 1])
        at = end + 1


def _rest(lines: list[Line]) -> list[Line]:
    return [Line(None, len(lines) - _MAX_ROWS)] if len(lines) > _MAX_ROWS else []


def _version(prompt: Prompt, number: int) -> PromptVersion:
    try:
        return versions.by_number(prompt, min(number, 2**31 - 1))
    except VersionUnknown:
        raise Http404 from None


def _views(request: HttpRequest, current: str) -> list[dict[str, object]]:
    return [{"label": label, "url": _address(request, view=name), "current": name == current} for name, label in VIEWS]


def _address(request: HttpRequest, **values: str) -> str:
    return f"?{urlencode({**request.GET.dict(), **values})}"


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/versions/", history, name="prompt-versions"),
    path("prompts/<int:prompt_id>/versions/<int:number>/", version, name="prompt-version"),
    path("prompts/<int:prompt_id>/versions/<int:number>/use-again/", use_again, name="prompt-use-again"),
    path("prompts/<int:prompt_id>/compare/", compare, name="prompt-compare"),
]
