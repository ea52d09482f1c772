"""Links for guests of a queue: making one, which shows its secret once, and taking it back."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from evals.reviews import guests
from evals.reviews.errors import QueueNotUsable
from evals.reviews.models import ReviewQueue
from projects.roles import Action
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.reviews_frame import address, queue_of, render_queue


class GuestForm(forms.Form):
    label = forms.CharField(
        label="For whom", max_length=80, help_text="For example «Dr. Meyer». The guest types the own name at the first visit.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label="Ends by itself", choices=[(1, "After a day"), (7, "After a week"), (30, "After 30 days"), (90, "After 90 days")],
        coerce=int, initial=7,
    )  # fmt: skip


@requires(Action.MANAGE_PROJECT)
def guest_list(request: ProjectRequest, queue_id: int) -> HttpResponse:
    """Show the links of the queue, who used them and when they end."""
    return _show(request, queue_of(request, queue_id), GuestForm())


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def invite(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Make a link and show it, this once."""
    queue = queue_of(request, queue_id)
    form = GuestForm(request.POST)
    if not form.is_valid():
        return _show(request, queue, form, status=422)
    try:
        link, token = guests.invite(queue=queue, by=request.user, **form.cleaned_data)
    except QueueNotUsable as error:
        form.add_error("label", str(error))
        return _show(request, queue, form, status=422)
    url = settings.PUBLIC_URL.rstrip("/") + reverse("guest-link", args=[token])
    response = render_queue(request, "reviews/guest_made.html", queue, {"link": link, "url": url}, tab="guests")
    response["Cache-Control"] = "no-store"
    return response


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def revoke(request: ProjectRequest, queue_id: int, link_id: int) -> HttpResponseBase:
    """Make a link useless."""
    queue = queue_of(request, queue_id)
    link = one(queue.guest_links.select_related("queue__project"), pk=link_id)
    guests.revoke(link=link, by=request.user)
    messages.success(request, f"The link for {link.label} stopped working. The answers that came by it stay.")
    return redirect(address(queue, "review-guests"))


def _show(request: ProjectRequest, queue: ReviewQueue, form: GuestForm, *, status: int = 200) -> HttpResponse:
    links = list(queue.guest_links.select_related("reviewer", "created_by").order_by("-created_at")[:200])
    now = timezone.now()
    context = {
        "form": form, "links": [link for link in links if link.is_usable(now)],
        "ended": [link for link in links if not link.is_usable(now)],
    }  # fmt: skip
    return render_queue(request, "reviews/guests.html", queue, context, tab="guests", status=status)


urlpatterns: list[URLPattern] = [
    path("reviews/<int:queue_id>/guests/", guest_list, name="review-guests"),
    path("reviews/<int:queue_id>/guests/new/", invite, name="review-guest-new"),
    path("reviews/<int:queue_id>/guests/<int:link_id>/revoke/", revoke, name="review-guest-revoke"),
]
