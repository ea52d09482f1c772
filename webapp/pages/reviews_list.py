"""The review queues of a project, and what can be put into a new one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import URLPattern, path, reverse

from evals.reviews.models import ItemState, ReviewQueue
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.reviews_frame import SECTION
from webapp.render import render_page

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Start:
    """One way to fill a new queue."""

    icon: str
    title: str
    text: str
    url: str


@requires(Action.READ_TRACES)
def queue_list(request: ProjectRequest) -> HttpResponse:
    """Show the queues that are open, newest first, or those that were closed."""
    is_closed = "closed" in request.GET
    rows = ReviewQueue.objects.for_project(request.project).filter(closed_at__isnull=not is_closed)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    counted = rows.annotate(
        item_count=Count("items"), done_count=Count("items", filter=~Q(items__state=ItemState.OPEN)),
        dispute_count=Count("items", filter=Q(items__state=ItemState.DISPUTED)),
    )  # fmt: skip
    found = list(counted.select_related("evaluator_version__evaluator", "created_by").order_by("-pk")[: PAGE_SIZE + 1])
    context = {
        "page_title": "Review", "queues": found[:PAGE_SIZE], "is_closed": is_closed,
        "older_url": _older(found, is_closed), "starts": starts(request),
        "closed_count": ReviewQueue.objects.for_project(request.project).exclude(closed_at=None).count(),
        "may_edit": request.membership.can(Action.EDIT_DATASETS),
        "may_answer": request.membership.can(Action.GIVE_FEEDBACK),
    }  # fmt: skip
    return render_page(request, "reviews/list.html", context, section=SECTION)


def starts(request: ProjectRequest) -> list[Start]:
    """Return the ways to fill a new queue."""
    new, explore = (reverse(name, args=[request.project.slug]) for name in ("review-new", "explore"))
    return [
        Start("thumbs-down", "Disliked calls", "What users gave a thumbs down.", f"{new}?from=disliked"),
        Start("explore", "A random sample", "Some of all calls, drawn by chance.", f"{new}?from=sample"),
        Start("tests", "Answers of an experiment", "All its answers, or those of one variant.", f"{new}?from=answers"),
        Start("switch", "Two variants, blind", "Which answer is better, without knowing whose it is.", f"{new}?from=pairs"),
        Start("evaluator", "Check a judge", "Find out how far a judge agrees with people.", f"{new}?from=judge"),
        Start("diff", "Disagreements", "Where a person and a judge said opposite things.", f"{new}?from=disagreements"),
        Start("filter", "Picked in Explore", "Calls that pass a filter, or that you choose one by one.", explore),
    ]  # fmt: skip


def _older(found: list[ReviewQueue], is_closed: bool) -> str:
    if len(found) <= PAGE_SIZE:
        return ""
    return f"?before={found[PAGE_SIZE - 1].pk}" + ("&closed" if is_closed else "")


urlpatterns: list[URLPattern] = [path("reviews/", queue_list, name="reviews")]
