"""The way of a guest: a link, a name, and the items of one queue. Nothing else of the site knows this visitor."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from evals.reviews import guests
from evals.reviews.errors import GuestLinkNotUsable, QueueNotUsable, TooFast
from evals.reviews.models import GuestLink, Reviewer
from webapp.access import public
from webapp.pages import reviews_work
from webapp.render import theme

# Where the session remembers the guest; no page for members ever looks there.
_GUEST = "review_guest"


@public("the link is the proof; it opens one review queue")
@never_cache
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Say what the link is for, and let the guest in under the name they type. Opening the link changes nothing."""
    try:
        link = guests.open_link(token=token)
        if request.method == "POST":
            return _come_in(request, token)
    except GuestLinkNotUsable as error:
        return _gone(request, error)
    except (QueueNotUsable, TooFast) as error:
        return _door(request, link, problem=str(error), status=429 if isinstance(error, TooFast) else 422)
    return _door(request, link)


@public("the session of a guest link is the proof; it opens one review queue")
@never_cache
def work(request: HttpRequest) -> HttpResponse:
    """Show what the guest has before them; a POST answers it and takes the next."""
    try:
        reviewer = guests.reviewer_by_id(request.session.get(_GUEST))
        if request.method != "POST":
            return render(
                request, "reviews/guest_work.html", _frame(request, reviewer) | reviews_work.context_of(reviewer)
            )
        _count(reviewer)
    except GuestLinkNotUsable as error:
        return _gone(request, error)
    except TooFast as error:
        return _slow_down(request, reviewer, error)
    return reviews_work.act(
        request, reviewer, template="reviews/guest_work.html", frame=lambda: _frame(request, reviewer)
    )


def _come_in(request: HttpRequest, token: str) -> HttpResponse:
    reviewer = guests.enter(token=token, name=request.POST.get("name", ""))
    # The secret stays out of every further address; who had this browser before shares nothing with the guest.
    request.session.cycle_key()
    request.session[_GUEST] = reviewer.pk
    return redirect("guest-review")


def _count(reviewer: Reviewer) -> None:
    if reviewer.guest_link is not None:
        guests.count_request(reviewer.guest_link)


def _slow_down(request: HttpRequest, reviewer: Reviewer, error: TooFast) -> HttpResponse:
    is_scripted = request.headers.get("X-Requested-With") == "fetch"
    context = _frame(request, reviewer) | reviews_work.context_of(reviewer) | {"problem": str(error)}
    response = render(request, "reviews/state.html" if is_scripted else "reviews/guest_work.html", context, status=429)
    response["Retry-After"] = "60"
    return response


def _frame(request: HttpRequest, reviewer: Reviewer) -> dict[str, Any]:
    return {
        "theme": theme(request), "page_title": reviewer.queue.name, "is_guest": True, "work_url": reverse("guest-review"),
    }  # fmt: skip


def _door(request: HttpRequest, link: GuestLink, *, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "page_title": link.queue.name, "link": link, "known": Reviewer.objects.filter(guest_link=link).first(),
        "problem": problem, "item_count": link.queue.items.count(),
    }  # fmt: skip
    return render(request, "reviews/guest_door.html", context, status=status)


def _gone(request: HttpRequest, error: Exception) -> HttpResponse:
    return render(request, "reviews/guest_gone.html", {"page_title": "Review", "error": str(error)}, status=410)


urlpatterns: list[URLPattern] = [
    path("guest/review/", work, name="guest-review"),
    path("guest/<str:token>/", enter, name="guest-link"),
]
