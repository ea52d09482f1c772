"""Splitting a part off an issue: choose which, with its numbers, and it is an issue of its own."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from monitoring.errors import MonitoringError
from monitoring.issues import changes, queries
from monitoring.issues.queries import Part
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.issues_detail import SECTION, issue_of
from webapp.pages.issues_merge import crumbs
from webapp.render import render_page


@dataclass(frozen=True, slots=True)
class Choice:
    """A part that can be split off; its `key` is sent back, and names the same part however the numbers move."""

    part: Part

    @property
    def key(self) -> str:
        scope = self.part.words.scope
        return "|".join(
            (scope.signal, str(scope.cluster_id or ""), scope.prompt_name, scope.model, scope.environment)
        )  # fmt: skip

    @property
    def which(self) -> str:
        """What its calls have in common."""
        words = self.part.words
        return ", ".join(word for word in (words.group, words.prompt_name, words.model, words.environment) if word)


@requires(Action.EDIT_ISSUES)
def split(request: ProjectRequest, number: int) -> HttpResponseBase:
    """Show the parts of the issue and split off the one that is sent."""
    found = issue_of(request, number)
    choices = [Choice(part) for part in queries.parts(issue=found)]
    problem = ""
    if request.method == "POST":
        chosen = next((choice for choice in choices if choice.key == request.POST.get("part")), None)
        problem = "Choose the part to split off."
        try:
            if chosen is not None:
                made = changes.split(issue=found, scope=chosen.part.words.scope, by=request.user)
                messages.success(
                    request, f"It is an issue of its own now; its calls are no longer counted in #{number}."
                )
                return redirect("issue", request.project.slug, made.number)
        except MonitoringError as error:
            problem = str(error)
    context = {
        "page_title": "Split", "issue": found, "choices": choices, "problem": problem, "crumbs": crumbs(request, found),
    }  # fmt: skip
    return render_page(request, "issues/split.html", context, section=SECTION, status=422 if problem else 200)


urlpatterns: list[URLPattern] = [path("issues/<int:number>/split/", split, name="issue-split")]
