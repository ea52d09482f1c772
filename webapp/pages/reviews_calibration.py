"""How far a judge can be trusted: people's labels beside what the judge said about the same answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import URLPattern, path, reverse

from evals.reviews import calibration, documents, progress
from evals.reviews.calibration import Calibration
from evals.reviews.models import Purpose, ReviewQueue
from evals.statistics.intervals import Interval
from evals.statistics.judges import KAPPA_TO_DECIDE
from evals.statistics.labels import FEWEST_LABELS
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, one, requires
from webapp.pages.reviews_frame import SECTION
from webapp.render import render_page

_MOST = 100


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of answers with its interval on a bar from 0 to 100."""

    label: str
    estimate: float
    interval: Interval | None
    note: str

    @property
    def low(self) -> float:
        return 100 * (self.interval.low if self.interval else self.estimate)

    @property
    def width(self) -> float:
        return 100 * (self.interval.high - self.interval.low) if self.interval else 0.0

    @property
    def place(self) -> float:
        return 100 * self.estimate


@requires(Action.READ_TRACES)
def judge(request: ProjectRequest) -> HttpResponse:
    """Show what labels say about a judge, and which others were checked."""
    rows = ReviewQueue.objects.for_project(request.project).filter(purpose=Purpose.CALIBRATION).newest_first()
    queues = list(rows.select_related("evaluator_version__evaluator", "experiment", "project")[:_MOST])
    queue = _chosen(request, queues)
    found = calibration.of_queue(queue) if queue else None
    context: dict[str, Any] = {
        "page_title": "Check a judge", "queues": queues, "queue": queue, "calibration": found,
        "progress": progress.of(queue) if queue else None, "fewest_labels": FEWEST_LABELS, "kappa_to_decide": KAPPA_TO_DECIDE,
        "crumbs": [{"label": "Review", "url": reverse("reviews", args=[request.project.slug])}],
        "may_edit": request.membership.can(Action.EDIT_DATASETS),
    }  # fmt: skip
    if queue and found:
        context |= {"rates": _rates(found), "columns": _columns(queue, found), "sentence": _sentence(found)}
    return render_page(request, "reviews/judge.html", context, section=SECTION)


def _chosen(request: ProjectRequest, queues: list[ReviewQueue]) -> ReviewQueue | None:
    """Return the queue that the address names, or the newest one of the version it names."""
    for name, field in (("queue", "pk"), ("version", "evaluator_version_id")):
        text = request.GET.get(name, "")
        if text and (not text.isdecimal() or len(text) > 18):
            raise Http404
        if text and name == "queue":
            rows = ReviewQueue.objects.for_project(request.project).filter(purpose=Purpose.CALIBRATION)
            return one(rows.select_related("evaluator_version__evaluator", "experiment", "project"), pk=int(text))
        if text:
            return next((queue for queue in queues if getattr(queue, field) == int(text)), None)
    return queues[0] if queues else None


def _rates(found: Calibration) -> list[Rate]:
    corrected = found.corrected
    note = f"from {corrected.labelled} labels and {formats.full_count(corrected.judged)} more judgements"
    return [
        Rate("People would pass", corrected.estimate, corrected.interval, note),
        Rate("The judge passes", found.judge_rate, None, "its own word, on all of them"),
    ]  # fmt: skip


def _columns(queue: ReviewQueue, found: Calibration) -> list[tuple[str, Any]]:
    titles = documents.titles_of(queue)
    if len(found.columns) < 2:
        return []
    return [
        (titles[rate.column] if rate.column < len(titles) else f"Variant {rate.column}", rate) for rate in found.columns
    ]


def _sentence(found: Calibration) -> str:
    """Say in one sentence what may be done with this judge."""
    name, kappa = str(found.version), found.agreement.kappa
    if found.drift:
        return f"Label anew before you rely on {name}: something changed since these labels."
    if not found.has_enough_labels:
        return f"Not enough labels yet to say whether {name} may decide."
    if found.is_patchy:
        return f"Too many of the drawn answers have no label to say whether {name} may decide."
    if kappa is None or not found.agreement.may_decide:
        return f"{name} informs, but may not decide: it agrees with people too little."
    return f"{name} may decide: it agrees with people well enough."


urlpatterns: list[URLPattern] = [path("reviews/judge/", judge, name="review-judge")]
