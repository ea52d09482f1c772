"""The history of a prompt: its versions, who published what, and the comparison of any two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring import usage_prompts
from monitoring.usage import Usage
from projects.roles import Action
from prompt_registry import approval_queries, changes, contents, drafts, queries, snippets, versions
from prompt_registry.changes import MessagePair
from prompt_registry.diffs import EQUAL, Row
from prompt_registry.errors import DraftChangedElsewhere, VersionUnknown
from prompt_registry.models import Prompt, PromptVersion
from prompt_registry.queries import VersionRow
from webapp.access import ProjectRequest, requires
from webapp.pages import overview_rollouts, prompts_talk
from webapp.pages.prompts_form import blanks_of, number_in, preview_of, settings_in_words
from webapp.pages.prompts_frame import pointer, prompt_of, render_prompt
from webapp.pages.prompts_included import included
from webapp.pages.prompts_snippets import snippets as code_lines
from webapp.pages.prompts_talk import Failed
from webapp.pages.traces_links import explore_url

PAGE_SIZE = 50
MOVES_SHOWN = 100
REQUESTS_SHOWN = 20
# A long stretch without changes is folded away, except for the lines next to a change.
_CONTEXT = 3
_MAX_ROWS = 3_000
VIEWS = (("inline", "Words inline"), ("side", "Side by side"), ("changes", "Only changes"))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a comparison, or the number of equal rows that were folded away."""

    row: Row | None
    folded: int = 0
    is_change_start: bool = False


@dataclass(frozen=True, slots=True)
class ComparedMessage:
    """A message pair with its rows ready to show."""

    pair: MessagePair
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of the history with what its calls added up to."""

    row: VersionRow
    usage: Usage

    @property
    def cost_per_1000_usd(self) -> float | None:
        per_call = self.usage.cost_per_call_usd
        return per_call * 1000 if per_call is not None else None


@requires(Action.READ_PROMPTS)
def history(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Show the versions, what is live, and who published what, when and why."""
    prompt = prompt_of(request, prompt_id)
    before = number_in(request.GET, "before") or None
    rows, has_older = queries.history(prompt=prompt, before=before, limit=PAGE_SIZE)
    newest = versions.newest_of(prompt)
    now, environment = timezone.now(), request.GET.get("environment", "")[:60].replace("\x00", "")
    usage = usage_prompts.of_versions(
        project=request.project, prompt_name=prompt.name, numbers=[row.version.number for row in rows], now=now,
        environment=environment,
    )  # fmt: skip

    def calls(**filters: object) -> str:
        return explore_url(request, request.project, **{"range": "30d", **filters})

    came_from = prompt.moved_from.select_related("project").order_by("pk").first()
    context = {
        "entries": [Entry(row, usage.get(row.version.number, Usage())) for row in rows],
        "splits": overview_rollouts.since_start(prompt=prompt, now=now, link=calls, environment=environment),
        "came_from": pointer(request, came_from) if came_from else None,
        "newest": newest,
        "numbers": range(newest.number, max(0, newest.number - 200), -1) if newest else [],
        "moves": queries.moves(prompt=prompt, limit=MOVES_SHOWN),
        "requests": approval_queries.history_of(prompt, limit=REQUESTS_SHOWN),
        "older_url": _address(request, before=str(rows[-1].version.number)) if has_older else "",
        "newer_url": _newer(request, rows, newest) if before else "",
    }
    return render_prompt(request, "prompts/versions.html", prompt, context, tab="versions")


@requires(Action.READ_PROMPTS)
def version(request: ProjectRequest, prompt_id: int, number: int) -> HttpResponse:
    """Show one version for good, with the lines that fetch it."""
    prompt = prompt_of(request, prompt_id)
    return show_version(request, prompt, _version(prompt, number))


def show_version(
    request: ProjectRequest, prompt: Prompt, found: PromptVersion, *, failed: Failed | None = None, status: int = 200
) -> HttpResponse:
    """Answer with the page of a version and its comments; a form that was refused keeps what was typed."""
    number = found.number
    written = contents.of_version(found)
    composed = snippets.composed(written, project_id=prompt.project_id, name=prompt.name)
    content = composed.content
    labels = list(prompt.labels.filter(version=found).order_by("name").values_list("name", flat=True))
    context = {
        "version": found,
        "blanks": blanks_of(content),
        "preview": preview_of(content),
        "link": request.build_absolute_uri(request.path),
        "labels": labels,
        "included": included(composed, prompt),
        "settings": settings_in_words(content),
        "snippets": code_lines(
            prompt=prompt, content=content, number=number, labels=labels, url=request.build_absolute_uri("/")
        ),
        "before": number - 1 if prompt.versions.filter(number=number - 1).exists() else None,
        **prompts_talk.context_of(request, found, written, failed),
    }
    return render_prompt(request, "prompts/version.html", prompt, context, tab="versions", status=status)


