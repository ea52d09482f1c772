"""What came of a queue: the answers item by item, deciding disagreements, keeping better answers, and files of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.models import Dataset
from evals.reviews import blindness, corrections, documents, settling
from evals.reviews.corrections import Kept
from evals.reviews.models import ItemState, ReviewAnswer, ReviewItem, ReviewQuestion, ReviewQueue
from evals.reviews.questions import MAX_QUESTIONS
from projects.models import User
from projects.roles import Action
from webapp import exports
from webapp.access import ProjectRequest, one, requires
from webapp.pages import reviews_sheets
from webapp.pages.reviews_frame import address, crumbs, queue_of, render_queue
from webapp.pages.reviews_sheets import Told

PAGE_SIZE = 30
_MOST_DATASETS = 200
_SHOWN = {"settled": ItemState.SETTLED, "disputed": ItemState.DISPUTED, "open": ItemState.OPEN}


@dataclass(frozen=True, slots=True)
class Said:
    """What one reviewer said."""

    who: str
    text: str
    note: str
    is_flagged: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One item of the list."""

    item: ReviewItem
    # The call behind it; what judges and users said stands there.
    trace: str
    question: str
    answers: list[str]
    said: list[Said]
    accepted: str
    better: str
    correction: str


@requires(Action.READ_TRACES)
def results(request: ProjectRequest, queue_id: int) -> HttpResponse:
    """Show the items with what was said about them; an open blind queue only those that tell this member nothing."""
    queue = queue_of(request, queue_id)
    chosen = request.GET.get("show", "")
    rows = blindness.readable(queue, by=request.user).order_by("rank")
    rows = (
        rows.filter(state=_SHOWN[chosen])
        if chosen in _SHOWN
        else rows.filter(Exists(ReviewAnswer.objects.filter(item=OuterRef("pk"))))
    )
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 20:
        rows = rows.filter(rank__gt=int(after))
    page = list(
        rows.select_related("cell", "rival_cell", "accepted_by").prefetch_related("answers__reviewer")[: PAGE_SIZE + 1]
    )
    context = {
        "lines": _lines(queue, page[:PAGE_SIZE], request.user), "may_export": _may_export(request, queue), "shown": chosen,
        "choices": [("", "Answered"), *((name, _SHOWN[name].label) for name in _SHOWN)],
        "older_url": f"?show={chosen}&after={page[PAGE_SIZE - 1].rank}" if len(page) > PAGE_SIZE else "",
        "correction_count": corrections.corrected(queue).count(), "datasets": _datasets(request, queue),
    }  # fmt: skip
    return render_queue(request, "reviews/results.html", queue, context, tab="results")


