"""One alert: where it stands, when it fired and for how long, the versions behind it, and every message about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring.alerts import causes, changes, links, previews, queries, words
from monitoring.alerts.models import Alert
from monitoring.alerts.queries import Incident
from monitoring.alerts.rules import Kind, News
from monitoring.alerts.watches import watch_of
from monitoring.errors import MonitoringError
from monitoring.trace_volume import TookTooLong, at_most
from projects import webhooks
from projects.errors import ProjectsError
from projects.roles import Action
from prompt_registry.errors import NotAllowed
from webapp import formats
from webapp.access import ProjectRequest, one, requires
from webapp.pages import alerts_view
from webapp.pages.alerts_frame import PAGE, alert_of, render_alerts
from webapp.pages.prompts_form import number_in
from webapp.pages.traces_links import explore_url

PAGE_SIZE = 30
_INCIDENTS = 20
_MUTES = {"1": timedelta(hours=1), "8": timedelta(hours=8), "24": timedelta(days=1), "168": timedelta(days=7)}
_MUTE_WORDS = [("1", "1 hour"), ("8", "8 hours"), ("24", "1 day"), ("168", "7 days")]
_NEWS = {
    News.FIRED: ("Fired", "bad"), News.REMINDED: ("Still", "warn"), News.RECOVERED: ("Over", "good"),
    News.CAUGHT_UP: ("Over, told afterwards", "good"), News.HAPPENED: ("Happened", "info"), News.TEST: ("Test", "none"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One time that the alert fired, and where its calls are."""

    incident: Incident
    value: str
    usual: str
    lasted: str
    url: str


@requires(Action.READ_TRACES)
def detail(request: ProjectRequest, alert_id: int) -> HttpResponse:
    """Show an alert and its past."""
    alert = alert_of(request, alert_id)
    before = number_in(request.GET, "before") or None
    history = queries.history(alert=alert, limit=PAGE_SIZE + 1, before=before)
    incidents = queries.incidents(alert=alert, limit=_INCIDENTS)
    state, tone = alerts_view.state_of(alert)
    context = {
        "alert": alert, "title": words.title(alert), "says": words.condition(alert), "state": state, "tone": tone,
        "row": alerts_view.rows(request.project, [alert])[0], "mutes": _MUTE_WORDS,
        "history": [(one, *_NEWS[News(one.event.news)]) for one in history[:PAGE_SIZE]],
        "incidents": [_incident_row(alert, one) for one in incidents], "is_happening": alert.kind == Kind.HAPPENING,
        "older_url": f"?before={history[PAGE_SIZE - 1].event.pk}" if len(history) > PAGE_SIZE else "",
        "newer_url": "?" if before else "", **_drawn(alert), **_versions(request, alert, incidents),
    }  # fmt: skip
    return render_alerts(request, "alerts/alert.html", context)


@requires(Action.EDIT_ALERTS)
@require_POST
def mute(request: ProjectRequest, alert_id: int) -> HttpResponseBase:
    """Tell nobody of the alert for a while, or at once again."""
    alert, chosen = alert_of(request, alert_id), request.POST.get("hours", "")
    until = timezone.now() + _MUTES[chosen] if chosen in _MUTES else None
    words_of = (
        f"Nobody is told until {formats.moment(until)}. It goes on looking." if until else "It tells people again."
    )
    return _done(request, alert, lambda: changes.mute(alert=alert, until=until, by=request.user), words_of)


@requires(Action.EDIT_ALERTS)
@require_POST
def send_test(request: ProjectRequest, alert_id: int) -> HttpResponseBase:
    """Send a message that says it is a test to everybody whom the alert tells."""
    alert = alert_of(request, alert_id)
    said = "A test message is on its way. See below what becomes of it."
    return _done(request, alert, lambda: changes.send_test(alert=alert, by=request.user), said)


@requires(Action.EDIT_ALERTS)
@require_POST
def delete(request: ProjectRequest, alert_id: int) -> HttpResponseBase:
    """Take an alert away."""
    alert = alert_of(request, alert_id)
    try:
        changes.delete(alert=alert, by=request.user)
    except (MonitoringError, NotAllowed) as error:
        messages.error(request, str(error))
        return redirect(address(alert))
    return redirect(f"{reverse(PAGE, args=[request.project.slug])}?deleted={alert.pk}")


