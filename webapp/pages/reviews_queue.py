"""One review queue: how far it is, who answered, how far people agree, and what may be changed."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.reviews import calibration, progress, queues, sources
from evals.reviews.models import Purpose, ReviewQueue
from evals.reviews.queues import MOST_AT_ONCE
from evals.reviews.sources import Source
from projects.models import User
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages.reviews_form import people
from webapp.pages.reviews_frame import address, queue_of, render_queue


class SettingsForm(forms.Form):
    adjudicator = forms.TypedChoiceField(
        label="Who decides where reviewers disagree", coerce=int, required=False, empty_value=None
    )
    daily_goal = forms.IntegerField(label="Answers a day for each person", min_value=1, max_value=10_000)
    is_shared = forms.BooleanField(label="Several people may have the same item at once", required=False)

    def __init__(self, data: QueryDict | None = None, *, queue: ReviewQueue) -> None:
        initial = {
            "adjudicator": queue.adjudicator_id or "", "daily_goal": queue.daily_goal, "is_shared": queue.is_shared,
        }  # fmt: skip
        super().__init__(data, initial=initial)
        choices = [("", "Nobody: the majority decides"), *_deciders(queue)]
        cast(forms.ChoiceField, self.fields["adjudicator"]).choices = choices


@requires(Action.READ_TRACES)
def queue_page(request: ProjectRequest, queue_id: int) -> HttpResponse:
    """Show how far the queue is and what came of it so far."""
    return _show(request, queue_of(request, queue_id))


@requires(Action.EDIT_DATASETS)
@require_POST
def change(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Choose who decides, and how much makes a day."""
    queue = queue_of(request, queue_id)
    form = SettingsForm(request.POST, queue=queue)
    if not form.is_valid():
        return _show(request, queue, form=form, status=422)
    chosen = form.cleaned_data["adjudicator"]
    adjudicator = User.objects.filter(pk=chosen).first() if chosen else None
    try:
        queues.change(
            queue=queue, adjudicator=adjudicator, daily_goal=form.cleaned_data["daily_goal"],
            is_shared=form.cleaned_data["is_shared"], by=request.user,
        )  # fmt: skip
    except EvalsError as error:
        form.add_error("adjudicator", str(error))
        return _show(request, queue, form=form, status=422)
    messages.success(request, "The queue is changed.")
    return redirect(address(queue))


@requires(Action.EDIT_DATASETS)
@require_POST
def refill(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Draw more items."""
    queue = queue_of(request, queue_id)
    text = request.POST.get("count", "")
    count = min(int(text), MOST_AT_ONCE) if text.isdecimal() and len(text) < 6 else 20
    added = queues.refill(queue=queue, count=count, by=request.user)
    if added:
        messages.success(request, f"{formats.full_count(added)} more {'item' if added == 1 else 'items'} to review.")
    else:
        messages.info(request, "Nothing is left to draw: everything is in the queue already.")
    back = "review" if request.POST.get("then") == "review" else "review-queue"
    return redirect(address(queue, back))


@requires(Action.EDIT_DATASETS)
@require_POST
def close(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Close the queue, or open it again."""
    queue = queue_of(request, queue_id)
    try:
        (queues.close if queue.is_open else queues.reopen)(queue=queue, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The queue is closed." if queue.is_open else "The queue is open again.")
    return redirect(address(queue))


def _deciders(queue: ReviewQueue) -> list[tuple[int, str]]:
    """Return who may decide, and who does so far: whoever left the project is taken away on purpose, not by saving."""
    found = people(queue.project)
    if queue.adjudicator is None or queue.adjudicator_id in dict(found):
        return found
    return [*found, (queue.adjudicator.pk, queue.adjudicator.display_name)]


def _show(
    request: ProjectRequest, queue: ReviewQueue, *, form: SettingsForm | None = None, status: int = 200
) -> HttpResponse:
    source = Source.from_json(queue.source)
    may_edit = request.membership.can(Action.EDIT_DATASETS)
    context = {
        "progress": progress.of(queue), "people": progress.people(queue), "agreements": progress.agreements(queue),
        "source_words": sources.words_of(source, queue.experiment), "is_judge": queue.purpose == Purpose.CALIBRATION,
        "calibration": calibration.of_queue(queue) if queue.purpose == Purpose.CALIBRATION else None,
        "waiting_count": queues.waiting_count(queue) if may_edit and queue.is_open else 0,
        "form": form or SettingsForm(queue=queue), "may_decide": queue.adjudicator_id in (None, request.user.pk),
    }  # fmt: skip
    return render_queue(request, "reviews/queue.html", queue, context, tab="overview", status=status)


urlpatterns: list[URLPattern] = [
    path("reviews/<int:queue_id>/", queue_page, name="review-queue"),
    path("reviews/<int:queue_id>/change/", change, name="review-change"),
    path("reviews/<int:queue_id>/more/", refill, name="review-more"),
    path("reviews/<int:queue_id>/close/", close, name="review-close"),
]
