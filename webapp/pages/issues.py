"""Issues: what goes wrong for users, in order of harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring.issues.models import NEEDS_ATTENTION, IssueState
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import (
    issues_actions,
    issues_dataset,
    issues_detail,
    issues_examples,
    issues_fix_actions,
    issues_merge,
    issues_predictions,
    issues_proposal,
    issues_reading,
    issues_split,
    traffic_map,
)
from webapp.pages.issues_view import Line
from webapp.pages.traces_links import same_page
from webapp.render import render_page

SECTION = "issues"
NEEDS_YOU, PENDING = "", "pending"
QUIET_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the inbox: which states it holds, and what it says when there is nothing in it."""

    name: str
    label: str
    states: Sequence[IssueState]
    nothing: str


TABS = (
    Tab(NEEDS_YOU, "Needs you", NEEDS_ATTENTION, ""),
    Tab("open", "Open", (IssueState.OPEN, IssueState.NOT_CONFIRMED), "No problem is open."),
    Tab(
        "fixing", "Being fixed", (IssueState.IN_FIX, IssueState.ROLLING_OUT),
        "Nobody is fixing a problem at the moment. Open one and press «Start a fix».",
    ),
    Tab("gone", "Proved gone", (IssueState.VERIFIED,), "No fix has been proved on real calls yet."),
    Tab("back", "Came back", (IssueState.REGRESSED,), "Nothing that was gone has come back."),
    Tab("muted", "Muted", (IssueState.MUTED,), "Nothing is muted."),
    Tab("quiet", "Gone quiet", (IssueState.RESOLVED,), "No problem has gone away by itself."),
    Tab(PENDING, "Pending", (), ""),
)  # fmt: skip


@requires(Action.READ_TRACES)
def inbox(request: ProjectRequest) -> HttpResponse:
    """List the issues of one tab, the most harmful first."""
    tab = next((tab for tab in TABS if tab.name == request.GET.get("tab", "")), TABS[0])
    words, prompt = (request.GET.get(name, "").replace("\x00", "")[:200].strip() for name in ("q", "prompt"))
    lines = issues_reading.lines(project=request.project, states=tab.states) if tab.states else []
    if tab.name == NEEDS_YOU:
        lines = [line for line in lines if line.row.owner in (None, request.user)]
    shown = [line for line in lines if _matches(line, words, prompt)]
    context = {
        "page_title": "Issues",
        "tab": tab,
        "tabs": _tabs(request, tab),
        "lines": shown,
        "has_filter": bool(words or prompt),
        "words": words,
        "prompt": prompt,
        "prompts": sorted(
            {line.row.prompt_name for line in lines if line.row.prompt_name} | ({prompt} if prompt else set())
        ),
        "plain_url": same_page(request, q="", prompt=""),
        "may_edit": request.membership.can(Action.EDIT_ISSUES),
        "standing": issues_reading.standing(project=request.project, since=timezone.now() - QUIET_AFTER),
        "map_url": reverse("traffic", args=[request.project.slug]),
    }
    if tab.name == PENDING:
        context["pending"] = issues_reading.pending(project=request.project)
    return render_page(request, "issues/inbox.html", context, fragment="rows", section=SECTION)


def _matches(line: Line, words: str, prompt: str) -> bool:
    row = line.row
    text = f"{row.title} {line.what} {row.prompt_name} {row.cause.value} #{row.number}".casefold()
    return (not prompt or row.prompt_name == prompt) and all(word in text for word in words.casefold().split())


def _tabs(request: ProjectRequest, current: Tab) -> list[dict[str, Any]]:
    counts = issues_reading.state_counts(project=request.project)
    own = issues_reading.needs_count(project=request.project, user=request.user)
    found = []
    for tab in TABS:
        count = own if tab.name == NEEDS_YOU else sum(counts.get(state, 0) for state in tab.states)
        url = same_page(request, tab=tab.name)
        found.append({"label": tab.label, "url": url, "current": tab is current, "count": count or ""})
    return found


urlpatterns: list[URLPattern] = [
    path("issues/", inbox, name="issues"),
    *issues_detail.urlpatterns,
    *issues_actions.urlpatterns,
    *issues_merge.urlpatterns,
    *issues_split.urlpatterns,
    *issues_dataset.urlpatterns,
    *issues_examples.urlpatterns,
    *issues_fix_actions.urlpatterns,
    *issues_predictions.urlpatterns,
    *issues_proposal.urlpatterns,
    *traffic_map.urlpatterns,
]