@requires(Action.READ_PROMPTS)
def compare(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Compare any two versions: sentences first, then the words."""
    prompt = prompt_of(request, prompt_id)
    newest = versions.newest_of(prompt)
    if newest is None:
        raise Http404
    after = _version(prompt, number_in(request.GET, "to") or newest.number)
    before = _version(prompt, number_in(request.GET, "from") or max(1, after.number - 1))
    view = request.GET.get("view", "")
    view = view if view in dict(VIEWS) else VIEWS[0][0]
    old, new = contents.of_version(before), contents.of_version(after)
    is_whole = "whole" in request.GET and view != "changes"
    context = {
        "before": before,
        "after": after,
        "changes": changes.describe(before=old, after=new),
        "compared": compared(changes.pairs(old, new), is_whole=is_whole, context=0 if view == "changes" else _CONTEXT),
        "settings_compared": compared(changes.setting_pairs(old, new), is_whole=is_whole),
        "view": view,
        "views": _views(request, view),
        "is_whole": is_whole,
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


def compared(pairs: list[MessagePair], *, is_whole: bool, context: int = _CONTEXT) -> list[ComparedMessage]:
    """Return the messages with their comparisons; what is equal is folded away unless the whole text is wanted."""
    found = []
    for pair in pairs:
        rows = pair.rows if is_whole or not pair.is_same else []
        lines = [Line(row) for row in rows] if is_whole else list(_folded(rows, context))
        found.append(ComparedMessage(pair, [*_with_starts(lines[:_MAX_ROWS]), *_rest(lines)]))
    return found


def _folded(rows: list[Row], context: int) -> Iterator[Line]:
    fold_from = 2 * context + 3 if context else 1
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and rows[end].op == EQUAL:
            end += 1
        head = context if at else 0
        tail = context if end < len(rows) else 0
        if end - at >= fold_from:
            yield from (Line(row) for row in rows[at : at + head])
            yield Line(None, end - at - head - tail)
            at = end - tail
        yield from (Line(row) for row in rows[at : end + 1])
        at = end + 1


def _with_starts(lines: list[Line]) -> Iterator[Line]:
    """Mark the first line of every run of changed ones: there the keys to the next change stop."""
    is_inside = False
    for line in lines:
        is_changed = line.row is not None and line.row.op != EQUAL
        yield replace(line, is_change_start=True) if is_changed and not is_inside else line
        is_inside = is_changed


def _rest(lines: list[Line]) -> list[Line]:
    return [Line(None, len(lines) - _MAX_ROWS)] if len(lines) > _MAX_ROWS else []


def _version(prompt: Prompt, number: int) -> PromptVersion:
    try:
        return versions.by_number(prompt, min(number, 2**31 - 1))
    except VersionUnknown:
        raise Http404 from None


def _views(request: HttpRequest, current: str) -> list[dict[str, object]]:
    names = [name for name, _ in VIEWS]
    following = names[(names.index(current) + 1) % len(names)]
    return [
        {"label": label, "url": _address(request, view=name), "current": name == current, "is_next": name == following}
        for name, label in VIEWS
    ]


def _newer(request: HttpRequest, rows: list[VersionRow], newest: PromptVersion | None) -> str:
    first = rows[0].version.number if rows else 0
    above = first + PAGE_SIZE + 1
    return _address(request, before=str(above) if newest and above <= newest.number else "")


def _address(request: HttpRequest, **values: str) -> str:
    found = {**request.GET.dict(), **values}
    return f"?{urlencode({name: value for name, value in found.items() if value})}"


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/versions/", history, name="prompt-versions"),
    path("prompts/<int:prompt_id>/versions/<int:number>/", version, name="prompt-version"),
    path("prompts/<int:prompt_id>/versions/<int:number>/use-again/", use_again, name="prompt-use-again"),
    path("prompts/<int:prompt_id>/compare/", compare, name="prompt-compare"),
]
