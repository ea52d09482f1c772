"""Saved views of the trace list, and the columns that each person chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from monitoring.errors import ViewRefused
from monitoring.exploring import columns, language, views
from monitoring.exploring.models import TraceListChoice, TraceView
from projects.roles import Action
from webapp import time_ranges
from webapp.access import ProjectRequest, one, requires
from webapp.pages.prompts_form import number_in
from webapp.pages.traces_line import Line
from webapp.render import render_page

# In an address: all traces, whatever view the list would open with.
NO_VIEW = "all"


@dataclass(frozen=True, slots=True)
class Kept:
    """One view with its address, and what the person who looks at it may do with it."""

    view: TraceView
    url: str
    is_open: bool
    is_default: bool
    is_own: bool
    may_change: bool


@dataclass(frozen=True, slots=True)
class Looks:
    """How the list is looked at: the views to choose from, the open one, and the columns."""

    views: list[Kept]
    open: TraceView | None
    shown: list[str]

    @property
    def columns(self) -> dict[str, bool]:
        """Which columns are shown, by name."""
        return {name: name in self.shown for name in columns.LABELS}

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        return [(name, label, name in self.shown) for name, label in columns.LABELS.items()]


def choice_of(request: ProjectRequest) -> TraceListChoice:
    return views.choice_of(project=request.project, user=request.user)


def of(request: ProjectRequest, choice: TraceListChoice) -> Looks:
    """Return how this person looks at the list."""
    rows = _kept(request, choice)
    opened = next((row.view for row in rows if row.is_open), None)
    if opened is not None:
        return Looks(rows, opened, columns.checked(opened.columns))
    return Looks(rows, None, columns.checked(columns.DEFAULT if choice.columns is None else choice.columns))


def default_url(request: ProjectRequest, choice: TraceListChoice) -> str:
    """Return the address of the view that the list opens with, when it was asked for without anything."""
    if request.GET or choice.default_view_id is None:
        return ""
    view = views.visible(project=request.project, user=request.user).filter(pk=choice.default_view_id).first()
    return view_url(view) if view else ""


def view_url(view: TraceView) -> str:
    """Return the address of the list as a view has it."""
    asked = {"q": view.line, "environment": view.environment, "range": view.time_range, "view": str(view.pk)}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('explore', args=[view.project.slug])}?{query}"


def is_changed(request: ProjectRequest, view: TraceView, line: Line) -> bool:
    """Tell whether the list is narrowed in another way than the open view has it."""
    now = (line.text, request.GET.get("environment", ""), request.GET.get("range", ""))
    return now != (language.printed(language.parse(view.line).terms), view.environment, view.time_range)


@requires(Action.READ_TRACES)
def view_list(request: ProjectRequest) -> HttpResponse:
    """Show the views that the person can open, to rename, share and delete."""
    choice = choice_of(request)
    gone = (
        TraceView.objects.for_project(request.project)
        .exclude(deleted_at=None)
        .filter(pk=number_in(request.GET, "deleted"))
    )
    context = {
        "page_title": "Views", "rows": _kept(request, choice), "may_share": request.membership.can(Action.GIVE_FEEDBACK),
        "deleted": next((view for view in gone if _may_change(request, view)), None),
    }  # fmt: skip
    return render_page(request, "traces/views.html", context, section="explore")


@requires(Action.READ_TRACES)
def _save(request: ProjectRequest) -> HttpResponseBase:
    data = request.POST
    try:
        view = views.save(
            project=request.project, name=data.get("name", ""), line=_line(data.get("q", "")),
            environment=data.get("environment", "")[:255].replace("\x00", ""), time_range=_time_range(data.get("range", "")),
            shown=data.getlist("columns"), is_shared=_is_shared(request), by=request.user,
        )  # fmt: skip
    except ViewRefused as error:
        messages.error(request, str(error))
        return redirect(_back(request))
    messages.success(request, f"The view «{view.name}» is kept.")
    return redirect(view_url(view))


@requires(Action.READ_TRACES)
def _change(request: ProjectRequest, view_id: int) -> HttpResponseBase:
    """Rename, share, delete, bring back, or open the list with a view."""
    seen = TraceView.objects.for_project(request.project).visible_to(request.user).select_related("project")
    view, act = one(seen, pk=view_id), request.POST.get("do", "")
    if act in ("default", "no-default"):
        chosen = view if act == "default" and view.deleted_at is None else None
        views.choose_default(project=request.project, user=request.user, view=chosen)
        return redirect("views", request.project.slug)
    if not _may_change(request, view):
        messages.error(request, "Only whoever keeps a view, and admins, can change it.")
        return redirect("views", request.project.slug)
    return redirect(_done(request, view, act))


def _done(request: ProjectRequest, view: TraceView, act: str) -> str:
    url = reverse("views", args=[request.project.slug])
    try:
        match act:
            case "rename":
                views.rename(
                    view=view, name=request.POST.get("name", ""), is_shared=_is_shared(request), by=request.user
                )
            case "delete":
                views.delete(view=view, by=request.user)
                return f"{url}?deleted={view.pk}"
            case "restore":
                views.bring_back(view=view, by=request.user)
    except ViewRefused as error:
        messages.error(request, str(error))
    return url


@requires(Action.READ_TRACES)
def _choose_columns(request: ProjectRequest) -> HttpResponseBase:
    views.choose_columns(project=request.project, user=request.user, shown=request.POST.getlist("columns"))
    return redirect(_back(request))


def _kept(request: ProjectRequest, choice: TraceListChoice) -> list[Kept]:
    opened = request.GET.get("view", "")
    rows = views.visible(project=request.project, user=request.user).select_related("project", "owner")
    return [
        Kept(
            view, view_url(view), str(view.pk) == opened, view.pk == choice.default_view_id,
            view.owner_id == request.user.pk, _may_change(request, view),
        )
        for view in rows[: views.MOST]
    ]  # fmt: skip


def _may_change(request: ProjectRequest, view: TraceView) -> bool:
    return view.owner_id == request.user.pk or (view.is_shared and request.membership.can(Action.MANAGE_PROJECT))


def _is_shared(request: ProjectRequest) -> bool:
    return bool(request.POST.get("is_shared")) and request.membership.can(Action.GIVE_FEEDBACK)


def _line(text: str) -> str:
    """Return a line as it will be printed, without what makes no sense in it."""
    return language.printed(language.parse(text).terms)


def _time_range(text: str) -> str:
    # A view with fixed dates would show the same traces for ever; that is what a link is for.
    return text if text in time_ranges.PRESETS else ""


def _back(request: ProjectRequest) -> str:
    """Return the address of the list that the form was sent from, without a view that would hide what was chosen."""
    url = request.POST.get("next", "")
    home = reverse("explore", args=[request.project.slug])
    is_ours = url.startswith(f"{home}?") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    return url if is_ours else f"{home}?view={NO_VIEW}"


def context(request: ProjectRequest, looks: Looks, line: Line) -> dict[str, Any]:
    """Return what the page needs to show the views and the columns."""
    query = {name: str(request.GET[name]) for name in request.GET if name != "view"} | {"view": NO_VIEW}
    return {
        "looks": looks, "columns": looks.columns, "view_is_changed": bool(looks.open and is_changed(request, looks.open, line)),
        "may_share": request.membership.can(Action.GIVE_FEEDBACK), "all_url": f"{request.path}?view={NO_VIEW}",
        "here_url": f"{request.path}?{urlencode(query)}",
    }  # fmt: skip


urlpatterns: list[URLPattern] = [
    path("explore/views/", view_list, name="views"),
    path("explore/views/save/", require_POST(_save), name="view-save"),
    path("explore/views/<int:view_id>/", require_POST(_change), name="view-change"),
    path("explore/columns/", require_POST(_choose_columns), name="explore-columns"),
]
