"""What users ask: groups of questions as a list, and every call of lately as a dot on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring.analysis.flags import SHOWN
from monitoring.clusters import mapping
from monitoring.clusters.mapping import MapPoint
from monitoring.clusters.queries import GroupLine
from monitoring.issues.models import Signal
from monitoring.models import Trace, span_hex
from monitoring.streams import groups
from monitoring.streams.groups import GroupNumbers
from projects.models import Project
from projects.roles import Action
from webapp import formats, map_svg
from webapp.access import ProjectRequest, requires
from webapp.map_svg import Dot, Name
from webapp.pages import traffic_reading
from webapp.pages.traces_links import explore_url
from webapp.render import render_page

SECTION = "issues"
WINDOW = timedelta(days=7)
# A drawing of the server is a part of the page; the map that a person chooses from comes after it.
DRAWN, CHOSEN_FROM, NAMED = 700, 2_000, 12
_TEXT_CHARS = 140


@dataclass(frozen=True, slots=True)
class Line:
    """A group of questions as a row of the list."""

    group: GroupLine
    numbers: GroupNumbers
    url: str

    @property
    def disliked(self) -> str:
        return formats.percent(self.numbers.disliked / self.numbers.calls) if self.numbers.calls else formats.NOTHING

    @property
    def lift(self) -> str:
        """How many times as often as the rest it is disliked, when that is no chance."""
        return f"{self.numbers.lift:.1f} times the rest" if self.numbers.lift else ""

    @property
    def worst(self) -> str:
        """What is wrong most often, and how often."""
        found = self.numbers.worst_flag
        return f"{Signal(found[0]).label}: {formats.percent(found[1] / self.numbers.calls)}" if found else ""


@requires(Action.READ_TRACES)
def traffic(request: ProjectRequest) -> HttpResponse:
    """Show the groups as a list, or the calls on the map."""
    since, is_map = timezone.now() - WINDOW, request.GET.get("view") == "map"
    known = traffic_reading.groups(project=request.project, since=since)
    context = {
        "page_title": "What users ask", "is_map": is_map, "tabs": _tabs(request, is_map),
        "crumbs": [{"label": "Issues", "url": reverse("issues", args=[request.project.slug])}],
        "status": traffic_reading.status(project=request.project),
        "points_url": reverse("traffic-points", args=[request.project.slug]),
        **(_map(request, known, since) if is_map else _list(request, known, since)),
    }  # fmt: skip
    return render_page(request, "issues/traffic.html", context, section=SECTION)


@requires(Action.READ_TRACES)
def points(request: ProjectRequest) -> HttpResponse:
    """Answer with the dots of the map and what each of them is."""
    since = timezone.now() - WINDOW
    known = traffic_reading.groups(project=request.project, since=since)
    found = mapping.points(project_id=request.project.pk, since=since, limit=CHOSEN_FROM)
    kinds = _kinds(request.project, found)
    rows = [
        {
            "x": round(point.x, 4), "y": round(point.y, 4), "group": point.cluster_id or 0, "kind": kind,
            "trace": point.trace_id.hex, "span": span_hex(point.span_id), "text": point.text[:_TEXT_CHARS],
        }
        for point, kind in zip(found, kinds, strict=True)
    ]  # fmt: skip
    names = {key: group.name for key, group in known.items() if not group.is_hidden}
    return JsonResponse({"points": rows, "groups": names})


def _list(request: ProjectRequest, known: Mapping[int, GroupLine], since: datetime) -> dict[str, Any]:
    found = groups.numbers(project_id=request.project.pk, since=since)
    lines = [
        Line(known[one.cluster_id], one, explore_url(request, request.project, group=one.cluster_id, range="7d"))
        for one in found
        if one.cluster_id in known
    ]
    return {"lines": lines, "ungrouped": next((one for one in found if one.cluster_id == 0), None)}


def _map(request: ProjectRequest, known: Mapping[int, GroupLine], since: datetime) -> dict[str, Any]:
    found = mapping.points(project_id=request.project.pk, since=since, limit=DRAWN)
    dots = [Dot(point.x, point.y, kind) for point, kind in zip(found, _kinds(request.project, found), strict=True)]
    named = [group for group in known.values() if not group.is_hidden]
    names = [Name(group.map_x, group.map_y, group.name) for group in named[:NAMED]]
    label = f"Map of {formats.full_count(len(dots))} calls; the list says the same in words"
    return {
        "drawing": map_svg.svg(dots, names, label=label) if dots else "", "groups": named,
    }  # fmt: skip


def _kinds(project: Project, found: Sequence[MapPoint]) -> list[str]:
    """Return for each dot whether its call was disliked, or has something wrong."""
    traces = Trace.objects.filter(project=project, trace_id__in={point.trace_id for point in found}, thumbs_down__gt=0)
    disliked = set(traces.values_list("trace_id", flat=True))
    return [
        "disliked" if point.trace_id in disliked else "flagged" if point.flags & SHOWN else "" for point in found
    ]  # fmt: skip


def _tabs(request: ProjectRequest, is_map: bool) -> list[dict[str, Any]]:
    page = reverse("traffic", args=[request.project.slug])
    return [
        {"label": "List", "url": page, "current": not is_map},
        {"label": "Map", "url": f"{page}?view=map", "current": is_map},
    ]


urlpatterns: list[URLPattern] = [
    path("issues/traffic/", traffic, name="traffic"),
    path("issues/traffic/points.json", points, name="traffic-points"),
]
