"""Merging an issue into another one: choose which, see what becomes of both, then do it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from monitoring.errors import MonitoringError
from monitoring.issues import changes, queries
from monitoring.issues.models import Issue, IssueQuerySet
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import issues_reading
from webapp.pages.issues_detail import SECTION, issue_of
from webapp.pages.issues_view import Line
from webapp.pages.prompts_form import number_in
from webapp.render import render_page

_MOST_CHOICES = 50


@requires(Action.EDIT_ISSUES)
def merge(request: ProjectRequest, number: int) -> HttpResponseBase:
    """Choose the other issue, look at what the merge makes of both, and merge when the form is sent."""
    found = issue_of(request, number)
    into = _into(request, found, number_in(request.POST if request.method == "POST" else request.GET, "into"))
    problem = ""
    if request.method == "POST" and into is not None:
        try:
            changes.merge(issue=found, into=into, by=request.user)
        except MonitoringError as error:
            problem = str(error)
        else:
            messages.success(request, f"#{found.number} is a part of this issue now. You can undo that here.")
            return redirect("issue", request.project.slug, into.number)
    context = {
        "page_title": "Merge", "issue": found, "into": into, "problem": problem,
        "crumbs": crumbs(request, found), **(_preview(found, into) if into else _choices(request, found)),
    }  # fmt: skip
    return render_page(request, "issues/merge.html", context, section=SECTION, status=422 if problem else 200)


def crumbs(request: ProjectRequest, found: Issue) -> list[dict[str, str]]:
    """Return the way back to the issue."""
    slug = request.project.slug
    return [
        {"label": "Issues", "url": reverse("issues", args=[slug])},
        {"label": f"#{found.number}", "url": reverse("issue", args=[slug, found.number])},
    ]


def _into(request: ProjectRequest, found: Issue, number: int) -> Issue | None:
    return _others(request, found).filter(number=number).first() if number else None


def _others(request: ProjectRequest, found: Issue) -> IssueQuerySet:
    rows = Issue.objects.for_project(request.project).filter(merged_into=None).exclude(pk=found.pk)
    return rows.select_related("project", "owner")


def _preview(found: Issue, into: Issue) -> dict[str, Any]:
    return {"numbers": queries.merge_preview(issue=found, into=into)}


def _choices(request: ProjectRequest, found: Issue) -> dict[str, Any]:
    words = request.GET.get("q", "").replace("\x00", "")[:200].strip()
    rows = _others(request, found)
    for word in words.split():
        rows = rows.filter(title__icontains=word)
    own, *lines = issues_reading.shown([found, *rows.worst_first()[:_MOST_CHOICES]])
    return {"choices": sorted(lines, key=lambda line: -_likeness(line, own)), "words": words}


def _likeness(line: Line, own: Line) -> int:
    """Return in how much another issue is like this one: what people look for stands first."""
    same_cause = bool(own.row.cause.value) and line.row.cause == own.row.cause
    return int(line.row.prompt_name == own.row.prompt_name) + 2 * int(same_cause) + int(line.what == own.what)


urlpatterns: list[URLPattern] = [path("issues/<int:number>/merge/", merge, name="issue-merge")]
