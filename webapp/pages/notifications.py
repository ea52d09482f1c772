"""What happened and who should know: the page behind the bell, and how each kind of news reaches a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from projects import notification_kinds, notifications
from projects.models import Membership, Notification
from projects.notification_kinds import Kind
from webapp import bell
from webapp.access import LAST_PROJECT, SignedInRequest, one, signed_in
from webapp.accounts.redirects import next_page
from webapp.pages.prompts_form import number_in
from webapp.render import render_page

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Day:
    """The notifications of one day."""

    label: str
    notifications: list[Notification]


@dataclass(frozen=True, slots=True)
class Choice:
    """One kind of news, and how the person hears of it."""

    kind: Kind
    channel: str


@signed_in
def notification_list(request: SignedInRequest) -> HttpResponse:
    """Show what happened, day by day, newest first."""
    before = number_in(request.GET, "before") or None
    only_unread = request.GET.get("only") == "unread"
    rows, has_older = notifications.listed(
        user=request.user, before=before, only_unread=only_unread, limit=PAGE_SIZE
    )  # fmt: skip
    kept = "&only=unread" if only_unread else ""
    context = {
        "page_title": "Notifications",
        "days": days(rows, today=timezone.now().date()),
        "only_unread": only_unread,
        "unread": bell.unread(request),
        "tabs": _tabs(only_unread, bell.unread(request)),
        "older_url": f"?before={rows[-1].pk}{kept}" if has_older else "",
        "newer_url": f"?{kept.lstrip('&')}" if before else "",
        "here": request.get_full_path(),
    }
    return _page(request, "notifications/list.html", context)


@signed_in
@require_GET
def count(request: SignedInRequest) -> HttpResponse:
    """Answer with the bell when its number changed, with nothing when it did not."""
    if request.GET.get("shown") == str(bell.unread(request)):
        return HttpResponse(status=204)
    return render(request, "shell/bell.html")


@signed_in
@require_POST
def open_one(request: SignedInRequest, notification_id: int) -> HttpResponseBase:
    """Note that a notification was read and lead to what it is about."""
    found = one(_mine(request), pk=notification_id)
    notifications.mark_read(notifications=_mine(request).filter(pk=found.pk))
    is_here = found.path.startswith("/") and url_has_allowed_host_and_scheme(found.path, allowed_hosts=None)
    return redirect(found.path if is_here else "notifications")


@signed_in
@require_POST
def read_one(request: SignedInRequest, notification_id: int) -> HttpResponseBase:
    """Note that a notification was read, and stay."""
    found = one(_mine(request), pk=notification_id)
    notifications.mark_read(notifications=_mine(request).filter(pk=found.pk))
    return redirect(next_page(request, "/notifications/"))


@signed_in
@require_POST
def read_all(request: SignedInRequest) -> HttpResponseBase:
    """Note that everything up to the newest that the person saw was read."""
    seen = number_in(request.POST, "newest")
    amount = notifications.mark_read(notifications=_mine(request).filter(pk__lte=seen))
    messages.success(request, f"{amount} marked as read." if amount else "Everything was read already.")
    return redirect("notifications")


@signed_in
def choices(request: SignedInRequest) -> HttpResponseBase:
    """Show and change how each kind of news reaches the person."""
    if request.method == "POST":
        chosen = {name: request.POST.get(name, "") for name in notification_kinds.KINDS}
        notifications.choose(
            user=request.user, channels={name: one for name, one in chosen.items() if _is_offered(name, one)}
        )
        messages.success(request, "Your choice is saved.")
        return redirect("notification-choices")
    current = notifications.choices_of(request.user)
    context = {
        "page_title": "What reaches you",
        "choices": [Choice(kind, current[name]) for name, kind in notification_kinds.KINDS.items()],
        "is_mail_configured": settings.IS_MAIL_CONFIGURED,
    }
    return _page(request, "notifications/choices.html", context)


def _is_offered(name: str, channel: str) -> bool:
    return channel in {one.value for one, _ in notification_kinds.KINDS[name].channels}


def days(rows: Iterable[Notification], *, today: date) -> list[Day]:
    """Return notifications that come newest first under the days they belong to."""
    return [
        Day(_name_of(day, today), list(group))
        for day, group in groupby(rows, key=lambda notification: notification.created_at.date())
    ]


def _name_of(day: date, today: date) -> str:
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A}, {day.day} {day:%B}" if day > today - timedelta(days=7) else f"{day.day} {day:%B %Y}"


def _mine(request: SignedInRequest) -> Any:
    return Notification.objects.filter(user=request.user)


def _tabs(only_unread: bool, unread: int) -> list[dict[str, Any]]:
    return [
        {"label": "All", "url": "?", "current": not only_unread, "count": None},
        {"label": "Unread", "url": "?only=unread", "current": only_unread, "count": unread or None},
    ]


def _page(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Answer with a page outside projects, inside the frame of the project that the person came from."""
    slug = request.session.get(LAST_PROJECT, "")
    memberships = Membership.objects.select_related("project").filter(user=request.user)
    membership = memberships.filter(project__slug=slug).first() or memberships.order_by("project__name").first()
    if membership is not None:
        request.project, request.membership = membership.project, membership  # type: ignore[attr-defined]
    return render_page(request, template, context)


urlpatterns: list[URLPattern] = [
    path("notifications/", notification_list, name="notifications"),
    path("notifications/count/", count, name="notification-count"),
    path("notifications/read/", read_all, name="read-notifications"),
    path("notifications/settings/", choices, name="notification-choices"),
    path("notifications/<int:notification_id>/open/", open_one, name="open-notification"),
    path("notifications/<int:notification_id>/read/", read_one, name="read-notification"),
]
