"""Making a review queue: where its items come from, then what is asked about them."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from evals.errors import EvalsError
from evals.experiments.models import Experiment
from evals.reviews import queues
from evals.reviews.sources import Source, SourceKind
from projects.models import User
from projects.roles import Action
from webapp.access import ProjectRequest, one, requires
from webapp.pages import datasets_calls, reviews_list
from webapp.pages.datasets_calls import Selection
from webapp.pages.reviews_form import JUDGE, QueueForm
from webapp.pages.reviews_frame import SECTION
from webapp.render import render_page

_OF_EXPERIMENT = frozenset({SourceKind.ANSWERS, SourceKind.PAIRS, JUDGE})
_KNOWN = frozenset({*SourceKind, JUDGE})
_MOST_EXPERIMENTS = 100
_TITLES = {
    SourceKind.ANSWERS: "Review answers of an experiment", SourceKind.PAIRS: "Compare two variants blind",
    JUDGE: "Check a judge", SourceKind.DISLIKED: "Review disliked calls", SourceKind.SAMPLE: "Review a random sample",
    SourceKind.DISAGREEMENTS: "Review disagreements", SourceKind.CHOSEN: "Review chosen calls",
}  # fmt: skip


@requires(Action.EDIT_DATASETS)
def new_queue(request: ProjectRequest) -> HttpResponseBase:
    """Ask where the items come from, then what is asked about them, and make the queue."""
    source = request.GET.get("from", "")
    if source not in _KNOWN:
        return _choose_source(request)
    experiment = _experiment(request) if source in _OF_EXPERIMENT else None
    if source in _OF_EXPERIMENT and experiment is None:
        return _choose_experiment(request, source)
    selection = datasets_calls.selection_of(request) if source == SourceKind.CHOSEN else None
    form = QueueForm(
        request.POST if request.method == "POST" else None,
        project=request.project,
        source=source,
        experiment=experiment,
    )
    if form.is_bound and form.is_valid():
        try:
            plan = form.plan(chosen=_chosen(selection), by_id=_people(request))
            queue = queues.create(project=request.project, plan=plan, by=request.user)
        except EvalsError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review-queue", request.project.slug, queue.pk)
    return _show(request, form, source, experiment, selection)


def _show(
    request: ProjectRequest, form: QueueForm, source: str, experiment: Experiment | None, selection: Selection | None
) -> HttpResponse:
    context = {
        "page_title": _TITLES[SourceKind(source) if source != JUDGE else JUDGE], "crumbs": [_top(request)], "form": form,
        "experiment": experiment, "selection": selection, "is_judge": source == JUDGE, "is_pairs": source == SourceKind.PAIRS,
        "action": selection.action if selection else request.get_full_path(), "fields": [field.name for field in form],
    }  # fmt: skip
    return render_page(request, "reviews/new.html", context, section=SECTION, status=422 if form.is_bound else 200)


def _choose_source(request: ProjectRequest) -> HttpResponse:
    context = {"page_title": "New review queue", "crumbs": [_top(request)], "starts": reviews_list.starts(request)}
    return render_page(request, "reviews/choose.html", context, section=SECTION)


def _choose_experiment(request: ProjectRequest, source: str) -> HttpResponse:
    rows = Experiment.objects.for_project(request.project).active().newest_first().select_related("dataset")
    context = {
        "page_title": _TITLES[SourceKind(source) if source != JUDGE else JUDGE], "crumbs": [_top(request)], "source": source,
        "experiments": list(rows[:_MOST_EXPERIMENTS]),
    }  # fmt: skip
    return render_page(request, "reviews/choose_experiment.html", context, section=SECTION)


def _experiment(request: ProjectRequest) -> Experiment | None:
    text = request.GET.get("experiment", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return one(Experiment.objects.for_project(request.project), pk=int(text))


def _chosen(selection: Selection | None) -> Source | None:
    if selection is None:
        return None
    return Source(
        kind=SourceKind.CHOSEN, traces=tuple(trace.hex_id for trace in selection.traces),
        span_id=selection.span.span_id if selection.span else None, words=selection.title,
    )  # fmt: skip


def _people(request: ProjectRequest) -> dict[int, User]:
    rows = request.project.memberships.filter(user__is_active=True).select_related("user")
    return {member.user_id: member.user for member in rows}


def _top(request: ProjectRequest) -> dict[str, str]:
    return {"label": "Review", "url": reverse("reviews", args=[request.project.slug])}


urlpatterns: list[URLPattern] = [path("reviews/new/", new_queue, name="review-new")]
