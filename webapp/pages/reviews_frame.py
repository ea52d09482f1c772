"""What every page of one review queue shows: where it is, its tabs, and what may be done with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from evals.reviews.models import ReviewQueue
from projects.roles import Action
from webapp.access import ProjectRequest, one
from webapp.render import render_page

SECTION = "reviews"


def queue_of(request: ProjectRequest, queue_id: int) -> ReviewQueue:
    """Return a queue of the request's project, or answer 404."""
    rows = ReviewQueue.objects.for_project(request.project)
    related = ("project", "experiment", "evaluator_version__evaluator", "adjudicator")
    return one(rows.select_related(*related).prefetch_related("questions"), pk=queue_id)


def render_queue(
    request: ProjectRequest, template: str, queue: ReviewQueue, context: dict[str, Any], *, tab: str, status: int = 200
) -> HttpResponse:
    """Answer with a page of one queue, under its tabs."""
    frame = {
        "queue": queue,
        "page_title": queue.name,
        "crumbs": crumbs(queue)[:1],
        "tabs": _tabs(queue, tab, may_invite=request.membership.can(Action.MANAGE_PROJECT)),
        "may_edit": request.membership.can(Action.EDIT_DATASETS),
        "may_answer": request.membership.can(Action.GIVE_FEEDBACK),
    }
    return render_page(request, template, frame | context, section=SECTION, status=status)


def crumbs(queue: ReviewQueue) -> list[dict[str, str]]:
    """Return the way from the list down to the queue."""
    top = {"label": "Review", "url": reverse("reviews", args=[queue.project.slug])}
    return [top, {"label": queue.name, "url": address(queue)}]


def address(queue: ReviewQueue, route: str = "review-queue", *more: int) -> str:
    """Return the address of a page of the queue."""
    return reverse(route, args=[queue.project.slug, queue.pk, *more])


def _tabs(queue: ReviewQueue, current: str, *, may_invite: bool) -> list[dict[str, Any]]:
    tabs = [("overview", "Overview", "review-queue"), ("results", "Answers", "review-results")]
    if may_invite:
        tabs.append(("guests", "Guests", "review-guests"))
    return [{"label": label, "url": address(queue, route), "current": key == current} for key, label, route in tabs]
