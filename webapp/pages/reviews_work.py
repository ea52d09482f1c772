"""Answering: one item after the other, by keyboard, for members and for guests alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render

from evals.errors import EvalsError
from evals.reviews import answering, claims, documents, progress, queues
from evals.reviews.models import Reviewer, ReviewItem
from evals.reviews.questions import MAX_QUESTIONS
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import reviews_sheets
from webapp.pages.reviews_frame import crumbs, queue_of
from webapp.pages.reviews_sheets import Told, Typed
from webapp.render import shell


@dataclass(frozen=True, slots=True)
class Last:
    """What somebody has just answered, and what may be told about it now that the queue is closed."""

    said: str
    told: list[Told] = field(default_factory=list)


@requires(Action.GIVE_FEEDBACK)
def work(request: ProjectRequest, queue_id: int) -> HttpResponse:
    """Show what a member has before them; a POST answers it and takes the next."""
    queue = queue_of(request, queue_id)
    if request.method == "POST":
        reviewer = claims.reviewer_of(queue=queue, user=request.user)
        return act(request, reviewer, template="reviews/work.html", frame=lambda: _frame(request, reviewer))
    known = queue.reviewers.filter(user=request.user).first()
    reviewer = known or Reviewer(
        project_id=queue.project_id, queue=queue, user=request.user, name=request.user.display_name
    )
    return render(request, "reviews/work.html", _frame(request, reviewer) | context_of(reviewer))


def act(
    request: HttpRequest, reviewer: Reviewer, *, template: str, frame: Callable[[], dict[str, Any]]
) -> HttpResponse:
    """Do what was pressed, and answer with what comes next; what was typed comes back when it could not be stored."""
    problem = ""
    try:
        _do(request.POST, reviewer)
        claims.take(reviewer=reviewer)
    except EvalsError as error:
        problem = str(error)
    if not problem and not _is_scripted(request):
        return HttpResponseRedirect(request.path)
    typed = Typed(_item_id(request.POST), _typed(request.POST)) if problem else None
    context = context_of(reviewer, typed) | {"problem": problem}
    status = 422 if problem else 200
    name = "reviews/state.html" if _is_scripted(request) else template
    return render(request, name, {**frame(), **context}, status=status)


def context_of(reviewer: Reviewer, typed: Typed | None = None) -> dict[str, Any]:
    """Return what the page of a reviewer shows. Reading takes nothing: only pressing a button does."""
    queue = reviewer.queue
    items = claims.held(reviewer) if reviewer.pk and queue.is_open else []
    counts = progress.of(queue)
    return {
        "queue": queue, "reviewer": reviewer, "sheets": reviews_sheets.sheets(queue, items, typed, for_guest=reviewer.is_guest),
        "progress": counts,
        "today": progress.today(reviewer) if reviewer.pk else 0, "last": _last(reviewer),
        "may_start": queue.is_open and not items and claims.is_anything_left(reviewer), "agreement": _agreement(reviewer),
    }  # fmt: skip


def _frame(request: ProjectRequest, reviewer: Reviewer) -> dict[str, Any]:
    queue = reviewer.queue
    may_refill = request.membership.can(Action.EDIT_DATASETS)
    is_empty = not progress.of(queue).open
    return {
        **shell(request, section="reviews"), "page_title": queue.name, "crumbs": crumbs(queue),
        "work_url": request.path, "is_guest": False,
        "waiting_count": queues.waiting_count(queue) if may_refill and is_empty else 0,
    }  # fmt: skip


def _do(posted: QueryDict, reviewer: Reviewer) -> None:
    wanted, item_id = posted.get("do", ""), _item_id(posted)
    match wanted:
        case "undo":
            answering.undo_last(reviewer=reviewer)
        case "postpone":
            claims.postpone(reviewer=reviewer, item_id=item_id)
        case "skip":
            claims.skip(reviewer=reviewer, item_id=item_id)
        case "answer" | "cannot_tell":
            answering.answer(
                reviewer=reviewer, item_id=item_id, raw=_typed(posted), cannot_tell=wanted == "cannot_tell",
                note=posted.get("note", ""), is_flagged="flag" in posted, seconds=_number(posted.get("seconds", "")),
            )  # fmt: skip


def _item_id(posted: QueryDict) -> int:
    text = posted.get("item", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _typed(posted: QueryDict) -> dict[str, str]:
    names = {str(position): f"q{position}" for position in range(MAX_QUESTIONS)}
    return {position: str(posted[name]) for position, name in names.items() if name in posted}


def _last(reviewer: Reviewer) -> Last | None:
    newest = (
        reviewer.answers.select_related("item__cell", "item__rival_cell").order_by("-created_at").first()
        if reviewer.pk
        else None
    )
    if newest is None:
        return None
    return Last(reviews_sheets.said(newest, list(reviewer.queue.questions.all())), _told(newest.item, reviewer))


def _told(item: ReviewItem, reviewer: Reviewer) -> list[Told]:
    """Return what was kept from a member; while the queue is open they could still take the answer back and follow it."""
    queue = reviewer.queue
    if queue.is_open or not queue.is_blind or reviewer.is_guest:
        return []
    return reviews_sheets.told(item, documents.titles_of(queue))


def _agreement(reviewer: Reviewer) -> Any:
    if reviewer.queue.answers_wanted < 2:
        return None
    asked = next((question for question in reviewer.queue.questions.all() if question.is_verdict), None)
    return progress.with_others(reviewer, asked) if reviewer.pk and asked else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_scripted(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"
