"""Settings: the alerts of a project, writing one as a sentence, and what it would have done before it is saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring.alerts import changes, previews, queries, starters, words
from monitoring.alerts import wanted as wanting
from monitoring.alerts.errors import AlertRefused
from monitoring.alerts.models import Alert
from monitoring.alerts.previews import Preview
from monitoring.alerts.rules import Kind
from monitoring.alerts.wanted import Wanted
from monitoring.errors import MonitoringError
from projects.roles import Action
from prompt_registry.errors import NotAllowed
from webapp.access import ProjectRequest, requires
from webapp.pages import alerts_detail, alerts_form, alerts_view
from webapp.pages.alerts_form import AlertForm
from webapp.pages.alerts_frame import PAGE, alert_of, render_alerts
from webapp.pages.prompts_form import number_in

_UNDO_FOR = timedelta(hours=1)
_KINDS = [
    (Kind.THRESHOLD, "A limit"), (Kind.CHANGE, "Not as usual"), (Kind.SILENCE, "No calls"), (Kind.BUDGET, "Money"),
    (Kind.HAPPENING, "Issues and rollouts"),
]  # fmt: skip


@requires(Action.READ_TRACES)
def alert_list(request: ProjectRequest) -> HttpResponse:
    """Show the alerts and where each stands."""
    alerts = queries.listed(request.project)
    context = {
        "rows": alerts_view.rows(request.project, alerts),
        "starters": [
            {"name": name, "says": words.condition(changes.unsaved(project=request.project, wanted=wanted))}
            for name, wanted in starters.STARTERS.items()
        ],
        "deleted": _deleted(request),
    }
    return render_alerts(request, "alerts/list.html", context)


@requires(Action.EDIT_ALERTS)
def create(request: ProjectRequest) -> HttpResponseBase:
    """Write an alert, or store it."""
    if request.method != "POST":
        kind = request.GET.get("kind", "")
        default = alerts_form.DEFAULTS.get(kind, alerts_form.DEFAULTS[Kind.THRESHOLD])
        wanted = replace(default, people_ids=(request.user.pk,), **_asked(request))
        return _form_page(request, alerts_form.filled(request.project, wanted), None)
    form = alerts_form.bound(request.project, request.POST)
    if form.is_valid():
        try:
            alert = changes.create(project=request.project, wanted=form.wanted(), by=request.user)
        except (MonitoringError, NotAllowed) as error:
            _add_error(form, error)
        else:
            messages.success(request, "The alert is on. It looks at every call from now on.")
            return redirect(alerts_detail.address(alert))
    return _form_page(request, form, None, status=422)


@requires(Action.EDIT_ALERTS)
def change(request: ProjectRequest, alert_id: int) -> HttpResponseBase:
    """Write an alert anew, or store that."""
    alert = alert_of(request, alert_id)
    if request.method != "POST":
        return _form_page(
            request, alerts_form.filled(request.project, wanting.of(alert), revision=alert.revision), alert
        )
    form = alerts_form.bound(request.project, request.POST)
    if form.is_valid():
        try:
            changes.change(
                alert=alert, wanted=form.wanted(), by=request.user, expected_revision=form.cleaned_data["revision"] or None
            )  # fmt: skip
        except (MonitoringError, NotAllowed) as error:
            _add_error(form, error)
        else:
            messages.success(request, "The alert is saved.")
            return redirect(alerts_detail.address(alert))
    return _form_page(request, form, alert, status=422)


@requires(Action.EDIT_ALERTS)
@require_POST
def preview(request: ProjectRequest) -> HttpResponse:
    """Show what the sentence would have done in the last days; nothing is stored."""
    return _form_page(request, alerts_form.bound(request.project, request.POST), None)


@requires(Action.EDIT_ALERTS)
@require_POST
def take(request: ProjectRequest, name: str) -> HttpResponseBase:
    """Take one of the ready alerts as it is."""
    wanted = starters.starter(name, by=request.user)
    if wanted is None:
        messages.error(request, "There is no such alert to take.")
        return redirect(PAGE, request.project.slug)
    try:
        alert = changes.create(project=request.project, wanted=wanted, by=request.user)
    except (MonitoringError, NotAllowed) as error:
        messages.error(request, str(error))
        return redirect(PAGE, request.project.slug)
    messages.success(request, "The alert is on, and tells you. Change whom it tells any time.")
    return redirect(alerts_detail.address(alert))


def _asked(request: ProjectRequest) -> dict[str, Any]:
    """Return what a link to the form fills in: pages about a prompt, a model or money lead here."""
    asked: dict[str, Any] = {
        field: request.GET.get(name, "").replace("\x00", "")[:255]
        for field, name in (("prompt_name", "prompt"), ("environment", "environment"), ("model", "model"))
    }
    if asked["prompt_name"]:
        asked["prompt_version"] = number_in(request.GET, "version")
    return asked


def _form_page(request: ProjectRequest, form: AlertForm, alert: Alert | None, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form, "alert": alert, "kind": form.chosen_kind, "tabs": [] if alert else _tabs(request, form.chosen_kind),
        "save_url": request.path, "preview_url": reverse("preview-alert", args=[request.project.slug]),
        **_preview(request, form),
    }  # fmt: skip
    if request.resolver_match and request.resolver_match.url_name == "preview-alert":
        context["save_url"] = reverse("new-alert", args=[request.project.slug])
    return render_alerts(request, "alerts/form.html", context, status=status, fragment="preview")


def _preview(request: ProjectRequest, form: AlertForm) -> dict[str, Any]:
    """Return what the blanks would have done; a sentence that makes no sense yet says why."""
    wanted = _wanted_of(form)
    if wanted is None:
        return {"flaw": _first_error(form)}
    alert = changes.unsaved(project=request.project, wanted=wanted)
    return {"says": words.condition(alert), **shown_preview(alert, previews.preview(alert=alert, now=timezone.now()))}


def shown_preview(alert: Alert, found: Preview) -> dict[str, Any]:
    """Return a preview as the page shows it."""
    fired = found.fired
    return {
        "preview": found, "days": found.days, "fired_count": len(fired) or len(found.happened),
        "firings": alerts_view.firings(alert, fired)[:10], "happened": list(reversed(found.happened))[:10],
        "chart": alerts_view.chart(alert, found, alerts_view.marks_of(fired)),
    }  # fmt: skip


def _wanted_of(form: AlertForm) -> Wanted | None:
    if not form.is_bound:
        # What is filled in at first is read as if it had been sent.
        form = AlertForm(_as_sent(form), project=form.project)
    if not form.is_valid():
        return None
    try:
        return wanting.sense(form.wanted())
    except AlertRefused as error:
        _add_error(form, error)
        return None


def _as_sent(form: AlertForm) -> dict[str, Any]:
    return {name: value for name, value in form.initial.items() if value not in (None, False)}


def _first_error(form: AlertForm) -> str:
    for errors in form.errors.values():
        return str(errors[0])
    return "Fill in the sentence to see what it would have done."


def _add_error(form: AlertForm, error: Exception) -> None:
    field = getattr(error, "field", "")
    form.add_error(field if field in form.fields else None, str(error))


def _tabs(request: ProjectRequest, current: str) -> list[dict[str, object]]:
    url = reverse("new-alert", args=[request.project.slug])
    return [{"label": label, "url": f"{url}?kind={kind}", "current": kind == current} for kind, label in _KINDS]


def _deleted(request: ProjectRequest) -> dict[str, Any] | None:
    """Return the alert that was just deleted, to be brought back with one click."""
    rows = Alert.objects.for_project(request.project).filter(deleted_at__gt=timezone.now() - _UNDO_FOR)
    alert = rows.select_related("project").filter(pk=number_in(request.GET, "deleted")).first()
    return {"alert": alert, "title": words.title(alert)} if alert else None


urlpatterns: list[URLPattern] = [
    path("settings/alerts/", alert_list, name=PAGE),
    path("settings/alerts/new/", create, name="new-alert"),
    path("settings/alerts/preview/", preview, name="preview-alert"),
    path("settings/alerts/ready/<slug:name>/", take, name="take-alert"),
    path("settings/alerts/<int:alert_id>/change/", change, name="change-alert"),
    *alerts_detail.urlpatterns,
]
