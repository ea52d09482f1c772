"""What the search box finds while somebody types: prompts and datasets by name, traces by text or id."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from monitoring import trace_search
from monitoring.models import Trace
from monitoring.trace_filters import TraceFilter
from projects.roles import Action
from webapp.access import ProjectRequest, requires

MOST_PROMPTS = 6
MOST_DATASETS = 4
MOST_TRACES = 5
FEWEST_LETTERS = 2
_DAYS = timedelta(days=7)


@requires(Action.READ_TRACES)
def search(request: ProjectRequest) -> HttpResponse:
    """Answer with the entries that the palette shows below its own."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    is_enough = len(words) >= FEWEST_LETTERS
    context = {
        "project": request.project,
        "prompts": request.project.prompts.active().filter(name__icontains=words).by_name()[:MOST_PROMPTS]
        if is_enough
        else [],
        "datasets": request.project.datasets.active().filter(name__icontains=words).by_name()[:MOST_DATASETS]
        if is_enough
        else [],
        "traces": _traces(request, words) if is_enough else [],
    }
    return render(request, "search/results.html", context)


def _traces(request: ProjectRequest, words: str) -> list[Trace]:
    now = timezone.now()
    wanted = TraceFilter(start=now - _DAYS, end=now + timedelta(hours=1), text=words)
    return trace_search.page(project=request.project, wanted=wanted, limit=MOST_TRACES, seconds=0.3).traces


urlpatterns = [path("search/", search, name="search")]
