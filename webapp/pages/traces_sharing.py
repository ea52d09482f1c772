"""Public links of one trace: making one, which shows its secret once, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring.models import Trace, TraceLink
from monitoring.talk import links
from monitoring.talk.links import LinkRefused
from projects.roles import Action
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.accounts.redirects import next_page
from webapp.render import render_page

_SHOWN = 50
_LARGEST = 2**63 - 1


class LinkForm(forms.Form):
    label = forms.CharField(label="For whom", max_length=80, help_text="For example «support of our model provider».")
    days = forms.TypedChoiceField(
        label="Works for", coerce=int, initial=links.DAYS[1],
        choices=[(days, f"{days} day{'s' if days > 1 else ''}") for days in links.DAYS],
    )  # fmt: skip


@requires(Action.GIVE_FEEDBACK)
def link_list(request: ProjectRequest, hex_id: str) -> HttpResponse:
    """Show which links lead to a trace."""
    return _page(request, _trace(request, hex_id), LinkForm())


@requires(Action.GIVE_FEEDBACK)
@require_POST
@fresh
def make(request: ProjectRequest, hex_id: str) -> HttpResponseBase:
    """Make a link and show it, this once."""
    trace = _trace(request, hex_id)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _page(request, trace, form, status=422)
    try:
        link, token = links.make(project=request.project, trace=trace, by=request.user, **form.cleaned_data)
    except LinkRefused as error:
        form.add_error(None, str(error))
        return _page(request, trace, form, status=422)
    url = settings.PUBLIC_URL.rstrip("/") + reverse("shared-trace", args=[token])
    response = _page(request, trace, LinkForm(), status=201, made=link, url=url)
    response["Cache-Control"] = "no-store"
    return response


@requires(Action.GIVE_FEEDBACK)
@require_POST
def revoke(request: ProjectRequest, link_id: int) -> HttpResponse:
    """Take a link back."""
    rows = TraceLink.objects.for_project(request.project).select_related("project")
    link = one(rows, pk=min(link_id, _LARGEST))
    links.revoke(link=link, by=request.user)
    messages.success(request, f"The link for {link.label} does not work any more.")
    return redirect(next_page(request, reverse("trace-links", args=[request.project.slug, link.hex_id])))


def _trace(request: ProjectRequest, hex_id: str) -> Trace:
    return one(Trace.objects.for_project(request.project), trace_id=UUID(hex_id))


def _page(request: ProjectRequest, trace: Trace, form: LinkForm, *, status: int = 200, **more: Any) -> HttpResponse:
    rows = TraceLink.objects.for_project(request.project).of_trace(trace.trace_id).usable(timezone.now())
    context = {
        "page_title": "Public links", "trace": trace, "form": form, "is_allowed": links.is_allowed(request.project),
        "links": rows.select_related("created_by").order_by("-created_at")[:_SHOWN],
        "may_allow": request.membership.can(Action.MANAGE_PROJECT), **more,
    }  # fmt: skip
    return render_page(request, "traces/links.html", context, section="explore", status=status)
