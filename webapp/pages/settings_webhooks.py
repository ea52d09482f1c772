"""Settings: the addresses that hear of the project's events, what was sent to them and what they answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects import webhooks
from projects.errors import ProjectsError
from projects.models import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent, WebhookFormat
from projects.roles import Action
from projects.webhooks import EndpointAddressRefused, EndpointNameMissing, NoEvents
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.prompts_form import number_in
from webapp.pages.settings_frame import render_secret, render_settings

PAGE = "settings-webhooks"
PAGE_SIZE = 50
# Longer waits are not watched; the page says when the next try is.
_WATCHED = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Row:
    """One event of the log with the tries to deliver it, oldest first."""

    delivery: WebhookDelivery
    attempts: list[WebhookAttempt]

    @property
    def last(self) -> WebhookAttempt | None:
        return self.attempts[-1] if self.attempts else None


class EndpointForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80, help_text="What listens there, for example «Deploy bot».")
    url = forms.CharField(
        label="Address", max_length=1000, help_text="Where the events are sent, for example https://example.com/hooks.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    events = forms.MultipleChoiceField(
        label="Events", choices=WebhookEvent.choices, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "A webhook needs at least one event. Tick what it should hear of."},
    )  # fmt: skip


class NewEndpointForm(EndpointForm):
    format = forms.ChoiceField(
        label="What is sent", choices=WebhookFormat.choices, widget=forms.RadioSelect, initial=WebhookFormat.JSON,
        help_text="For Slack, enter the address of an incoming webhook. Other chats take the same form.",
    )  # fmt: skip


@requires(Action.MANAGE_PROJECT)
def webhook_list(request: ProjectRequest) -> HttpResponse:
    """Show the endpoints and how they do."""
    rows = request.project.webhook_endpoints.select_related("created_by").order_by("name", "pk")
    context = {
        "endpoints": [
            {"endpoint": endpoint, "address": webhooks.shown_address(endpoint), "events": _words(endpoint.events)}
            for endpoint in rows
        ]
    }
    return render_settings(request, "settings/webhooks.html", context, page=PAGE)


@requires(Action.MANAGE_PROJECT)
@fresh
def create(request: ProjectRequest) -> HttpResponseBase:
    """Add an endpoint and show its secret, this once."""
    if request.method != "POST":
        return _form_page(request, NewEndpointForm(initial={"events": WebhookEvent.values}), None)
    form = NewEndpointForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            endpoint, secret = webhooks.create(project=request.project, by=request.user, **data)
        except ProjectsError as error:
            form.add_error(_field_of(error), str(error))
        else:
            return _show_secret(request, endpoint, secret, is_first=True) if secret else redirect(_detail(endpoint))
    return _form_page(request, form, None, status=422)


@requires(Action.MANAGE_PROJECT)
def detail(request: ProjectRequest, endpoint_id: int) -> HttpResponse:
    """Show an endpoint and what was sent to it, newest first; what is on its way is watched."""
    endpoint = _endpoint(request, endpoint_id)
    before = number_in(request.GET, "before") or None
    deliveries = endpoint.deliveries.prefetch_related("attempts").order_by("-pk")
    rows = list((deliveries.filter(pk__lt=before) if before else deliveries)[: PAGE_SIZE + 1])
    context = {
        "endpoint": endpoint,
        "address": webhooks.shown_address(endpoint),
        "events": _words(endpoint.events),
        "deliveries": [Row(row, sorted(row.attempts.all(), key=_number)) for row in rows[:PAGE_SIZE]],
        "is_watched": any(_is_soon(row) for row in rows),
        "watch_url": request.get_full_path(),
        "older_url": f"?before={rows[PAGE_SIZE - 1].pk}" if len(rows) > PAGE_SIZE else "",
        "newer_url": "?" if before else "",
    }
    return render_settings(request, "settings/webhook.html", context, page=PAGE, fragment="deliveries")


@requires(Action.MANAGE_PROJECT)
def delivery_detail(request: ProjectRequest, delivery_id: int) -> HttpResponse:
    """Show one event, every try to deliver it, and what was answered."""
    delivery = _delivery(request, delivery_id)
    context = {"delivery": delivery, "endpoint": delivery.endpoint, "attempts": delivery.attempts.order_by("number")}
    return render_settings(request, "settings/webhook_delivery.html", context, page=PAGE)


@requires(Action.MANAGE_PROJECT)
@fresh
def change(request: ProjectRequest, endpoint_id: int) -> HttpResponseBase:
    """Give an endpoint another name, address or choice of events."""
    endpoint = _endpoint(request, endpoint_id)
    if request.method != "POST":
        initial = {"name": endpoint.name, "url": endpoint.url, "events": endpoint.events}
        return _form_page(request, EndpointForm(initial=initial), endpoint)
    form = EndpointForm(request.POST)
    if form.is_valid():
        try:
            webhooks.change(endpoint=endpoint, by=request.user, **form.cleaned_data)
        except ProjectsError as error:
            form.add_error(_field_of(error), str(error))
        else:
            messages.success(request, "The webhook is saved.")
            return redirect(_detail(endpoint))
    return _form_page(request, form, endpoint, status=422)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def rotate(request: ProjectRequest, endpoint_id: int) -> HttpResponseBase:
    """Make a new secret and show it, this once."""
    endpoint = _endpoint(request, endpoint_id)
    secret = webhooks.rotate(endpoint=endpoint, by=request.user)
    return _show_secret(request, endpoint, secret, is_first=False)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def switch(request: ProjectRequest, endpoint_id: int) -> HttpResponseBase:
    """Send events to an endpoint again, or no more."""
    endpoint = _endpoint(request, endpoint_id)
    is_on = request.POST.get("on") == "yes"
    webhooks.switch(endpoint=endpoint, on=is_on, by=request.user)
    messages.success(request, "It gets events again." if is_on else "It gets no more events until you switch it on.")
    return redirect(_detail(endpoint))


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def delete(request: ProjectRequest, endpoint_id: int) -> HttpResponseBase:
    """Remove an endpoint, its secret and its log."""
    endpoint = _endpoint(request, endpoint_id)
    webhooks.delete(endpoint=endpoint, by=request.user)
    messages.success(request, f"The webhook «{endpoint.name}» is removed.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def send_test(request: ProjectRequest, endpoint_id: int) -> HttpResponseBase:
    """Send an event that means nothing, and show how it goes."""
    endpoint = _endpoint(request, endpoint_id)
    try:
        webhooks.send_test(endpoint=endpoint)
    except ProjectsError as error:
        messages.error(request, str(error))
    return redirect(_detail(endpoint))


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def resend(request: ProjectRequest, delivery_id: int) -> HttpResponseBase:
    """Send an event once more."""
    delivery = _delivery(request, delivery_id)
    try:
        webhooks.resend(delivery=delivery, by=request.user)
    except ProjectsError as error:
        messages.error(request, str(error))
    return redirect(_detail(delivery.endpoint))


def _endpoint(request: ProjectRequest, endpoint_id: int) -> WebhookEndpoint:
    return one(request.project.webhook_endpoints.select_related("project", "created_by"), pk=endpoint_id)


def _delivery(request: ProjectRequest, delivery_id: int) -> WebhookDelivery:
    rows = request.project.webhook_deliveries.select_related("endpoint__project", "project")
    return one(rows, pk=delivery_id)


def _detail(endpoint: WebhookEndpoint) -> str:
    return f"/p/{endpoint.project.slug}/settings/webhooks/{endpoint.pk}/"


def _words(events: list[str]) -> list[str]:
    return [WebhookEvent(event).label for event in WebhookEvent.values if event in events]


def _number(attempt: WebhookAttempt) -> int:
    return attempt.number


def _is_soon(delivery: WebhookDelivery) -> bool:
    if delivery.state != DeliveryState.WAITING:
        return False
    return delivery.next_try_at is None or delivery.next_try_at < timezone.now() + _WATCHED


def _field_of(error: ProjectsError) -> str | None:
    fields = {EndpointAddressRefused: "url", EndpointNameMissing: "name", NoEvents: "events"}
    return fields.get(type(error))


def _show_secret(request: ProjectRequest, endpoint: WebhookEndpoint, secret: str, *, is_first: bool) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret, "is_first": is_first}
    return render_secret(request, "settings/webhook_secret.html", context, page=PAGE)


def _form_page(
    request: ProjectRequest, form: EndpointForm, endpoint: WebhookEndpoint | None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "endpoint": endpoint}
    return render_settings(request, "settings/webhook_form.html", context, page=PAGE, status=status)


urlpatterns: list[URLPattern] = [
    path("settings/webhooks/", webhook_list, name=PAGE),
    path("settings/webhooks/new/", create, name="new-webhook"),
    path("settings/webhooks/<int:endpoint_id>/", detail, name="webhook"),
    path("settings/webhooks/<int:endpoint_id>/change/", change, name="change-webhook"),
    path("settings/webhooks/<int:endpoint_id>/secret/", rotate, name="rotate-webhook"),
    path("settings/webhooks/<int:endpoint_id>/switch/", switch, name="switch-webhook"),
    path("settings/webhooks/<int:endpoint_id>/delete/", delete, name="delete-webhook"),
    path("settings/webhooks/<int:endpoint_id>/test/", send_test, name="test-webhook"),
    path("settings/webhooks/deliveries/<int:delivery_id>/", delivery_detail, name="webhook-delivery"),
    path("settings/webhooks/deliveries/<int:delivery_id>/again/", resend, name="resend-webhook"),
]