@requires(Action.GIVE_FEEDBACK)
def decide(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Show one disagreement after the other; a POST decides it."""
    queue = queue_of(request, queue_id)
    problem = ""
    if request.method == "POST":
        try:
            settling.decide(item=_item(queue, request.POST.get("item", "")), raw=_typed(request), by=request.user)
        except EvalsError as error:
            problem = str(error)
        else:
            return redirect(address(queue, "review-decide"))
    disputed = queue.items.filter(state=ItemState.DISPUTED).order_by("rank")
    item = disputed.select_related("cell", "rival_cell").first()
    titles = documents.titles_of(queue)
    context = {
        "item": item, "left_count": disputed.count(), "problem": problem, "crumbs": crumbs(queue),
        "sheet": reviews_sheets.sheets(queue, [item])[0] if item else None,
        "said": _said(queue, list(item.answers.select_related("reviewer"))) if item else [],
        "told": _told_after_deciding(item, titles), "page_title": "Decide", "work_url": address(queue, "review-decide"),
        "may_decide": queue.is_open and queue.adjudicator_id in (None, request.user.pk),
    }  # fmt: skip
    return render_queue(request, "reviews/decide.html", queue, context, tab="", status=422 if problem else 200)


@requires(Action.EDIT_DATASETS)
@require_POST
def keep(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Put one better answer, or all of them, into a dataset."""
    queue = queue_of(request, queue_id)
    wanted = request.POST.get("dataset", "")
    dataset = one(
        Dataset.objects.for_project(request.project).active(),
        pk=_number(wanted),
    )
    items = corrections.corrected(queue)
    if chosen := request.POST.get("item", ""):
        items = items.filter(pk=_number(chosen))
    done = corrections.keep(queue=queue, items=items, dataset=dataset, by=request.user)
    (messages.success if done.added or done.changed else messages.info)(request, _words(done, dataset))
    return redirect(address(queue, "review-results"))


@requires(Action.READ_TRACES)
def export_csv(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Hand out all items as a table."""
    queue = queue_of(request, queue_id)
    if not _may_export(request, queue):
        return _no_file_yet(request, queue)
    lines = exports.csv_lines(documents.table(queue))
    return exports.download(lines, name=f"review-{queue.pk}.csv", content_type="text/csv; charset=utf-8")


@requires(Action.READ_TRACES)
def export_jsonl(request: ProjectRequest, queue_id: int) -> HttpResponseBase:
    """Hand out all items as lines of JSON."""
    queue = queue_of(request, queue_id)
    if not _may_export(request, queue):
        return _no_file_yet(request, queue)
    lines = exports.json_lines(documents.of_items(queue))
    return exports.download(lines, name=f"review-{queue.pk}.jsonl", content_type="application/x-ndjson")


def _may_export(request: ProjectRequest, queue: ReviewQueue) -> bool:
    """Files hold everything: while people answer blindly only those get them who could close the queue."""
    return not blindness.is_secret(queue) or request.membership.can(Action.EDIT_DATASETS)


def _no_file_yet(request: ProjectRequest, queue: ReviewQueue) -> HttpResponseBase:
    messages.error(request, "People still answer blindly here. Files can be had when an editor closes the queue.")
    return redirect(address(queue, "review-results"))


def _lines(queue: ReviewQueue, items: Sequence[ReviewItem], reader: User) -> list[Line]:
    titles, name = documents.titles_of(queue), corrections.correction_name(queue)
    return [_line(queue, item, titles, name, reader) for item in items]


def _line(queue: ReviewQueue, item: ReviewItem, titles: list[str], correction: str, reader: User) -> Line:
    content, is_whole = item.content, blindness.is_readable_whole(item, queue)
    asked = [text for _, text in content["messages"][-1:]] or [text for _, text in content["inputs"]]
    variants = documents.variant_titles(item, titles)
    answers = [one for one in item.answers.all() if is_whole or one.reviewer.user_id == reader.pk]
    return Line(
        item=item, trace=item.trace_id.hex if item.trace_id and not blindness.is_secret(queue) else "",
        question=" · ".join(asked)[:300], answers=[text[:400] for text in content["answers"]],
        said=_said(queue, answers), accepted=_accepted(item, list(queue.questions.all())),
        better="" if blindness.is_secret(queue) else documents.better_variant(item, variants) or "",
        correction=str(item.accepted.get(correction, ""))[:400],
    )  # fmt: skip


def _said(queue: ReviewQueue, answers: Sequence[ReviewAnswer]) -> list[Said]:
    asked = list(queue.questions.all())
    ordered = sorted(answers, key=lambda answer: answer.created_at)
    return [
        Said(_who(answer), reviews_sheets.said(answer, asked), _written(answer, asked), answer.is_flagged)
        for answer in ordered
    ]


def _who(answer: ReviewAnswer) -> str:
    return f"{answer.reviewer.name} (guest)" if answer.reviewer.is_guest else answer.reviewer.name


def _written(answer: ReviewAnswer, asked: Sequence[ReviewQuestion]) -> str:
    texts = [
        str(answer.values[question.name])
        for question in asked
        if not question.is_verdict and question.name in answer.values
    ]
    return " · ".join([*texts, *([answer.note] if answer.note else [])])


def _accepted(item: ReviewItem, asked: Sequence[ReviewQuestion]) -> str:
    if item.state != ItemState.SETTLED:
        return ""
    verdicts = [
        reviews_sheets.label_of(str(item.accepted[question.name]))
        for question in asked
        if question.is_verdict and question.name in item.accepted
    ]
    return ", ".join(verdicts) or ("a text" if item.accepted else "nobody could tell")


def _told_after_deciding(item: ReviewItem | None, titles: list[str]) -> list[Told]:
    """Whoever decides is as blind as the reviewers were."""
    if item is None or item.queue.is_blind:
        return []
    return reviews_sheets.told(item, titles)


def _typed(request: ProjectRequest) -> dict[str, str]:
    return {str(position): request.POST.get(f"q{position}", "") for position in range(MAX_QUESTIONS)}


def _item(queue: ReviewQueue, text: str) -> ReviewItem:
    return one(queue.items.select_related("queue__project"), pk=_number(text))


def _number(text: str) -> int:
    """Return an id from a form; what is none is nobody's."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _datasets(request: ProjectRequest, queue: ReviewQueue) -> list[Any]:
    rows = list(Dataset.objects.for_project(request.project).active().by_name()[:_MOST_DATASETS])
    own = queue.experiment.dataset_id if queue.experiment else 0
    return sorted(rows, key=lambda dataset: dataset.pk != own)


def _words(done: Kept, dataset: Dataset) -> str:
    parts = []
    if done.added:
        parts.append(f"{done.added} {'item' if done.added == 1 else 'items'} added to {dataset.name}.")
    if done.changed:
        parts.append(
            f"{done.changed} {'item has' if done.changed == 1 else 'items have'} a better expected answer now."
        )
    if done.left_out:
        parts.append(f"{done.left_out} left out: the input is too long or was removed.")
    return " ".join(parts) or f"{dataset.name} has all of this already."


urlpatterns: list[URLPattern] = [
    path("reviews/<int:queue_id>/answers/", results, name="review-results"),
    path("reviews/<int:queue_id>/decide/", decide, name="review-decide"),
    path("reviews/<int:queue_id>/keep/", keep, name="review-keep"),
    path("reviews/<int:queue_id>/export.csv", export_csv, name="export-review-csv"),
    path("reviews/<int:queue_id>/export.jsonl", export_jsonl, name="export-review-jsonl"),
]
