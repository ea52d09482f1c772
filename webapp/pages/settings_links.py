"""Settings: whether traces may be shown to people without an account, and every link that does so."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring.models import TraceLink
from monitoring.talk import links
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_settings

PAGE = "settings-links"
_SHOWN = 200


@requires(Action.MANAGE_PROJECT)
def link_list(request: ProjectRequest) -> HttpResponse:
    """Show the switch and the links that have not ended."""
    rows = TraceLink.objects.for_project(request.project).usable(timezone.now())
    context = {
        "is_allowed": links.is_allowed(request.project), "per_minute": links.REQUESTS_PER_MINUTE,
        "links": rows.select_related("created_by").order_by("-created_at")[:_SHOWN],
    }  # fmt: skip
    return render_settings(request, "settings/links.html", context, page=PAGE)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def allow(request: ProjectRequest) -> HttpResponseBase:
    """Let public links work in the project, or none of them."""
    is_allowed = request.POST.get("allow") == "yes"
    links.allow(project=request.project, is_allowed=is_allowed, by=request.user)
    words = "Public links are allowed." if is_allowed else "Public links are switched off: none of them works any more."
    messages.success(request, words)
    return redirect(PAGE, request.project.slug)


urlpatterns: list[URLPattern] = [
    path("settings/links/", link_list, name=PAGE),
    path("settings/links/allow/", allow, name="allow-links"),
]
