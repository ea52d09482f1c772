"""Choosing the examples of a fix: calls that show the problem, and good ones beside them, from the half that may be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from evals import calls, fix_items
from evals.calls import RecordedCall
from monitoring.errors import MonitoringError
from monitoring.issues import fixes, follow_ups, rows
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import Issue
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import issues_findings
from webapp.pages.datasets_words import in_words
from webapp.pages.issues_detail import SECTION, issue_of
from webapp.pages.issues_merge import crumbs
from webapp.pages.traces_links import trace_url
from webapp.render import render_page

BAD, GOOD = 12, 6
# Of so many calls half may be looked at; the others are held out for the test.
_LOOKED_AT = 40
_MOST_CHARS = 400


@dataclass(frozen=True, slots=True)
class Choice:
    """One call that may be an example."""

    key: str
    asked: str
    answered: str
    url: str
    is_chosen: bool


@requires(Action.EDIT_ISSUES)
def examples(request: ProjectRequest, number: int) -> HttpResponseBase:
    """Offer examples, as different from each other as possible; a POST keeps those that are ticked."""
    found = issue_of(request, number)
    fix = fixes.current(found)
    if fix is None:
        messages.error(request, "Start a fix first; its examples are chosen then.")
        return redirect("issue", request.project.slug, number)
    if request.method == "POST":
        return _keep(request, found, fix)
    return _show(request, found, fix)


def candidates(found: Issue, *, is_bad: bool, limit: int, side: str = "") -> Sequence[RecordedCall]:
    """Return recorded calls of an issue, masked, with the side of the split that each is on; of one side only when asked."""
    steps = issues_findings.steps(found, is_bad=is_bad, limit=limit) if limit else []
    recorded = calls.of_steps(project=found.project, steps=steps)
    # What is sent to the page is masked like what is kept.
    masked = fix_items.prepared(project=found.project, calls=recorded)
    return [call for call in masked if side in ("", call.split)]


def chosen(found: Issue, fix: IssueFix, *, is_bad: bool) -> Sequence[RecordedCall]:
    """Return the examples of a fix, as they would be items."""
    steps = [(UUID(hex=one[0]), int(one[1])) for one in fix.examples if bool(one[2]) == is_bad]
    return fix_items.prepared(project=found.project, calls=calls.of_steps(project=found.project, steps=steps))


def _keep(request: ProjectRequest, found: Issue, fix: IssueFix) -> HttpResponseBase:
    wanted = [key for name in ("bad", "good") for key in request.POST.getlist(name)]
    bad = set(request.POST.getlist("bad"))
    try:
        picked = [(*_step(key), key in bad) for key in wanted[: fixes.MOST_EXAMPLES]]
    except ValueError:
        messages.error(request, "Nothing was kept: the form came damaged. Load the page again.")
        return redirect("issue-examples", request.project.slug, found.number)
    if not bad:
        return _show(request, found, fix, problem="Tick at least one call with the problem.", status=422)
    try:
        fixes.choose_examples(fix=fix, examples=picked, by=request.user)
    except MonitoringError as error:
        return _show(request, found, fix, problem=str(error), status=422)
    messages.success(request, "The examples are chosen. They stand beside the text when you write the new version.")
    return redirect("issue", request.project.slug, found.number)


def _show(
    request: ProjectRequest, found: Issue, fix: IssueFix, *, problem: str = "", status: int = 200
) -> HttpResponse:  # fmt: skip
    is_shown = rows.is_shown(found)
    groups = [
        _group(found, fix, "bad", "With the problem", BAD), _group(found, fix, "good", "Good ones", GOOD),
    ] if is_shown else []  # fmt: skip
    context: dict[str, Any] = {
        "page_title": "Choose examples", "issue": found, "crumbs": crumbs(request, found), "groups": groups,
        "is_shown": is_shown, "is_empty": not any(choices for _, _, choices in groups), "problem": problem,
    }  # fmt: skip
    return render_page(request, "issues/examples.html", context, section=SECTION, status=status)


def _group(found: Issue, fix: IssueFix, name: str, title: str, most: int) -> tuple[str, str, list[Choice]]:
    is_bad = name == "bad"
    kept = list(chosen(found, fix, is_bad=is_bad))
    known = {_key(call) for call in kept}
    offered = candidates(found, is_bad=is_bad, limit=_LOOKED_AT, side=fix_items.TUNE)
    fresh = [call for call in offered if _key(call) not in known][: max(0, most - len(kept))]
    choices = [_choice(found, call, is_chosen=True) for call in kept]
    choices += [_choice(found, call, is_chosen=not fix.examples) for call in fresh]
    return name, title, choices


def _choice(found: Issue, call: RecordedCall, *, is_chosen: bool) -> Choice:
    said = [(name, words) for name, value in call.input.items() if (words := in_words(value))]
    asked = said[0][1] if len(said) == 1 else "\n".join(f"{name}: {words}" for name, words in said)
    if talk := call.input.get("messages"):
        asked = str(talk[-1].get("content", ""))
    url = trace_url(found.project, call.span.trace_id.hex)
    return Choice(_key(call), _short(asked), _short(call.output), url, is_chosen)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS].rstrip()}…"


def _key(call: RecordedCall) -> str:
    return f"{call.span.trace_id.hex}.{call.span.span_id}"


def _step(key: str) -> tuple[UUID, int]:
    trace_id, _, span_id = key.partition(".")
    step = int(span_id)
    if not -(2**63) <= step < 2**63:
        raise ValueError
    return UUID(hex=trace_id), step


def as_items(found: Issue, recorded: Sequence[RecordedCall], *, is_bad: bool) -> list[RecordedCall]:
    """Return calls with what their items note: the issue, and on which kind of call they are."""
    noted = {follow_ups.ISSUE: found.number, follow_ups.ISSUE_TITLE: found.title}
    tag = fix_items.PROBLEM if is_bad else fix_items.GOOD
    return [replace(call, tags=(tag,), facts=noted) for call in recorded]


urlpatterns: list[URLPattern] = [path("issues/<int:number>/examples/", examples, name="issue-examples")]