@requires(Action.EDIT_ALERTS)
@require_POST
def restore(request: ProjectRequest, alert_id: int) -> HttpResponseBase:
    """Bring a deleted alert back."""
    rows = Alert.objects.for_project(request.project).select_related("project")
    alert = one(rows, pk=alert_id)
    return _done(
        request,
        alert,
        lambda: changes.restore(alert=alert, by=request.user),
        "The alert is back, and looks from now on.",
    )


@requires(Action.EDIT_ALERTS)
@require_POST
def resend(request: ProjectRequest, alert_id: int, delivery_id: int) -> HttpResponseBase:
    """Send one message to a webhook once more."""
    alert = alert_of(request, alert_id)
    sent = alert.events.values("event_id")
    rows = request.project.webhook_deliveries.select_related("endpoint__project", "project").filter(event_id__in=sent)
    delivery = one(rows, pk=delivery_id)
    said = "The message is on its way again."
    return _done(request, alert, lambda: webhooks.resend(delivery=delivery, by=request.user), said)


def address(alert: Alert) -> str:
    """Return the page of an alert."""
    return links.page(alert)


def _done(request: ProjectRequest, alert: Alert, act: Any, said: str) -> HttpResponseBase:
    try:
        act()
    except (MonitoringError, NotAllowed, ProjectsError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect(address(alert))


def _incident_row(alert: Alert, incident: Incident) -> IncidentRow:
    event, measure = incident.fired, alerts_view.measure_of(alert)
    start, _ = links.window(alert, event)
    end = incident.ended_at or max(event.at, alert.looked_until)
    return IncidentRow(
        incident=incident, value=words.amount(measure, event.value),
        usual=words.amount(measure, event.usual) if event.usual is not None else "",
        lasted=formats.duration_seconds(incident.seconds) if incident.seconds is not None else "",
        url=links.calls(alert, start=start, end=end),
    )  # fmt: skip


def _drawn(alert: Alert) -> dict[str, Any]:
    """Return the chart of the last days with the times it really fired."""
    if alert.kind == Kind.HAPPENING:
        return {}
    found = previews.preview(alert=alert, now=timezone.now())
    fired = alert.events.filter(news=News.FIRED, at__gte=found.start).order_by("at").values_list("at", flat=True)
    marks = [(at, f"{timezone.localtime(at):%-d %b %H:%M}") for at in fired]
    return {
        "chart": alerts_view.chart(alert, found, marks),
        "days": found.days,
        "until": watch_of(alert).complete_until(timezone.now()),
    }


def _versions(request: ProjectRequest, alert: Alert, incidents: list[Incident]) -> dict[str, Any]:
    """Return the prompt versions behind the last time it fired, or behind the present window."""
    if alert.kind == Kind.HAPPENING:
        return {}
    start, end = _latest(alert, incidents)
    try:
        with at_most(2_000):
            found = causes.by_version(alert=alert, start=start, end=end)
    except TookTooLong:
        return {}
    measure, bad = alerts_view.measure_of(alert), links.bad(alert)
    span = f"{start:%Y-%m-%dT%H:%MZ}..{end:%Y-%m-%dT%H:%MZ}"
    rows = [
        {
            "version": row, "value": words.amount(measure, row.value),
            "url": explore_url(
                request, request.project, **bad, prompt=row.prompt_name, version=row.prompt_version, model=alert.model,
                environment=alert.environment, range=span,
            ),
        }
        for row in found
    ]  # fmt: skip
    return {"versions": rows, "versions_start": start, "versions_end": end}


def _latest(alert: Alert, incidents: list[Incident]) -> tuple[datetime, datetime]:
    if incidents:
        start, _ = links.window(alert, incidents[0].fired)
        return start, incidents[0].ended_at or max(incidents[0].fired.at, alert.looked_until)
    return alert.looked_until - timedelta(minutes=alert.window_minutes), alert.looked_until


urlpatterns: list[URLPattern] = [
    path("settings/alerts/<int:alert_id>/", detail, name="alert"),
    path("settings/alerts/<int:alert_id>/mute/", mute, name="mute-alert"),
    path("settings/alerts/<int:alert_id>/test/", send_test, name="test-alert"),
    path("settings/alerts/<int:alert_id>/delete/", delete, name="delete-alert"),
    path("settings/alerts/<int:alert_id>/restore/", restore, name="restore-alert"),
    path("settings/alerts/<int:alert_id>/again/<int:delivery_id>/", resend, name="resend-alert"),
]
