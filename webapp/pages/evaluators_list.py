"""The list of checks, its search and archive, and the first set that is added with one press."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.evaluators import queries, starters
from evals.evaluators.models import Evaluator
from projects.roles import Action
from prompt_registry import texts
from webapp.access import ProjectRequest, requires
from webapp.pages.evaluators_frame import SECTION
from webapp.render import render_page

PAGE_SIZE = 50


@requires(Action.READ_PROMPTS)
def evaluator_list(request: ProjectRequest) -> HttpResponse:
    """Show the checks by name, those that a search finds, or the archive."""
    words = texts.clean(request.GET.get("q", "")).strip()[:200]
    is_archive = "archive" in request.GET
    rows, has_more = queries.evaluators(
        project=request.project, words=words, is_archive=is_archive, after=texts.clean(request.GET.get("after", "")),
        limit=PAGE_SIZE,
    )  # fmt: skip
    may_edit = request.membership.can(Action.EDIT_EVALUATORS)
    context = {
        "page_title": "Checks",
        "words": words,
        "is_archive": is_archive,
        "rows": rows,
        "archive_count": Evaluator.objects.for_project(request.project).exclude(archived_at=None).count(),
        "older_url": f"?{urlencode({**request.GET.dict(), 'after': rows[-1].evaluator.name})}" if has_more else "",
        "may_edit": may_edit,
        "new_url": reverse("evaluator-new", args=[request.project.slug]),
        "starters": starters.missing(request.project) if may_edit else [],
    }
    return render_page(request, "evaluators/list.html", context, fragment="rows", section=SECTION)


@requires(Action.EDIT_EVALUATORS)
@require_POST
def add_starters(request: ProjectRequest) -> HttpResponseBase:
    """Add the checks of the first set that the project does not have."""
    try:
        added = starters.add(project=request.project, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
    else:
        count = len(added)
        messages.success(request, f"{count} check{'s' if count != 1 else ''} added. Change them as you like.")
    return redirect("evaluators", request.project.slug)


urlpatterns: list[URLPattern] = [
    path("evaluators/", evaluator_list, name="evaluators"),
    path("evaluators/first-set/", add_starters, name="evaluators-starters"),
]
